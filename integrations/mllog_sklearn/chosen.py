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
_ROWS: Final = 50
_ONE: Final = {"alphas": "alpha", "thresholds": "threshold"}
_NOT_CHOSEN: Final = frozenset(
    {"best_index_", "best_iteration_", "best_loss_", "best_score_", "best_validation_score_"}
    | {"n_features_in_", "n_iter_", "n_outputs_", "feature_names_in_", "estimators_"}
)
"""What is recorded elsewhere: counts, scores of curves, and the parts themselves."""


class _Table(NamedTuple):
    """Scores of several values of hyperparameters.

    Attributes:
        parameters: The values by hyperparameter, a column each.
        metric: What the scores are.
        means: Mean score of each row.
        deviations: Standard deviation of each over the splits; None where it is not known.
        lower: Whether less is better.
    """

    parameters: dict[str, list[Any]]
    metric: str
    means: Any
    deviations: Any = None
    lower: bool = False

    @property
    def rows(self) -> int:
        """How many candidates there are."""
        return len(self.means)

    def as_snapshot(self, chosen: Mapping[str, object]) -> dict[str, object]:
        """The table, thinned where it has many rows, with the row of what was chosen."""
        order = self.order()
        row = self.row(chosen)
        row = order[0] if row is None and order else row
        some = range(0, self.rows, max(1, -(-self.rows // _ROWS)))
        listed = sorted({*some, *order[:2], *([] if row is None else [row])})
        ranks = {index: rank for rank, index in enumerate(order, 1)}
        made: dict[str, object] = {
            "candidates": self.rows,
            "listed": len(listed),
            "number": [index + 1 for index in listed],
            "parameters": {
                name: _rounded([values[index] for index in listed])
                for name, values in self.parameters.items()
            },
            "mean": {self.metric: _rounded([self.means[index] for index in listed])},
            "rank": {self.metric: [ranks.get(index) for index in listed]},
        }
        if row is not None:
            made["chosen"] = row + 1
        if self.deviations is not None:
            deviations = _rounded([self.deviations[index] for index in listed])
            made["deviation"] = {self.metric: deviations}
        return made

    def order(self) -> list[int]:
        """The rows with a finite score, the best first."""
        means = np.asarray(self.means, dtype=float)
        ranked = np.argsort(means if self.lower else -means, kind="stable")
        return [int(index) for index in ranked if math.isfinite(means[index])]

    def row(self, chosen: Mapping[str, object]) -> int | None:
        """The row of the values that were chosen; None where they are in none."""
        named = {
            name: chosen.get(f"{name}_", chosen.get(f"best_{name}_")) for name in self.parameters
        }
        for index in range(self.rows):
            if all(_is_close(self.parameters[name][index], each) for name, each in named.items()):
                return index
        return None

    def said(self, index: int) -> str:
        """A row in words: its values and its score."""
        values = _said({name: described(each[index]) for name, each in self.parameters.items()})
        deviation = ""
        if self.deviations is not None:
            deviation = f" +- {number(float(self.deviations[index]))}"
        return f"{values} ({number(float(self.means[index]))}{deviation})"


def _is_close(one: object, other: object) -> bool:
    return is_real(one) and is_real(other) and math.isclose(float(one), float(other))  # type: ignore[arg-type]  # both are numbers


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
        values, held = dict(_values(part)), _held(part)
        table = _table(part)
        features = _features(part, names if not where else None)
        if values or held or table is not None or features is not None:
            recorded, snapshot = _recorded(part, where, values, table, features)
            yield (
                _with_parts(part, recorded, held),
                {**snapshot, **({"parts": held} if held else {})},
            )


def _is_of_an_ensemble(where: str) -> bool:
    """Whether a part is one of many that vote; what each of them chose is no choice of all."""
    return any(each.split(" ")[0].endswith("_") for each in where.split(", ") if " " in each)


def _recorded(
    part: Any,
    where: str,
    values: dict[str, object],
    table: _Table | None,
    features: dict[str, object] | None,
) -> tuple[Reason, dict[str, object]]:
    name = type(part).__name__
    place = f"{name} in {where}" if where else name
    recorded = []
    snapshot: dict[str, object] = {"estimator": name, "where": where or None, "chosen": values}
    decision = f"{place} chose {_said(values)}." if values else ""
    if features is not None:
        snapshot["features"] = features
        decision = decision or f"{place} selected {_selected(features)}."
        if values:
            recorded.append(f"It selected {_selected(features)}.")
        recorded.append(f"Selected: {features['selected']}.")
        if table is None and hasattr(part, "direction"):
            recorded.append(f"It went {part.direction}; it keeps no scores of its steps.")
    if table is not None:
        snapshot["candidates"] = table.as_snapshot(values)
        decision = decision or f"{place} compared {count(table.rows, 'candidate')}."
        recorded += _compared(table, values)
    recorded += [each for each in _evidence(part) if each]
    return Reason(decision, " ".join(recorded)), {k: v for k, v in snapshot.items() if v}


def _said(values: Mapping[str, object]) -> str:
    """Values with their names; numbers as they are read."""
    return assigned(
        {name: number(each) if isinstance(each, float) else each for name, each in values.items()}
    )


def _selected(features: Mapping[str, object]) -> str:
    return f"{features['kept']} of {features['given']} features"


def _compared(table: _Table, chosen: Mapping[str, object]) -> Iterator[str]:
    """Where the choice is among the candidates, and the next."""
    order = table.order()
    if not order:
        return
    which = "lowest" if table.lower else "highest"
    row = table.row(chosen)
    many = count(table.rows, "candidate")
    if row is None or row == order[0]:
        yield f"Of {many} {table.said(order[0])} has the {which} {table.metric}."
        if len(order) > 1:
            yield f"The runner-up is {table.said(order[1])}."
        return
    rank = order.index(row) + 1 if row in order else None
    yield f"By {table.metric} {table.said(row)} has rank {rank} of {many}." if rank else ""
    yield f"The {which} is that of {table.said(order[0])}."


def _evidence(part: Any) -> Iterator[str]:
    """Scores and thresholds that an estimator keeps beside its choice."""
    score: Any = getattr(part, "best_score_", None)
    if is_real(score):
        yield f"Its best_score_ is {number(float(score))}."
    threshold = _threshold(part)
    if threshold is not None:
        yield f"Its threshold_ is {number(threshold)}."
    criterion = getattr(part, "criterion", None)
    if hasattr(part, "criterion_") and isinstance(criterion, str):
        yield f"It was chosen by criterion={criterion}."


def _held(part: Any) -> dict[str, object]:
    """How many parts of a kind an estimator made whose number no hyperparameter says."""
    held = vars(part) if hasattr(part, "__dict__") else {}
    if {"n_estimators", "estimators", "steps", "transformers"} & defaults(type(part)).keys():
        return {}
    return {
        name: len(value)
        for name, value in held.items()
        if name.endswith("classifiers_") and isinstance(value, list)
    }


def _with_parts(part: Any, recorded: Reason, held: Mapping[str, object]) -> Reason:
    made = ", ".join(f"{many} {name}" for name, many in held.items())
    decision = recorded.decision or f"{type(part).__name__} made {made}."
    return Reason(decision, recorded.reasoning)


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
        return  # a search, whose choice is recorded with its candidates
    given = defaults(type(part))
    for name, value in vars(part).items() if hasattr(part, "__dict__") else ():
        if not name.endswith("_") or name.startswith("_") or name in _NOT_CHOSEN:
            continue
        recorded = _plain(value)
        if recorded is not None and (
            name.startswith("best_") or _was_left(part, name, recorded, given)
        ):
            yield name, recorded


def _plain(value: object) -> object:
    """A value that can be shown as a choice; None for what is no such value."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if 0 < value.size <= _VALUES and value.ndim <= 1 else None
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else value
    if isinstance(value, (str, int, float, np.generic)):
        return described(value)
    flat = isinstance(value, (list, Mapping)) and 0 < len(value) <= _VALUES
    items = list(value.values() if isinstance(value, Mapping) else value) if flat else [None]  # type: ignore[call-overload]  # it is one of both
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
    if hasattr(before, "get_params"):
        return described(before) != value
    if isinstance(before, (str, list, tuple)):
        return not isinstance(value, (str, list)) and described(before) != value
    part_of = isinstance(before, float) and isinstance(value, int)  # a share of all, in numbers
    return part_of or (before is None and stem == "threshold")


def _features(part: Any, names: Sequence[str] | None) -> dict[str, object] | None:
    """Which features a selector kept."""
    if not callable(getattr(part, "get_support", None)):
        return None
    mask = np.asarray(part.get_support())
    named = getattr(part, "feature_names_in_", names)
    kept = [
        str(index if named is None else named[index]) for index in np.flatnonzero(mask).tolist()
    ]
    more = [] if len(kept) <= _FEATURES else [f"and {len(kept) - _FEATURES:,} more"]
    recorded: dict[str, object] = {
        "kept": len(kept),
        "given": len(mask),
        "selected": ", ".join([*kept[:_FEATURES], *more]) or "none",
    }
    ranking = getattr(part, "ranking_", None)
    if ranking is not None and len(ranking) <= _FEATURES:
        recorded["ranking"] = [int(each) for each in ranking]
    return recorded


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
            return _spread({"C": list(values)}, "mean score", np.mean(means, axis=0).T)
    return _of_path(part)


def _of_path(part: Any) -> _Table | None:
    """Squared errors by alpha and fold, and by l1_ratio where there are several."""
    path = getattr(part, "mse_path_", None)
    values = getattr(part, "cv_alphas_", getattr(part, "alphas_", None))
    if path is None or values is None or np.shape(path)[:-1] != np.shape(values):
        return None
    parameters = {"alpha": np.ravel(values).tolist()}
    ratios = getattr(part, "l1_ratio", None)
    if np.ndim(values) == 2 and isinstance(ratios, (list, tuple)):  # noqa: PLR2004 - by l1_ratio
        parameters = {"l1_ratio": np.repeat(ratios, np.shape(values)[1]).tolist()} | parameters
    errors = np.reshape(path, (len(parameters["alpha"]), -1))
    return _spread(parameters, "mean squared error", errors, lower=True)


def _spread(
    parameters: dict[str, list[Any]], metric: str, scores: Any, *, lower: bool = False
) -> _Table:
    """A table of scores by row and fold."""
    return _Table(parameters, metric, scores.mean(axis=1), scores.std(axis=1), lower)


def _of_results(results: Mapping[str, Any], scoring: object) -> _Table | None:
    """Results by column: one of values, and those of their scores."""
    scored = [name for name in ("mean_test_score", "scores") if name in results]
    known = ("mean_", "std_", "split", "rank", "support", "score")
    named = [name for name in results if not name.startswith(known)]
    if not scored or not named or np.ndim(results[named[0]]) != 1:
        return None
    deviations = results.get("std_test_score")
    metric = scoring if isinstance(scoring, str) else "score"
    parameter = _ONE.get(named[0], named[0])
    values = {parameter: list(results[named[0]])}
    return _Table(values, f"mean {metric}", results[scored[0]], deviations)


def _rounded(values: Sequence[Any]) -> list[object]:
    """Values as they are listed: numbers with six digits, those that are not finite unknown."""
    return column([_six(each) for each in values])


def _six(value: Any) -> object:
    if not isinstance(value, (float, np.floating)):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None
