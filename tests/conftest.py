"""What holds for every test: guards raise, settings are the defaults, examples are repeatable."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

from mllog_callbacks import AuditLog, LogEntry, raising, read_entries

# For the benchmarks; last, so that the package is the one installed, as a user has it
sys.path.append(str(Path(__file__).parents[1]))

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in what a script runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, print_blob=False
)
# To look for more: HYPOTHESIS_PROFILE=search
hypothesis.settings.register_profile("search", deadline=None, max_examples=5_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(autouse=True)
def guards_raise(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no guard hide a defect, but in tests marked `production_guards`."""
    swallow = request.node.get_closest_marker("production_guards") is not None
    with nullcontext() if swallow else raising():
        yield


@pytest.fixture(autouse=True)
def default_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make tests independent of the environment they are started in."""
    for name in [name for name in os.environ if name.startswith("MLLOG_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Let numeric libraries use one thread: with more, small fits wait for each other."""
    with threadpool_limits(limits=1):
        yield


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
