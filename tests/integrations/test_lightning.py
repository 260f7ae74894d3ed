"""A Lightning training leaves its story: start, choices, data, progress, evaluation, one end."""

from pathlib import Path
from typing import Any

import pytest

from lightning_training import (
    DISTRIBUTIONS,
    Entries,
    loader,
    make_trainer,
    regression,
)
from mllog_callbacks import AuditLog, EventType


@pytest.fixture(params=DISTRIBUTIONS, ids=lambda each: each.__name__)
def pl(request: pytest.FixtureRequest) -> Any:
    """Either distribution of Lightning."""
    return request.param


def test_a_training_tells_its_story_in_order(
    pl: Any, log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Of either distribution, by the same callback; every entry with dataset and model."""
    make_trainer(pl, log, tmp_path).fit(regression(pl)(), loader(), loader(seed=1))
    told = entries()
    assert [entry.event for entry in told] == [
        EventType.TRAINING_STARTED,
        EventType.ALGORITHM_SELECTED,
        EventType.HYPERPARAMETERS_SET,
        EventType.DATASET_VALIDATED,
        *[EventType.TRAINING_PROGRESS] * 3,
        EventType.MODEL_EVALUATED,
        EventType.TRAINING_COMPLETED,
    ]
    assert {entry.dataset for entry in told} == {"plane"}
    assert {entry.model for entry in told} == {"Regression"}
    assert all(entry.decision for entry in told)
    assert "max_epochs=3 was reached" in str(told[-1].reasoning)
