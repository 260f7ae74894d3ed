"""Rows that Hugging Face's `Trainer` logs, live and in the file ``trainer_state.json``.

All rows are flat. What a row is of shows in the names that the trainer itself adds: an evaluation
has its own runtime (``eval_runtime``, ``eval_a_runtime``), the end of a training its mean loss.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from mllog_callbacks.schema._metric_names import assumed_direction

__all__ = ["TrainerLog", "trainer_log"]

_RUNTIME: Final = "_runtime"
_ASIDE: Final = (
    *(_RUNTIME, "_samples_per_second", "_steps_per_second", "_tokens_per_second"),
    *("_model_preparation_time", "_jit_compilation_time"),
)
"""How names end of numbers that are no metrics of a model."""

_MEMORY: Final = "_mem_"
_PLACES: Final = frozenset({"epoch", "step", "learning_rate"})
_TRAINING: Final = "train"


class TrainerLog(NamedTuple):
    """What a row holds.

    Attributes:
        kind: What it is of: steps of the training, an evaluation, the end of the training, or
            something else that somebody logged.
        set: The data set of an evaluation, by the prefix of its names; empty for others.
        metrics: The metrics by name, without the prefix.
        readings: Other numbers by name.
        learning_rate: The learning rate of the step; None where the row has none.
    """

    kind: Literal["training", "evaluation", "end", "other"]
    set: str
    metrics: Mapping[str, float]
    readings: Mapping[str, float]
    learning_rate: float | None


def trainer_log(row: Mapping[str, object]) -> TrainerLog:
    """Read a row of ``log_history``, or what the hook `on_log` is given."""
    numbers = dict(_numbers(row))
    prefix = next((n for n in map(_evaluated, numbers) if n is not None), None)
    if prefix is not None:
        own = {name.removeprefix(f"{prefix}_"): each for name, each in numbers.items()}
        metrics = {n: v for n, v in own.items() if not _is_aside(f"_{n}") and n not in _PLACES}
        readings = {n: v for n, v in own.items() if _is_aside(f"_{n}")}
        return TrainerLog("evaluation", prefix, metrics, readings, None)
    values = {name: each for name, each in numbers.items() if name not in _PLACES}
    if "train_loss" in values and "loss" not in values:
        return TrainerLog("end", "", {}, values, None)
    metrics = {n: v for n, v in values.items() if not _is_aside(n) and _is_metric(n)}
    readings = {name: each for name, each in values.items() if name not in metrics}
    rate = numbers.get("learning_rate")
    if "loss" in values:
        return TrainerLog("training", "", metrics, readings, rate)
    return TrainerLog("other", "", {}, metrics | readings, rate)


def _numbers(row: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    for name, value in row.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield str(name), float(value)


def _evaluated(name: str) -> str | None:
    """The prefix of an evaluation's names; None where the name shows none."""
    prefix = name.removesuffix(_RUNTIME)
    return None if prefix in {name, _TRAINING} else prefix


def _is_aside(name: str) -> bool:
    return name.endswith(_ASIDE) or _MEMORY in name


def _is_metric(name: str) -> bool:
    """Whether a number of the training is a metric: where its name says which values are better."""
    return assumed_direction(name) is not None
