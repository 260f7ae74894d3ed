"""A run whose process is gone before its end has one end: a witness records how that ended."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mllog_callbacks import AuditLog, LogEntry
from mllog_callbacks.facts import facts_schema
from mllog_callbacks.integrity import Status, anchors_of, verify
from mllog_callbacks.runs import killed_words
from mllog_callbacks.schema import LogEntry as Entry
from mllog_callbacks.sinks import note_exit, recover
from mllog_callbacks.sinks.spool import _exits as exits
from mllog_callbacks.sinks.spool import _memory_counts as counts
from mllog_callbacks.sinks.spool._control import Control, born
from mllog_callbacks.sinks.spool._drainer import Drainer
from mllog_callbacks.sinks.spool._exits import exit_of
from mllog_callbacks.sinks.spool._spools import remove
from mllog_callbacks.sinks.spool._watching import Watch
from processes import drained, drainers, ended, forked, lines, spools, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a spool needs Linux")

ENDS = "TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"


def _begin(log: AuditLog, run: int = 1) -> None:
    """What an adapter records of a run that is under way."""
    log.emit(
        "TRAINING_STARTED",
        metrics_snapshot={"run": run, "plan": {"unit": "epoch", "most": 50}},
    )
    log.emit(
        "TRAINING_PROGRESS",
        metrics_snapshot={
            "run": run,
            "progress": {"unit": "epoch", "done": 7, "planned": 50},
            "results": {"valid": {"auc": 0.9}},
        },
    )
    log.emit("MODEL_SAVED", metrics_snapshot={"run": run, "saved": {"path": "epoch=6.ckpt"}})


def _train(directory: Path, end: Callable[[], object], runs: int = 1) -> None:
    log = AuditLog(directory, dataset="churn.v2", model="Net")
    for run in range(1, runs + 1):
        _begin(log, run)
    assert log.flush(10)
    until(lambda: all(Control(str(each)).seen for each in spools(directory)))
    end()


def _killed(directory: Path, end: Callable[[], object], runs: int = 1) -> int:
    """A training that ends so, and whose drainer has completed it; its exit code."""
    code = ended(forked(lambda: _train(directory, end, runs)))
    drained(directory)
    return code


def _ends(directory: Path) -> list[LogEntry]:
    found = [each.entry for each in lines(directory) if each.entry]
    return [each for each in found if each.event in ENDS]


def _facts(entry: LogEntry) -> dict[str, Any]:
    assert entry.metrics_snapshot
    return dict(entry.metrics_snapshot)


def _kill(number: int) -> Callable[[], object]:
    return lambda: os.kill(os.getpid(), number)


def _default(number: int) -> Callable[[], object]:
    def end() -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    return end


@pytest.mark.parametrize(
    ("end", "event", "stop", "decision"),
    [
        (
            _kill(signal.SIGKILL),
            "TRAINING_FAILED",
            {"signal": "SIGKILL", "signal_number": 9},
            "Training was killed by signal 9 (SIGKILL)",
        ),
        (
            _default(signal.SIGTERM),
            "TRAINING_STOPPED",
            {"signal": "SIGTERM", "signal_number": 15},
            "Training was stopped by signal 15 (SIGTERM)",
        ),
        (
            _default(signal.SIGINT),
            "TRAINING_STOPPED",
            {"signal": "SIGINT", "signal_number": 2},
            "Training was stopped by signal 2 (SIGINT)",
        ),
        (
            _default(signal.SIGSEGV),
            "TRAINING_FAILED",
            {"signal": "SIGSEGV", "signal_number": 11},
            "Training was killed by signal 11 (SIGSEGV)",
        ),
        (
            _default(signal.SIGRTMIN + 3),
            "TRAINING_FAILED",
            {"signal_number": signal.SIGRTMIN + 3},
            f"Training was killed by signal {signal.SIGRTMIN + 3}",
        ),
        (
            lambda: os._exit(3),
            "TRAINING_FAILED",
            {"exit_code": 3},
            "Training ended with its process, which exited with code 3",
        ),
    ],
    ids=["SIGKILL", "SIGTERM", "SIGINT", "SIGSEGV", "without a name", "os._exit"],
)
def test_the_end_says_how_the_process_ended(
    tmp_path: Path, end: Callable[[], object], event: str, stop: dict[str, Any], decision: str
) -> None:
    """As the kernel has it: by a signal, or with an exit code; asked by one that is no parent."""
    _killed(tmp_path, end)
    (entry,) = _ends(tmp_path)
    facts = _facts(entry)
    known = {name: each for name, each in facts["stop"].items() if name != "core_dumped"}
    if "not_known" in known:
        assert known["not_known"] == exits._KERNEL  # noqa: SLF001 - an older kernel
        return
    assert (entry.event, known) == (event, {"by": "killed"} | stop)
    assert entry.decision == (
        f"{decision}; last recorded progress: epoch 7 of 50. Last saved model: epoch=6.ckpt."
    )
    assert (entry.dataset, entry.model) == ("churn.v2", "Net")
    assert facts["results"] == {"valid": {"auc": 0.9}}
    assert facts["witness"]["recorded_by"] == "drainer"
    assert facts["witness"]["restarted"] is False
    assert facts["witness"]["last_entry"] < facts["witness"]["last_alive"]
    assert 0 <= facts["witness"]["seconds_after"] < 20
    (verdict,) = verify([tmp_path])
    assert (verdict.status, verdict.state, verdict.killed) == (Status.SOUND, "witnessed", 1)


def test_its_facts_are_documented_and_its_words_made_from_them(tmp_path: Path) -> None:
    """The words are those of `wording` for the same facts, though the drainer makes them."""
    _killed(tmp_path, _kill(signal.SIGKILL))
    (line,) = tmp_path.glob("*.jsonl")
    entry = json.loads(line.read_bytes().splitlines()[-1])
    assert killed_words(entry["metrics_snapshot"]) == (entry["decision"], entry["reasoning"])
    schema = facts_schema(Entry.model_json_schema())
    jsonschema_rs.validator_for(schema).validate(entry)
    groups = schema["$defs"]
    for group, facts in (
        ("Stop", entry["metrics_snapshot"]["stop"]),
        ("Witness", entry["metrics_snapshot"]["witness"]),
        ("OutOfMemory", entry["metrics_snapshot"]["witness"]["out_of_memory"]),
    ):
        assert facts.keys() <= groups[group]["properties"].keys()


def test_each_open_run_has_its_end_and_no_other(tmp_path: Path) -> None:
    """Not one that ended, nor one that was handed over to another process."""

    def train() -> None:
        log = AuditLog(tmp_path)
        for run in range(1, 301):
            _begin(log, run)
        log.emit("TRAINING_COMPLETED", metrics_snapshot={"run": 2})
        log.emit("MODEL_EVALUATED", metrics_snapshot={"run": 3, "handed_over": "a queue"})
        log.emit("TRAINING_STARTED", model="by hand")
        assert log.flush(10)
        os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(train))
    drained(tmp_path)
    runs = [_facts(each).get("run") for each in _ends(tmp_path)]
    assert sorted(runs, key=str) == sorted([*set(range(1, 301)) - {3}, None], key=str)
    assert _ends(tmp_path)[-1].model == "by hand"
    assert "progress" not in _facts(_ends(tmp_path)[-1])
    assert [each.status for each in verify([tmp_path])] == [Status.SOUND]


def test_an_orderly_exit_ends_what_a_thread_still_trains(tmp_path: Path) -> None:
    """With the exit code; an anchor that was taken just before the end holds."""
    program = f"""
    import atexit, sys, threading, time
    atexit.register(sys.stdin.read)  # after the log's own handler
    from mllog_callbacks import AuditLog
    log = AuditLog({str(tmp_path)!r})
    def train():
        log.emit("TRAINING_STARTED", metrics_snapshot={{"run": 1}})
        time.sleep(60)
    threading.Thread(target=train, daemon=True).start()
    time.sleep(0.2)
    sys.exit(4)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        until(lambda: any(Control(str(each)).sealed for each in spools(tmp_path)), 60)
        anchors = [*anchors_of([tmp_path])]
        process.communicate(timeout=60)
    assert process.returncode == 4
    drained(tmp_path)
    (entry,) = _ends(tmp_path)
    assert _facts(entry)["stop"].get("exit_code", 4) == 4
    assert [each.state for each in anchors] == ["open"]
    assert [each.status for each in verify([tmp_path], anchors=anchors)] == [Status.SOUND]


