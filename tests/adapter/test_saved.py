"""What is recorded of a file that a model is saved to: enough to know it again."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from mllog_callbacks import AuditLog, EventType, Reason, Run
from mllog_callbacks.adapter import _saved
from mllog_callbacks.facts import ModelSaved, Saved
from mllog_callbacks.files import digest_of
from recorded import Entries, of

LARGE = b"x" * (_saved.SMALL + 1)


def save(run: Run, path: Path) -> None:
    """Record that a model was saved."""
    run.record(ModelSaved(saved=Saved(path=str(path))))


def saves(entries: Entries) -> list[dict[str, Any]]:
    """What was recorded of files, once all that is being hashed is."""
    for thread in list(_saved.hashing):
        thread.join(30)
    found: list[dict[str, Any]] = []
    for each in of(entries(), EventType.MODEL_SAVED):
        assert each.metrics_snapshot is not None
        saved: Any = each.metrics_snapshot["saved"]
        found.append({**saved})
    return found


@pytest.mark.parametrize(
    ("begin", "form"),
    [
        (b"tree\nversion=v4\n", "LightGBM text"),
        (b"\x80\x05\x95", "pickle, protocol 5"),
        (b'\x10\0\0\0\0\0\0\0{"a":{}}', "safetensors"),
        (b"other", None),
    ],
)
def test_a_small_file_is_hashed_at_once(
    log: AuditLog, entries: Entries, tmp_path: Path, begin: bytes, form: str | None
) -> None:
    """Its format is that of its content, not of its name."""
    path = tmp_path / "model.json"
    path.write_bytes(begin)
    save(Run(log), path)
    expected: dict[str, object] = {"path": str(path), "bytes": len(begin)}
    expected["sha256"] = hashlib.sha256(begin).hexdigest()
    assert saves(entries) == [expected | ({"format": form} if form else {})]


def test_a_large_file_is_hashed_beside_the_training(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The first entry says that its hash is not known yet, and another one completes it."""
    path = tmp_path / "model.bin"
    path.write_bytes(LARGE)
    run = Run(log)
    save(run, path)
    run.end(EventType.TRAINING_COMPLETED, Reason("Done.", ""), {})
    first, second = saves(entries)
    assert first["not_known"] == {
        "sha256": "it is being computed; another entry completes this one"
    }
    assert second == {
        "path": str(path),
        "bytes": len(LARGE),
        "sha256": hashlib.sha256(LARGE).hexdigest(),
    }


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (os.unlink, "the file was deleted before it was computed"),
        (lambda path: path.write_bytes(LARGE), "the file was changed or replaced before"),
    ],
    ids=["deleted", "changed"],
)
def test_what_becomes_of_a_large_file_meanwhile_is_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path, meanwhile: Any, why: str
) -> None:
    """The hash of another content is not taken for that of what was saved."""
    path = tmp_path / "model.bin"
    path.write_bytes(LARGE)
    with _saved.turn:
        save(Run(log), path)
        meanwhile(path)
    _, second = saves(entries)
    assert "sha256" not in second
    assert second["not_known"]["sha256"].startswith(why)


def test_a_folder_has_a_hash_over_its_files(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As sharded checkpoints are folders."""
    (tmp_path / "model/b").mkdir(parents=True)
    (tmp_path / "model/a").write_bytes(b"1")
    (tmp_path / "model/b/c").write_bytes(b"22")
    save(Run(log), tmp_path / "model")
    one, two = (hashlib.sha256(each).hexdigest() for each in (b"1", b"22"))
    whole = hashlib.sha256(f"a\0{one}\nb/c\0{two}\n".encode()).hexdigest()
    (found,) = saves(entries)
    assert (found["bytes"], found["format"], found["sha256"]) == (3, "folder", whole)
    (tmp_path / "model/b/c").write_bytes(b"23")
    assert digest_of(str(tmp_path / "model")) != whole
