"""What an estimator with a warm start brings from earlier fits, so that each fit counts its own."""

from collections.abc import Sized
from typing import Any, NamedTuple

__all__ = ["NOTHING", "Earlier", "earlier"]

_KEPT = ("loss_curve_", "validation_scores_", "train_score_", "validation_score_", "evals_result_")
"""Attributes that a warm start goes on with."""

_TOTALS = ("n_estimators_", "n_iter_")


class Earlier(NamedTuple):
    """What earlier fits left, which this one goes on with.

    Attributes:
        values: How many values each curve had, by its attribute.
        iterations: Iterations done, of an estimator that counts on; else 0.
    """

    values: dict[str, int]
    iterations: int = 0


NOTHING = Earlier({})


def earlier(estimator: Any) -> Earlier:
    """Read what an estimator brings into a fit that begins; nothing where it starts anew."""
    if getattr(estimator, "warm_start", False) is not True:
        return NOTHING
    kept = {name: getattr(estimator, name, None) for name in _KEPT}
    values = {name: len(each) for name, each in kept.items() if isinstance(each, Sized)}
    # a network counts each fit's epochs from 0; boosting counts all of its trees
    counts_on = "train_score_" in values
    totals = [getattr(estimator, name, None) for name in _TOTALS] if counts_on else []
    return Earlier(values, next((int(each) for each in totals if isinstance(each, int)), 0))
