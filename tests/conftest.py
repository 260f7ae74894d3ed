"""What holds for every test: guards raise, settings are the defaults, examples are repeatable."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from mllog_callbacks import AuditLog, LogEntry, read_entries

pytest_plugins = ["mllog_callbacks.contract.plugin"]

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


@pytest.fixture
def entries(log: AuditLog) -> Callable[[], list[LogEntry]]:
    """Read back what the log holds so far."""

    def read() -> list[LogEntry]:
        assert log.flush(10)
        return list(read_entries(log.path))

    return read
