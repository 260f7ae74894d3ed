"""A run as a row of a comparison: what it is, what it came to, and how its curves ran."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mllog_callbacks.comparison._parting import Line
from mllog_callbacks.comparison._reading import (
    Surroundings,
    context_of,
    surroundings_of,
    traits_of,
)
from mllog_callbacks.comparison._score import Score, scores_of
from mllog_callbacks.comparison._traits import Known, Traits
from mllog_callbacks.reading.story import (
    Candidate,
    Run,
    Story,
    candidates,
    done,
    ending,
    seconds,
    title_of_run,
    verdict_of_run,
)

__all__ = ["ComparedRun", "IssueOf", "runs_of"]

_MOST_CURVES = 12
_MOST_CANDIDATES = 200


class IssueOf(NamedTuple):
    """An issue of a run."""

    code: str
    name: str
    subject: str
    severity: str

    @property
    def key(self) -> tuple[str, str]:
        """What the same issue of another run agrees in."""
        return self.code or self.name, self.subject


@dataclass(slots=True, eq=False)
class ComparedRun:
    """A run, as far as runs are compared.

    Attributes:
        id: The session, and the run's number in it where it has several, as in "a1b2#3".
        session: The session.
        number: The number of the run in its session.
        outer: The id of the run it is within, or of the same run on the leading rank; empty where
            it stands for itself.
        title: Model on data set.
        began: Timestamp of its start; None where that is not recorded.
        last: That of its last entry.
        mood: How its end is judged: "good", "bad" or "unknown".
        ended: How it ended, in a few words.
        verdict: "healthy", "check", "broken" or "unknown".
        reason: Why.
        seconds: How long it took; None where that is not recorded.
        steps: How many iterations, epochs or steps it did; None where that is not recorded.
        unit: What these are.
        scores: Its scores by name, the most important first.
        traits: Parameters, data, code and versions.
        issues: Its issues.
        curves: Its curves by name; their unit is `unit` where that is not empty.
        candidates: What it chose from, where it was a search.
        labels: Facts that tie runs together, such as the study and its trial, by their names.
        program: The program that ran, by the manifest; empty where that is not recorded.
        rank: Its rank among several processes; None where it has none.
    """

    id: str
    session: str
    number: int
    outer: str
    title: str
    began: str | None
    last: str | None
    mood: str
    ended: str
    verdict: str
    reason: str
    seconds: float | None
    steps: float | None
    unit: str
    scores: dict[str, Score]
    traits: Traits
    issues: list[IssueOf]
    curves: dict[str, Line]
    candidates: list[Candidate] = field(default_factory=list)
    labels: Mapping[str, object] = field(default_factory=dict)
    program: str = ""
    rank: int | None = None

    @property
    def pace(self) -> float | None:
        """Seconds an iteration, epoch or step; None where either is not recorded."""
        if self.seconds is None or not self.steps:
            return None
        return self.seconds / self.steps


def runs_of(story: Story, known: Known) -> Iterator[ComparedRun]:
    """The runs of a session.

    Args:
        story: The story of the session.
        known: Traits of other runs; equal ones are kept once.
    """
    alone = sum(run.parent is None for run in story.runs) < 2  # noqa: PLR2004 - then its name is enough
    names = {
        run.number: story.session
        if alone and run.parent is None
        else f"{story.session}#{run.number}"
        for run in story.runs
    }
    around = surroundings_of(story, known)
    for run in story.runs:
        yield _run(story, run, names, around, known)


def _run(
    story: Story, run: Run, names: Mapping[int, str], around: Surroundings, known: Known
) -> ComparedRun:
    end, verdict, had = ending(run), verdict_of_run(run), done(run)
    program, rank = story.sidecar.get("program"), story.sidecar.get("rank")
    return ComparedRun(
        id=names[run.number],
        session=story.session,
        number=run.number,
        outer=names.get(run.parent or 0, ""),
        title=title_of_run(run),
        began=None if run.start is None else run.start.time,
        last=run.last,
        mood=end.mood,
        ended=end.pill,
        verdict=verdict.word,
        reason=verdict.reason,
        seconds=seconds(run),
        steps=None if had is None else had[0],
        unit="" if had is None else had[1],
        scores=scores_of(run),
        traits=traits_of(story, run, around, known),
        issues=[
            IssueOf(each.code, each.name, each.subject, each.severity)
            for each in run.issues.values()
        ],
        curves=_curves(run),
        candidates=[each for found in candidates(run) for each in found.rows][:_MOST_CANDIDATES],
        labels=context_of(run),
        program=program if isinstance(program, str) else "",
        rank=rank if type(rank) is int else None,
    )


def _curves(run: Run) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for curve in run.curves:
        if len(curve.points) > 1 and len(found) < _MOST_CURVES:
            points = curve.points
            found[curve.name] = Line(
                tuple(each.at for each in points), tuple(each.value for each in points)
            )
    return found
