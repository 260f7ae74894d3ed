"""The ends that a witness records: of the runs of a session whose process was gone before them.

Loaded by whoever completes a session, once its process is gone. The lines go into the session's
stream, as the process's own do: so each is written exactly once, whatever befalls the writer.
"""

import json
import os
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import gmtime, strftime, time_ns
from typing import Any, Final, NamedTuple

from mllog_callbacks.files import UnsafeFileError, file_order, is_log, open_stream, session_of
from mllog_callbacks.origin import boot, started
from mllog_callbacks.runs import (
    BEGIN,
    EVENT,
    HANDED_OVER,
    NAMED,
    REQUEST,
    STAMP,
    STOPPING,
    OpenRuns,
    RunOf,
    event_of_line,
    killed_words,
    read_run,
)
from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._exits import Exit, exit_of
from mllog_callbacks.sinks.spool._memory_counts import cgroup_kills, machine_kills
from mllog_callbacks.sinks.spool._watching import cgroup_noted

__all__ = ["Ends", "Noted", "OpenEnds", "batches", "exit_of", "files_of", "found"]

_CORE: Final = 0x80
_SECOND: Final = 1_000_000
_SMALL: Final = 16_384
"""Bytes of a group of facts that is taken over from another entry; a larger one is left out."""

_SEEN_S: Final = 2.0
"""How long ago a process may have been seen alive for that to count as its end."""

_KEPT: Final = {
    b"TRAINING_PROGRESS": ("progress", "results", "best"),
    b"MODEL_SAVED": ("saved",),
}
"""The facts of earlier entries of a run that its end repeats."""

_BATCH: Final = 65_536
"""Bytes of lines that are put into one segment: any spare one has room for them."""

_NUMBER: Final = re.compile(rb'"run":(\d+)')


class OpenEnds:
    """What the files of a session show of its open runs.

    Attributes:
        lines: How many lines there are.
        latest: The latest timestamp, as on its line; empty where there is none.
        runs: The open runs, each with its first line.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.latest = b""
        self.runs: OpenRuns[bytes] = OpenRuns()
        self._last: dict[tuple[bytes, bytes], bytes] = {}

    def take(self, line: bytes) -> None:
        """Take a line of the session, in order."""
        self.lines += 1
        if not line.startswith(BEGIN) or line[STAMP.stop : EVENT] != NAMED:
            return
        self.latest = max(self.latest, line[STAMP])
        event = event_of_line(line)
        if event in _KEPT:
            self._last[event, _numbered(line)] = line
        elif event == b"TRAINING_STARTED":
            self._begin(line)
        elif event in {b"TRAINING_COMPLETED", b"TRAINING_STOPPED", b"TRAINING_FAILED"}:
            run, begun = read_run(line)
            if begun and len(self.runs) and REQUEST not in line:
                self.runs.end(run)
        if HANDED_OVER in line:
            self.runs.hand_over(read_run(line)[0])

    def _begin(self, line: bytes) -> None:
        self.runs.begin(read_run(line)[0], line)
        for event in _KEPT:  # what is there is of an earlier run
            self._last.pop((event, _numbered(line)), None)

    def last(self, run: RunOf) -> dict[str, Any]:
        """What the last entries of a run hold that its end repeats."""
        found: dict[str, Any] = {}
        if sum(other.may_be(run) for other, _ in self.runs.left()) > 1:
            return found  # which one they are of is not known
        for (event, _), line in self._last.items():
            if read_run(line)[0].may_be(run):
                snapshot = json.loads(line)["metrics_snapshot"] or {}
                found |= {name: snapshot[name] for name in _KEPT[event] if name in snapshot}
        return {name: each for name, each in found.items() if _is_fact(name, each)}


def _numbered(line: bytes) -> bytes:
    """What distinguishes the runs of most lines without reading them whole."""
    found = _NUMBER.search(line)
    return found[1] if found else b""


def _is_fact(name: str, value: object) -> bool:
    """Whether a value is the fact of this name: users may record something else under it."""
    if not isinstance(value, dict) or len(json.dumps(value)) > _SMALL:
        return False
    if name == "progress":
        planned = value.get("planned")
        counts = [value.get("done"), *([] if planned is None else [planned])]
        return isinstance(value.get("unit"), str) and all(type(each) is int for each in counts)
    return name != "saved" or isinstance(value.get("path"), str)


def found(about: About) -> OpenEnds | None:
    """What the files of a session show; None where they cannot show all of it.

    Raises:
        OSError: One cannot be read now.
    """
    shown = OpenEnds()
    directory = Path(os.fsdecode(about.directory))
    try:
        for file in files_of(directory, about.session):
            with open_stream(file) as stream:
                for line in stream:
                    shown.take(line)
    except (UnsafeFileError, FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    return shown


def files_of(directory: Path, session: str) -> list[Path]:
    """The files of a session, in the order of their lines."""
    names = (Path(directory, name) for name in os.listdir(directory) if is_log(name))  # noqa: PTH208 - the names alone
    own = (each for each in names if session_of(each) == session)
    return sorted(own, key=file_order)


def batches(ends: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Lines that follow each other and are of one day, together, as far as a segment holds them."""
    day, together = "", b""
    for of, line in ends:
        if together and (of != day or len(together) + len(line) > _BATCH):
            yield day, together
            together = b""
        day, together = of, together + line
    if together:
        yield day, together


