"""The contract's pytest plugin, which `mllog contract FOLDER` loads."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog, raising
from mllog_callbacks.contract._case import cases_in

__all__ = [
    "default_settings",
    "guards_raise",
    "log",
    "pytest_addoption",
    "pytest_configure",
    "pytest_generate_tests",
]

# A child forked from a process that used GNU's OpenMP with more threads waits for ever when it uses
# it, whatever is logged; and small trainings with many threads wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest.register_assert_rewrite("mllog_callbacks.contract.suite", "mllog_callbacks.contract.faults")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the folder of descriptions."""
    parser.addoption("--mllog-cases", type=Path, help="folder of descriptions, NAME_case.py")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "production_guards: the logging's guards swallow and report, as for users"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each description."""
    folder = metafunc.config.getoption("--mllog-cases")
    if "case" in metafunc.fixturenames and folder is not None:
        metafunc.parametrize("case", cases_in(folder), ids=lambda case: case.package)


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
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """A log of its own, on disk."""
    with AuditLog(tmp_path / "logs") as made:
        yield made
