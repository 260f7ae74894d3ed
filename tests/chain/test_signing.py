"""Signed sessions: made by whoever writes the file, verified with the public key alone."""

import json
import logging
import os
import stat
import sys
from pathlib import Path

import pytest

from commands import run
from mllog_callbacks import AuditLog, SettingsError, get_log
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


def test_what_was_forged_without_the_key_is_recorded(
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


def test_a_signature_taken_off_or_from_elsewhere_is_recorded(tmp_path: Path, key: str) -> None:
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


def test_a_witness_signs_with_the_key_of_the_session(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its drainer has it; whoever writes behind that end without the key tampers with it."""
    kill(tmp_path / "logs", 250, drainer=False)
    drained(tmp_path / "logs")
    monkeypatch.delenv("MLLOG_SIGNING_KEY")
    verdict = _judge(tmp_path / "logs", key)
    assert (verdict.status, verdict.state) == (Status.SOUND, "witnessed")
    assert verdict.authenticity == Status.SOUND


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


def _unusable(folder: Path) -> dict[str, tuple[str, str]]:
    """Keys that cannot sign: what is given, and what is said of it."""
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415 - an extra

    pem, pkcs8 = form.Encoding.PEM, form.PrivateFormat.PKCS8
    key = ed25519.Ed25519PrivateKey.generate()
    other = rsa.generate_private_key(65537, 2048)
    locked = form.BestAvailableEncryption(b"secret")
    public = key.public_key().public_bytes(pem, form.PublicFormat.SubjectPublicKeyInfo)
    plain = form.NoEncryption()
    contents = {
        "empty": (b"", "it is empty"),
        "no key": (b"no key", "it is not a private key in PEM"),
        "passphrase": (key.private_bytes(pem, pkcs8, locked), "protected by a passphrase"),
        "OpenSSH": (key.private_bytes(pem, form.PrivateFormat.OpenSSH, plain), "OpenSSH's format"),
        "RSA": (other.private_bytes(pem, pkcs8, plain), "RSAPrivateKey; Ed25519 is needed"),
        "public": (public, "it is a public key"),
    }
    found = {"missing": (str(folder / "none"), "No such file"), "folder": (str(folder), "not a fi")}
    for name, (content, reason) in contents.items():
        (folder / name).write_bytes(content)
        found[name] = str(folder / name), reason
    return found


UNUSABLE = ["missing", "folder", "empty", "no key", "passphrase", "OpenSSH", "RSA", "public"]


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_cannot_be_used_is_found_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """An error of `AuditLog`; for `get_log`, which adapters call, a warning and no signature."""
    given, reason = _unusable(tmp_path)[name]
    monkeypatch.setenv("MLLOG_SIGNING_KEY", given)
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("MLLOG_SESSION", "run")
    with pytest.raises(SettingsError, match=reason):
        AuditLog()
    with caplog.at_level(logging.WARNING), get_log() as log:
        log.emit("MODEL_SAVED")
    assert reason in caplog.messages[0]
    drained(tmp_path / "logs")
    verdict = _judge(tmp_path / "logs")
    assert (verdict.status, verdict.signer) == (Status.SOUND, "")


def test_signing_may_be_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Then a log that would not be signed is not made, whoever asks for it."""
    monkeypatch.setenv("MLLOG_REQUIRE_SIGNING", "1")
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "logs"))
    seal(tmp_path / "logs")
    assert _judge(tmp_path / "logs", key).authenticity == Status.SOUND
    for given in ("", str(tmp_path / "none")):
        monkeypatch.setenv("MLLOG_SIGNING_KEY", given)
        for make in (AuditLog, get_log):
            with pytest.raises(SettingsError, match="MLLOG_SIGNING_KEY"):
                make()


@pytest.mark.parametrize("given", ["", "none"])
def test_no_command_is_run_that_could_not_be_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """`mllog run`, where signing is required; else an unusable key is a warning."""
    made = tmp_path / "made"
    command = ["run", "--", sys.executable, "-c", f"open({str(made)!r}, 'w')"]
    monkeypatch.setenv("MLLOG_SIGNING_KEY", given and str(tmp_path / given))
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path))
    refused = run(*command, MLLOG_REQUIRE_SIGNING="1")
    assert refused.returncode == 2
    assert b"MLLOG_SIGNING_KEY" in refused.stderr
    assert not made.exists()
    done = run(*command)
    assert done.returncode == 0
    assert (b"the log is not signed" in done.stderr) is bool(given)
    assert made.exists()


def test_a_relative_key_is_that_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The drainer works elsewhere; and so may the training, later."""
    monkeypatch.chdir(tmp_path)
    for given in ("key", "./key"):
        monkeypatch.setenv("MLLOG_SIGNING_KEY", given)
        with AuditLog(tmp_path / "logs", session=given.strip("./")) as log:
            os.chdir("/")
            log.emit("MODEL_SAVED")
        os.chdir(tmp_path)
    for verdict in verify([tmp_path / "logs"], key=key):
        assert verdict.authenticity == Status.SOUND


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
    recorded = json.loads(shown.stdout)
    assert recorded["key"] == read_public_key(Path(recorded["public"]))
    assert Path(recorded["private"]) == tmp_path / "key"
    assert mllog("keygen", tmp_path / "key", "--json").stdout == b""
