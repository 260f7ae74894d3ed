"""How a run ended and why, in a few words."""

from typing import Final, NamedTuple

from mllog_callbacks.reading.story import _facts as facts
from mllog_callbacks.reading.story._formatting import number, span
from mllog_callbacks.reading.story._model import Pulse, Run
from mllog_callbacks.runs import STOPPING, signal_words
from mllog_callbacks.schema import EventType, count

__all__ = ["Ending", "ending"]

_SILENT_S: Final = 60.0
"""Seconds without an entry of a run after which it is called silent; adapters speak up in 30."""


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
    """How a run ended and why, by the facts of its end."""
    if run.end is None and run.pulse is not None:
        return _running(run, run.pulse)
    if run.end is None:
        what = "No end recorded" if run.start is not None else "No training recorded"
        return Ending("unknown", what, "Not recorded", "no entry records an end")
    if run.end.event == EventType.TRAINING_COMPLETED:
        return _completed(run)
    if facts.of_end(run, "stop").get("by") == "killed":
        return _killed(run)
    error = facts.of_end(run, "error").get("type")
    kind = error if isinstance(error, str) else ""
    if run.end.event == EventType.TRAINING_FAILED:
        pill = f"Failed: {kind}" if kind else "Failed"
        return Ending("bad", pill, kind or "Failed", _how_far(run))
    return _stopped(run, kind)


def _running(run: Run, pulse: Pulse) -> Ending:
    had = facts.done(run)
    last = f"last recorded: {had[1]} {number(had[0])}" if had else "no progress recorded"
    if pulse.silent < _SILENT_S:
        return Ending("unknown", "Running", "Running", last)
    silent = f"Silent for {span(pulse.silent)}"
    return Ending("unknown", f"{silent} (process alive, {last})", silent, f"process alive, {last}")


def _killed(run: Run) -> Ending:
    """Of a run whose process was gone before its end; who recorded that knows how, or why not."""
    stop = facts.of_end(run, "stop")
    if type(stop.get("signal_number")) is int:
        stopped = stop.get("signal") in STOPPING
        pill = f"{'Stopped' if stopped else 'Killed'} by {signal_words(stop)}"
        return Ending("unknown" if stopped else "bad", pill, pill, _how_far(run))
    if type(stop.get("exit_code")) is int:
        pill = f"Process exited with code {stop['exit_code']}"
        return Ending("bad", pill, pill, _how_far(run))
    witness = facts.of_end(run, "witness")
    pill = "Process gone, machine restarted" if witness.get("restarted") is True else "Process gone"
    if witness.get("runs_on") is True:
        pill = "Left by its process"
    return Ending("bad", pill, pill, _how_far(run))


def _stopped(run: Run, kind: str) -> Ending:
    stop = facts.of_end(run, "stop")
    by = stop.get("by")
    if by == "hand":
        return Ending("unknown", "Stopped by hand", "By hand", kind or _how_far(run))
    if by == "limit":
        return Ending("good", "Stopped at its time limit", "Time limit", _how_far(run))
    if by != "rule":
        return Ending("good", "Stopped before its planned end", "Stopped", _how_far(run))
    rule = facts.of_end(run, "stop", "rule")
    waited, unit = rule.get("waited"), rule.get("unit")
    pill = "Stopped early, as configured"
    if type(waited) is int and isinstance(unit, str):
        return Ending("good", pill, "No improvement", f"for {count(waited, unit)}")
    return Ending("good", pill, "Stopped", _how_far(run))


def _completed(run: Run) -> Ending:
    had = facts.done(run)
    what = f"{number(had[0])} {had[1]}s ran" if had and had[0] != 1 else "1 ran" if had else ""
    if had and (before := facts.before(run)):
        what = f"{number(had[0])} {had[1]}s, {number(before)} of them before it was resumed"
    return Ending("good", "Completed as planned", "Completed", what or "as planned")


def _how_far(run: Run) -> str:
    had, most = facts.done(run), facts.planned(run)
    if had is None:
        return "how far it came is not recorded"
    of = f" of {number(most[0])}" if most else ""
    return f"after {number(had[0])}{of} {had[1]}s"
