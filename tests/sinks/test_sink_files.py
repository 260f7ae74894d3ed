"""What others do to a log's files: whatever is theirs is left alone, and no entry is lost."""

import logging
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import Status, verify
from processes import (
    drained,
    drainers,
    emit_many,
    ended,
    forked,
    numbers,
    remove,
    spools,
    until,
)


@pytest.mark.parametrize("put_back", [False, True], ids=["for good", "put back"])
def test_a_removed_directory_is_made_again(tmp_path: Path, *, put_back: bool) -> None:
    """With all that was in the file, and the sidecar."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        emit_many(log, 0, 500)
        assert log.flush(10)
        (sidecar,) = (directory / "_integrity").glob("*.json")
        manifest = sidecar.read_text()
        remove(directory)
        if put_back:
            directory.mkdir(exist_ok=True)
        emit_many(log, 500, 1_000)
        assert log.flush(10)
        assert numbers(directory) == list(range(1_000))
    drained(directory)
    assert numbers(directory) == list(range(1_000))
    assert sidecar.read_text() == manifest


def test_a_directory_removed_while_nothing_is_emitted_is_made_again(tmp_path: Path) -> None:
    """Within about a second."""
    directory = tmp_path / "logs"
    with AuditLog(directory) as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        remove(directory)
        until(lambda: [each for each in directory.glob("*.jsonl") if each.stat().st_size])
        assert numbers(directory) == list(range(10))


def test_a_moved_file_is_still_written(tmp_path: Path) -> None:
    """Wherever a rotation tool put it, it stays whole."""
    with AuditLog(tmp_path / "logs") as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        log.path.rename(tmp_path / "elsewhere.jsonl")
        emit_many(log, 10, 20)
        assert log.flush(10)
    assert numbers(tmp_path / "elsewhere.jsonl") == list(range(20))


@pytest.mark.parametrize("planted", ["link", "dangling link", "file", "folder"])
def test_what_is_planted_in_the_place_of_the_log_is_left_alone(
    tmp_path: Path, planted: str
) -> None:
    """No link is followed and no file overwritten: the log goes beside it."""
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    directory = tmp_path / "logs"
    log = AuditLog(directory)
    path = log.path
    path.unlink()
    if planted == "folder":
        path.mkdir()
    elif planted == "file":
        path.write_text("precious\n")
        os.chown(path, 12345, 12345)
    else:
        path.symlink_to(victim if planted == "link" else tmp_path / "nowhere")
    emit_many(log, 0, 10)
    assert log.flush(10)
    assert log.path.name == path.name.replace(".jsonl", "-2.jsonl")
    log.close()
    assert victim.read_text() == "precious\n"
    assert not (tmp_path / "nowhere").exists()
    assert numbers(log.path) == list(range(10))


@pytest.mark.parametrize("altered", ["cut", "cut to nothing", "written to", "replaced"])
@pytest.mark.parametrize("killed", [False, True], ids=["drainer lives", "drainer killed"])
def test_a_file_that_somebody_alters_is_left_to_them(
    tmp_path: Path, altered: str, *, killed: bool
) -> None:
    """The log goes on in another file, with what the first has no more."""
    with AuditLog(tmp_path) as log:
        emit_many(log, 0, 100)
        assert log.flush(10)
        first = log.path
        if killed:
            (pid,) = drainers(tmp_path)
            os.kill(pid, signal.SIGKILL)
        content = first.read_bytes()
        if altered == "written to":
            with first.open("a") as stream:
                stream.write("an invader\n")
        elif altered == "replaced":
            first.rename(tmp_path / "moved")
            first.write_text("an invader\n")
        else:
            os.truncate(first, len(content) // 2 if altered == "cut" else 0)
        left = first.read_bytes()
        emit_many(log, 100, 200)
        assert log.flush(20)
        second = log.path
    drained(tmp_path)
    if altered == "replaced" and not killed:
        assert numbers(tmp_path / "moved") == list(range(200))
    else:
        assert second != first
        assert first.read_bytes() == left
        kept = left.count(b'"event"') if left.endswith(b"}\n") else left.count(b"\n")
        kept = 100 if altered == "written to" else 0 if altered == "replaced" else kept
        assert numbers(second) == list(range(kept, 200))


def test_two_sessions_of_one_name_have_a_file_each(tmp_path: Path) -> None:
    """In one process and in another."""
    with AuditLog(tmp_path, session="run") as one, AuditLog(tmp_path, session="run") as two:
        child = forked(lambda: emit_many(AuditLog(tmp_path, session="run"), 0, 50))
        emit_many(one, 0, 50)
        emit_many(two, 0, 50)
        assert ended(child) == 0
        assert (one.session, two.session) == ("run", "run-2")
    drained(tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert sorted(numbers(tmp_path)) == sorted([*range(50)] * 3)


def test_files_are_for_their_owner_and_group_only(tmp_path: Path) -> None:
    """Whatever the umask."""
    before = os.umask(0)
    try:
        with AuditLog(tmp_path / "logs") as log:
            emit_many(log, 0, 1)
            assert log.flush(10)
            (folder,) = spools(tmp_path / "logs")
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.parent.stat().st_mode & 0o777 == 0o700
            assert {each.stat().st_mode & 0o177 for each in folder.iterdir()} == {0}
    finally:
        os.umask(before)
    files = [each for each in (tmp_path / "logs").rglob("*") if each.is_file()]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o640}


def test_a_temporary_directory_that_is_removed_stays_so() -> None:
    """Unless another entry comes: whoever removes it has done with it."""
    with tempfile.TemporaryDirectory() as name:
        log = AuditLog(Path(name) / "logs")
        emit_many(log, 0, 10)
        assert log.flush(10)
        integrity = Path(name, "logs", "_integrity")  # written a moment after the file
        until(lambda: len(list(integrity.iterdir())) > 1)
    time.sleep(2.5)  # the drainer looks for its file once a second
    assert not Path(name).exists()
    emit_many(log, 10, 20)
    assert log.flush(10)
    assert numbers(Path(name)) == list(range(20))
    log.close()
    shutil.rmtree(name)


def test_what_is_closed_can_be_removed_at_once(tmp_path: Path) -> None:
    """Nobody writes there any more when `close` returns, also beside a busy removal."""
    for n in range(20):
        directory = tmp_path / str(n)
        with AuditLog(directory) as log:
            emit_many(log, 0, n)
        shutil.rmtree(directory)
    drained(tmp_path)
    assert not list(tmp_path.iterdir())


def test_changes_by_somebody_else_are_recorded_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with the file in which the log goes on."""
    with caplog.at_level(logging.WARNING, "mllog_callbacks"), AuditLog(tmp_path) as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        with log.path.open("a") as stream:
            stream.write("an invader\n")
        monkeypatch.setattr("mllog_callbacks.sinks.spool._sink._WAITING_NS", 0)
        for n in range(10, 1_000):
            emit_many(log, n, n + 1)
            assert log.flush(10)
            if caplog.messages:
                break
        (recorded,) = caplog.messages
        assert recorded.endswith(f"it goes on in {log.path}")