def test_a_log_that_was_closed_gets_no_end(tmp_path: Path) -> None:
    """It was the program that left the run open; `mllog verify` finds that."""

    def train() -> None:
        with AuditLog(tmp_path) as log:
            _begin(log)
        os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(train))
    drained(tmp_path)
    assert _ends(tmp_path) == []
    assert [each.life_cycle for each in verify([tmp_path])] == [Status.INCOMPLETE]


def test_a_process_that_is_stopped_is_not_dead(tmp_path: Path) -> None:
    """Nor for a reader; its run ends once it is killed."""
    child = forked(lambda: _train(tmp_path, lambda: time.sleep(60)))
    until(lambda: len(lines(tmp_path)) == 3)
    os.kill(child, signal.SIGSTOP)
    time.sleep(0.3)
    assert recover(tmp_path) == []
    assert _ends(tmp_path) == []
    os.kill(child, signal.SIGKILL)
    ended(child)
    drained(tmp_path)
    assert len(_ends(tmp_path)) == 1


def test_a_forked_child_neither_ends_nor_keeps_the_run(tmp_path: Path) -> None:
    """The parent's end is recorded while its child lives on, and once."""

    def train() -> None:
        log = AuditLog(tmp_path)
        _begin(log)
        assert log.flush(10)
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(train))
    drained(tmp_path, 2.5)
    (entry,) = _ends(tmp_path)
    assert _facts(entry)["stop"].get("signal_number", 9) == 9


