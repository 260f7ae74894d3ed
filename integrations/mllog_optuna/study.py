"""What a study is: its objectives, and what it decides by."""

import inspect
from collections.abc import Mapping
from typing import Any, TypeAlias

import optuna

from mllog_callbacks.facts import Method, Study

__all__ = ["Metrics", "metrics_of", "study_facts"]

Metrics: TypeAlias = Mapping[str, str]
"""The names of a study's objectives, with "min" or "max"."""


def metrics_of(study: optuna.Study) -> Metrics:
    """The objectives of a study: by their names, else "value", or "value 0" and so on."""
    modes = [
        "max" if each == optuna.study.StudyDirection.MAXIMIZE else "min"
        for each in study.directions
    ]
    names = getattr(study, "metric_names", None)
    if not names:
        names = ["value"] if len(modes) == 1 else [f"value {at}" for at in range(len(modes))]
    return dict(zip(names, modes, strict=True))


def study_facts(
    study: optuna.Study, metrics: Metrics, jobs: int | None, timeout: float | None
) -> Study:
    """The facts of a study.

    Args:
        study: The study.
        metrics: Its objectives.
        jobs: Trials at the same time.
        timeout: The time limit (s).
    """
    before = len(study.get_trials(deepcopy=False))
    return Study(
        name=study.study_name,
        directions=metrics,
        sampler=_method(study.sampler),
        pruner=_method(study.pruner),
        storage=type(study._storage).__name__,  # noqa: SLF001 - Optuna shows it nowhere else
        jobs=jobs,
        timeout=timeout,
        trials_before=before or None,
    )


def _method(found: Any) -> Method:  # noqa: ANN401 - a sampler or a pruner of anybody's class
    """Its class, and the parameters of its constructor that it keeps."""
    names = [
        name
        for name, each in inspect.signature(type(found)).parameters.items()
        if each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
    ]
    values = {name: vars(found)[f"_{name}"] for name in names if f"_{name}" in vars(found)}
    plain = {name: each for name, each in values.items() if isinstance(each, int | float | str)}
    return Method(name=type(found).__name__, parameters=plain or None)