def test_a_session_name_used_again_has_files_of_its_own(tmp_path: Path) -> None:
    """Also where only the files of the first are left: their sidecars were cleaned away."""
    for n in range(3):
        with AuditLog(tmp_path, session="exp7") as log:
            emit_many(log, n, n + 1)
        drained(tmp_path)
        if n == 0:
            shutil.rmtree(tmp_path / "_integrity")
    names = sorted(each.name[23:] for each in tmp_path.glob("*.jsonl"))
    assert names == ["exp7-2.jsonl", "exp7-3.jsonl", "exp7.jsonl"]
    assert sorted(numbers(tmp_path)) == [0, 1, 2]
    found = {each.session: each.status for each in verify([tmp_path])}
    assert found["exp7-2"] == found["exp7-3"] == Status.SOUND
    assert found["exp7"] == Status.NOT_CHECKABLE


def test_a_copy_is_its_sessions_and_no_other_sessions(tmp_path: Path) -> None:
    """A session that had to go on in ``-2`` keeps its first file; ``run-2`` is another session."""
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 10)
        assert log.flush(10)
        os.truncate(log.path, 0)
        emit_many(log, 10, 20)
        assert log.flush(10)
        copy = log.path
    drained(tmp_path)
    assert copy.name.endswith(".run-2.jsonl")
    with AuditLog(tmp_path, session="run-2") as other:
        emit_many(other, 20, 30)
    assert other.session == "run-2-2"
    drained(tmp_path)
    assert {each.session for each in verify([tmp_path])} == {"run", "run-2-2"}
    assert sorted(numbers(tmp_path)) == list(range(30))


@pytest.mark.parametrize("what", ["FIFO", "endless", "huge", "folder"])
def test_what_is_planted_among_chains_holds_up_nobody(tmp_path: Path, what: str) -> None:
    """The drainer looks at other sessions' chains when it begins one."""
    sidecars = tmp_path / "_integrity"
    sidecars.mkdir()
    planted = sidecars / "old.chain"
    if what == "FIFO":
        os.mkfifo(planted)
    elif what == "endless":
        planted.symlink_to("/dev/zero")
    elif what == "huge":
        planted.touch()
        os.truncate(planted, 3 << 30)
    else:
        planted.mkdir()
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 300)
        assert log.flush(10)
    drained(tmp_path)
    assert numbers(tmp_path) == list(range(300))
    planted.rename(tmp_path / "aside")
    assert [each.status for each in verify([tmp_path])] == [Status.SOUND]
