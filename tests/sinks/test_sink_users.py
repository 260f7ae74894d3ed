"""Several users: folders that a group shares, programs that give up root, spools of others."""

import codecs
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containers import needs_root
from mllog_callbacks import AuditLog, LogDirectoryError
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.sinks import Recovered, recover
from mllog_callbacks.sinks.spool import _helper
from processes import drained, emit_many, ended, forked, numbers

pytestmark = needs_root

# Other runs of these tests on the same machine have other users
GROUP = 54_000 + 10 * (os.getpid() % 1_000)
FIRST, SECOND = GROUP + 1, GROUP + 2


@pytest.fixture(autouse=True, scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All modules are loaded: other users may not be able to read where Python is installed."""
    codecs.lookup("ascii")
    logs = tmp_path_factory.mktemp("loaded")
    _log(logs, 0)
    assert [each.status for each in verify([logs])] == [Status.SOUND]
    assert recover(logs) == []


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user can reach: pytest's own are for one user alone."""
    folder = Path(tempfile.mkdtemp(prefix="mllog-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
    for user in FIRST, SECOND:
        shutil.rmtree(f"/dev/shm/mllog-{user}", ignore_errors=True)  # noqa: S108 - it is meant


def _as(user: int, function: Callable[[], object], umask: int = 0o022) -> int:
    """Run a function as a user of the group; its exit code."""

    def run() -> None:
        os.umask(umask)
        os.setgroups([])
        os.setgid(GROUP)
        os.setuid(user)
        function()

    return ended(forked(run))


def _log(directory: Path, first: int) -> None:
    with AuditLog(directory) as log:
        emit_many(log, first, first + 10)


def _group_folder(path: Path, mode: int = 0o2775) -> Path:
    path.mkdir()
    os.chown(path, 0, GROUP)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o2775, 0o775], ids=["set-group-ID", "plain"])
@pytest.mark.parametrize("below", ["", "made/by/the/log"], ids=["itself", "below"])
def test_a_group_shares_a_folder(shared: Path, umask: int, mode: int, below: str) -> None:
    """Whoever comes first, whatever the umask: the second user's trail is there as well."""
    if below and not mode & stat.S_ISGID:
        pytest.skip("a plain folder says nothing of those made in it")
    logs = _group_folder(shared / "logs", mode) / below
    assert _as(FIRST, lambda: _log(logs, 0), umask) == 0
    assert _as(SECOND, lambda: _log(logs, 10), umask) == 0
    assert sorted(numbers(logs)) == list(range(20))
    for each in (logs, logs / "_integrity"):
        status = each.stat()
        assert status.st_gid == GROUP
        assert status.st_mode & 0o770 == 0o770
    assert {each.stat().st_gid for each in logs.rglob("*")} == {GROUP}
    assert [each.status for each in verify([logs])] == [Status.SOUND] * 2


def test_a_folder_of_its_owner_alone_stays_so(shared: Path) -> None:
    """The sidecars are as private as the logs."""
    logs = shared / "logs"
    logs.mkdir(0o700)
    _log(logs, 0)
    assert stat.S_IMODE((logs / "_integrity").stat().st_mode) == 0o700


def test_what_cannot_be_written_is_named(shared: Path) -> None:
    """With whose it is."""
    logs = _group_folder(shared / "logs")
    (logs / "_integrity").mkdir(mode=0o750)

    def second() -> None:
        with pytest.raises(LogDirectoryError) as caught:
            AuditLog(logs)
        assert f"{logs}/_integrity" in str(caught.value)
        assert "belongs to user 0" in str(caught.value)

    assert _as(SECOND, second) == 0


@pytest.mark.parametrize("large", [False, True])
def test_a_program_that_gives_up_root_loses_nothing_unseen(
    shared: Path, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    """What has no room any more is counted, in the log and by the log."""
    monkeypatch.setattr("mllog_callbacks.sinks.spool._sink._TEND_NS", 10_000_000)
    logs = shared / "logs"

    def serve() -> None:
        log = AuditLog(logs, session="svc")
        log.emit("TRAINING_STARTED", metrics_snapshot={"n": 0})
        os.setuid(FIRST)
        for n in range(1, 1_500):
            log.emit(
                "TRAINING_PROGRESS",
                metrics_snapshot={"n": n},
                reasoning="x" * 3_500 if large else None,
            )
            if n % 100 == 0:
                time.sleep(0.02)
        log.close()
        (shared / "dropped").write_text(str(log.stats.dropped))

    (shared / "dropped").touch(mode=0o666)
    (shared / "dropped").chmod(0o666)
    assert ended(forked(serve)) == 0
    drained(logs)
    dropped = int((shared / "dropped").read_text())
    assert len(numbers(logs)) == 1_500 - dropped
    assert bool(dropped) is large
    (file,) = logs.glob("*.jsonl")
    assert (f'"dropped_entries":{dropped}' in file.read_text()) is large
    assert ("Permission denied" in file.read_text()) is large
    assert verify([logs])[0].integrity == Status.SOUND


def test_a_program_that_becomes_another_user_goes_on_in_a_session_of_that_user(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that user may write the folder; the session names the one before."""
    monkeypatch.setattr("mllog_callbacks.sinks.spool._sink._TEND_NS", 10_000_000)
    logs = _group_folder(shared / "logs", 0o777)

    def serve() -> None:
        log = AuditLog(logs, session="svc")
        emit_many(log, 0, 10)
        os.setuid(FIRST)
        deadline = time.monotonic() + 30
        while log.session == "svc":
            emit_many(log, 10, 11)
            time.sleep(0.01)
            assert time.monotonic() < deadline
        emit_many(log, 11, 2_000)
        log.close()
        assert log.stats.dropped == log.stats.pending == 0

    assert ended(forked(serve)) == 0
    drained(logs)
    assert set(numbers(logs)) == set(range(2_000))
    found = verify([logs])
    assert [each.status for each in found] == [Status.SOUND] * 2
    manifest = next((logs / "_integrity").glob("svc-*.json")).read_text()
    assert '"parent": "svc"' in manifest


def _left(logs: Path) -> None:
    """Leave entries in a spool: the drainer is a thread, and ends with this process."""
    _helper._TRIES = 0  # type: ignore[misc]  # noqa: SLF001 - in this child alone
    log = AuditLog(logs, session="left")
    emit_many(log, 0, 5_000)
    os.kill(os.getpid(), signal.SIGKILL)


def test_root_completes_what_another_user_left(shared: Path) -> None:
    """As that user: the file stays theirs."""
    logs = _group_folder(shared / "logs", 0o777)
    assert _as(FIRST, lambda: _left(logs)) == -signal.SIGKILL
    assert all(each.error is None for each in recover(logs))
    assert recover(logs) == []
    assert numbers(logs) == list(range(5_000))
    assert {each.stat().st_uid for each in logs.glob("*.jsonl")} == {FIRST}


def test_another_user_learns_that_entries_may_be_elsewhere(shared: Path) -> None:
    """And not that there is nothing to recover."""
    logs = _group_folder(shared / "logs", 0o777)
    assert _as(FIRST, lambda: _left(logs)) == -signal.SIGKILL

    def audit() -> None:
        (found,) = _of_the_first(logs)
        assert f"only user {FIRST} or root can read it" in str(found.error)

    assert _as(SECOND, audit) == 0
    recover(logs)
    assert _as(SECOND, lambda: _nothing(logs)) == 0


def _of_the_first(logs: Path) -> list[Recovered]:
    """Without what other users of this machine have under way, for other folders."""
    return [each for each in recover(logs) if each.session == f"mllog-{FIRST}"]


def _nothing(logs: Path) -> None:
    assert _of_the_first(logs) == []


def test_a_folder_that_another_user_planted_for_root_is_not_followed(shared: Path) -> None:
    """A spool whose lines are for elsewhere: root acts as its owner, who may not write there."""
    logs, victim = _group_folder(shared / "logs", 0o777), shared / "victim"
    victim.mkdir()

    def plant() -> None:
        root = Path(f"/dev/shm/mllog-{FIRST}")  # noqa: S108 - it is meant
        (root / "evil.00000000").mkdir(mode=0o700, parents=True)
        root.chmod(0o700)
        text = b"\0".join((os.fsencode(victim), os.fsencode(victim / "x.json"), b"- -", b"{}"))
        (root / "evil.00000000" / "about").write_bytes(text)

    assert _as(FIRST, plant) == 0
    recover(victim)
    recover(logs)
    assert list(victim.iterdir()) == []
