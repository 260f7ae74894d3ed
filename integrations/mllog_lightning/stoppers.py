"""One `EarlyStopping`: what it has compared, and which of its rules was met."""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from mllog_callbacks import facts
from mllog_callbacks.facts import Rule
from mllog_callbacks.schema import number
from mllog_lightning.bases import DISTRIBUTIONS
from mllog_lightning.values import Pending, pending
from mllog_lightning.watch import Best, Moment

__all__ = ["Stopper"]

_CLOSE: Final = 1e-6
"""Values so close are the same one: a tensor of 32 bits, and a number read from it."""

_PATIENCE: Final = "patience"
_FINITE: Final = "check_finite"

_REASONS: Final = {
    "NON_FINITE_METRIC": _FINITE,
    "STOPPING_THRESHOLD": "stopping_threshold",
    "DIVERGENCE_THRESHOLD": "divergence_threshold",
    "PATIENCE_EXHAUSTED": _PATIENCE,
}
"""The rules, by the names that Lightning has for them since 2.6."""


class _State(NamedTuple):
    """How an `EarlyStopping` is.

    Attributes:
        waited: Checks without improvement.
        stopped_epoch: Where it stopped, 0 also where it did not.
        said: Why, in its own words, a text of its own each time; None before Lightning 2.6.
    """

    waited: int
    stopped_epoch: int
    said: str | None


class _Stopped(NamedTuple):
    """The first check at which it asked to stop.

    Attributes:
        at: When the value was measured.
        value: The value that it compared.
        waited: Its checks without improvement then.
        best: Its best score then.
        best_at: When that was measured; None where that was not seen.
        said: Why, in its own words.
        rule: Which rule, as Lightning says; empty where it does not.
    """

    at: Moment
    value: Pending[str]
    waited: int
    best: Any
    best_at: Moment | None
    said: str | None
    rule: str


class Stopper:
    """Watches an `EarlyStopping` from the start of a fit.

    Args:
        callback: The callback.
    """

    def __init__(self, callback: Any) -> None:
        self._callback = callback
        self._before = self._last = _state(callback)
        self._best = callback.best_score
        self._improved_at: Moment | None = None
        self._passed_over: tuple[Moment, Pending[str]] | None = None
        self._stopped: _Stopped | None = None

    @property
    def stopped(self) -> Moment | None:
        """The moment of the first check at which it asked to stop; None where it did not."""
        return None if self._stopped is None else self._stopped.at

    def look(self, read: Callable[[str], Any], at: Moment, *, should_stop: bool) -> None:
        """See what a check has changed.

        Args:
            read: Reads the value that it found under a name.
            at: When that was measured.
            should_stop: Whether the training is about to stop.
        """
        callback, now, before = self._callback, _state(self._callback), self._last
        self._last = now
        if callback.best_score is not self._best:
            self._best, self._improved_at = callback.best_score, at
            self._passed_over = None
        elif now.waited > before.waited and abs(callback.min_delta) > 0:
            self._passed_over = at, pending({"": read(callback.monitor)})
        if self._stopped is None and should_stop:
            value = pending({"": read(callback.monitor)})
            if self._has_stopped(now, before, value):
                self._stopped = _Stopped(
                    at,
                    value,
                    now.waited,
                    callback.best_score,
                    self._improved_at,
                    now.said,
                    self._rule_said(),
                )

    def _has_stopped(self, now: _State, before: _State, value: Pending[str]) -> bool:
        """Whether it asked to stop at this check: its reason is a new one, or it must have."""
        if hasattr(self._callback, "stopping_reason_message"):
            return now.said is not None and now.said is not before.said
        if now.stopped_epoch != before.stopped_epoch:
            return True
        rule = self._rule_by_value(self._read(value), now.waited)
        return bool(rule) and (rule != _PATIENCE or now.waited > before.waited)

    def met(self, best: Callable[[str], Best | None]) -> Rule | None:
        """The rule that was met; None where it asked for no stop.

        Args:
            best: The best of a metric, by its name.
        """
        stop = self._stopped
        if stop is None:
            return None
        value = self._read(stop.value)
        condition = stop.rule
        if not condition and stop.said is None:
            condition = self._rule_by_value(value, stop.waited)
        each = self._callback
        return Rule(
            name=type(each).__name__,
            metric=each.monitor,
            mode=each.mode,
            patience=each.patience,
            min_delta=abs(float(each.min_delta)),
            message=stop.said or None,
            unit="check",
            condition=condition or "a rule of its own",
            met_at=stop.at.epoch,
            **self._compared(stop, condition, value, best),
        )

    def _rule_said(self) -> str:
        """Which rule it is as Lightning says, where the rules are Lightning's own."""
        reason = getattr(self._callback, "stopping_reason", None)
        known = getattr(type(self._callback), "_evaluate_stopping_criteria", None)
        own = str(getattr(known, "__module__", "")).startswith(DISTRIBUTIONS)
        return _REASONS.get(str(getattr(reason, "name", "")), "") if own else ""

    def _rule_by_value(self, value: float | None, waited: int) -> str:
        """The same before Lightning 2.6, which does not say; in Lightning's own order."""
        each = self._callback
        sign = 1 if each.mode == "max" else -1
        reached, lost = each.stopping_threshold, each.divergence_threshold
        if value is not None:
            if each.check_finite and not math.isfinite(value):
                return _FINITE
            if reached is not None and sign * value > sign * reached:
                return "stopping_threshold"
            if lost is not None and sign * value < sign * lost:
                return "divergence_threshold"
        return _PATIENCE if waited >= each.patience else ""

    def _compared(
        self,
        stop: _Stopped,
        condition: str,
        value: float | None,
        best: Callable[[str], Best | None],
    ) -> dict[str, Any]:
        """What it compared, as the fields of a rule."""
        if condition == _PATIENCE:
            score = _finite(float(stop.best))
            place = None if score is None else self._best_place(stop, score, best)
            before = stop.best_at is None and place is None and self._before.waited > 0
            return {
                "best": score,
                "best_at": place,
                "best_unit": "epoch",
                "waited": stop.waited,
                "carried": True if before and score is not None else None,
                "passed_over": None if score is None else self._within_delta(score),
            }
        if not condition or value is None:
            return {}
        threshold = getattr(self._callback, condition, None)
        return {
            "threshold": float(threshold) if isinstance(threshold, (int, float)) else None,
            "value": _finite(value),
            "counts_as": None if math.isfinite(value) else number(value),
        }

    def _best_place(
        self, stop: _Stopped, score: float, best: Callable[[str], Best | None]
    ) -> int | None:
        """The epoch of its best score: that of the check, or for one restored that of our own."""
        if stop.best_at is not None:
            return stop.best_at.epoch
        known = best(self._callback.monitor)
        if known is not None and math.isclose(known.value, score, rel_tol=_CLOSE):
            return known.epoch
        return None

    def _within_delta(self, score: float) -> facts.Best | None:
        """The last value that was better and did not count, where a check has seen one."""
        if self._passed_over is None:
            return None
        at, read = self._passed_over
        value, sign = self._read(read), 1 if self._callback.mode == "max" else -1
        if value is None or not sign * (value - score) > abs(score) * _CLOSE:
            return None
        return facts.Best(value=value, at=at.epoch)

    @staticmethod
    def _read(value: Pending[str]) -> float | None:
        value.wait()
        return value.read().get("")


def _state(callback: Any) -> _State:
    said = getattr(callback, "stopping_reason_message", None)
    return _State(callback.wait_count, callback.stopped_epoch, said)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
