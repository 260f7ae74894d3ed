"""Trails for the tests of what reads them: recorded entry by entry, or drawn at random."""

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mllog_callbacks import EventType
from mllog_callbacks.reading.story import STANDARD_INPUT, Story, read_stories
from mllog_callbacks.schema import format_timestamp
from strategies import plain

BEGIN = datetime(2026, 11, 20, 9, 14, 3, tzinfo=UTC)
NAMES = {"dataset": "credit.v3", "model": "LGBMClassifier"}


def entry(event: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    """The seven fields of an entry, made so many seconds after the first."""
    given = {"decision": None, "reasoning": None, "metrics_snapshot": None} | NAMES | fields
    stamp = format_timestamp(BEGIN + timedelta(seconds=number))
    names = ("dataset", "model", "decision", "reasoning", "metrics_snapshot")
    return {"timestamp": stamp, "event": event, **{name: given[name] for name in names}}


def lines(recorded: Iterable[tuple[str, dict[str, Any]]]) -> bytes:
    """A trail of these events and fields, a second apart."""
    made = (entry(event, number, **fields) for number, (event, fields) in enumerate(recorded))
    return b"".join(json.dumps(each).encode() + b"\n" for each in made)


def training(
    steps: int = 20, end: str | None = "TRAINING_STOPPED", **names: str
) -> list[tuple[str, dict[str, Any]]]:
    """A training of some steps, of which the tenth is kept, with an issue where it has twelve."""
    recorded: list[tuple[str, dict[str, Any]]] = [
        (
            "TRAINING_STARTED",
            {"metrics_snapshot": {"planned_iterations": 100, "training": {"rows": 900}}},
        ),
        (
            "HYPERPARAMETERS_SET",
            {"metrics_snapshot": {"set_by_caller": {"num_leaves": 63}, "defaults": {"seed": 0}}},
        ),
    ]
    for step in range(1, steps + 1):
        values = {"training": {"loss": 1 / step}, "valid": {"loss": 0.5 + abs(step - 10) / 20}}
        recorded.append(("TRAINING_PROGRESS", {"metrics_snapshot": {"iteration": step, **values}}))
        if step == 12:
            recorded.append(("ISSUE_DETECTED", issue("error", step)))
    if end is not None:
        recorded += [
            ("MODEL_EVALUATED", {"metrics_snapshot": {"iteration": 10, "valid": {"loss": 0.5}}}),
            (end, {**_END, "metrics_snapshot": {"iterations_done": steps, **_END_FACTS}}),
        ]
    return [(event, names | fields) for event, fields in recorded]


def issue(severity: str, step: int, subject: str = "valid loss") -> dict[str, Any]:
    """The fields of an issue."""
    return {
        "decision": f"Overfitting: {subject} has been getting worse since iteration 10.",
        "reasoning": f"{subject} was best at iteration 10. Probable cause: 14.3 rows a leaf.",
        "metrics_snapshot": {
            "code": "MLA001",
            "name": "overfitting",
            "severity": severity,
            "state": "open",
            "subject": dict(zip(("set", "metric"), subject.split(), strict=False)),
            "cause": "14.3 rows a leaf",
            "iteration": step,
        },
    }


_RULE = {"name": "early_stopping", "set": "valid", "metric": "loss", "waited": 10}
_END_FACTS: dict[str, Any] = {
    "kept_iteration": 10,
    "kept": {"at": 10, "unit": "iteration", "chosen_by": "early_stopping"},
    "stop": {"by": "rule", "rule": {**_RULE, "unit": "iteration"}},
}
_END = {
    "decision": "Training stopped early after iteration 20 of at most 100. The model of iteration "
    "10 is kept.",
    "reasoning": "valid loss last improved at iteration 10 (0.5); 10 iterations without "
    "improvement reached early_stopping(stopping_rounds=10, min_delta=0).",
}


def story_of(*recorded: tuple[str, dict[str, Any]]) -> Story:
    """The story of these entries."""
    return story_of_bytes(lines(recorded))


def story_of_bytes(raw: bytes) -> Story:
    """The story of a file that holds these bytes."""
    (story,) = read_stories([STANDARD_INPUT], io.BytesIO(raw))
    return story


def write(folder: Path, raw: bytes, session: str = "some", day: str = "2026-11-20") -> Path:
    """A log file of a session."""
    path = folder / f"ml-platform-{day}.{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def any_recorded() -> st.SearchStrategy[list[tuple[str, dict[str, Any]]]]:
    """Any sequence of entries: few names, so that runs overlap; snapshots of any form."""
    awkward = st.sampled_from(["", "</script>", "a\u202eb", "'\"><img src=x onerror=alert(1)>"])
    text = st.none() | st.text(max_size=60) | awkward
    name = st.none() | st.sampled_from(["a", "b"]) | awkward
    fields = st.fixed_dictionaries(
        {
            "dataset": name,
            "model": name,
            "decision": text
            | st.just("Training stopped: 5 checks without improvement. ValueError"),
            "reasoning": text | st.just("Probable cause: x. KeyboardInterrupt was raised."),
            "metrics_snapshot": st.none() | plain() | likely(),
        }
    )
    return st.lists(st.tuples(st.sampled_from([*EventType]).map(str), fields), max_size=25)


def likely() -> st.SearchStrategy[dict[str, Any]]:
    """Snapshots whose names mean something to the story, with values of any type."""
    number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1)
    anything = st.one_of(number, st.none(), st.booleans(), st.text(max_size=8))
    values = st.recursive(
        anything,
        lambda inner: st.one_of(
            st.lists(number | st.none(), max_size=6),
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
        ),
        max_leaves=8,
    )
    return st.dictionaries(st.sampled_from(_NAMES), values, max_size=8)


_NAMES = [
    *("iteration", "epoch", "step", "global_step", "iterations_done", "kept_iteration", "seconds"),
    *("planned_epochs", "code", "name", "severity", "dropped_entries", "rows", "features"),
    *("train_loss", "val_loss", "lr", "learning_rate", "training", "valid", "loss", "metrics"),
    *("set_by_caller", "defaults", "value", "default", "loss_curve_", "classes", "confidence"),
]
