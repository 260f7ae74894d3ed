"""Trials of a search that keeps them one by one, as Optuna's does: completed, pruned and failed."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, number
from mllog_sklearn.candidates import column
from mllog_sklearn.parameters import described, fitted_parts

__all__ = ["trials"]

_LISTED: Final = 50
_COMPLETE: Final = "COMPLETE"


def trials(estimator: Any) -> Iterator[tuple[Reason, dict[str, object]]]:
    """What each search within an estimator tried that keeps its trials."""
    for where, search in fitted_parts(estimator):
        kept = getattr(search, "trials_", None)
        if isinstance(kept, list) and kept and all(hasattr(each, "state") for each in kept):
            yield _recorded(search, where, kept)


def _recorded(search: Any, where: str, kept: list[Any]) -> tuple[Reason, dict[str, object]]:
    states = Counter(each.state.name for each in kept)
    ranked = [each for each in kept if _value(each) is not None]
    ranked.sort(key=lambda each: _value(each) or 0.0, reverse=True)
    listed = kept[:_LISTED]
    names = dict.fromkeys(name for each in kept for name in each.params)
    table: dict[str, object] = {
        "asked": getattr(search, "n_trials", None),
        "candidates": len(kept),
        "states": {state.lower(): many for state, many in states.items()},
        "listed": len(listed),
        "number": [each.number + 1 for each in listed],
        "state": [each.state.name.lower() for each in listed],
        "parameters": {name: column([each.params.get(name) for each in listed]) for name in names},
        "mean": {"score": [_value(each) for each in listed]},
    }
    found = ", ".join(f"{many:,} {state.lower()}" for state, many in sorted(states.items()))
    place = f" in {where}" if where else ""
    decision = f"{count(len(kept), 'trial')} of the search{place} ended: {found}."
    recorded = []
    snapshot: dict[str, object] = {"candidates": table}
    best = getattr(search, "best_params_", None)
    if best is not None:
        params = {name: described(each) for name, each in best.items()}
        snapshot["best_params"] = params
        decision = f"{decision[:-1]}; {assigned(params)} was chosen."
    if ranked:
        recorded.append(f"Its mean test score is {number(_value(ranked[0]) or 0.0)}, the best.")
        snapshot["mean_test"] = {"score": _value(ranked[0])}
    if len(ranked) > 1:
        params = {name: described(each) for name, each in ranked[1].params.items()}
        recorded.append(
            f"The runner-up is {assigned(params)} ({number(_value(ranked[1]) or 0.0)})."
        )
    return Reason(decision, " ".join(recorded)), snapshot


def _value(trial: Any) -> float | None:
    """The value of a completed trial; None where it has none that is finite."""
    value = getattr(trial, "value", None) if trial.state.name == _COMPLETE else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
