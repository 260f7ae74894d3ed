"""Workers of a fit, whose warnings are made where nothing of ours is heard."""

from collections.abc import Mapping
from typing import Any

from joblib import effective_n_jobs

from mllog_callbacks import Reason
from mllog_sklearn.parameters import fitted_parts

__all__ = ["unheard"]

_CHECKS = ("MLA111", "MLA112", "MLA114")
"""The issues that warnings are."""


def unheard(
    estimator: object, reason: Reason, snapshot: Mapping[str, object]
) -> tuple[Reason, Mapping[str, object]]:
    """Add that warnings of workers are not recorded, where a fit was given any."""
    workers = max((_workers(part) for _, part in fitted_parts(estimator)), default=1)
    if workers <= 1:
        return reason, snapshot
    why = f"warnings made in workers are not recorded (n_jobs allows {workers})"
    recorded = f"{reason.reasoning} {why.capitalize()}.".strip()
    checks = {"not_run": dict.fromkeys(_CHECKS, why)}
    return Reason(reason.decision, recorded), {**snapshot, "checks": checks}


def _workers(part: Any) -> int:
    given = getattr(part, "n_jobs", 1)
    if not hasattr(type(part), "fit") or isinstance(given, bool):
        return 1
    try:
        return int(effective_n_jobs(given))
    except Exception:  # noqa: BLE001 - what is no number of workers fails in the fit itself
        return 1
