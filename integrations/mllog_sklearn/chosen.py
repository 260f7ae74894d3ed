"""What fitted estimators chose by themselves: a hyperparameter, a threshold, features, a part.

One rule for all: a fitted attribute is a choice where the estimator says so by its name, as with
``best_threshold_``; where a hyperparameter of the same name was left to it, or was given as several
values, as ``alphas`` for ``alpha_``; where it selects features; or where it has scores of several
values, which then are the candidates.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, number
from mllog_sklearn.candidates import column
from mllog_sklearn.parameters import defaults, described, fitted_parts
from mllog_sklearn.rules import is_real

__all__ = ["choices"]

_VALUES: Final = 10
"""Values of an attribute that a reader takes in as one choice."""

_FEATURES: Final = 50
_NOT_CHOSEN: Final = frozenset(
    {"best_index_", "best_iteration_", "best_loss_", "best_score_", "best_validation_score_"}
    | {"n_features_in_", "n_iter_", "n_outputs_", "feature_names_in_", "estimators_"}
)
"""What is told elsewhere: counts, scores of curves, and the parts themselves."""


class _Table(NamedTuple):
    """Scores of several values of a hyperparameter.

    Attributes:
        named: The hyperparameter.
        values: Its values.
        metric: What the scores are.
        means: Mean score of each.
        deviations: Standard deviation of each over the splits; None where it is not known.
        lower: Whether less is better.
    """

    named: str
    values: Sequence[Any]
    metric: str
    means: Any
    deviations: Any = None
    lower: bool = False

    def as_snapshot(self) -> dict[str, object]:
        """The table, thinned where it has many rows."""
        step = max(1, -(-len(self.values) // 50))
        listed = range(0, len(self.values), step)
        made: dict[str, object] = {
            "candidates": len(self.values),
            "listed": len(listed),
            "number": [index + 1 for index in listed],
            "parameters": {self.named: column([self.values[index] for index in listed])},
            "mean": {self.metric: _reals(self.means[index] for index in listed)},
        }
        if self.deviations is not None:
            made["deviation"] = {self.metric: _reals(self.deviations[index] for index in listed)}
        return made

    @property
    def best(self) -> int | None:
        """Where the best mean is; the first of equals."""
        means = np.asarray(self.means, dtype=float)
        if not np.isfinite(means).any():
            return None
        return int(np.nanargmin(means) if self.lower else np.nanargmax(means))


def choices(
    estimator: Any, names: Sequence[str] | None
) -> Iterator[tuple[Reason, dict[str, object]]]:
    """What an estimator and its fitted parts chose.

    Args:
        estimator: The estimator, fitted.
        names: Names of the features that it was given; None where they have none.
    """
    for where, part in fitted_parts(estimator):
        if _is_of_an_ensemble(where):
            continue
        values = dict(_values(part))
        table = _table(part)
        features = _features(part, names if not where else None)
        if not values and table is None and features is None:
            continue
        yield _told(part, where, values, table, features)


def _is_of_an_ensemble(where: str) -> bool:
    """Whether a part is one of many that vote: what each of them chose is no choice of the whole."""
    return any(each.split(" ")[0].endswith("_") for each in where.split(", ") if " " in each)


def _told(
    part: Any,
    where: str,
    values: dict[str, object],
    table: _Table | None,
    features: dict[str, object] | None,
) -> tuple[Reason, dict[str, object]]:
    name = type(part).__name__
    place = f"{name} in {where}" if where else name
    told = []
    snapshot: dict[str, object] = {"estimator": name, "where": where or None, "chosen": values}
    decision = f"{place} chose {_said(values)}." if values else ""
    if features is not None:
        snapshot["features"] = features
        decision = decision or f"{place} selected {_selected(features)}."
        if values:
            told.append(f"It selected {_selected(features)}.")
        told.append(f"Selected: {features['selected']}.")
        if table is None and hasattr(part, "direction"):
            told.append(f"It went {part.direction}; it keeps no scores of its steps.")
    if table is not None:
        snapshot["candidates"] = table.as_snapshot()
        decision = decision or f"{place} compared {count(len(table.values), 'candidate')}."
        told += _compared(table)
    told += _evidence(part)
    return Reason(decision, " ".join(told)), {k: v for k, v in snapshot.items() if v}


def _said(values: Mapping[str, object]) -> str:
    """Values with their names; numbers as they are read."""
    return assigned(
        {name: number(each) if isinstance(each, float) else each for name, each in values.items()}
    )


def _selected(features: Mapping[str, object]) -> str:
    return f"{features['kept']} of {features['given']} features"


def _compared(table: _Table) -> Iterator[str]:
    best = table.best
    if best is None:
        return
    deviation = "" if table.deviations is None else f" +- {number(float(table.deviations[best]))}"
    which = "lowest" if table.lower else "highest"
    value = _said({table.named: described(table.values[best])})
    yield (
        f"Of {count(len(table.values), 'candidate')} {value} has the {which} mean {table.metric}, "
        f"{number(float(table.means[best]))}{deviation}."
    )
    order = np.argsort(table.means if table.lower else -np.asarray(table.means), kind="stable")
    if len(order) > 1:
        after = int(order[1])
        value = _said({table.named: described(table.values[after])})
        yield f"The runner-up is {value} ({number(float(table.means[after]))})."


def _evidence(part: Any) -> Iterator[str]:
    """Scores and thresholds that an estimator keeps beside its choice."""
    score = getattr(part, "best_score_", None)
    if is_real(score):
        yield f"Its best_score_ is {number(float(score))}."
    threshold = _threshold(part)
    if threshold is not None:
        yield f"Its threshold_ is {number(threshold)}."
    criterion = getattr(part, "criterion", None)
    if hasattr(part, "criterion_") and isinstance(criterion, str):
        yield f"It was chosen by criterion={criterion}."


def _threshold(part: Any) -> float | None:
    """The threshold of a selector, which some compute when they are asked."""
    if not callable(getattr(part, "get_support", None)) or "threshold" not in defaults(type(part)):
        return None
    try:
        threshold = part.threshold_
    except Exception:  # noqa: BLE001 - it may be computed by a foreign estimator
        return None
    return float(threshold) if is_real(threshold) else None


def _values(part: Any) -> Iterator[tuple[str, object]]:
    """Fitted attributes that are choices, by name."""
    if isinstance(getattr(part, "cv_results_", {}).get("params"), list):
        return  # a search, whose choice is told with its candidates
    given = defaults(type(part))
    for name, value in vars(part).items() if hasattr(part, "__dict__") else ():
        if not name.endswith("_") or name.startswith("_") or name in _NOT_CHOSEN:
            continue
        told = _plain(value)
        if told is not None and (name.startswith("best_") or _was_left(part, name, told, given)):
            yield name, told


def _plain(value: object) -> object:
    """A value that can be shown as a choice; None for what is no such value."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if 0 < value.size <= _VALUES and value.ndim <= 1 else None
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else value
    if isinstance(value, (str, int, float, np.generic)):
        return described(value)
    flat = isinstance(value, (list, Mapping)) and 0 < len(value) <= _VALUES
    items = list(value.values() if isinstance(value, Mapping) else value) if flat else [None]  # type: ignore[attr-defined, call-overload]  # it is one of both
    plain = all(isinstance(each, (str, int, float, np.generic)) for each in items)
    return described(value) if flat and plain else _kernel(value)


