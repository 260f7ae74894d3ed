"""Retention: what is old enough goes, with a record of it; nothing else does."""

import json
import os
from pathlib import Path

import pytest

from mllog_callbacks.chain import SEALED, Chain, chain_path
from mllog_callbacks.integrity import Status, anchors_of, verify
from mllog_callbacks.sinks import LogFiles
from sealed import edit, judge, mllog, seal

DAY = "2020-01-01"
LONG_AGO = 1_577_836_800  # that day


def _old(logs: Path, session: str) -> Path:
    """A session as it would be there, had it been written and sealed then."""
    files = LogFiles(logs, session, {})
    lines = b"".join(
        b'{"timestamp":"%bT00:00:00.%06dZ","event":"MODEL_SAVED"}\n' % (DAY.encode(), n)
        for n in range(120)
    )
    files.append(DAY.encode(), memoryview(lines))
    files.close()
    path = files.path(DAY)
    chain = chain_path(str(files.sidecar))
    written = Chain(chain, session, files.manifest.encode())
    written.take(path.name, lines)
    written.end(SEALED)
    for today in logs.glob(f"*.{session}.jsonl"):
        if not today.stat().st_size:
            today.unlink()
    for each in (path, chain, files.sidecar):
        os.utime(each, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """An old session, and a new one which saw the old one's head."""
    _old(tmp_path, "old")
    seal(tmp_path, 120, session="new")
    return tmp_path


def test_old_sessions_are_removed_and_are_no_loss_then(logs: Path) -> None:
    """With their sidecars; the record says what they were."""
    head = judge(logs, "old").head
    (old,) = logs.glob("*.old.jsonl")
    shown = mllog("prune", logs, "--older-than", "200d")
    assert (shown.returncode, shown.stdout) == (0, b"old: removed\n")
    assert not old.exists()
    assert sorted(each.name for each in (logs / "_integrity").iterdir()) == [
        "new.chain",
        "new.json",
        "pruned.log",
    ]
    record = (logs / "_integrity" / "pruned.log").read_text()
    assert head in record
    assert old.name in record
    assert [(each.session, each.status) for each in verify([logs])] == [("new", Status.SOUND)]


def test_less_than_the_minimum_is_refused(logs: Path) -> None:
    """183 days, or what the environment says; exit code 2, and all is there."""
    shown = mllog("prune", logs, "--older-than", "182")
    assert shown.returncode == 2
    assert b"183 days at least" in shown.stderr
    assert mllog("prune", logs, "--older-than", "200", MLLOG_RETENTION_DAYS="365").returncode == 2
    assert mllog("prune", logs, "--older-than", "30", MLLOG_RETENTION_DAYS="x").returncode == 2
    assert len(list(logs.glob("*.jsonl"))) == 2
    assert mllog("prune", logs, "--older-than", "30", MLLOG_RETENTION_DAYS="30").returncode == 0
    assert len(list(logs.glob("*.jsonl"))) == 1


def test_what_is_not_old_stays(logs: Path) -> None:
    """By its day, or by a change of its files since."""
    (old,) = logs.glob("*.old.jsonl")
    os.utime(old)
    assert mllog("prune", logs, "--older-than", "183").stdout == b""
    assert len(list(logs.glob("*.jsonl"))) == 2


def test_a_dry_run_removes_nothing(logs: Path) -> None:
    """It only says what would be."""
    assert (
        mllog("prune", logs, "--older-than", "200", "--dry-run").stdout
        == b"old: would be removed\n"
    )
    assert len(list(logs.glob("*.jsonl"))) == 2


def test_json_records_what_became_of_each_session(logs: Path) -> None:
    """With the exit codes as they are."""
    tampered = _old(logs, "changed")
    edit(tampered, lambda lines: lines.pop(3))
    os.utime(tampered, (LONG_AGO, LONG_AGO))
    arguments = ["prune", str(logs), "--older-than", "200", "--json"]
    outcomes = []
    for dry in ["--dry-run"], []:
        shown = mllog(*arguments, *dry)
        assert (shown.returncode, shown.stderr) == (1, b"")
        outcomes += [json.loads(line) for line in shown.stdout.splitlines()]
    assert {each["directory"] for each in outcomes} == {str(logs)}
    assert [(each["session"], each["outcome"]) for each in outcomes] == [
        ("changed", "was tampered with, and stays"),
        ("old", "would be removed"),
        ("changed", "was tampered with, and stays"),
        ("old", "removed"),
    ]


def test_evidence_stays(logs: Path) -> None:
    """A session that was tampered with; exit code 1."""
    (path,) = logs.glob("*.old.jsonl")
    edit(path, lambda lines: lines.pop(3))
    os.utime(path, (LONG_AGO, LONG_AGO))
    shown = mllog("prune", logs, "--older-than", "200")
    assert shown.returncode == 1
    assert shown.stderr == b"old: was tampered with, and stays\n"


def test_a_changed_record_of_what_was_removed_is_tampering(logs: Path) -> None:
    """Bits all over it."""
    assert mllog("prune", logs, "--older-than", "200").returncode == 0
    record = logs / "_integrity" / "pruned.log"
    data = bytearray(record.read_bytes())
    for bit in range(0, 8 * len(data), 53):
        data[bit // 8] ^= 1 << bit % 8
        record.write_bytes(data)
        assert any(each.status == Status.TAMPERED for each in verify([logs])), bit
        data[bit // 8] ^= 1 << bit % 8


def test_only_a_key_shows_that_a_record_of_removal_was_forged(logs: Path) -> None:
    """Also of a session that an anchor names: whoever can write the folder can write the line."""
    (anchor,) = (each for each in anchors_of([logs]) if each.session == "old")
    assert mllog("prune", logs, "--older-than", "200").returncode == 0  # unsigned, as forged
    assert "old" not in {each.session for each in verify([logs], anchors=[anchor])}
    recorded = {each.session: each for each in verify([logs], key="ab" * 32, anchors=[anchor])}
    assert recorded["old"].completeness == Status.INCOMPLETE
    assert recorded["pruned"].integrity == Status.TAMPERED


def test_several_prunes_make_one_record(logs: Path) -> None:
    """Each line follows the one before."""
    for name in ("one", "two", "three"):
        _old(logs, name)
        assert mllog("prune", logs, "--older-than", "200").returncode == 0
    assert (logs / "_integrity" / "pruned.log").read_bytes().count(b"\n") == 4
    assert [(each.session, each.status) for each in verify([logs])] == [("new", Status.SOUND)]
    edit(logs / "_integrity" / "pruned.log", lambda lines: lines.pop(1))
    assert any(each.status == Status.TAMPERED for each in verify([logs]))
