"""The words of a run's end that a witness recorded, because its process was gone.

They are here, and not with those of other ends, so that the drainer can use them: it cannot load
what `mllog_callbacks.wording` needs. That package has these words for the same facts.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["STOPPING", "killed_words", "signal_words"]

STOPPING: Final = frozenset({"SIGINT", "SIGTERM"})
"""Signals that ask a process to stop: a run that they end was stopped, and has not failed."""

_LEFT: Final = "was left by its process, which still runs"

_RESTARTED: Final = "ended with its process, and the machine was restarted since"

_WITNESSES: Final = {"drainer": "the log's drainer", "reader": "a reader of the log"}

_UNITS: Final = ((86_400, "days"), (3_600, "h"), (60, "min"))


def killed_words(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Decision and reasoning of an end whose ``stop`` is by ``killed``.

    Args:
        facts: The facts of the end, as an entry holds them.
    """
    saved = (facts.get("saved") or {}).get("path")
    last = f" Last saved model: {saved}." if saved else ""
    witness = facts.get("witness") or {}
    how = _LEFT if witness.get("runs_on") else _how(facts["stop"])
    if witness.get("restarted") and "not_known" in facts["stop"]:
        how = _RESTARTED
    decision = f"{_what(facts)} {how}; {_far(facts.get('progress'))}.{last}"
    return decision, " ".join([*_why(facts["stop"], witness), *_recorded(witness)])


def _what(facts: Mapping[str, Any]) -> str:
    folds = facts.get("folds")
    return f"Cross-validation over {folds:,} folds" if folds else "Training"


def _how(stop: Mapping[str, Any]) -> str:
    if "signal_number" in stop:
        verb = "stopped" if stop.get("signal") in STOPPING else "killed"
        return f"was {verb} by {signal_words(stop)}"
    if "exit_code" in stop:
        return f"ended with its process, which exited with code {stop['exit_code']}"
    return "ended with its process; how that ended is not known"


def signal_words(stop: Mapping[str, Any]) -> str:
    """The signal that ended a process, by number and name."""
    name = stop.get("signal")
    return f"signal {stop['signal_number']}" + (f" ({name})" if name else "")


def _far(progress: Mapping[str, Any] | None) -> str:
    if not progress:
        return "no progress was recorded"
    planned = progress.get("planned")
    of = "" if planned is None else f" of {planned:,}"
    return f"last recorded progress: {progress['unit']} {progress['done']:,}{of}"


def _why(stop: Mapping[str, Any], witness: Mapping[str, Any]) -> Iterator[str]:
    name = stop.get("signal")
    if name == "SIGKILL":
        yield _of_memory(witness.get("out_of_memory") or {})
    elif name in STOPPING:
        yield "Who sent the signal is not known."
    elif "exit_code" in stop:
        yield "The run had no end when its process exited."
    elif "not_known" in stop:
        yield f"How the process ended is not known: {stop['not_known']}."
    if stop.get("core_dumped"):
        yield "The kernel wrote a core dump."


def _of_memory(counts: Mapping[str, Any]) -> str:
    """What the kernel's counts of processes that it killed for lack of memory show."""
    of_cgroup, of_machine = (
        (counts.get(f"{of}_before"), counts.get(f"{of}_after")) for of in ("cgroup", "machine")
    )
    what = "count of processes killed for lack of memory"
    if _rose(*of_cgroup):
        return (
            f"The kernel probably killed it for lack of memory: its {what} in the control group "
            f"{counts.get('cgroup')} rose from {of_cgroup[0]:,} to {of_cgroup[1]:,}."
        )
    if None in of_cgroup and _rose(*of_machine):
        return (
            f"The kernel may have killed it for lack of memory: its {what} on this machine "
            f"rose from {of_machine[0]:,} to {of_machine[1]:,}."
        )
    known = of_machine if None in of_cgroup else of_cgroup
    if None in known:
        return "Who sent the signal is not known, nor whether memory ran out."
    where = "on this machine" if None in of_cgroup else "in its control group"
    count = f"The kernel's {what} {where} did not rise ({known[1]:,})."
    return f"{count} Who sent the signal is not known."


def _rose(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before


def _recorded(witness: Mapping[str, Any]) -> Iterator[str]:
    if witness.get("restarted"):
        at = witness.get("machine_started")
        yield f"The machine was restarted since{f', at {at} by its clock' if at else ''}."
    by = witness.get("recorded_by")
    by = _WITNESSES.get(str(by), f"the {by}") if by else None
    after, alive = witness.get("seconds_after"), witness.get("last_alive")
    if by and after is not None and alive:
        yield (
            f"Recorded by {by} {_duration(after)} after the process was last seen alive ({alive})."
        )
    elif by:
        last = witness.get("last_entry")
        yield f"Recorded by {by}" + (f"; the last entry before is of {last}." if last else ".")


def _duration(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"
