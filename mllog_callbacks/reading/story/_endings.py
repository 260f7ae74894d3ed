"""How a run ended and why, in a few words."""

import re
from typing import Final, NamedTuple

from mllog_callbacks.reading.story import _facts as facts
from mllog_callbacks.reading.story._formatting import number
from mllog_callbacks.reading.story._model import Run
from mllog_callbacks.schema import EventType, count

__all__ = ["Ending", "ending"]

_PATIENCE: Final = re.compile(r"(\d[\d,]*) (\w+?)s? without improvement")
_ERROR: Final = re.compile(r"\b([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning))\b")
_RULE: Final = re.compile(r"without improvement|early.?stopping|patience|max_time", re.IGNORECASE)


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        mood: "good", "bad", or "unknown".
        pill: In a few words.
        headline: Why, in two or three words.
        detail: What belongs to it.
    """

    mood: str
    pill: str
    headline: str
    detail: str


def ending(run: Run) -> Ending:
    """How a run ended and why, in words that fit its event."""
    if run.end is None:
        what = "No end recorded" if run.start is not None else "No training recorded"
        return Ending("unknown", what, "Not recorded", "no entry tells an end")
    if run.end.event == EventType.TRAINING_COMPLETED:
        return _completed(run)
    reason = f"{run.end.reasoning} {run.end.decision}"
    error = _ERROR.search(reason)
    if run.end.event == EventType.TRAINING_FAILED:
        kind = error[1] if error else "Failed"
        return Ending("bad", f"Failed: {kind}" if error else "Failed", kind, _how_far(run))
    if facts.is_by_hand(run):
        return Ending("unknown", "Stopped by hand", "By hand", error[1] if error else _how_far(run))
    if found := _PATIENCE.search(reason):
        waited = count(float(found[1].replace(",", "")), found[2])
        return Ending("good", "Stopped early, as configured", "No improvement", f"for {waited}")
    as_configured = _RULE.search(reason)
    pill = "Stopped early, as configured" if as_configured else "Stopped before its planned end"
    return Ending("good", pill, "Stopped", _how_far(run))


def _completed(run: Run) -> Ending:
    had = facts.done(run)
    what = f"{number(had[0])} {had[1]}s ran" if had and had[0] != 1 else "1 ran" if had else ""
    if had and (before := facts.before(run)):
        what = f"{number(had[0])} {had[1]}s, {number(before)} of them before it was resumed"
    return Ending("good", "Completed as planned", "All was done", what or "as planned")


def _how_far(run: Run) -> str:
    had, most = facts.done(run), facts.planned(run)
    if had is None:
        return "how far it came is not recorded"
    of = f" of {number(most[0])}" if most else ""
    return f"after {number(had[0])}{of} {had[1]}s"
