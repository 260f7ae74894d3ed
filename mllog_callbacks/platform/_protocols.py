"""What the ready mapping expects of a platform's three classes; each method may also be missing.

The names are what counts; parameters may be others, in another number, and methods asynchronous or
generators. What is recorded is read from the arguments and results as they are: texts and numbers,
mappings, data classes, pydantic models and named tuples of them, tables with a ``shape``. A data
set is named by an argument called ``dataset``, ``dataset_name``, ``dataset_id``, ``data_name`` or
``data_id``, a model by ``model``, ``model_name`` or ``model_id``, a training also by ``job``,
``job_id``, ``run_id``, ``training_id``, ``task_id`` or ``experiment_id``: as arguments, or as parts
of a request, job or configuration that is one.
"""

from typing import Any, Protocol

__all__ = ["DatasetManager", "MetricsCalculator", "ModelTrainer"]


class DatasetManager(Protocol):
    """Keeps data sets; named also by ``name``, ``filename``, ``file``, ``path`` or ``source``."""

    def upload(self, name: Any, /, *args: Any, **kwargs: Any) -> object:
        """Take a new data set: ``DATASET_UPLOADED``; refused by an exception: an issue."""

    def validate(self, name: Any, /, *args: Any, **kwargs: Any) -> object:
        """Check it: ``DATASET_VALIDATED``.

        A result that is False, or has a false ``valid``, ``ok``, ``passed`` or ``success``, leaves
        an issue with the result's ``problems``, ``errors``, ``issues`` or ``failures``; so do
        ``(False, problems)`` and checks of which one has failed.
        """

    def preprocess(self, name: Any, /, *args: Any, **kwargs: Any) -> object:
        """Make it fit for training: ``DATASET_PREPROCESSED``; a result's ``steps`` are recorded."""


class ModelTrainer(Protocol):
    """Trains models."""

    def select_algorithm(self, algorithm: Any, /, *args: Any, **kwargs: Any) -> object:
        """Choose what is trained: ``ALGORITHM_SELECTED``."""

    def set_hyperparameters(self, *args: Any, **kwargs: Any) -> object:
        """Set them, by keyword or as a mapping or object: ``HYPERPARAMETERS_SET``."""

    def train(self, dataset: Any, /, *args: Any, **kwargs: Any) -> object:
        """Train, and return when done, or return a future: one run, from start to its one end.

        ``TRAINING_STARTED``, then ``TRAINING_COMPLETED``, ``TRAINING_STOPPED`` (by its caller, a
        cancellation, or because ``stop`` was called meanwhile) or ``TRAINING_FAILED`` (by an
        exception). A result's ``status``, ``success`` or ``error`` goes before all else. Where it
        says that the work is to come, such as "queued", or is a handle that nothing here can
        follow, the end is the one that `status` shows.
        """

    def report_progress(self, step: Any, total: Any, /, *args: Any, **kwargs: Any) -> object:
        """Say how far a training is: ``TRAINING_PROGRESS``, at a rate that a person reads."""

    def status(self, *args: Any, **kwargs: Any) -> object:
        """Return the state of a training: an end that nothing else saw is recorded by it."""

    def stop(self, *args: Any, **kwargs: Any) -> object:
        """Ask a training to stop: ``TRAINING_PROGRESS``; its end is then ``TRAINING_STOPPED``.

        The one that the arguments name is meant, also where another object trains it; without
        arguments, those of this object. A stop that returns False, or a status such as "too late",
        is refused.
        """

    def save(self, model: Any, /, *args: Any, **kwargs: Any) -> object:
        """Keep a model: ``MODEL_SAVED``."""

    def download(self, model: Any, /, *args: Any, **kwargs: Any) -> object:
        """Hand a model out: ``MODEL_DOWNLOADED``."""


class MetricsCalculator(Protocol):
    """Measures models."""

    def evaluate(self, model: Any, /, *args: Any, **kwargs: Any) -> object:
        """Measure one: ``MODEL_EVALUATED``."""

    def compare(self, models: Any, /, *args: Any, **kwargs: Any) -> object:
        """Rank several: ``MODEL_COMPARED``; a result's ``best`` is named."""
