"""Curves that estimators keep of their training, for detectors and for a reader.

A curve is read when the fit is over; what detectors see in it they would have seen online.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sklearn.base import is_classifier

from mllog_callbacks import Facts, Observation, Reason, Run
from mllog_callbacks.detectors import StatedDirections, Unit
from mllog_callbacks.facts import Best, DataSet, Progress, dump
from mllog_callbacks.schema import count, number
from mllog_sklearn.data import DataFacts
from mllog_sklearn.earlier import NOTHING, Earlier

__all__ = ["EVALUATIONS", "Curve", "curves", "facts_for_causes", "keep", "summary", "watch"]

EVALUATIONS: Final = "evals_result_"
"""Where LightGBM's and XGBoost's estimators keep their results."""

# What the documentation of LightGBM and XGBoost calls metrics of which more is better; of all
# their other metrics of this table less is.
_MORE: Final = frozenset(
    {"auc", "aucpr", "average_precision", "map", "ndcg", "pre", "auc_mu", "r2"}
)
_LESS: Final = frozenset(
    {"l1", "l2", "rmse", "mae", "mse", "mape", "huber", "fair", "poisson", "quantile"}
    | {"logloss", "mlogloss", "error", "merror", "binary_logloss", "multi_logloss"}
    | {"binary_error", "multi_error", "cross_entropy", "kullback_leibler", "rmsle", "mphe"}
    | {"gamma", "gamma_deviance", "tweedie"}
)


class Curve(NamedTuple):
    """One metric over a training.

    Attributes:
        metric: Its name.
        dataset: What it was measured on beside the training data.
        train: Values on the training data; may be empty.
        validation: Values on the other; may be empty.
        higher_is_better: Its direction; None where it is not known.
        unit: What a value stands for.
        first: What the first value is counted as: 0 where it is the one before any training.
        source: The attributes it was read from.
        learning_rate: That of all its steps; None where it may have changed, or there is none.
    """

    metric: str
    dataset: str
    train: Sequence[float]
    validation: Sequence[float]
    higher_is_better: bool | None
    unit: Unit
    first: int
    source: str
    learning_rate: float | None = None

    def directed(self, stated: StatedDirections) -> "Curve":
        """The same in the direction that the caller states, where he does."""
        more = stated(self.metric)
        return self if more is None else self._replace(higher_is_better=more)

    @property
    def steps(self) -> range:
        """What its values are counted as."""
        return range(self.first, self.first + max(len(self.train), len(self.validation)))

    def observation(self, step: int) -> Observation:
        """What detectors see of a step."""
        index = step - self.first
        return Observation(
            step,
            self.unit,
            self.metric,
            self.dataset,
            self.train[index] if index < len(self.train) else None,
            self.validation[index] if index < len(self.validation) else None,
            self.higher_is_better,
            self.learning_rate,
        )


def curves(estimator: Any, before: Earlier = NOTHING) -> list[Curve]:
    """The curves of a fitted estimator; none where it keeps none.

    Args:
        estimator: The estimator.
        before: What it had from earlier fits, which is no part of this one.
    """
    found: Iterator[Curve]
    if hasattr(estimator, "validation_score_"):
        found = _of_histogram_boosting(estimator, before)
    elif hasattr(estimator, "loss_curve_"):
        found = _of_network(estimator, before)
    elif hasattr(estimator, "n_estimators_") and hasattr(estimator, "train_score_"):
        found = _of_gradient_boosting(estimator, before)
    else:
        found = _of_evaluations(_evaluations(estimator))
    return [curve for curve in found if len(curve.train) or len(curve.validation)]


def _of_histogram_boosting(estimator: Any, before: Earlier) -> Iterator[Curve]:
    scoring = estimator.scoring
    loss = scoring == "loss"  # then a score is the negative loss
    sign = -1 if loss else 1
    metric = "loss" if loss else scoring if isinstance(scoring, str) else "score"
    train, held_out = (
        [sign * float(each) for each in scores]
        for scores in (estimator.train_score_, estimator.validation_score_)
    )
    source = "train_score_ and validation_score_" if held_out else "train_score_"
    rate = _real(getattr(estimator, "learning_rate", None))
    first = before.values.get("train_score_", 0)
    train, held_out = train[first:], held_out[first:]
    yield Curve(metric, "validation", train, held_out, not loss, "iteration", first, source, rate)


def _of_network(estimator: Any, before: Earlier) -> Iterator[Curve]:
    moves = getattr(estimator, "solver", "sgd") == "sgd"
    constant = not moves or getattr(estimator, "learning_rate", None) == "constant"
    rate = _real(getattr(estimator, "learning_rate_init", None)) if constant else None
    loss = _reals(estimator.loss_curve_)[before.values.get("loss_curve_", 0) :]
    yield Curve("loss", "validation", loss, (), False, "epoch", 1, "loss_curve_", rate)  # noqa: FBT003 - a direction
    scores = _reals(getattr(estimator, "validation_scores_", None))
    scores = scores[before.values.get("validation_scores_", 0) :]
    yield Curve("score", "validation", (), scores, True, "epoch", 1, "validation_scores_", rate)  # noqa: FBT003 - likewise


def _of_gradient_boosting(estimator: Any, before: Earlier) -> Iterator[Curve]:
    train = _reals(estimator.train_score_)
    held_out = _reals(getattr(estimator, "oob_scores_", None))
    source = "train_score_ and oob_scores_" if held_out else "train_score_"
    # a warm start fills in zeros for the iterations before it that had none out of the bag
    begun = next((index for index, loss in enumerate(held_out) if loss), 0)
    begun = max(begun, before.values.get("train_score_", 0))
    train, held_out = train[begun:], held_out[begun:]
    rate = _real(getattr(estimator, "learning_rate", None))
    first = 1 + begun
    yield Curve("loss", "out-of-bag", train, held_out, False, "iteration", first, source, rate)  # noqa: FBT003 - a direction


def _evaluations(estimator: Any) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Results by set and metric, of LightGBM's and XGBoost's estimators."""
    results = getattr(estimator, EVALUATIONS, None)
    return results if isinstance(results, Mapping) else {}


