"""Where logs go: what the settings name, and what cannot be a place for logs."""

import logging
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog, LogDirectoryError, SettingsError
from processes import emit_many, numbers
from sealed import mllog

STORES = ["s3://bucket/logs", "gs://b/x", "abfss://c@a.dfs.core.windows.net/p", "file:///tmp/logs"]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("how", ["argument", "path", "variable"])
def test_a_store_is_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, how: str
) -> None:
    """No folder named ``s3:`` is made; the message says how logs get there."""
    monkeypatch.chdir(tmp_path)
    if how == "variable":
        monkeypatch.setenv("MLLOG_DIR", store)
    given = None if how == "variable" else store if how == "argument" else Path(store)
    with pytest.raises(SettingsError, match="copy its files to the store"):
        AuditLog(given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["s3://bucket/logs", "~nobody-of-this-name/logs"])
def test_no_command_is_run_whose_logs_have_no_place(tmp_path: Path, given: str) -> None:
    """`mllog run`: it would go on without an audit trail."""
    done = mllog("run", "--", "touch", tmp_path / "made", MLLOG_DIR=given)
    assert done.returncode == 2
    assert b"is not a directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the variable and in the argument; an unknown user is an error."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLLOG_DIR", "~/logs")
    for directory in None, "~/logs", Path("~/logs"):
        with AuditLog(directory) as log:
            assert log.path.parent == tmp_path / "logs"
    with pytest.raises(SettingsError, match="not a directory"):
        AuditLog("~nobody-of-this-name/logs")


@pytest.mark.parametrize("given", ["$HOME/logs", "${HOME}/logs", "%USERPROFILE%/logs", " ", "a\0b"])
def test_what_no_shell_expanded_is_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """As from a file of variables; no folder is made, and one of that name is used."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="is not a directory"):
        AuditLog(given)
    assert list(tmp_path.iterdir()) == []
    if given == "$HOME/logs":
        (tmp_path / given).mkdir(parents=True)
        with AuditLog(given) as log:
            assert log.path.parent == tmp_path / given


def test_a_spool_that_cannot_be_used_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was asked for by name; the entries wait in the process instead, and are all written."""
    monkeypatch.setenv("MLLOG_SPOOL", str(tmp_path / "missing"))
    with caplog.at_level(logging.WARNING), AuditLog(tmp_path / "logs") as log:
        emit_many(log, 0, 10)
    assert f"MLLOG_SPOOL={tmp_path}/missing cannot be used" in caplog.text
    assert numbers(tmp_path / "logs") == list(range(10))


def test_sidecars_are_in_no_linked_folder(tmp_path: Path) -> None:
    """Whoever may write the log folder could else have files made anywhere."""
    logs, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    logs.mkdir()
    elsewhere.mkdir()
    (logs / "_integrity").symlink_to(elsewhere)
    with pytest.raises(LogDirectoryError, match="_integrity: a link, and not a folder"):
        AuditLog(logs)
    assert list(elsewhere.iterdir()) == []
