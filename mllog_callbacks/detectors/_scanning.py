"""A finished curve, looked at as if it were still being drawn."""

from collections.abc import Sequence
from itertools import repeat, zip_longest

from mllog_callbacks.detectors._protocol import Issue, Observation, Unit
from mllog_callbacks.detectors._streams import DetectorSet

__all__ = ["scan"]


def scan(
    *,
    train: Sequence[float | None] | None = None,
    validation: Sequence[float | None] | None = None,
    higher_is_better: bool | None = False,
    unit: Unit = "epoch",
    learning_rate: float | Sequence[float | None] | None = None,
) -> list[Issue]:
    """Return the issues of a finished curve, exactly as they would have been reported online.

    Args:
        train: Values on the training data, one a step; None where not measured, NaN as it was.
        validation: Values on the validation set, likewise; a shorter list is one that ended
            sooner.
        higher_is_better: The metric's direction; None where it is not known.
        unit: What a value stands for: detectors judge epochs, iterations and steps differently.
        learning_rate: The learning rate, one for all steps or one a step.
    """
    rates = learning_rate if isinstance(learning_rate, Sequence) else repeat(learning_rate)
    metric = "score" if higher_is_better else "loss" if higher_is_better is False else "value"
    detectors = DetectorSet()
    found: list[Issue] = []
    values = zip_longest(train or (), validation or ())
    for step, ((seen, held_out), rate) in enumerate(zip(values, rates, strict=False)):
        found += detectors.observe(
            Observation(
                step,
                unit,
                metric,
                train=seen,
                validation=held_out,
                higher_is_better=higher_is_better,
                learning_rate=rate,
            )
        )
    return found
