"""The severity of issues at the end of a run: what each means for the model that is kept."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from mllog_callbacks._record import replace
from mllog_callbacks.detectors._course import Course
from mllog_callbacks.detectors._episodes import Episode
from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._protocol import Issue, Severity
from mllog_callbacks.detectors._run_end import RunEnd
from mllog_callbacks.facts import IssueFacts

__all__ = ["Evidence", "settled"]

_RUN_ENDED: Final = "the end of the run"
_LEARNED: Final = 0.15
"""Gain as a share of the start, from which on something was learned, as for `NoConvergence`."""


class Evidence:
    """What is known at the end of the curve that an issue is about.

    Args:
        course: The curve; None where the issue is about none.
        grown: Whether its overfitting has grown to a serious one.
    """

    def __init__(self, course: Course | None = None, *, grown: bool = False) -> None:
        self.course = course
        self.grown = grown


def settled(
    episodes: Iterable[Episode], end: RunEnd, evidence: Callable[[Episode], Evidence]
) -> dict[str, IssueFacts]:
    """The facts of all issues of a run at its end, with the severity of their consequence.

    Args:
        episodes: The issues of the run.
        end: How it ended.
        evidence: What is known of the curves of an issue.

    Returns:
        The facts of each by its number.
    """
    return {
        str(episode.issue.id): replace(
            _settled(episode, end, evidence(episode)).facts(),
            times=episode.times if episode.times > 1 else None,
            explains=tuple(kind(name).code for name in episode.explains),
        )
        for episode in episodes
    }


def _settled(episode: Episode, end: RunEnd, evidence: Evidence) -> Issue:
    issue = episode.issue
    also = tuple(episode.also)
    if episode.closed_by:
        severity, closed_by = Severity.INFO, episode.closed_by
    elif issue.name in _RULES:
        severity, closed_by = _RULES[issue.name](issue, end, evidence)
    else:
        severity, closed_by = issue.severity, _RUN_ENDED
    return replace(issue, state="closed", severity=severity, closed_by=closed_by, also=also)


_Consequence = tuple[Severity, str]


def _of_overfitting(issue: Issue, end: RunEnd, evidence: Evidence) -> _Consequence:
    """The rise has no consequence where a rule chose a model from before it was found."""
    if end.keeps_before(issue.step):
        return Severity.INFO, end.kept
    if end.keeps and evidence.grown:
        return Severity.ERROR, _RUN_ENDED
    return Severity.WARNING, _RUN_ENDED


def _of_instability(issue: Issue, end: RunEnd, _evidence: Evidence) -> _Consequence:
    """A model from before it is whole."""
    if end.keeps_before(issue.step if issue.since is None else issue.since):
        return Severity.INFO, end.kept
    return Severity.ERROR if end.keeps else kind(issue.name).severity, _RUN_ENDED


def _of_non_finite(issue: Issue, end: RunEnd, evidence: Evidence) -> _Consequence:
    """A score that was never a number affects no model; a loss that no longer is one does."""
    if "last_finite" not in issue.metrics and not _is_of_training(issue):
        return Severity.WARNING, _RUN_ENDED
    return _of_instability(issue, end, evidence)


def _of_spike(issue: Issue, end: RunEnd, evidence: Evidence) -> _Consequence:
    """Over where the curve came back to the level before it."""
    course, level = evidence.course, issue.metrics.get("gained")
    if end.keeps_before(issue.step):
        return Severity.INFO, end.kept
    if course is None or not isinstance(level, float):
        return Severity.WARNING, _RUN_ENDED
    came_back = course.first - course.level >= level - abs(level) * _NEAR
    if came_back:
        return Severity.INFO, "a return to the level before"
    return Severity.WARNING, _RUN_ENDED


def _of_no_convergence(issue: Issue, _end: RunEnd, evidence: Evidence) -> _Consequence:
    """It may have learned later."""
    course = evidence.course
    if course is not None and course.first - course.best >= _LEARNED * abs(course.first):
        return Severity.INFO, "later improvement"
    return issue.severity, _RUN_ENDED


def _of_plateau(_issue: Issue, end: RunEnd, _evidence: Evidence) -> _Consequence:
    """It costs time; a rule that ended the run saved that."""
    rule = end.rule
    return Severity.INFO, _RUN_ENDED if rule is None else f"{rule.get('name')} ended the run"


def _is_of_training(issue: Issue) -> bool:
    return issue.subject is not None and issue.subject.set == "training"


_NEAR: Final = 0.1

_RULES: Final[Mapping[str, Callable[[Issue, RunEnd, Evidence], _Consequence]]] = {
    "overfitting": _of_overfitting,
    "divergence": _of_instability,
    "collapse": _of_instability,
    "non_finite": _of_non_finite,
    "spike": _of_spike,
    "no_convergence": _of_no_convergence,
    "plateau": _of_plateau,
}
