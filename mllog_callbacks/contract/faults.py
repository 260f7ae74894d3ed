"""Whatever becomes of the logging, a training notices nothing, for every adapter."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog, get_log, read_entries
from mllog_callbacks.contract._case import Case, Way
from mllog_callbacks.recording import _log as log_module


@pytest.fixture
def default_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory of a default log that nobody has asked for yet."""
    monkeypatch.setattr(log_module, "_default", None)
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "logs"))
    return tmp_path / "logs"


def _removed(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)


def _replaced_by_a_file(directory: Path) -> None:
    _removed(directory)
    directory.touch()


def _ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "mllog_callbacks"]


@pytest.mark.parametrize("harm", [_removed, _replaced_by_a_file], ids=lambda harm: harm.__name__)
def test_a_directory_lost_while_the_log_is_open(
    case: Case, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    """The training completes with the same result."""
    directory = tmp_path / "logs"
    log = AuditLog(directory)
    case.audited(log)
    assert log.flush(10)
    harm(directory)
    assert case.audited(log).result == case.train(None, Way.COMPLETED).result
    if directory.is_file():
        directory.unlink()  # else what is pending would be waited for
    log.close()


@pytest.mark.production_guards
def test_a_log_that_cannot_be_opened_is_one_warning(
    case: Case, default_log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It names the directory; the trainings go on, and further ones say nothing more."""
    default_log.touch()
    _is_one_warning(case, default_log, caplog)


def _is_one_warning(case: Case, directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert case.audited(None).result == case.train(None, Way.COMPLETED).result
    case.audited(None)
    recorded = _ours(caplog)
    assert [record.levelno for record in recorded] == [logging.WARNING]
    assert str(directory) in recorded[0].getMessage()


@pytest.mark.production_guards
def test_a_log_that_fails_at_every_entry_changes_nothing(
    case: Case, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever defect of ours that may be."""

    def fail(*_args: object, **_kwargs: object) -> None:
        msg = "a defect of ours"
        raise RuntimeError(msg)

    monkeypatch.setattr(AuditLog, "emit", fail)
    assert case.audited(log).result == case.train(None, Way.COMPLETED).result


def test_a_closed_log_changes_nothing(
    case: Case, log: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    """It was closed before the training began; that is recorded once."""
    log.close()
    assert case.audited(log).result == case.train(None, Way.COMPLETED).result
    assert [record.levelno for record in _ours(caplog)] == [logging.WARNING]


def test_a_disabled_log_makes_no_file(
    case: Case, default_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`MLLOG_DISABLED` leaves nothing, not even the directory."""
    monkeypatch.setenv("MLLOG_DISABLED", "true")
    assert case.audited(None).result == case.train(None, Way.COMPLETED).result
    assert not default_log.exists()


def test_by_default_entries_go_to_the_process_log(case: Case, default_log: Path) -> None:
    """The one of `MLLOG_DIR`, made when a training first needs it."""
    audit = case.audit()
    assert not default_log.exists()
    case.train(audit, Way.COMPLETED)
    with get_log() as log:
        assert log.flush(10)
    assert list(read_entries(default_log))
