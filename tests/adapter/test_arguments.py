"""What users give to every callback: a path for the log, one detector's name, names and no data."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mllog_callbacks import (
    AuditLog,
    Auditor,
    EventType,
    LogEntry,
    Reason,
    audit_context,
    read_entries,
)
from mllog_callbacks.detectors import DetectorSet
from mllog_lightgbm import MLAuditCallback

FRAME = pd.DataFrame({"iban": ["DE02 1203 0000 0000 2020 51"], "income": [41_000]})
STARTED = EventType.TRAINING_STARTED


def _entries(folder: Path) -> list[LogEntry]:
    return [entry for path in folder.glob("*.jsonl") for entry in read_entries(path)]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_the_log_of_that_folder(tmp_path: Path, kind: Any) -> None:
    """One for all callbacks of the process that name it, however they write it."""
    for given in (kind(tmp_path / "logs"), kind(tmp_path / "logs" / ".." / "logs")):
        run = Auditor(given, dataset="credit.v3").new_run()
        run.emit(STARTED, Reason("Training started."))
        assert run._log.flush(10)  # noqa: SLF001 - the log that was made
    recorded = [entry for entry in _entries(tmp_path / "logs") if entry.event is STARTED]
    assert [(entry.metrics_snapshot or {})["run"] for entry in recorded] == [1, 2]
    assert len([*(tmp_path / "logs").glob("*.jsonl")]) == 1
    run._log.close()  # noqa: SLF001 - as above


def test_what_is_no_log_is_refused_with_what_to_give() -> None:
    """At once, and not in a training."""
    with pytest.raises(TypeError, match="log= takes an AuditLog or the path of a folder"):
        MLAuditCallback(17)  # type: ignore[arg-type]  # refused on purpose


def test_one_detector_needs_no_list(log: AuditLog) -> None:
    """By its name, or itself."""
    assert Auditor(log, detectors="overfitting").new_run().detectors.chosen
    assert Auditor(log, detectors=DetectorSet(["overfitting"])).new_run().detectors.chosen
    with pytest.raises(ValueError, match="there is no detector 'overfiting'"):
        Auditor(log, detectors="overfiting")


@pytest.mark.parametrize("data", [FRAME, FRAME.to_numpy(), [1, 2], {"a": 1}, np.float64(1)])
@pytest.mark.parametrize("argument", ["dataset", "model"])
def test_data_in_the_place_of_a_name_is_refused(tmp_path: Path, data: Any, argument: str) -> None:
    """Before a training: its rows must not come into the log."""
    for call in (Auditor, MLAuditCallback, AuditLog):
        given: dict[str, Any] = {argument: data}
        if call is AuditLog:
            given["directory"] = tmp_path
        with pytest.raises(TypeError, match=f"{argument}= takes a name"):
            call(**given)
    assert not [*tmp_path.iterdir()]


def test_within_a_training_the_type_of_data_is_recorded_alone(log: AuditLog, entries: Any) -> None:
    """Nothing is raised there."""
    log.emit(STARTED, dataset=FRAME)  # type: ignore[arg-type]  # given by mistake
    log.bind(model=FRAME).emit(STARTED)  # type: ignore[arg-type]  # likewise
    with audit_context(dataset=FRAME):  # type: ignore[arg-type]  # likewise
        log.emit(STARTED)
    log.emit(STARTED, dataset=Path("data") / "credit.csv")  # type: ignore[arg-type]  # stands for a name
    recorded = [(entry.dataset, entry.model) for entry in entries() if entry.event is STARTED]
    frame = "(a DataFrame, not a name)"
    path = str(Path("data") / "credit.csv")
    assert recorded == [(frame, None), (None, frame), (frame, None), (path, None)]
    assert "DE02" not in log.path.read_text("utf-8")
