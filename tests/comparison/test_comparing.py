"""Comparisons of trails made entry by entry: scores, directions, names, verdicts, manifests."""

from typing import Any

import pytest

from mllog_callbacks.comparison import NoSuchRunError, as_object, compare
from mllog_callbacks.reading.story import Story
from trails import story_of, training


def _run(
    loss: float, *, model: str = "m", end: str = "TRAINING_COMPLETED", **snapshot: Any
) -> list[tuple[str, dict[str, Any]]]:
    """A run whose kept model has a loss."""
    recorded = [(event, dict(fields)) for event, fields in training(12, end, model=model)]
    for event, fields in recorded:
        if event == "MODEL_EVALUATED":
            fields["metrics_snapshot"] = {"iteration": 10, "valid": {"loss": loss}} | snapshot
    return recorded


def _story(name: str, *runs: list[tuple[str, dict[str, Any]]], **sidecar: Any) -> Story:
    story = story_of(*[entry for run in runs for entry in run])
    story.session, story.sidecar = name, sidecar
    return story


def test_a_manifest_is_read_whatever_it_names() -> None:
    """Code, versions and what is nested in them; what distinguishes processes is left out."""
    one = {"pid": 1, "python": "3.11.7", "code": {"commit": "a1", "dirty": False}}
    other = {
        "pid": 2,
        "python": "3.12.1",
        "code": {"commit": "b2", "dirty": False},
        "origin": {"distributions": {"versions": {"numpy": "2.1"}}, "boot": "x"},
    }
    found = compare([_story("a", _run(0.5), **one), _story("b", _run(0.5), **other)], baseline="a")
    named = {
        each.name: each.here and each.here.value for each in found.differences(found.find("b"))
    }
    assert named == {
        "environment.code.commit": "b2",
        "environment.python": "3.12.1",
        "environment.origin.distributions.versions.numpy": "2.1",
    }


def test_a_run_that_failed_is_not_the_best() -> None:
    """However good the score that it had."""
    found = compare([_story("s", _run(0.1, end="TRAINING_FAILED"), _run(0.4), _run(0.3))])
    assert found.best is not None
    assert found.best.id == "s#3"


def test_a_direction_that_is_assumed_is_said_to_be() -> None:
    """The name of a loss; of a name that says nothing no run is the best."""
    assumed = compare([_story("s", _run(0.4), _run(0.3))])
    assert (assumed.mode, assumed.mode_by) == ("min", "assumed from its name")
    unknown = compare([_story("s", _run(0.4), _run(0.3))], metric="none", mode=None)
    assert (unknown.mode, unknown.best) == ("", None)
    given = compare([_story("s", _run(0.4), _run(0.3))], mode="max")
    assert (given.best and given.best.id, given.mode_by) == ("s#1", "the caller")


@pytest.mark.parametrize(("loss", "worse"), [(0.49, ()), (0.501, ()), (0.53, ("score",))])
def test_a_score_is_worse_by_more_than_twice_the_noise_of_its_folds(
    loss: float, worse: tuple[str, ...]
) -> None:
    """The standard error of both: sqrt(2) 0.02 / sqrt(4), twice 0.0141."""
    folds: dict[str, Any] = {"deviations": {"valid": {"loss": 0.02}}}
    runs = [_run(0.5, **folds), _run(loss, **folds)]
    for recorded in runs:
        recorded[-1][1]["metrics_snapshot"] = recorded[-1][1]["metrics_snapshot"] | {"folds": 4}
    found = compare([_story("s", *runs)], baseline="s#1")
    judged = found.judgement(found.find("s#2"))
    assert judged is not None
    assert judged.noise == pytest.approx(2**0.5 * 0.01)
    assert judged.noise_by == "its folds"
    assert judged.worse == worse


def test_a_worse_end_and_a_missing_score_are_worse() -> None:
    """Than those of a baseline that ended in order."""
    found = compare([_story("s", _run(0.5), _run(0.4, end="TRAINING_FAILED"))], baseline="s#1")
    assert [run.id for run in found.worse] == ["s#2"]
    judged = found.judgement(found.find("s#2"))
    assert judged is not None
    assert judged.worse == ("end",)


def test_slower_is_judged_only_where_it_is_asked_for() -> None:
    """By seconds a step: one run does not show the noise of its own speed."""
    runs = [_run(0.5), _run(0.5)]
    for seconds, recorded in zip((1.0, 1.5), runs, strict=True):
        recorded[-1][1]["metrics_snapshot"] = recorded[-1][1]["metrics_snapshot"] | {
            "seconds": seconds
        }
    stories = [_story("s", *runs)]
    assert compare(stories, baseline="s#1").worse == []
    slow = compare(stories, baseline="s#1", slower=1.2)
    assert [run.id for run in slow.worse] == ["s#2"]
    assert compare(stories, baseline="s#1", slower=1.6).worse == []


def test_a_run_is_named_by_any_part_that_is_its_own() -> None:
    """And a name of none, or of several, is an error that says which there are."""
    stories = [_story("alpha", _run(0.5)), _story("beta", _run(0.4), _run(0.3))]
    assert compare(stories, baseline="alp").baseline is not None
    chosen = compare(stories, names=["alpha", "beta#2"])
    assert [run.id for run in chosen.runs] == ["beta#2", "alpha"]
    with pytest.raises(NoSuchRunError, match="no run is named 'gamma'"):
        compare(stories, baseline="gamma")
    with pytest.raises(NoSuchRunError, match="2 runs: beta#1, beta#2"):
        compare(stories, baseline="beta")


def test_ranks_and_workers_are_within_their_leader() -> None:
    """One training of two ranks is one run, and the further rank a member of a group."""
    job = {"job": "SLURM_JOB_ID=7", "started": "2026-11-20T09:14:03Z"}
    first = _story("a", _run(0.5), rank=0, **job)
    second = _story("b", _run(0.5), rank=1, **job)
    found = compare([first, second])
    assert [run.id for run in found.runs] == ["a"]
    assert [run.id for run in found.inner] == ["b"]


def test_an_empty_trail_compares_to_nothing() -> None:
    """Without an error."""
    found = as_object(compare([]))
    assert (found["best"], found["runs"], found["groups"]) == (None, [], [])
