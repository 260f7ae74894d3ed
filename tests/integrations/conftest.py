"""What the tests of every adapter need: a real log, and what it holds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog, LogEntry, read_entries


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """A log of its own, on disk."""
    with AuditLog(tmp_path / "logs") as made:
        yield made


@pytest.fixture
def entries(log: AuditLog) -> Callable[[], list[LogEntry]]:
    """Read back what the log holds so far."""

    def read() -> list[LogEntry]:
        assert log.flush(10)
        return list(read_entries(log.path))

    return read
