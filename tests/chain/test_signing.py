"""Signed sessions: made by whoever writes the file, verified with the public key alone."""

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import Status, Verdict, read_public_key, verify
from mllog_callbacks.sinks import LogFiles, QueuedSink
from processes import drained
from sealed import edit, kill, mllog, seal

pytest.importorskip("cryptography", reason="the extra signing is not installed")


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A private key in use; its public one, as hex."""
    assert mllog("keygen", tmp_path / "key").returncode == 0
    monkeypatch.setenv("MLLOG_SIGNING_KEY", str(tmp_path / "key"))
    return read_public_key(tmp_path / "key.pub")


def _judge(logs: Path, key: str | None = None, session: str = "run") -> Verdict:
    return next(each for each in verify([logs], key=key) if each.session == session)


def test_a_signed_session_is_authentic(tmp_path: Path, key: str) -> None:
    """To whoever has the public key, and in itself to whoever has not."""
    seal(tmp_path / "logs")
    for given in (key, None):
        verdict = _judge(tmp_path / "logs", given)
        assert (verdict.status, verdict.authenticity) == (Status.SOUND, Status.SOUND)
        assert verdict.signer == key


def test_the_thread_signs_as_the_drainer_does(tmp_path: Path, key: str) -> None:
    """Where there is no spool."""
    sink = QueuedSink(LogFiles(tmp_path / "logs", "run", {}))
    sink.put(b'"event":"MODEL_SAVED"}\n')
    assert sink.close(10)
    assert _judge(tmp_path / "logs", key).authenticity == Status.SOUND


def test_what_was_forged_without_the_key_is_told(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it written anew, unsigned or signed by another key; known only with the right one."""
    monkeypatch.delenv("MLLOG_SIGNING_KEY")
    seal(tmp_path / "unsigned")
    assert _judge(tmp_path / "unsigned").status == Status.SOUND
    assert _judge(tmp_path / "unsigned", key).authenticity == Status.TAMPERED
    assert mllog("keygen", tmp_path / "other").returncode == 0
    monkeypatch.setenv("MLLOG_SIGNING_KEY", str(tmp_path / "other"))
    seal(tmp_path / "logs")
    assert _judge(tmp_path / "logs").status == Status.SOUND
    assert _judge(tmp_path / "logs", key).authenticity == Status.TAMPERED


def test_a_signature_taken_off_or_from_elsewhere_is_told(tmp_path: Path, key: str) -> None:
    """With the line of the record."""
    seal(tmp_path / "logs")
    chain = tmp_path / "logs" / "_integrity" / "run.chain"
    records = chain.read_bytes().splitlines(keepends=True)
    signature = json.loads(records[1])["signature"].encode()
    for taken in (b"", b',"signature":"%b"' % signature):
        bare = records[2][: records[2].index(b',"signature"')] + taken + b"}\n"
        edit(chain, lambda lines, line=bare: lines.__setitem__(2, line))  # type: ignore[misc]  # bound now
        (problem,) = _judge(tmp_path / "logs", key).problems
        assert (problem.aspect, problem.status) == ("authenticity", Status.TAMPERED)
        assert (problem.file, problem.first) == ("run.chain", 3)


def test_a_killed_session_completed_without_the_key_says_so(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As unsealed where its begin is signed, else as not checkable; never as tampered with."""
    kill(tmp_path / "logs", 250)
    monkeypatch.delenv("MLLOG_SIGNING_KEY")
    verdict = _judge(tmp_path / "logs", key)
    begun = Status.UNSEALED if verdict.signer else Status.NOT_CHECKABLE
    assert (verdict.status, verdict.integrity) == (begun, Status.SOUND)
    assert verdict.authenticity == begun


@pytest.mark.parametrize("content", [None, "no key"])
def test_a_key_that_cannot_be_used_costs_the_signature_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    content: str | None,
) -> None:
    """A missing one with a warning; the log is written and sealed."""
    if content is not None:
        (tmp_path / "key").write_text(content)
    monkeypatch.setenv("MLLOG_SIGNING_KEY", str(tmp_path / "key"))
    with caplog.at_level(logging.WARNING), AuditLog(tmp_path / "logs", session="run") as log:
        log.emit("MODEL_SAVED")
    drained(tmp_path / "logs")
    assert bool(caplog.records) is (content is None)
    verdict = _judge(tmp_path / "logs")
    assert (verdict.status, verdict.signer) == (Status.SOUND, "")


def test_keygen_makes_a_key_for_its_owner_alone_and_replaces_none(tmp_path: Path) -> None:
    """Exit code 3 where there is a file already."""
    assert mllog("keygen", tmp_path / "key").returncode == 0
    assert stat.S_IMODE(os.stat(tmp_path / "key").st_mode) == 0o600  # noqa: PTH116 - as a reader
    before = (tmp_path / "key").read_bytes()
    assert mllog("keygen", tmp_path / "key").returncode == 3
    assert (tmp_path / "key").read_bytes() == before


def test_keygen_names_the_key_as_chains_name_it(tmp_path: Path) -> None:
    """With --json; where it fails, there is none."""
    shown = mllog("keygen", tmp_path / "key", "--json")
    told = json.loads(shown.stdout)
    assert told["key"] == read_public_key(Path(told["public"]))
    assert Path(told["private"]) == tmp_path / "key"
    assert mllog("keygen", tmp_path / "key", "--json").stdout == b""
