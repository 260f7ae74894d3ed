"""What a metric is where nothing was learned, by the data at hand, and where all was."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mllog_callbacks.detectors._facts import Facts
from mllog_callbacks.facts import DataSet
from mllog_callbacks.schema import parse_metric_name

__all__ = ["Baseline", "baseline_of", "not_known"]

_RATIO: Final = 8.0
"""Twice the gain in log likelihood that chance brings in one training of 200 (chi-squared, one)."""

_DEVIATIONS: Final = math.sqrt(_RATIO)
_NO_ROWS: Final = 0.01
_OF_THE_WAY: Final = 0.25


@dataclass(frozen=True, slots=True)
class Baseline:
    """A metric of a prediction that uses no feature.

    Attributes:
        value: Its value.
        words: What it is.
        chance: What chance alone may bring above it on so few rows.
        ideal: The value of a perfect prediction.
        little: The share of the way to that, which is left where a prediction is near-perfect.
    """

    value: float
    words: str
    chance: float
    ideal: float = 0.0
    little: float = 0.01

    def gain(self, value: float) -> float:
        """What a value is better by."""
        return (value - self.value) * (1 if self.ideal > self.value else -1)

    def is_perfect(self, value: float) -> bool:
        """Whether nearly nothing is left to gain."""
        return abs(self.ideal - value) <= self.little * abs(self.ideal - self.value)


def baseline_of(metric: str, dataset: str, facts: Facts) -> Baseline | None:
    """The baseline of a metric on a data set; None where the data at hand give none.

    Args:
        metric: The metric, by any of its usual names.
        dataset: The set it is measured on.
        facts: What is known of the training.
    """
    key = parse_metric_name(metric).key
    key = (facts.known_as or {}).get(key, key)
    given = facts.baselines.get(key) if facts.baselines else None
    data = _data(dataset, facts)
    if given is not None:
        value, words = given
        return Baseline(value, words, max(_NO_ROWS * abs(value), _per_row(data.rows, 2)), 0.0, 0.02)
    make = _BASELINES.get(key)
    if make is None or (key in _LOG_LOSSES and facts.weighted):
        return None
    return make(data)


def not_known(facts: Facts) -> str:
    """Why there is no baseline of any metric; empty where there may be some."""
    data = _data("", facts)
    if facts.baselines or data.classes or data.labels or facts.sets:
        return ""
    return "class counts and the spread of the target are not known"


def _data(dataset: str, facts: Facts) -> DataSet:
    """A set as it is known; of labels that it does not show, those of the training data."""
    own = (facts.sets or {}).get(dataset) or DataSet()
    return DataSet(
        rows=own.rows,
        classes=own.classes or facts.classes,
        labels=own.labels or facts.labels,
    )


def _per_row(rows: int | None, of: float = 1) -> float:
    return _RATIO / (of * rows) if rows else 0.0


def _shares(data: DataSet) -> list[float]:
    """The shares of classes; empty where they are not known, or there is but one."""
    counts = [each for each in (data.classes or {}).values() if each > 0]
    return [each / sum(counts) for each in counts] if len(counts) > 1 else []


def _entropy(data: DataSet) -> Baseline | None:
    shares = _shares(data)
    if not shares:
        return None
    entropy = -sum(each * math.log(each) for each in shares)
    chance = max(_NO_ROWS * entropy, _per_row(data.rows, 2))
    words = f"the entropy of the class shares (the largest class has {max(shares):.0%})"
    return Baseline(entropy, words, chance, little=0.02)


def _accuracy(data: DataSet) -> Baseline | None:
    shares = _shares(data)
    if not shares:
        return None
    most = max(shares)
    spread = math.sqrt(most * (1 - most) / data.rows) if data.rows else 0.0
    chance = min(_DEVIATIONS * spread, _OF_THE_WAY * (1 - most))
    words = f"the accuracy of always predicting the largest class ({most:.0%} of the rows)"
    return Baseline(most, words, chance, 1.0)


def _error_rate(data: DataSet) -> Baseline | None:
    found = _accuracy(data)
    if found is None:
        return None
    words = found.words.replace("accuracy", "error rate")
    return Baseline(1 - found.value, words, found.chance)


def _ranking(data: DataSet) -> Baseline | None:
    shares = _shares(data)
    chance = _NO_ROWS
    if len(shares) == 2 and data.rows:  # noqa: PLR2004 - two classes
        some, others = (share * data.rows for share in shares)
        chance = _DEVIATIONS * math.sqrt((some + others + 1) / (12 * some * others))
    return Baseline(0.5, "the AUC of a random order", chance, 1.0, 0.002)


def _squared(data: DataSet) -> Baseline | None:
    deviation = None if data.labels is None else data.labels.deviation
    if not deviation:
        return None
    value = deviation**2
    chance = value * (_per_row(data.rows) or _NO_ROWS)
    return Baseline(value, "the variance of the target, the error of its mean", chance)


def _root(data: DataSet) -> Baseline | None:
    squared = _squared(data)
    if squared is None:
        return None
    value = math.sqrt(squared.value)
    chance = value - math.sqrt(max(squared.value - squared.chance, 0.0))
    words = "the standard deviation of the target, the error of its mean"
    return Baseline(value, words, chance, little=0.1)


def _absolute(data: DataSet) -> Baseline | None:
    value = None if data.labels is None else data.labels.absolute_deviation
    if not value:
        return None
    chance = value * (_per_row(data.rows, 2) or _NO_ROWS)
    return Baseline(value, "the mean distance of the target from its median", chance, little=0.1)


def _explained(data: DataSet) -> Baseline:
    return Baseline(0.0, "R2 of always predicting the mean", _per_row(data.rows) or _NO_ROWS, 1.0)


_LOG_LOSSES: Final = frozenset(
    {"binary_logloss", "multi_logloss", "logloss", "mlogloss", "log_loss", "cross_entropy"}
)
_KINDS: Final[Mapping[Callable[[DataSet], Baseline | None], frozenset[str]]] = {
    _entropy: _LOG_LOSSES,
    _accuracy: frozenset({"accuracy", "acc"}),
    _error_rate: frozenset({"binary_error", "multi_error", "error", "merror"}),
    _ranking: frozenset({"auc", "auroc", "roc_auc", "auc_mu"}),
    _squared: frozenset({"l2", "mse", "mean_squared_error"}),
    _root: frozenset({"rmse", "root_mean_squared_error"}),
    _absolute: frozenset({"l1", "mae", "mean_absolute_error"}),
    _explained: frozenset({"r2", "r2_score"}),
}
_BASELINES: Final = {name: make for make, names in _KINDS.items() for name in names}