def _exit_facts(ended: Exit) -> dict[str, Any]:
    """The facts of a stop by a process's end."""
    status = ended.status
    if status is None:
        return {"by": "killed", "not_known": ended.not_known}
    if not os.WIFSIGNALED(status):
        return {"by": "killed", "exit_code": os.waitstatus_to_exitcode(status)}
    number = os.WTERMSIG(status)
    facts: dict[str, Any] = {"by": "killed"}
    with suppress(ValueError):  # one of those for real-time programs has no name
        facts["signal"] = signal.Signals(number).name
    facts["signal_number"] = number
    if status & _CORE:
        facts["core_dumped"] = True
    return facts


class Noted(NamedTuple):
    """What was noted of a session's process while it lived; nothing of it where that is lost.

    Attributes:
        seen: When it was seen alive last, in nanoseconds of the system clock; 0 for never.
        cgroup: Its control group; empty where it is not known.
        cgroup_kills: How many of it were killed for lack of memory when the session began, and 1.
        machine_kills: The same, of the machine; 0 where nothing was noted.
    """

    seen: int = 0
    cgroup: str = ""
    cgroup_kills: int = 0
    machine_kills: int = 0

    @classmethod
    def of(cls, folder: str, control: Control) -> "Noted":
        """What is in a spool."""
        counts = control.cgroup_kills, control.machine_kills
        return cls(control.seen, cgroup_noted(folder), *counts)


class Ends:
    """Makes the lines that record the ends of open runs.

    Args:
        about: The session.
        noted: What was noted of its process.
        ended: How that ended.
        by: Who records it.
    """

    def __init__(self, about: About, noted: Noted, ended: Exit, by: str) -> None:
        self._noted = noted
        self._ended = ended
        self._by = by
        self._manifest = json.loads(about.manifest)

    def lines(self, found: OpenEnds) -> Iterator[tuple[str, bytes]]:
        """The day and the line of each end."""
        last = found.latest
        for run, start in found.runs.left():
            now = max(time_ns() // 1_000, _micros(last) + 1)
            stamp = _stamp(now)
            yield stamp[:10], self._line(stamp, now, json.loads(start), run, found)
            last = stamp.encode()

    def _line(
        self, stamp: str, now: int, start: Mapping[str, Any], run: RunOf, found: OpenEnds
    ) -> bytes:
        snapshot = start.get("metrics_snapshot") or {}
        last, stop = found.last(run), _exit_facts(self._ended)
        plan = snapshot.get("plan")
        facts = {
            "run": run.number,
            "context": snapshot.get("context"),
            "seconds": self._seconds(start["timestamp"], now),
            "progress": last.get("progress"),
            "folds": plan.get("folds") if isinstance(plan, dict) else None,
            "stop": stop,
            "saved": last.get("saved"),
            "witness": self._witness(now, found.latest.decode("ascii", "replace")),
            "results": last.get("results"),
            "best": last.get("best"),
        }
        facts = {name: each for name, each in facts.items() if each is not None}
        decision, reasoning = killed_words(facts)
        failed = stop.get("signal") not in STOPPING
        entry = {
            "timestamp": stamp,
            "event": "TRAINING_FAILED" if failed else "TRAINING_STOPPED",
            "dataset": start.get("dataset"),
            "model": start.get("model"),
            "decision": decision,
            "reasoning": reasoning,
            "metrics_snapshot": facts,
        }
        text = json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace") + b"\n"

    def _witness(self, now: int, latest: str) -> dict[str, Any]:
        seen, then, here = self._noted.seen // 1_000, self._manifest.get("boot_id"), boot()
        restarted = then != here if then and here else None
        known = {
            "recorded_by": self._by,
            "pid": self._manifest.get("pid"),
            "seconds_after": round(max(0, now - seen) / _SECOND, 6) if seen else None,
            "last_alive": _stamp(seen) if seen else None,
            "last_entry": latest or None,
            "boot_id": here or None,
            "restarted": restarted,
            "machine_started": _machine_started() if restarted else None,
            "runs_on": self._ended.runs_on or None,
            "out_of_memory": self._out_of_memory(restarted=bool(restarted)),
        }
        return {name: each for name, each in known.items() if each is not None}

    def _out_of_memory(self, *, restarted: bool) -> dict[str, Any] | None:
        """The kernel's counts then and now; those of another start of the machine are others."""
        noted = self._noted
        if not noted.machine_kills or restarted:
            return None
        counts = {
            "cgroup_before": noted.cgroup_kills - 1,
            "cgroup_after": cgroup_kills(noted.cgroup),
            "machine_before": noted.machine_kills - 1,
            "machine_after": machine_kills(),
        }
        group = noted.cgroup.removeprefix("memory:")
        known: dict[str, Any] = {"cgroup": group} if group else {}
        return known | {name: each for name, each in counts.items() if each >= 0}

    def _seconds(self, started: object, now: int) -> float | None:
        """How long the run took, where the process was seen to its end."""
        seen = self._noted.seen // 1_000
        if not seen or now - seen > _SEEN_S * _SECOND or not isinstance(started, str):
            return None
        return round(max(0, seen - _micros(started.encode())) / _SECOND, 6)


def _machine_started() -> str | None:
    second = started()
    return None if second is None else _stamp(second * _SECOND)


def _stamp(micros: int) -> str:
    second, rest = divmod(micros, _SECOND)
    return f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(second))}.{rest:06d}Z"


def _micros(stamp: bytes) -> int:
    """A timestamp in microseconds; 0 where it is none."""
    from datetime import datetime  # noqa: PLC0415 - most that complete a session need none

    try:
        found = datetime.fromisoformat(stamp.decode())
    except ValueError:
        return 0
    return round(found.timestamp() * _SECOND)