def test_whoever_comes_next_does_not_know_how_it_ended_and_says_why(tmp_path: Path) -> None:
    """Where the drainer was killed too; two that come at once record one end."""

    def end() -> None:
        for pid in drainers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(lambda: _train(tmp_path, end, runs=3)))
    for child in [forked(partial(recover, tmp_path)) for _ in range(4)]:
        assert ended(child) == 0
    found = _ends(tmp_path)
    assert sorted(_facts(each)["run"] for each in found) == [1, 2, 3]
    for each in found:
        assert each.event == "TRAINING_FAILED"
        assert _facts(each)["stop"] == {"by": "killed", "not_known": exits._NOBODY}  # noqa: SLF001
        assert _facts(each)["witness"]["recorded_by"] == "reader"
        assert "how that ended is not known" in str(each.decision)
    assert [each.status for each in verify([tmp_path])] == [Status.SOUND]


def test_a_parent_that_noted_the_exit_is_believed_by_whoever_comes_next(tmp_path: Path) -> None:
    """As `mllog run` does, before the system forgets its command."""

    def end() -> None:
        for pid in drainers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        os._exit(5)

    child = forked(lambda: _train(tmp_path, end))
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    note_exit(tmp_path, child + 1, 9)  # of another process
    note_exit(tmp_path, child, 5 << 8)
    assert ended(child) == 5
    recover(tmp_path)
    (entry,) = _ends(tmp_path)
    assert _facts(entry)["stop"] == {"by": "killed", "exit_code": 5}


