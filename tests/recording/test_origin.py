"""Where a session comes from: found out beside it, bound into its chain, without secrets."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.files import LARGEST_ORIGIN
from mllog_callbacks.origin import Request
from mllog_callbacks.sinks import LogFiles, QueuedSink
from sealed import judge, problems

SCRIPT = """
from mllog_callbacks import AuditLog
with AuditLog("logs", session="run") as log:
    log.emit("MODEL_SAVED", decision="Saved.")
"""
SECRETS = [f"hunter{number}z" for number in range(16)]
ARGUMENTS = [
    *("--password", SECRETS[0], "--api-key", SECRETS[1], f"--token={SECRETS[2]}"),
    *(f"HF_TOKEN={SECRETS[3]}", f"postgres://ml:{SECRETS[4]}@db/x", f"Authorization: {SECRETS[5]}"),
    *(f"https://h/x?sig={SECRETS[6]}&a=1", f"Cookie: sid={SECRETS[7]}", f"Bearer {SECRETS[8]}"),
    *(f"Server=db;Pwd={SECRETS[9]}", f"client_secret={SECRETS[10]}", "--learning-rate", "0.1"),
    *(f"amqp://u:{SECRETS[11]}@mq//", f"--aws_secret_access_key={SECRETS[12]}"),
]
FORMS = [
    "ghp_" + "a1B2" * 9,
    "AKIA" + "ABCD1234" * 2,
    "sk-proj-" + "a1b2c3d4" * 4,
    "hf_" + "AbCdEfGhIj" * 3,
    "xoxb-123456789012-123456789012-" + "a1B2c3D4" * 3,
    "glpat-" + "a1b2c3d4e5" * 2,
    "eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkwIiwi.c2lnbmF0dXJlc2lnbmF0",
]
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    """Call git; return what it prints."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", *who, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return done.stdout.decode().strip()


def in_repository(folder: Path) -> str:
    """A repository with one commit, one changed and two untracked files; return the commit."""
    (folder / "helper.py").write_text("A = 1\n")
    (folder / "train.py").write_text(SCRIPT)
    git(folder, "init", "-q", "-b", "work")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "begin")
    git(folder, "remote", "add", "origin", f"https://ml:{SECRETS[13]}@h/a/b.git?t={SECRETS[14]}")
    (folder / "helper.py").write_text("A = 2\n")
    (folder / "new.py").write_text("B = 1\n")
    (folder / "data.csv").write_text("1,2\n")
    return git(folder, "rev-parse", "HEAD")


def origin(logs: Path) -> dict[str, Any]:
    """What was found out of the session."""
    facts: dict[str, Any] = json.loads((logs / "_integrity/run.origin").read_bytes())
    return facts


@needs_git
def test_code_environment_and_machine_are_known_and_no_secret_is(tmp_path: Path) -> None:
    """Twenty kinds of secrets, in arguments, environment and remotes, reach no file of the log."""
    commit = in_repository(tmp_path)
    environment = os.environ | {"MLLOG_ORIGIN": "1", "LOGNAME": "somebody", "SLURM_JOB_ID": "17"}
    environment |= {"MY_API_KEY": SECRETS[15], "WANDB_RUN_ID": f"token={SECRETS[15]}"}
    environment.pop("GIT_DIR", None)
    command = [sys.executable, "train.py", *ARGUMENTS, *FORMS]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)

    logs = tmp_path / "logs"
    manifest = json.loads((logs / "_integrity/run.json").read_bytes())
    facts = origin(logs)
    held = b"".join(each.read_bytes() for each in logs.rglob("*") if each.is_file()).decode()
    assert [each for each in [*SECRETS, *FORMS] if each in held] == []
    assert manifest["arguments"][-2 - len(FORMS) - 2 : -len(FORMS) - 2] == [
        "--learning-rate",
        "0.1",
    ]
    assert manifest["directory"] == str(tmp_path)
    assert manifest["environment"]["SLURM_JOB_ID"] == "17"
    assert (manifest["user"], facts["account"]["uid"]) == ("somebody", os.getuid())

    script = (tmp_path / "train.py").read_bytes()
    assert facts["script"]["sha256"] == hashlib.sha256(script).hexdigest()
    changed = {
        "helper.py": hashlib.sha256(b"A = 2\n").hexdigest(),
        "new.py": hashlib.sha256(b"B = 1\n").hexdigest(),
    }
    lines = "".join(f"{name}\0{digest}\n" for name, digest in changed.items())
    assert facts["git"] == {
        "root": str(tmp_path),
        "commit": commit,
        "branch": "work",
        "remote": "https://h/a/b.git",
        "dirty": True,
        "changed": 2,
        "changed_files": changed,
        "untracked": 1,
        "changes_sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    versions = facts["distributions"]["versions"]
    text = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
    assert facts["distributions"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert versions["pydantic"] == __import__("pydantic").VERSION
    assert facts["machine"]["cpus_usable"] == len(os.sched_getaffinity(0))
    assert facts["boot"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert facts["ended"] >= manifest["started"]


def test_whatever_becomes_of_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed, taken away, put there: each is named."""
    monkeypatch.setenv("MLLOG_ORIGIN", "1")
    with AuditLog(tmp_path, session="run") as log:
        log.emit("MODEL_SAVED")
    path = tmp_path / "_integrity/run.origin"
    written = path.read_bytes()
    assert len(written) <= LARGEST_ORIGIN
    assert (judge(tmp_path).status, problems(tmp_path)) == ("sound", [])
    path.write_bytes(written.replace(b'"boot"', b'"Boot"'))
    assert problems(tmp_path) == [
        "integrity: tampered: run.origin: is not the origin that was written"
    ]
    path.unlink()
    assert problems(tmp_path) == [
        "completeness: incomplete: what is known of its origin is missing"
    ]
    monkeypatch.setenv("MLLOG_ORIGIN", "0")
    with AuditLog(tmp_path, session="other") as log:
        log.emit("MODEL_SAVED")
    (tmp_path / "_integrity/other.origin").write_bytes(written)
    assert problems(tmp_path, "other") == [
        "integrity: tampered: other.origin: is not vouched for: the sealed chain names no origin"
    ]


def test_a_queue_within_the_process_finds_it_out_without_git(tmp_path: Path) -> None:
    """Commit and branch are in files; what differs from the commit is not known, and it says so."""
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git/refs/heads/main").write_text("a" * 40)
    logs = tmp_path / "logs"
    request = Request(os.getpid(), str(tmp_path), "", [], str(logs)).pack()
    sink = QueuedSink(LogFiles(logs, "run", {}, request=request))
    sink.put(
        b'"event":"MODEL_SAVED","dataset":null,"model":null,"decision":null,'
        b'"reasoning":null,"metrics_snapshot":null}\n'
    )
    assert sink.close(10)
    assert origin(logs)["git"] == {
        "root": str(tmp_path),
        "commit": "a" * 40,
        "branch": "main",
        "changes_not_known": "git is not run within the process of a training",
    }
    assert judge(logs).integrity == "sound"


def test_it_stays_small(tmp_path: Path) -> None:
    """However much is installed: what is left out is counted, and hashed all the same."""
    for number in range(3_000):
        (tmp_path / f"package_{number}-1.{number}.dist-info").mkdir()
    content = Request(os.getpid(), "/", "", [str(tmp_path)], "/").collect(run=False)
    facts = json.loads(content)["distributions"]
    assert len(content) < LARGEST_ORIGIN
    assert facts["count"] == 3_000
    assert 500 < len(facts["versions"]) < 3_000
