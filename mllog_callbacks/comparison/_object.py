"""A comparison as plain values, for programs: what `mllog compare --json` prints, line by line."""

from collections.abc import Iterator
from typing import Any

from mllog_callbacks.comparison._comparison import Comparison
from mllog_callbacks.comparison._group import Group
from mllog_callbacks.comparison._judgement import Judgement
from mllog_callbacks.comparison._parting import Parting
from mllog_callbacks.comparison._run import ComparedRun
from mllog_callbacks.comparison._score import Score
from mllog_callbacks.comparison._trait import Difference, Trait

__all__ = ["as_object", "lines_of"]


def as_object(found: Comparison) -> dict[str, Any]:
    """The comparison as plain values: what was compared, the runs, the groups."""
    head, *rest = lines_of(found)
    return {
        **head["comparison"],
        "runs": [each for each in rest if "run" in each],
        "groups": [each["group"] for each in rest if "group" in each],
    }


def lines_of(found: Comparison) -> Iterator[dict[str, Any]]:
    """The same in parts: what was compared, then each run, then each group."""
    yield {
        "comparison": {
            "metric": found.metric or None,
            "mode": found.mode or None,
            "mode_by": found.mode_by or None,
            "best": found.best.id if found.best is not None else None,
            "baseline": found.baseline.id if found.baseline is not None else None,
            "worse": [run.id for run in found.worse],
            "differ_in": found.columns,
        }
    }
    for run in found.runs:
        yield _run(found, run)
    for each in found.groups:
        yield {"group": _group(each)}


def _run(found: Comparison, run: ComparedRun) -> dict[str, Any]:
    judged, reference = found.judgement(run), found.reference
    only_here, only_there = found.issues(run)
    score = run.scores.get(found.metric)
    different = found.differences(run)
    return {
        "run": run.id,
        "title": run.title,
        "began": run.began,
        "verdict": run.verdict,
        "ended": run.ended,
        "seconds": run.seconds,
        "steps": run.steps,
        "unit": run.unit or None,
        "score": None if score is None else _score(score),
        "scores": {name: each.value for name, each in run.scores.items()},
        "is_best": run is found.best,
        "is_baseline": run is found.baseline,
        "differs_in": [_difference(each) for each in different if each.is_chosen],
        "and_so_in": [_difference(each) for each in different if not each.is_chosen],
        "against": None
        if judged is None or reference is None
        else {
            "run": reference.id,
            **_judgement(judged),
            "issues_only_here": [each._asdict() for each in only_here],
            "issues_only_there": [each._asdict() for each in only_there],
            "curves_part": {name: _parting(each) for name, each in found.partings(run).items()},
        },
    }


def _score(score: Score) -> dict[str, Any]:
    return {"value": score.value, "deviation": score.deviation, "folds": score.folds}


def _difference(each: Difference) -> dict[str, Any]:
    return {"name": each.name, "here": _trait(each.here), "there": _trait(each.there)}


def _trait(each: Trait | None) -> dict[str, Any] | None:
    return None if each is None else {"value": each.value, "by": each.by or None}


def _judgement(judged: Judgement) -> dict[str, Any]:
    return {**judged._asdict(), "worse": list(judged.worse), "noise_by": judged.noise_by or None}


def _parting(each: Parting) -> dict[str, Any]:
    return {**each._asdict(), "not_known": each.not_known or None}


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind,
        "name": group.name,
        "metric": group.metric or None,
        "mean": group.mean,
        "deviation": group.deviation,
        "members": [
            {
                "name": each.name,
                "value": each.value,
                "deviation": each.deviation,
                **({"parameters": dict(each.parameters)} if each.parameters else {}),
                **({"chosen": True} if each.chosen else {}),
            }
            for each in group.members
        ],
    }
