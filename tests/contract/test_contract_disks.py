"""A disk that is full or read-only, for every adapter: a training notices nothing."""

import errno
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from disks import error_of, fill, memory_disk, remount
from mllog_callbacks import AuditLog, EventType, read_entries
from mllog_callbacks.contract import Case, Way
from mllog_callbacks.recording import _log as log_module
from processes import until


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; skipped where none can be mounted."""
    with memory_disk(tmp_path / "disk", "256k") as path:
        yield path


def _filled(disk: Path) -> None:
    fill(disk / "filler")


def _freed(disk: Path) -> None:
    (disk / "filler").unlink()
    remount(disk, "size=8m")


def _read_only(disk: Path) -> None:
    remount(disk, "ro")


def _writable(disk: Path) -> None:
    remount(disk, "rw")


@pytest.mark.parametrize(
    ("harm", "repair", "error"),
    [(_filled, _freed, errno.ENOSPC), (_read_only, _writable, errno.EROFS)],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_takes_everything_later(
    case: Case, harm: Callable[[Path], None], repair: Callable[[Path], None], error: int, disk: Path
) -> None:
    """The training completes with the same result, and its story waits in memory meanwhile."""
    directory = disk / "logs"
    with AuditLog(directory) as log:
        harm(disk)
        assert case.audited(log).result == case.train(None, Way.COMPLETED).result
        until(lambda: error_of(directory) == error)
        repair(disk)
        assert log.flush(30)
        assert log.stats.dropped == 0
    recorded = Counter(entry.event for entry in read_entries(directory))
    assert recorded[EventType.TRAINING_STARTED] == recorded[EventType.TRAINING_COMPLETED] == 1


@pytest.mark.production_guards
def test_a_directory_that_is_read_only_is_one_warning(
    case: Case, disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by its mode, which says nothing to root, but by its disk."""
    directory = disk / "logs"
    monkeypatch.setattr(log_module, "_default", None)
    monkeypatch.setenv("MLLOG_DIR", str(directory))
    remount(disk, "ro")
    assert case.audited(None).result == case.train(None, Way.COMPLETED).result
    case.audited(None)
    ours = [record for record in caplog.records if record.name == "mllog_callbacks"]
    assert [record.levelno for record in ours] == [logging.WARNING]
    assert str(directory) in ours[0].getMessage()
