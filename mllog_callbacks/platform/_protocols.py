"""What the ready mapping expects of a platform's three classes; each method may also be missing.

The names are what counts; parameters may be others, in another number, and asynchronous. What is
told is read from the arguments and results as they are: texts and numbers, mappings, data
classes and named tuples of them, tables with a ``shape``.
"""

from typing import Any, Protocol

__all__ = ["DatasetManager", "MetricsCalculator", "ModelTrainer"]


class DatasetManager(Protocol):
    """Keeps the data sets; named by a parameter called ``name``, ``dataset`` or ``filename``."""

    def upload(self, name: Any, /, *args: Any, **kwargs: Any) -> object:
        """Take a new data set: ``DATASET_UPLOADED``; refused by an exception: an issue."""

    def validate(self, name: Any, /, *args: Any, **kwargs: Any) -> object:
        """Check it: ``DATASET_VALIDATED``.

        A result that is False, or has a false ``valid`` or ``ok``, leaves an issue with the
        result's ``problems``, ``errors`` or ``issues``.
        """

    def preprocess(self, name: Any, /, *args: Any, **kwargs: Any) -> object:
        """Make it fit for training: ``DATASET_PREPROCESSED``; a result's ``steps`` are told."""


class ModelTrainer(Protocol):
    """Trains models."""

    def select_algorithm(self, algorithm: Any, /, *args: Any, **kwargs: Any) -> object:
        """Choose what is trained: ``ALGORITHM_SELECTED``."""

    def set_hyperparameters(self, *args: Any, **kwargs: Any) -> object:
        """Set them, by keyword or as one mapping: ``HYPERPARAMETERS_SET``."""

    def train(self, dataset: Any, /, *args: Any, **kwargs: Any) -> object:
        """Train, and return when done, or return a future: one run, from start to its one end.

        ``TRAINING_STARTED``, then ``TRAINING_COMPLETED``, ``TRAINING_STOPPED`` (``stop`` was
        called meanwhile; the result's ``status`` or the adapter within says so) or
        ``TRAINING_FAILED`` (by an exception).
        """

    def report_progress(self, step: Any, total: Any, /, *args: Any, **kwargs: Any) -> object:
        """Say how far a training is: ``TRAINING_PROGRESS``, at a rate that a person reads."""

    def stop(self, *args: Any, **kwargs: Any) -> object:
        """Ask a training to stop: its end is then ``TRAINING_STOPPED``.

        Of several under way the one with the same model, data set or identifier is meant.
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
