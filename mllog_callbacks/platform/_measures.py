"""What an evaluation or a comparison returned: its numbers by name, in whatever form."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from mllog_callbacks.platform._call import Call
from mllog_callbacks.platform._naming import MODELS, name_of, named_in, part
from mllog_callbacks.platform._reading import is_model, parts
from mllog_callbacks.schema import interruption, number

__all__ = ["Comparison", "comparison_of", "measures_of", "sentence"]

_MOST: Final = 100  # numbers of one result
_TOLD: Final = 8  # numbers of one sentence
_DEEP: Final = 3
_BEST: Final = ("best", "winner", "best_model", "best_name", "champion", "selected", "chosen")
_NAMED: Final = (*MODELS, "name", "algorithm", "estimator", "id")
_RANKED: Final = ("ranking", "ranked", "order", "leaderboard", "results", "scores", "models")
_METRIC: Final = ("metric", "metrics", "scoring", "scorer", "name")
_VALUE: Final = ("value", "score", "result")

Measures = Mapping[str, Any]
"""Numbers by name, nested as the result has them."""


def measures_of(call: Call) -> dict[str, Any]:
    """The numbers of a call's result, by the names that the result or its caller gives them."""
    try:
        return _kept(_measures(call.result, _asked_for(call), 0))
    except Exception as error:
        if interruption(error) is not None:
            raise
        return {}


def sentence(measures: Measures) -> str:
    """The numbers, as in "accuracy 0.93, test f1 0.91"; the first of many."""
    found = list(islice(_flat(measures), _TOLD + 1))
    recorded = ", ".join(f"{name} {number(value)}".strip() for name, value in found[:_TOLD])
    many = sum(1 for _ in _flat(measures)) - _TOLD
    return f"{recorded} and {many:,} more" if many > 0 else recorded


def _asked_for(call: Call) -> list[str]:
    """The names of the metrics that the caller asked for."""
    for name in ("metric", "metrics", "scoring", "score"):
        given = call.arguments.get(name)
        if isinstance(given, str):
            return [given]
        if isinstance(given, (list, tuple)) and all(isinstance(each, str) for each in given):
            return list(given)
    return []


def _measures(value: Any, names: Sequence[str], depth: int) -> dict[str, Any]:
    number_ = _number(value)
    if number_ is not None:
        return {names[0] if len(names) == 1 else "result": number_}
    if value is None or isinstance(value, (str, bytes, bool)) or is_model(value):
        return {}
    if hasattr(value, "iloc") or (hasattr(value, "dtype") and hasattr(value, "shape")):
        return _of_array(value, names)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return _of_sequence(value, names, depth)
    return _of_parts(value, depth)


def _of_parts(value: object, depth: int) -> dict[str, Any]:
    if depth >= _DEEP:
        return {}
    found: dict[str, Any] = {}
    for name, each in islice(parts(value).items(), _MOST):
        inner = _measures(each, [name], depth + 1)
        if list(inner) == [name]:
            found[name] = inner[name]
        elif inner:
            found[name] = inner
    return found


def _of_sequence(value: Sequence[Any], names: Sequence[str], depth: int) -> dict[str, Any]:
    """Of numbers, of pairs of name and number, of metrics by name, or of several results."""
    numbers = [_number(each) for each in value[:_MOST]]
    if value and all(each is not None for each in numbers):
        if len(names) == len(numbers) and len(names) > 1:
            return dict(zip(names, numbers, strict=True))
        return {names[0] if len(names) == 1 else "values": numbers}
    found: dict[str, Any] = {}
    for each in value[:_MOST]:
        if _is_matrix(each):
            found.setdefault("matrix", each)
            continue
        pair = _pair(each)
        inner = {pair[0]: pair[1]} if pair else _measures(each, names, depth + 1)
        if "values" in inner and "values" in found:
            continue
        found.update(inner)
    return found


def _is_matrix(value: object) -> bool:
    """Whether a value is rows of numbers, such as a confusion matrix."""
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and all(isinstance(row, (list, tuple)) for row in value)
        and all(_number(each) is not None for row in value for each in row)
    )


def _pair(value: object) -> tuple[str, float] | None:
    """A name with its number: ``("accuracy", 0.93)``, ``{"metric": "accuracy", "value": 0.93}``."""
    if isinstance(value, (list, tuple)) and len(value) == 2:  # noqa: PLR2004 - a pair
        name, found = value
        number_ = _number(found)
        return (name, number_) if isinstance(name, str) and number_ is not None else None
    name = next((n for each in _METRIC if isinstance(n := part(value, each), str)), None)
    found = next((n for each in _VALUE if (n := _number(part(value, each))) is not None), None)
    return (name, found) if name is not None and found is not None else None


