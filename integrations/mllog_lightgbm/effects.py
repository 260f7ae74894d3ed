"""Which of the parameters that were given have no effect, and why."""

from collections.abc import Mapping
from typing import Final

from mllog_lightgbm.parameters import Parameters

__all__ = ["without_effect"]

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


def without_effect(found: Parameters) -> dict[str, str]:
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
