"""Which checks ran in a run, and why others could not."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final

from mllog_callbacks.detectors._at_end import AT_END, Curve
from mllog_callbacks.detectors._collapse import LASTING
from mllog_callbacks.detectors._constants import CHECKS, RATES
from mllog_callbacks.detectors._facts import Facts
from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._plateau import LEAST
from mllog_callbacks.detectors._progress import PATIENCE, WINDOW
from mllog_callbacks.detectors._protocol import Unit
from mllog_callbacks.detectors._run_end import RunEnd
from mllog_callbacks.facts import Checks
from mllog_callbacks.schema import count

__all__ = ["checks"]

_Why = Callable[[Curve], str]


def checks(
    curves: Sequence[Curve],
    watching: Collection[str],
    ignored: Collection[str],
    end: RunEnd,
    facts: Facts,
) -> Checks:
    """Which checks ran, and why others could not.

    Args:
        curves: All curves of the run.
        watching: Names of the detectors in the set, and of the checks at the end.
        ignored: Codes that are not reported.
        end: How the run ended.
        facts: What is known of the training.
    """
    reasons: dict[str, Callable[[], str]] = {
        **{name: partial(_of_curves, name, why, curves) for name, why in _WHY.items()},
        **{name: partial(why, curves, end, facts) for name, why in AT_END.items()},
    }
    why: dict[str, str] = {}
    for name, reason in reasons.items():
        code = kind(name).code
        if name not in watching:
            why[code] = "not chosen"
        else:
            why[code] = "ignored" if code in ignored else reason()
    return Checks(
        ran=tuple(code for code, reason in why.items() if not reason),
        not_run={code: reason for code, reason in why.items() if reason},
    )


def _of_curves(name: str, reason: _Why, curves: Sequence[Curve]) -> str:
    """Why a check could run on none of the curves: the reason of the longest."""
    if not curves:
        return "no metric was observed"
    directed = [each for each in curves if each.directed or name in _NEEDS_NO_DIRECTION]
    if not directed:
        return "no metric with a known direction"
    reasons = [reason(each) for each in sorted(directed, key=lambda each: -each.main.checks)]
    return "" if "" in reasons else reasons[0]


_NEEDS_NO_DIRECTION: Final = frozenset({"non_finite", "stalled"})


def _enough(needed: int | Mapping[Unit, int], *, train: bool = False) -> _Why:
    def why(curve: Curve) -> str:
        have = (curve.train if train else curve.main).checks
        least = needed if isinstance(needed, int) else needed[curve.place.unit]
        if train and not have:
            return "no training values"
        return "" if have >= least else f"{count(have, 'check')}, needs {least}"

    return why


def _both(needed: int) -> _Why:
    def why(curve: Curve) -> str:
        if not curve.validation.checks:
            return "no validation values"
        if not curve.train.checks and curve.place.unit != "iteration":
            return "no training values to compare with"
        have = curve.validation.checks
        return "" if have >= needed else f"{count(have, 'check')}, needs {needed}"

    return why


def _of_gap(curve: Curve) -> str:
    if not curve.train.checks:
        return "no training values to compare with"
    return _both(5)(curve)


def _of_rates(curve: Curve) -> str:
    if curve.place.learning_rate is None:
        return "the learning rate is not known"
    return _enough(RATES)(curve)


def _of_clock(curve: Curve) -> str:
    return "" if curve.place.seconds is not None else "observations carry no clock"


def _plus(needed: Mapping[Unit, int], more: int) -> dict[Unit, int]:
    return {unit: least + more for unit, least in needed.items()}


_WHY: Final[Mapping[str, _Why]] = {
    "overfitting": _both(4),
    "generalisation_gap": _of_gap,
    "plateau": _enough(_plus(LEAST, 1)),
    "non_finite": _enough(1),
    "divergence": _enough(4),
    "spike": _enough(6),
    "oscillation": _enough(_plus(WINDOW, 1)),
    "no_convergence": _enough(_plus(PATIENCE, 1)),
    "stalled": _of_clock,
    "collapse": _enough(_plus(LASTING, 1)),
    "constant_metric": _enough(CHECKS),
    "zero_learning_rate": _of_rates,
    "rising_from_start": _enough(_plus(LASTING, 1), train=True),
}