def _of_array(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Of a Series by its index, of a table by its columns, of a small array as a list."""
    if math.prod(value.shape) > _MOST:
        return {}
    if hasattr(value, "iloc"):
        columns = getattr(value, "columns", None)
        if columns is None:
            return {str(k): n for k, v in value.items() if (n := _number(v)) is not None}
        rows = {str(k): _of_array(row, ()) for k, row in value.iterrows()}
        return next(iter(rows.values()), {}) if len(rows) == 1 else rows
    items = value.tolist()
    if len(value.shape) == 1:
        return _of_sequence(items, names, 0)
    return {names[0] if len(names) == 1 else "matrix": items}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "__float__"):
        return float(value)
    return None


def _kept(measures: dict[str, Any]) -> dict[str, Any]:
    return dict(islice(measures.items(), _MOST))


def _flat(measures: Measures, before: str = "") -> Iterator[tuple[str, float]]:
    for name, value in measures.items():
        own = f"{before} {name}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, own)
        elif isinstance(value, list):
            if value and not isinstance(value[0], list):
                label = "" if own in {"values", "result"} else own
                yield from ((label if not at else "", each) for at, each in enumerate(value))
        else:
            yield ("" if own == "result" else own), value


class Comparison(NamedTuple):
    """What was compared, and what came of it.

    Attributes:
        names: What the models are called.
        scores: The numbers of each, by name; empty where the comparison gave none.
        best: The best one, where the result says so.
        ranking: The order in which the result has them, where it is a list; else empty.
        reason: The result's own words on the choice.
    """

    names: tuple[str, ...]
    scores: Mapping[str, Any]
    best: str | None = None
    ranking: tuple[str, ...] = ()
    reason: str | None = None


def comparison_of(call: Call) -> Comparison:
    """Read a comparison: the models from its arguments or result, the best one from the result."""
    try:
        return _comparison_of(call)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return Comparison((), {})


def _comparison_of(call: Call) -> Comparison:
    given = _models_given(call)
    result = call.result
    best = next((n for each in _BEST if (n := _one(part(result, each))) is not None), None)
    if best is None and isinstance(result, str):
        best = result
    if best is None and is_model(result):
        best = name_of(result) or type(result).__name__
    ranked = next((r for n in _RANKED if (r := part(result, n)) is not None), result)
    scores, ranking = _scores(ranked, _asked_for(call))
    inputs = next((v for v in call.given.values() if isinstance(v, Mapping)), None)
    if not scores and inputs is not None:
        scores, _ = _scores(inputs, _asked_for(call))
    names = given or ranking or tuple(scores)
    words = (part(result, each) for each in ("reason", "reasoning", "because"))
    reason = next((each for each in words if isinstance(each, str)), None)
    return Comparison(names, scores, best, ranking, reason)


def _one(value: object) -> str | None:
    if isinstance(value, (str, int)) or value is None:
        return name_of(value)
    return named_in(value, _NAMED) or (type(value).__name__ if is_model(value) else name_of(value))


def _models_given(call: Call) -> tuple[str, ...]:
    """The names of the models that were handed over, in a list, a mapping or one by one."""
    values = [value for name, value in call.given.items() if name not in {"metric", "metrics"}]
    for value in values:
        if isinstance(value, Mapping) and value:
            return tuple(str(each) for each in value)
        if isinstance(value, (list, tuple, set, frozenset)) and value:
            return tuple(_one(each) or type(each).__name__ for each in value)
    return tuple(found for each in values if (found := _one(each)) is not None)


def _scores(ranked: Any, names: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The numbers of each model, and their order where it is one."""
    if hasattr(ranked, "iloc"):
        table = _of_array(ranked, names)
        return table, tuple(table)
    if isinstance(ranked, Mapping):
        found = {
            str(name): inner
            for name, value in islice(ranked.items(), _MOST)
            if name not in _BEST and (inner := _plain(_measures(value, names, 1)))
        }
        return found, ()
    if not isinstance(ranked, (list, tuple)):
        return {}, ()
    scores: dict[str, Any] = {}
    order: list[str] = []
    for each in ranked[:_MOST]:
        pair = _pair(each) if isinstance(each, (list, tuple)) else None
        name = pair[0] if pair else _one(each)
        if isinstance(each, (list, tuple)) and not pair and each:
            name = _one(each[0])
        if name is None:
            continue
        order.append(name)
        own: Any = pair[1] if pair else {} if isinstance(each, str) else _of_parts(each, 1)
        if own or pair:
            scores[name] = own
    return scores, tuple(order)


def _plain(measures: dict[str, Any]) -> Any:
    return measures["result"] if list(measures) == ["result"] else measures