def _kernel(value: object) -> object:
    """A kernel with its hyperparameters, as it shows itself."""
    return str(value) if hasattr(value, "get_params") and hasattr(value, "theta") else None


def _was_left(part: Any, name: str, value: object, given: Mapping[str, object]) -> bool:
    """Whether a hyperparameter of the same name was left to the estimator, or given as several."""
    stem = name.removesuffix("_")
    several = [each for each in (f"{stem}s", f"{stem}es") if each in given]
    if several:
        return True
    if stem not in given:
        # estimators with candidates of their own making, such as LassoLarsIC
        return (
            hasattr(part, "cv_alphas_") or hasattr(part, "criterion_")
            if stem == "alpha"
            else (stem in {"n_nonzero_coefs", "threshold"})
        )
    before = getattr(part, stem, None)
    if isinstance(before, (str, list, tuple)) or hasattr(before, "get_params"):
        return described(before) != value
    part_of = isinstance(before, float) and isinstance(value, int)  # a share of all, in numbers
    return part_of or (before is None and stem == "threshold")


def _features(part: Any, names: Sequence[str] | None) -> dict[str, object] | None:
    """Which features a selector kept."""
    if not callable(getattr(part, "get_support", None)):
        return None
    mask = np.asarray(part.get_support())
    named = getattr(part, "feature_names_in_", names)
    kept = [str(index if named is None else named[index]) for index in np.flatnonzero(mask)]
    more = [] if len(kept) <= _FEATURES else [f"and {len(kept) - _FEATURES:,} more"]
    told: dict[str, object] = {
        "kept": len(kept),
        "given": len(mask),
        "selected": ", ".join([*kept[:_FEATURES], *more]) or "none",
    }
    ranking = getattr(part, "ranking_", None)
    if ranking is not None and len(ranking) <= _FEATURES:
        told["ranking"] = [int(each) for each in ranking]
    return told


def _table(part: Any) -> _Table | None:
    """Scores of several values, wherever an estimator keeps them."""
    results = getattr(part, "cv_results_", None)
    if isinstance(results, Mapping) and "params" not in results:
        return _of_results(results, getattr(part, "scoring", None))
    scores, values = getattr(part, "scores_", None), getattr(part, "Cs_", None)
    if isinstance(scores, Mapping) and values is not None:
        means = [np.asarray(each, dtype=float) for each in scores.values()]
        if all(each.ndim == 2 for each in means):  # noqa: PLR2004 - folds and values
            # one curve for each class: what is compared is the mean of all
            return _spread("C", list(values), "score", np.mean(means, axis=0).T)
    path = getattr(part, "mse_path_", None)
    values = getattr(part, "cv_alphas_", getattr(part, "alphas_", None))
    if path is not None and np.ndim(path) == 2 and values is not None and len(values) == len(path):  # noqa: PLR2004 - likewise
        return _spread("alpha", list(values), "mean squared error", np.asarray(path), lower=True)
    return None


def _spread(
    named: str, values: Sequence[Any], metric: str, scores: Any, *, lower: bool = False
) -> _Table:
    """A table of scores by value and fold."""
    return _Table(named, values, metric, scores.mean(axis=1), scores.std(axis=1), lower)


def _of_results(results: Mapping[str, Any], scoring: object) -> _Table | None:
    """Results by column: one of values, and those of their scores."""
    scored = [name for name in ("mean_test_score", "scores") if name in results]
    known = ("mean_", "std_", "split", "rank", "support", "score")
    named = [name for name in results if not name.startswith(known)]
    if not scored or not named or np.ndim(results[named[0]]) != 1:
        return None
    deviations = results.get("std_test_score")
    values = list(results[named[0]])
    metric = scoring if isinstance(scoring, str) else "score"
    return _Table(named[0], values, metric, results[scored[0]], deviations)


def _reals(values: Iterator[Any]) -> list[float | None]:
    return [float(f"{v:.6g}") if math.isfinite(v) else None for v in map(float, values)]