def test_killing_who_records_the_ends_doubles_none(tmp_path: Path) -> None:
    """At any moment, again and again."""

    def end() -> None:
        for pid in drainers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(lambda: _train(tmp_path, end, runs=20)))
    for delay in range(40):
        child = forked(lambda: recover(tmp_path))
        time.sleep(delay / 4_000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    recover(tmp_path)
    assert sorted(_facts(each)["run"] for each in _ends(tmp_path)) == [*range(1, 21)]
    assert [each.status for each in verify([tmp_path])] == [Status.SOUND]


def test_one_that_becomes_another_program_still_runs(tmp_path: Path) -> None:
    """Nothing killed it."""
    child = forked(lambda: _train(tmp_path, lambda: os.execv("/bin/sleep", ["sleep", "60"])))  # noqa: S606 - no shell
    until(lambda: len(lines(tmp_path)) >= 3)
    drained(tmp_path)
    os.kill(child, signal.SIGKILL)
    ended(child)
    (entry,) = _ends(tmp_path)
    assert _facts(entry)["witness"]["runs_on"] is True
    assert str(entry.decision).startswith("Training was left by its process, which still runs;")


@pytest.fixture
def control(tmp_path: Path) -> Control:
    """Counters of a session."""
    return Control(str(tmp_path), create=True)


def _watched(tmp_path: Path, control: Control, end: Callable[[], object]) -> tuple[int, Watch]:
    read, write = os.pipe()
    child = forked(lambda: (os.read(read, 1), end()))
    control.owner, control.born = child, born(child)
    watch = Watch(str(tmp_path), control, os.pidfd_open(child))
    os.write(write, b"x")
    return child, watch


def test_a_kernel_that_keeps_no_exit_status_leaves_it_not_known(
    tmp_path: Path, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the parent has waited; before, the process itself still shows it."""
    monkeypatch.setattr(exits, "_of_descriptor", lambda _: None)
    child, watch = _watched(tmp_path, control, _kill(signal.SIGKILL))
    assert exit_of(control, watch).status == signal.SIGKILL
    control.ended = 0
    ended(child)
    assert exit_of(control, watch) == (None, exits._KERNEL, False)  # noqa: SLF001 - its words
    control.ended = 512 + 1  # as its parent notes it
    assert exit_of(control, watch).status == 512


def test_on_such_a_kernel_the_end_says_that_it_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the entry, by who saw the process to its end; when that was, it knows."""
    child = forked(lambda: _train(tmp_path, lambda: time.sleep(60)))
    until(lambda: len(lines(tmp_path)) == 3)
    (folder,) = spools(tmp_path)
    for pid in drainers(tmp_path):
        os.kill(pid, signal.SIGKILL)
    watch = Watch(str(folder), Control(str(folder)), os.pidfd_open(child))
    os.kill(child, signal.SIGKILL)
    ended(child)
    monkeypatch.setattr(exits, "_of_descriptor", lambda _: None)
    drainer = Drainer(str(folder))
    drainer.end("drainer", watch)
    drainer.close()
    watch.close()
    remove(str(folder))
    (entry,) = _ends(tmp_path)
    assert _facts(entry)["stop"] == {"by": "killed", "not_known": exits._KERNEL}  # noqa: SLF001 - its words
    assert "how that ended is not known" in str(entry.decision)
    assert f"is not known: {exits._KERNEL}." in str(entry.reasoning)  # noqa: SLF001
    assert _facts(entry)["witness"]["last_alive"]
    assert [each.status for each in verify([tmp_path])] == [Status.SOUND]


def test_the_number_of_a_process_alone_says_nothing(tmp_path: Path, control: Control) -> None:
    """Another process may have it by now: here one that is a zombie."""
    child, watch = _watched(tmp_path, control, lambda: os._exit(7))
    assert exit_of(control, None).status == 7 << 8
    control.ended, control.born = 0, control.born - 1
    assert exit_of(control, None).not_known
    ended(child)
    watch.close()


def _cgroup() -> Path | None:
    """A control group of its own with 48 MiB, where this machine allows one."""
    for root, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        folder = root / f"mllog-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / limit).write_text(str(48 << 20))
        except OSError:
            folder.rmdir()
            continue
        return folder
    return None


def test_what_the_kernel_killed_for_lack_of_memory_is_said_to_be_probable(tmp_path: Path) -> None:
    """By its own count, which rose; in a control group of its own."""
    folder = _cgroup()
    if folder is None:
        pytest.skip("no control group can be made here")
    try:
        program = f"""
        import os
        from pathlib import Path
        Path({str(folder / "cgroup.procs")!r}).write_text(str(os.getpid()))
        from mllog_callbacks import AuditLog
        log = AuditLog({str(tmp_path)!r})
        log.emit("TRAINING_STARTED", metrics_snapshot={{"run": 1}})
        assert log.flush(20)
        taken = [bytearray(b"x" * (1 << 20)) for _ in range(1000)]
        """
        command = [sys.executable, "-c", textwrap.dedent(program)]
        code = subprocess.run(command, check=False, timeout=120).returncode
        assert code == -signal.SIGKILL
        recover(tmp_path)  # the drainer was in the group as well
        drained(tmp_path)
        (entry,) = _ends(tmp_path)
        found = _facts(entry)["witness"]["out_of_memory"]
        assert found["cgroup_after"] > found["cgroup_before"] == 0
        if "signal" in _facts(entry)["stop"]:
            assert "The kernel probably killed it for lack of memory" in str(entry.reasoning)
    finally:
        until(lambda: not (folder / "cgroup.procs").read_text())
        folder.rmdir()


def test_counts_that_the_kernel_does_not_show_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a process that is gone has no control group."""
    monkeypatch.setattr(counts, "_ROOT", "/nowhere")
    assert counts.cgroup_kills("memory:/a") == counts.UNKNOWN
    assert counts.cgroup_of(2**22 + 1) == ""
