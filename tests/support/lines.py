"""Lines of logs for tests: as the encoder writes them, and as a defect makes them."""

import json
from pathlib import Path
from typing import Any

from mllog_callbacks import EventType, Line, read_lines
from mllog_callbacks.schema import encode

STAMP = "2025-01-30T10:42:11.123456Z"
FIELDS: dict[str, Any] = {
    "timestamp": STAMP,
    "event": "MODEL_SAVED",
    "dataset": "credit.v3",
    "model": "LGBMClassifier",
    "decision": "Saved.",
    "reasoning": "It was the best.",
    "metrics_snapshot": {"auc": 0.9},
}


def encoded(snapshot: object = None, **texts: object) -> bytes:
    """The whole line that the encoder and a sink make of an entry."""
    dataset, model, decision, reasoning = map(
        texts.get, ("dataset", "model", "decision", "reasoning")
    )
    line = encode(EventType.MODEL_SAVED, dataset, model, decision, reasoning, snapshot)
    return f'{{"timestamp":"{STAMP}",'.encode() + line


def good(**changed: object) -> bytes:
    """A good line, but for the fields changed."""
    return json.dumps(FIELDS | changed).encode() + b"\n"


def read(tmp_path: Path, *lines: bytes) -> list[Line]:
    """What the reader says of these lines."""
    file = tmp_path / "some.jsonl"
    file.write_bytes(b"".join(lines))
    return list(read_lines(file))
