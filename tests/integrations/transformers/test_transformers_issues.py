"""What goes wrong in fine-tuning is detected, and found again in ``trainer_state.json``."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState

from mllog_callbacks import AuditLog, EventType, LogEntry, read_entries
from mllog_callbacks.curves import look, pair, read_tables, understand
from mllog_callbacks.detectors import DetectorSet
from mllog_transformers import MLAuditCallback
from transformers_training import Texts, gpt, trainer

_AT_END = {"MLA021", "MLA022", "MLA023", "MLA024", "MLA025", "MLA026", "MLA104"}
"""What a file of curves does not show: what depends on how the run ended, and on the labels."""


class _Noise(Texts):
    """Sequences in which there is nothing to learn, but by heart."""

    def __init__(self, rows: int, seed: int) -> None:
        super().__init__(rows)
        self.items = torch.randint(32, (rows, 8), generator=torch.Generator().manual_seed(seed))


class _Poison(TrainerCallback):
    """Makes the weights NaN after a step."""

    def on_step_end(self, *given: Any, **known: Any) -> None:
        """Act at step 4."""
        state: TrainerState = given[1]
        control: TrainerControl = given[2]
        if state.global_step == 4 and not control.should_training_stop:
            with torch.no_grad():
                next(known["model"].parameters()).fill_(float("nan"))


def _train(folder: Path, *callbacks: TrainerCallback, **given: Any) -> tuple[list[LogEntry], Path]:
    """The issues of a training, and the state that it saves at its end."""
    with AuditLog(folder / "logs") as log:
        made: Trainer = trainer(folder / "out", *callbacks, MLAuditCallback(log), **given)
        made.train()
        made.state.save_to_json(str(folder / "trainer_state.json"))
        assert log.flush(10)
        recorded = list(read_entries(log.path))
    found = [each for each in recorded if each.event is EventType.ISSUE_DETECTED]
    return found, folder / "trainer_state.json"


def _live(entries: list[LogEntry]) -> list[tuple[Any, ...]]:
    """The issues that a curve shows: code, step, state, set and metric."""
    found = []
    for entry in entries:
        facts: dict[str, Any] = dict(entry.metrics_snapshot or {})
        if facts["code"] not in _AT_END | {"MLA013"}:
            subject = facts.get("subject", {})
            about = subject.get("set"), subject.get("metric")
            found.append((facts["code"], facts.get("step"), facts["state"], *about))
    return sorted(found, key=str)


def _scanned(path: Path) -> list[tuple[Any, ...]]:
    """The same of a file."""
    (table,) = read_tables(path.read_bytes(), path.name)
    columns = understand(table)

    def detectors() -> DetectorSet:
        return DetectorSet(ignore=["unknown_direction"])

    found = []
    for looked in look(table, columns, pair(columns).curves, detectors):
        for issue in looked.issues:
            subject = issue.subject
            about = (None, None) if subject is None else (subject.set, subject.metric)
            found.append((issue.code, issue.step, issue.state, *about))
    return sorted(found, key=str)


_OVERFITTING = {
    "data": _Noise(8, 1),
    "eval_dataset": {"a": _Noise(8, 2), "b": _Noise(8, 3)},
    "eval_strategy": "steps",
    "eval_steps": 8,
    "max_steps": 96,
    "learning_rate": 0.03,
    "lr_scheduler_type": "constant",
}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (_OVERFITTING, "MLA001"),
        (_OVERFITTING | {"logging_steps": 8}, "MLA001"),
        ({"learning_rate": 0.0, "logging_steps": 2, "max_steps": 14}, "MLA016"),
        ({"learning_rate": 0.0, "logging_steps": 2, "max_steps": 6}, None),
        ({"max_steps": 40, "logging_steps": 2}, None),
    ],
    ids=["overfitting", "logged-seldom", "zero-rate", "zero-rate-too-short", "healthy"],
)
def test_a_scan_finds_what_the_training_found(
    tmp_path: Path, given: dict[str, Any], code: str | None
) -> None:
    """At the same steps, on the same curves, opened and closed."""
    issues, path = _train(tmp_path, **given)
    live = _live(issues)
    assert code is None or code in {each[0] for each in live}
    assert code is not None or live == []
    assert _scanned(path) == live


def test_a_gradient_that_is_not_finite_is_an_issue(tmp_path: Path) -> None:
    """The trainer logs a loss of zero then, and the norm of the gradient as NaN."""
    issues, path = _train(
        tmp_path,
        _Poison(),
        max_steps=30,
        eval_strategy="steps",
        eval_steps=10,
        eval_dataset=Texts(8),
    )
    history = json.loads(path.read_text())["log_history"]
    assert history[5]["loss"] == 0.0
    assert {each[:2] for each in _live(issues)} == {("MLA004", 5)}
    assert _scanned(path) == _live(issues)
    (subject,) = {str((each.metrics_snapshot or {})["subject"]) for each in issues}
    assert "grad_norm" in subject


def test_labels_that_are_all_ignored_are_an_issue(tmp_path: Path) -> None:
    """A loss of zero alone would not say why."""
    issues, _ = _train(tmp_path, data=Texts(24, ignored=True))
    found = [dict(each.metrics_snapshot or {}) for each in issues]
    (labels,) = [each for each in found if each["code"] == "MLA104"]
    assert (labels["step"], labels["severity"]) == (3, "error")
    assert _train(tmp_path / "other")[0] == []


def test_a_gradient_norm_is_no_metric(tmp_path: Path) -> None:
    """Nobody is asked for its direction."""
    issues, _ = _train(tmp_path, model=gpt())
    assert issues == []
