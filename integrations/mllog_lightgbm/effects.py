"""What LightGBM made of the parameters: replaced, derived, without effect, and what others do."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mllog_callbacks.facts import DataSet, Derived, Effect, Replaced
from mllog_callbacks.schema import shown
from mllog_lightgbm.parameters import Function, Sources

__all__ = ["derived", "effects", "is_goss", "replaced", "without_effect"]

_OBJECTIVES: Final[Mapping[str, frozenset[str]]] = {
    "scale_pos_weight": frozenset({"binary", "multiclassova"}),
    "is_unbalance": frozenset({"binary", "multiclassova"}),
    "alpha": frozenset({"huber", "quantile"}),
    "fair_c": frozenset({"fair"}),
    "poisson_max_delta_step": frozenset({"poisson"}),
    "tweedie_variance_power": frozenset({"tweedie"}),
}
"""The objectives that use a parameter, as LightGBM's documentation of parameters has it."""

_DART: Final = frozenset(
    {"drop_rate", "max_drop", "skip_drop", "xgboost_dart_mode", "uniform_drop", "drop_seed"}
)
_GOSS: Final = frozenset({"top_rate", "other_rate"})

_STARTS_AT_ZERO: Final = frozenset({"custom", "none", "lambdarank", "rank_xendcg"})
"""Objectives for which LightGBM fits no constant to start from."""

_WORD: Final = re.compile(r"[^\s,\[\]]+")

_SWITCHES: Final = {"true": "1", "+": "1", "false": "0", "-": "0"}
"""How LightGBM lets a switch be written."""

# Of these the caller's text and LightGBM's differ by more than a decision: names of columns
# become indices; of metrics and objectives any order is the same.
_OTHER_TEXT: Final = frozenset({"categorical_feature", "machines"})
_NAMES: Final = frozenset({"objective", "metric"})


def without_effect(found: Sources) -> dict[str, str]:
    """Parameters that the caller gave and that this training does not use, each with the reason."""
    if not found.resolved:
        return {}
    reasons: dict[str, str] = {}
    objective, boosting = found.resolved.get("objective"), found.resolved.get("boosting")
    for name in found.given:
        used_by = _OBJECTIVES.get(name)
        if used_by is not None and objective not in used_by:
            reasons[name] = (
                f"only {' and '.join(sorted(used_by))} use it, not objective={objective}"
            )
        elif name in _DART and boosting != "dart":
            reasons[name] = f"only boosting=dart uses it, not {boosting}"
        elif name in _GOSS and found.resolved.get("data_sample_strategy") != "goss":
            reasons[name] = "only data_sample_strategy=goss uses it"
    share = found.given.get("bagging_fraction")
    if isinstance(share, (int, float)) and share < 1 and found.resolved.get("bagging_freq") == 0:
        reasons["bagging_fraction"] = "bagging_freq is 0"
    return reasons


def replaced(found: Sources) -> dict[str, Replaced]:
    """What the caller gave and LightGBM has in force with another value."""
    pairs: dict[str, Replaced] = {}
    for name, given in found.given.items():
        used = found.resolved.get(name)
        if used is None or name in _OTHER_TEXT or isinstance(given, Function):
            continue
        if name in _NAMES:
            if used != "" and {*_words(given)} != {*_words(used)}:
                pairs[name] = Replaced(given=shown(given), used=used)
        elif not _same(_words(given), _words(used)) and not (name == "boosting" and is_goss(found)):
            pairs[name] = Replaced(given=given, used=used)
    return pairs


def is_goss(found: Sources) -> bool:
    """Whether the caller chose goss as the kind of boosting: in force it is a way of sampling."""
    return found.given.get("boosting") == "goss" == found.resolved.get("data_sample_strategy")


def derived(found: Sources) -> dict[str, Derived]:
    """What LightGBM derived from other parameters."""
    values: dict[str, Derived] = {}
    depth, leaves = found.given.get("max_depth"), found.defaults.get("num_leaves")
    if isinstance(depth, int) and depth > 0 and leaves == 1 << depth:
        values["num_leaves"] = Derived(value=leaves, source=f"max_depth={depth}")
    metric = found.resolved.get("metric")
    if metric and "metric" not in found.given and "metric" not in found.chosen:
        values["metric"] = Derived(value=metric, source="the objective")
    if found.given.get("seed") is not None:
        source = f"seed={found.given['seed']}"
        for name, value in found.resolved.items():
            if name.endswith("_seed") and name not in found.given:
                values[name] = Derived(value=value, source=source)
    return values


def effects(found: Sources, data: DataSet | None, *, continued: bool) -> dict[str, Effect]:
    """What parameters in force do in this training.

    Args:
        found: The parameters.
        data: The training data; None where it is not known.
        continued: Whether it continues a model.
    """
    if not found.resolved:
        return {}
    given_start = continued or (data is not None and bool(data.init_scores))
    return {
        **dict(_goss(found)),
        **({} if given_start else dict(_start(found))),
        **dict(_balance(found, data)),
        **dict(_determinism(found)),
    }


def _goss(found: Sources) -> Iterator[tuple[str, Effect]]:
    if is_goss(found):
        used = found.resolved.get("boosting")
        effect = f"data_sample_strategy=goss is in force, with boosting={used}"
        yield "boosting", Effect(value="goss", effect=effect)


def _start(found: Sources) -> Iterator[tuple[str, Effect]]:
    average = found.resolved.get("boost_from_average")
    if found.get("objective") in _STARTS_AT_ZERO:
        return
    if average == 1:
        effect = "boosting starts from a constant fitted to the labels"
        yield "boost_from_average", Effect(value=1, effect=effect)
    elif average == 0:
        yield "boost_from_average", Effect(value=0, effect="boosting starts from zero")


def _balance(found: Sources, data: DataSet | None) -> Iterator[tuple[str, Effect]]:
    unused, name = without_effect(found), "is_unbalance"
    if found.resolved.get(name) == 1 and name not in unused:
        counts = (data.classes or {}) if data else {}
        if len(counts) == 2 and min(counts.values()):  # noqa: PLR2004 - of two classes
            ratio = max(counts.values()) / min(counts.values())
            yield name, Effect(value=1, effect="the rarer class is weighted", factor=ratio)
        elif found.resolved.get("objective") == "multiclassova":
            effect = "the rarer side of each class against all others is weighted"
            yield name, Effect(value=1, effect=effect)
    weight, name = found.resolved.get("scale_pos_weight"), "scale_pos_weight"
    if isinstance(weight, (int, float)) and weight != 1 and name not in unused:
        effect = "rows of the positive class are weighted"
        yield name, Effect(value=weight, effect=effect, factor=float(weight))


def _determinism(found: Sources) -> Iterator[tuple[str, Effect]]:
    if found.resolved.get("deterministic") == 1:
        effect = "the same data and parameters give the same model"
        yield "deterministic", Effect(value=1, effect=effect)
    forced = [name for name in ("force_col_wise", "force_row_wise") if found.resolved.get(name)]
    if forced:
        layout = "column" if forced[0] == "force_col_wise" else "row"
        yield forced[0], Effect(value=1, effect=f"histograms are built {layout}-wise")
    elif "force_col_wise" in found.resolved:
        effect = "LightGBM chooses column- or row-wise histograms, as force_row_wise is off too"
        yield "force_col_wise", Effect(value=0, effect=effect)


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
