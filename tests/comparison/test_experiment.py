"""Twelve trainings of LightGBM, each with one change: what differs in each is named exactly."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import lightgbm as lgb
import pytest
from click.testing import Result
from sklearn.datasets import load_breast_cancer

from commands import runner
from mllog_callbacks import AuditLog, audit_context, read_trail
from mllog_callbacks.cli import main
from mllog_callbacks.report import ComparedTrail
from mllog_lightgbm import MLAuditCallback

BASE: Final = {
    "objective": "binary",
    "metric": "binary_logloss",
    "verbosity": -1,
    "num_threads": 1,
    "num_leaves": 15,
    "learning_rate": 0.1,
    "seed": 1,
    "deterministic": True,
}
CHANGES: Final[dict[str, dict[str, Any]]] = {
    "leaves": {"num_leaves": 4},
    "rate": {"learning_rate": 0.02},
    "leaf-data": {"min_data_in_leaf": 60},
    "features": {"feature_fraction": 0.3},
    "l2": {"lambda_l2": 5.0},
    "l1": {"lambda_l1": 2.0},
    "depth": {"max_depth": 2},
    "bins": {"max_bin": 15},
    "gain": {"min_gain_to_split": 5.0},
}
ROWS: Final = 400


class Made(NamedTuple):
    """The log of the experiment, and what compares it."""

    folder: Path
    found: ComparedTrail


def _train(folder: Path, name: str, rows: int = ROWS, **changed: Any) -> None:
    features, labels = load_breast_cancer(return_X_y=True)
    train = lgb.Dataset(features[:rows], labels[:rows])
    valid = lgb.Dataset(features[ROWS:], labels[ROWS:], reference=train)
    commit = changed.pop("commit", "a1")
    with AuditLog(folder, session=name) as log, audit_context(commit=commit):
        audit = MLAuditCallback(log, dataset="breast_cancer")
        rounds = changed.pop("rounds", 20)
        lgb.train(BASE | changed, train, rounds, valid_sets=[valid], callbacks=[audit])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Twelve runs, a session each: the base, nine parameters, other data, other code."""
    folder = tmp_path_factory.mktemp("experiment")
    _train(folder, "base")
    for name, changed in CHANGES.items():
        _train(folder, name, **changed)
    _train(folder, "data", rows=300)
    _train(folder, "code", commit="b2")
    return Made(folder, read_trail(folder).compare(baseline="base"))


def _mllog(*arguments: str | Path) -> Result:
    return runner().invoke(main, [*map(str, arguments)])


def _chosen(made: Made, name: str) -> dict[str, tuple[Any, Any]]:
    """What a run differs in: by the trait's name its value, and that of the others."""
    run = made.found.find(name)
    return {
        each.name: (each.here and each.here.value, each.there and each.there.value)
        for each in made.found.differences(run)
        if each.is_chosen
    }


@pytest.mark.parametrize("name", CHANGES)
def test_each_changed_parameter_is_the_difference(name: str, made: Made) -> None:
    """That one, and no other; with what it was, and who set it."""
    [(parameter, value)] = CHANGES[name].items()
    found = _chosen(made, name)
    assert list(found) == [f"parameters.{parameter}"]
    here, there = found[f"parameters.{parameter}"]
    assert here == value
    assert there != value
    [difference] = [
        each for each in made.found.differences(made.found.find(name)) if each.is_chosen
    ]
    assert difference.here is not None
    assert difference.here.by == "the caller"
    assert difference.there is not None
    assert difference.there.by == ("the caller" if parameter in BASE else "default")


def test_changed_data_are_the_difference(made: Made) -> None:
    """In the facts of the data alone."""
    found = _chosen(made, "data")
    assert found["data.training.rows"] == (300, 400)
    assert all(each.startswith("data.training.") for each in found)


def test_changed_code_is_the_difference(made: Made) -> None:
    """As the program's context names it; its curve is the same, and so is its score."""
    run = made.found.find("code")
    assert _chosen(made, "code") == {"context.commit": ("b2", "a1")}
    judged = made.found.judgement(run)
    assert judged is not None
    assert (judged.change, judged.worse, judged.better) == (0.0, (), False)
    assert {each.at for each in made.found.partings(run).values()} == {None}


def test_without_a_baseline_a_run_differs_from_what_most_have(made: Made) -> None:
    """The same differences: eleven of twelve have each value."""
    found = read_trail(made.folder).compare()
    assert found.columns == made.found.columns
    for run in found.runs:
        expected = [each.name for each in made.found.differences(made.found.find(run.id))]
        assert [each.name for each in found.differences(run)] == expected


def test_the_best_is_that_of_the_least_loss(made: Made) -> None:
    """By LightGBM's own values, as the entries have them."""
    scores = {run.id: run.scores["valid_0 binary_logloss"].value for run in made.found.runs}
    assert len(scores) == 12
    assert made.found.metric == "valid_0 binary_logloss"
    assert made.found.mode == "min"
    assert made.found.best is not None
    assert made.found.best.id == min(scores, key=lambda name: scores[name])
    assert [run.id for run in made.found.runs] == sorted(scores, key=lambda name: scores[name])


def test_curves_part_at_the_first_step_of_a_smaller_rate(made: Made) -> None:
    """Which is in force from the first iteration on."""
    parts = made.found.partings(made.found.find("rate"))
    assert parts["valid_0 binary_logloss"].at == 1


def test_runs_of_one_script_and_of_the_same_settings_are_groups(made: Made) -> None:
    """Base, other data: the same settings on other data; all twelve: one program."""
    kinds = {each.kind: {member.name for member in each.members} for each in made.found.groups}
    assert kinds["data"] == {"base", "data"}
    assert "repeats" not in kinds
    assert len(kinds["script"]) == 12


def test_a_worse_run_is_an_exit_code_for_ci(made: Made) -> None:
    """Of 1; the same run is no worse than itself."""
    shown = _mllog("compare", made.folder, "rate", "--baseline", "base", "--json")
    assert shown.exit_code == 1
    head, *runs = [json.loads(line) for line in shown.stdout.splitlines()]
    assert head["comparison"]["worse"] == ["rate"]
    by_name = {each["run"]: each for each in runs if "run" in each}
    assert by_name["rate"]["against"]["worse"] == ["score"]
    assert [each["name"] for each in by_name["rate"]["differs_in"]] == ["parameters.learning_rate"]
    same = _mllog("compare", made.folder, "code", "--baseline", "base")
    assert same.exit_code == 0
    assert "commit b2, not a1" in same.stdout


def test_a_name_that_means_no_run_or_several_is_wrong_usage(made: Made) -> None:
    """It says which there are."""
    none = _mllog("compare", made.folder, "--baseline", "nothing")
    assert (none.exit_code, "no run is named 'nothing'" in none.stderr) == (2, True)
    several = _mllog("compare", made.folder, "--baseline", "a")
    assert several.exit_code == 2
    assert "is the name of" in several.stderr


def test_the_page_and_a_notebook_show_the_runs(made: Made, tmp_path: Path) -> None:
    """The page is one file; what a notebook shows is small, and has no script."""
    page = made.found.save(tmp_path / "compare.html").read_text("utf-8")
    assert page.count("<tr data-groups") == 12
    shown = made.found._repr_html_()
    assert len(shown) < 20_000
    assert "<script" not in shown
    assert "num_leaves 4, not 15" in str(made.found)
