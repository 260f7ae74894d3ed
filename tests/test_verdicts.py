"""Some of the trainings of `benchmarks.verdicts`, of each framework, healthy ones and others."""

import importlib
from pathlib import Path

import pytest

from benchmarks.verdicts.scoring import outcome_of
from benchmarks.verdicts.truth import ALL, Scripted
from mllog_callbacks.reading.story import alike_runs, findings, read_stories, what_happened

CHOSEN = (
    "lightgbm: random_forest",
    "lightgbm: eight_validation_rows",
    "lightgbm: shuffled_targets",
    "xgboost: own_metric",
    "xgboost: leaked_class",
    "sklearn: lasso",
    "sklearn: two_iterations",
    "lightning: shuffled_labels",
)


def scripted(name: str) -> Scripted:
    """A training by its name."""
    importlib.import_module(f"benchmarks.verdicts.{name.partition(':')[0]}_runs")
    return ALL[name]


@pytest.mark.parametrize("name", CHOSEN)
def test_the_verdict_is_right(name: str) -> None:
    """Its word, the main finding, how grave that is, and how many entries issues have."""
    outcome = outcome_of(scripted(name))
    assert outcome.right, outcome


def test_folds_are_recorded_together(tmp_path: Path) -> None:
    """Runs with the same settings: one paragraph, and one issue with how many have it."""
    outcome_of(scripted("lightgbm: five_folds_of_ten_rows"), tmp_path)
    (story,) = read_stories(sorted(tmp_path.glob("*.jsonl")))
    (group,) = alike_runs(story)
    assert len(group.runs) == len(group.scores) == 5
    assert (group.name, "±" in group.figure) == ("valid auc", True)
    small = next(each for each in findings(story) if each.found.code == "MLA029")
    assert (len(small.runs), small.shared) == (5, "in 5 of 5 runs")
    assert len(what_happened(story)) == 1
