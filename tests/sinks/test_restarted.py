"""A restart of the machine takes a session's memory: its runs get an end from whoever reads."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mllog_callbacks import AuditLog, LogEntry, read_lines
from mllog_callbacks.integrity import Status, Verdict, verify
from mllog_callbacks.reading._strict import find_logs
from mllog_callbacks.reading.story import ending, read_stories
from mllog_callbacks.sinks import recover
from mllog_callbacks.sinks.spool import _restarted as restarted
from mllog_callbacks.sinks.spool import _witness as witness
from processes import drainers, emit_many, ended, forked, spools, until
from recorded import facts_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")

ENDS = "TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"


def _cut_off(directory: Path, *, lines: int = 150) -> Path:
    """A session whose process, drainer and memory are gone; its file."""

    def train() -> None:
        log = AuditLog(directory, session="cut", dataset="churn.v2", model="Net")
        log.emit("TRAINING_STARTED", metrics_snapshot={"run": 1})
        progress = {"unit": "epoch", "done": 7, "planned": 50}
        log.emit("TRAINING_PROGRESS", metrics_snapshot={"run": 1, "progress": progress})
        log.emit("TRAINING_STARTED", metrics_snapshot={"run": 2})
        emit_many(log, 0, lines)
        log.emit("TRAINING_COMPLETED", metrics_snapshot={"run": 2})
        assert log.flush(10)
        chain = directory / "_integrity" / "cut.chain"
        until(lambda: chain.exists() and b"\n" in chain.read_bytes())
        for pid in drainers(directory):
            os.kill(pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    assert ended(forked(train)) == -signal.SIGKILL
    for each in spools(directory):
        shutil.rmtree(each)
    (path,) = directory.glob("*.jsonl")
    return path


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is started again."""
    for module in (restarted, witness):
        monkeypatch.setattr(module, "boot", lambda: "another")
        monkeypatch.setattr(module, "started", lambda: round(time.time()) + 2)


def _ends(directory: Path) -> list[LogEntry]:
    """The ends of the first run; the second one had its own."""
    files = find_logs(directory, complete=False)
    found = [line.entry for file in files for line in read_lines(file, complete=False)]
    ends = [each for each in found if each and each.event in ENDS]
    return [each for each in ends if facts_of(each)["run"] == 1]


def _judge(directory: Path) -> Verdict:
    (verdict,) = verify([directory])
    return verdict


def test_without_a_restart_a_session_without_memory_is_left_as_it_is(tmp_path: Path) -> None:
    """It may live: somebody removed what it shares with its drainer."""
    _cut_off(tmp_path)
    assert recover(tmp_path) == []
    assert _ends(tmp_path) == []


@pytest.mark.usefixtures("restart")
def test_who_reads_after_a_restart_records_the_end_and_what_is_not_known(tmp_path: Path) -> None:
    """Once, in a file of its own; the chain says that what came last may be lost."""
    path = _cut_off(tmp_path)
    before = path.read_bytes()
    (recovered,) = recover(tmp_path)
    assert (recovered.session, recovered.entries, recovered.error) == ("cut", 0, None)
    assert recovered.ends == 1
    assert path.read_bytes() == before
    assert recover(tmp_path) == []
    (end,) = _ends(tmp_path)
    facts = facts_of(end)
    assert end.event == "TRAINING_FAILED"
    assert (end.dataset, end.model) == ("churn.v2", "Net")
    assert facts["stop"] == {"by": "killed", "not_known": restarted._RESTART}  # noqa: SLF001 - its words
    assert facts["progress"] == {"unit": "epoch", "done": 7, "planned": 50}
    seen: dict[str, Any] = facts["witness"]
    assert (seen["restarted"], seen["recorded_by"], seen["boot_id"]) == (True, "reader", "another")
    assert seen["machine_started"] > seen["last_entry"]
    assert "last_alive" not in seen
    assert end.decision == (
        "Training ended with its process, and the machine was restarted since; last recorded "
        "progress: epoch 7 of 50."
    )
    verdict = _judge(tmp_path)
    assert (verdict.state, verdict.killed) == ("restarted", 1)
    assert (verdict.integrity, verdict.life_cycle) == (Status.SOUND, Status.SOUND)
    assert verdict.completeness == Status.UNSEALED
    assert "what it emitted last may be lost" in str(verdict.problems[0])
    (story,) = read_stories(find_logs(tmp_path))
    assert ending(story.runs[0]).pill == "Process gone, machine restarted"


@pytest.mark.usefixtures("restart")
@pytest.mark.parametrize("other", ["machine_id", "gethostname"])
def test_a_session_of_another_machine_may_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """Its folder is shared, or was copied from there."""
    _cut_off(tmp_path)
    module = restarted if other == "machine_id" else restarted.socket
    monkeypatch.setattr(module, other, lambda: "elsewhere")
    assert recover(tmp_path) == []
    assert _ends(tmp_path) == []


@pytest.mark.usefixtures("restart")
def test_on_a_file_system_that_machines_share_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though name and identifier of the machine are the same: clones have both."""
    _cut_off(tmp_path)
    monkeypatch.setattr(restarted, "file_system", lambda _: "nfs4")
    assert recover(tmp_path) == []


@pytest.mark.usefixtures("restart")
def test_several_that_read_at_once_or_are_killed_record_one_end(tmp_path: Path) -> None:
    """At whatever moment the kill comes."""
    _cut_off(tmp_path)
    for delay in range(20):
        child = forked(lambda: recover(tmp_path))
        time.sleep(delay / 4_000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for child in [forked(lambda: recover(tmp_path)) for _ in range(4)]:
        assert ended(child) == 0
    assert len(_ends(tmp_path)) == 1
    assert _judge(tmp_path).integrity == Status.SOUND


@pytest.mark.usefixtures("restart")
@pytest.mark.parametrize("kept", [0, 50], ids=["empty", "within its first record"])
def test_a_chain_that_was_not_begun_is_made(tmp_path: Path, kept: int) -> None:
    """As where the restart came while it was being written."""
    _cut_off(tmp_path)
    os.truncate(tmp_path / "_integrity" / "cut.chain", kept)
    recover(tmp_path)
    assert recover(tmp_path) == []
    verdict = _judge(tmp_path)
    assert (verdict.state, verdict.killed) == ("restarted", 1)
    assert verdict.integrity == Status.SOUND


@pytest.mark.usefixtures("restart")
@pytest.mark.parametrize("damage", ["cut", "within a line", "NUL bytes"])
def test_what_a_power_failure_took_is_incomplete_and_not_tampered(
    tmp_path: Path, damage: str
) -> None:
    """The run has its end all the same."""
    path = _cut_off(tmp_path, lines=250)
    size = path.stat().st_size
    if damage == "NUL bytes":
        with path.open("ab") as stream:
            stream.write(bytes(4_096))
    else:
        text = path.read_bytes()
        os.truncate(path, text.rfind(b"\n", 0, size // 2) + (1 if damage == "cut" else 9))
    recover(tmp_path)
    found = [each for each in _text(tmp_path) if b'"by":"killed"' in each]
    assert found
    verdict = _judge(tmp_path)
    assert verdict.integrity == Status.SOUND, verdict.problems
    assert verdict.completeness in {Status.INCOMPLETE, Status.UNSEALED}


def _text(directory: Path) -> list[bytes]:
    return [line for file in directory.glob("*.jsonl") for line in file.read_bytes().splitlines()]
