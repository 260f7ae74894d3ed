"""What LightGBM decided by itself, and what it made of what it was given."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from mllog_callbacks.schema import number, shown
from mllog_callbacks.schema._phrases import by_label
from mllog_lightgbm.effects import without_effect
from mllog_lightgbm.opening import Opening
from mllog_lightgbm.parameters import Function

__all__ = ["ALGORITHM", "decided"]

ALGORITHM: Final[tuple[str, ...]] = ("boosting", "objective", "tree_learner", "device_type")
"""The parameters that make up the algorithm."""

_STARTS_AT_ZERO: Final = frozenset({"custom", "none", "lambdarank", "rank_xendcg"})
"""Objectives for which LightGBM fits no constant to start from."""

_WORD: Final = re.compile(r"[^\s,\[\]]+")

_SWITCHES: Final = {"true": "1", "+": "1", "false": "0", "-": "0"}
"""How LightGBM lets a switch be written."""

# Of these the caller's text and LightGBM's differ by more than a decision: names of columns
# become indices, names of metrics and objectives are told apart below.
_OTHER_TEXT: Final = frozenset({"categorical_feature", "objective", "metric", "machines"})


def decided(opening: Opening) -> list[str]:
    """Sentences on what LightGBM decided, each from parameters and data at hand."""
    if not opening.found.resolved:
        return []
    return [sentence for look in _LOOKS for sentence in look(opening)]


def _renamed(opening: Opening) -> Iterator[str]:
    found = opening.found
    for name in ("objective", "metric"):
        given, used = found.given.get(name), found.resolved.get(name)
        if given is None or used in {None, ""} or isinstance(given, Function):
            continue
        if {*_words(given)} != {*_words(used)}:
            yield f"{name}={shown(used)} is what LightGBM makes of {name}={shown(given)}."


def _overruled(opening: Opening) -> Iterator[str]:
    found = opening.found
    for name, given in found.given.items():
        used = found.resolved.get(name)
        if used is None or name in _OTHER_TEXT or isinstance(given, Function):
            continue
        if _same(_words(given), _words(used)):
            continue
        strategy = found.resolved.get("data_sample_strategy")
        if name == "boosting" and given == strategy == "goss":
            yield f"boosting=goss means data_sample_strategy=goss with boosting={used}."
            continue
        yield f"{name}={shown(used)} is used where {name}={shown(given)} was given."


def _leaves(opening: Opening) -> Iterator[str]:
    found = opening.found
    depth, leaves = found.given.get("max_depth"), found.defaults.get("num_leaves")
    if isinstance(depth, int) and depth > 0 and leaves == 1 << depth:
        yield f"num_leaves={leaves} follows from max_depth={depth}."


def _metric(opening: Opening) -> Iterator[str]:
    found = opening.found
    used = found.resolved.get("metric")
    if used and "metric" not in found.given and "metric" not in found.chosen:
        yield f"metric={used} follows from the objective."


def _early_stopping(opening: Opening) -> Iterator[str]:
    for each in opening.stopping.rules:
        by = ", set by early_stopping_round" if each.by_parameter else ""
        if each.off:
            yield f"Early stopping (patience {each.patience}{by}) is off: {each.off}."
        else:
            yield f"Early stopping is on (patience {each.patience}{by})."


def _start(opening: Opening) -> Iterator[str]:
    found = opening.found
    given = opening.continued or (opening.data is not None and opening.data.init_score)
    if given or found.get("objective") in _STARTS_AT_ZERO:
        return
    if found.resolved.get("boost_from_average") == 1:
        yield "Boosting starts from a constant fitted to the labels (boost_from_average=1)."
    elif found.resolved.get("boost_from_average") == 0:
        yield "Boosting starts from zero (boost_from_average=0)."


def _balance(opening: Opening) -> Iterator[str]:
    found, data = opening.found, opening.data
    unused = without_effect(found)
    if found.resolved.get("is_unbalance") == 1 and "is_unbalance" not in unused:
        counts = (data.classes or {}) if data else {}
        if len(counts) == 2 and min(counts.values()):  # noqa: PLR2004 - of two classes
            ratio = max(counts.values()) / min(counts.values())
            yield (
                f"is_unbalance=1 weights the rarer class {number(ratio)} times, "
                f"by the rows of each label ({by_label(counts)})."
            )
        elif found.resolved.get("objective") == "multiclassova":
            yield "is_unbalance=1 weights the rarer side of each class against all others."
    weight = found.resolved.get("scale_pos_weight")
    if isinstance(weight, (int, float)) and weight != 1 and "scale_pos_weight" not in unused:
        yield f"scale_pos_weight={number(weight)} weights the rows of the positive class."


def _unused(opening: Opening) -> Iterator[str]:
    for name, why in without_effect(opening.found).items():
        given = shown(opening.found.given[name])
        yield f"{name}={given} has no effect: {why}."


def _determinism(opening: Opening) -> Iterator[str]:
    found = opening.found
    forced = [name for name in ("force_col_wise", "force_row_wise") if found.resolved.get(name)]
    if found.resolved.get("deterministic") == 1:
        yield "deterministic=1: the same data and parameters give the same model."
    if forced:
        layout = "Column" if forced[0] == "force_col_wise" else "Row"
        yield f"{layout}-wise histograms ({forced[0]}=1)."
    elif "force_col_wise" in found.resolved:
        yield (
            "LightGBM chooses column- or row-wise histograms automatically (neither force_ option "
            "is set)."
        )


def _seeds(opening: Opening) -> Iterator[str]:
    found = opening.found
    if found.given.get("seed") is None:
        return
    derived = [
        f"{name}={value}"
        for name, value in found.resolved.items()
        if name.endswith("_seed") and name not in found.given
    ]
    if derived:
        yield f"Derived from seed={found.given['seed']}: {', '.join(derived)}."


_LOOKS: Final[tuple[Callable[[Opening], Iterator[str]], ...]] = (
    _renamed,
    _overruled,
    _leaves,
    _metric,
    _early_stopping,
    _start,
    _balance,
    _unused,
    _determinism,
    _seeds,
)


def _words(value: Any) -> list[str]:  # noqa: ANN401 - whatever the caller gave
    """The words of a value as LightGBM writes it: those of lists and arrays, one by one."""
    if hasattr(value, "tolist"):  # of numpy
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [word for each in value for word in _words(each)]
    return _WORD.findall(str(value))


def _same(given: list[str], used: list[str]) -> bool:
    """Whether words are the same to LightGBM, which writes numbers in six digits."""
    return len(given) == len(used) and all(map(_alike, given, used))


def _alike(given: str, used: str) -> bool:
    try:
        return math.isclose(float(_SWITCHES.get(given.lower(), given)), float(used), rel_tol=1e-5)
    except ValueError:
        return given == used