def _of_evaluations(results: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[Curve]:
    training = results.get("training", {})
    for name, metrics in results.items():
        if name == "training" and len(results) > 1:
            continue
        for metric, values in metrics.items():
            short = metric.partition("@")[0]
            higher = True if short in _MORE else False if short in _LESS else None
            train = _reals(values if name == "training" else training.get(metric))
            held_out = [] if name == "training" else _reals(values)
            yield Curve(metric, name, train, held_out, higher, "iteration", 1, EVALUATIONS)


def _reals(values: Any) -> list[float]:
    return [] if values is None else [float(each) for each in values]


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def keep(run: Run, curve: Curve) -> None:
    """Have the next entry of a run carry a curve as a whole, thinned."""
    for name, values in (("training", curve.train), (curve.dataset, curve.validation)):
        at = [*range(curve.first, curve.first + len(values))]
        run.curve.extend((name, curve.metric), at, values, curve.unit)


def watch(run: Run, found: Sequence[Curve]) -> None:
    """Show curves to the detectors of a run, step by step; issues are recorded."""
    first = min((curve.first for curve in found), default=0)
    end = max((curve.steps.stop for curve in found), default=0)
    for step in range(first, end):
        run.observe(*(curve.observation(step) for curve in found if step in curve.steps))


def summary(curve: Curve) -> tuple[Reason, dict[str, object]]:
    """How a metric went, from its first value to its last, with its best."""
    held_out = bool(len(curve.validation))
    values = curve.validation if held_out else curve.train
    dataset = curve.dataset if held_out else "training"
    name = f"{dataset} {curve.metric}"
    measured = {curve.metric: values[-1]}
    last = curve.first + len(values) - 1
    steps = count(last, curve.unit)
    recorded = f"It was {number(values[0])} at {curve.unit} {curve.first:,}"
    snapshot: dict[str, object] = {
        "progress": dump(Progress(unit=curve.unit, done=last)),
        "results": {dataset: measured},
        "source": curve.source,
    }
    finite = [index for index, value in enumerate(values) if math.isfinite(value)]
    if curve.higher_is_better is not None and finite:
        best = (max if curve.higher_is_better else min)(finite, key=values.__getitem__)
        recorded += f"; its best is {number(values[best])} at {curve.unit} {curve.first + best:,}"
        found = Best(value=values[best], at=curve.first + best)
        snapshot["best"] = {dataset: {curve.metric: dump(found)}}
    return (
        Reason(
            f"{name} is {number(values[-1])} after {steps}.",
            f"{recorded}. Read from {curve.source} when the fit was over.",
        ),
        snapshot,
    )


def facts_for_causes(data: DataFacts, estimator: Any) -> Facts:
    """What is known of a training that may make a cause probable."""
    patience = getattr(estimator, "n_iter_no_change", None)
    is_on = getattr(estimator, "do_early_stopping_", getattr(estimator, "early_stopping", None))
    if hasattr(estimator, "n_estimators_") and hasattr(estimator, "n_iter_no_change"):
        is_on = patience is not None
    is_on = is_on if isinstance(is_on, bool) else None
    rate = getattr(estimator, "learning_rate_init", getattr(estimator, "learning_rate", None))
    leaves = getattr(estimator, "num_leaves", None)
    return Facts(
        rows=data.rows,
        features=data.features,
        num_leaves=leaves if isinstance(leaves, int) else None,
        learning_rate=_real(rate),
        classes=data.classes,
        early_stopping=is_on,
        patience=patience if is_on and isinstance(patience, int) else None,
        sets=_held_out(data, estimator) if is_on else None,
        known_as={"score": "accuracy" if is_classifier(estimator) else "r2"}
        if hasattr(estimator, "validation_scores_")
        else None,
    )


def _held_out(data: DataFacts, estimator: Any) -> Mapping[str, DataSet] | None:
    """The rows that an estimator holds out by itself, as many as scikit-learn splits off."""
    share = getattr(estimator, "validation_fraction", None)
    if not isinstance(share, int | float) or not data.rows:
        return None
    rows = share if isinstance(share, int) else math.ceil(share * data.rows)
    return {"validation": DataSet(role="validation", rows=rows)}
