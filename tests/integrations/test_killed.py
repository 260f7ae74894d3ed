"""Real trainings that are killed, of each adapter: one start, one end, the right signal."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from killable import READY
from killing import TOGETHER
from mllog_callbacks import LogEntry, read_lines
from mllog_callbacks.files import session_of
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.reading._strict import find_logs
from paths import ROOT
from processes import drained
from recorded import facts_of

KILLS = int(os.environ.get("MLLOG_TEST_KILLS", "4"))
"""Trainings killed, of each adapter."""

ADAPTERS = [each for each in READY if each != "transformers" or KILLS >= TOGETHER]
"""Transformers takes seconds to import: only where many trainings are killed."""

ENDS = {"TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"}
THREADS = 2
"""In how many threads an adapter may be emitting when the kill comes."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")


def _killing(adapter: str, folder: Path) -> Iterator[dict[str, int]]:
    """Kill trainings; yield, for each folder of logs, from how many entries each had returned."""
    command: list[str | Path] = [
        sys.executable,
        ROOT / "tests" / "support" / "killing.py",
        adapter,
        folder,
    ]
    path = os.pathsep.join(map(str, filter(None, sys.path)))
    with subprocess.Popen(
        [*command, str(KILLS)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout
        killed: dict[int, dict[str, int]] = {}
        try:
            for number, code, returned in (map(int, each.split()) for each in process.stdout):
                assert code == -signal.SIGKILL, number
                together = killed.setdefault(number // TOGETHER, {})
                together[f"s{number}"] = returned
                if len(together) == TOGETHER:
                    yield killed.pop(number // TOGETHER)
            assert process.wait(60) == 0
            yield from killed.values()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with the trainings, if any is left


def _entries(logs: Path) -> dict[str, list[LogEntry]]:
    found: dict[str, list[LogEntry]] = {}
    for file in find_logs(logs):
        for line in read_lines(file, complete=False):
            assert line.entry, line.findings
            assert not line.findings
            found.setdefault(session_of(file), []).append(line.entry)
    return found


def _check(entries: list[LogEntry], returned: int) -> str:
    """Check one session; say in what moment it was killed."""
    starts = [facts_of(each)["run"] for each in entries if each.event == "TRAINING_STARTED"]
    ends = [each for each in entries if each.event in ENDS]
    assert sorted(facts_of(each)["run"] for each in ends) == sorted({*starts}) == sorted(starts)
    killed = [each for each in ends if facts_of(each).get("stop", {}).get("by") == "killed"]
    own = len(entries) - len(killed)
    assert returned <= own <= returned + THREADS
    if not killed:
        return "between trainings" if starts else "before a start"
    (end,) = killed
    assert end is entries[-1]
    assert end.event == "TRAINING_FAILED"
    of_run = [each for each in entries if facts_of(each).get("run") == facts_of(end)["run"]]
    for event, name in (("TRAINING_PROGRESS", "progress"), ("MODEL_SAVED", "saved")):
        had = [facts_of(each)[name] for each in of_run if each.event == event]
        assert facts_of(end).get(name) == (had[-1] if had else None)
    stop = facts_of(end)["stop"]
    if "not_known" in stop:
        return str(stop["not_known"])
    assert (stop["signal"], stop["signal_number"]) == ("SIGKILL", 9)
    return "in a training"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_each_killed_training_has_one_start_and_one_end(tmp_path: Path, adapter: str) -> None:
    """Which says signal 9, how far it was by its own entries; nothing is lost; all is sealed."""
    moments: Counter[str] = Counter()
    completed = 0
    for returned in _killing(adapter, tmp_path):
        logs = tmp_path / f"logs{int(next(iter(returned))[1:]) // TOGETHER}"
        drained(logs)
        sessions = _entries(logs)
        completed += sum(
            each.event == "TRAINING_COMPLETED" for entries in sessions.values() for each in entries
        )
        for session, count in returned.items():
            moments[_check(sessions.pop(session, []), count)] += 1
        assert not sessions
        for verdict in verify([logs]):
            if verdict.entries:
                assert verdict.status == Status.SOUND, verdict.problems
                assert verdict.state == "witnessed"
            else:  # one that was killed before its first entry may have nothing to check
                assert verdict.status in {Status.SOUND, Status.UNSEALED}, verdict.problems
        print(adapter, dict(moments), "completed:", completed, flush=True)  # noqa: T201 - to report
    assert sum(moments.values()) == KILLS, "the killing ended before all were killed"
