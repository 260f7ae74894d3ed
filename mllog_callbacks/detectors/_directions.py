"""Metrics whose optimisation direction is not specified: reported together."""

from collections.abc import Sequence
from typing import Final

from mllog_callbacks._record import replace
from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._protocol import Issue, Observation
from mllog_callbacks.schema import count

__all__ = ["together", "undirected"]

_NAME: Final = "unknown_direction"
_LISTED: Final = 10


def undirected(observation: Observation) -> Issue:
    """The issue that a metric's direction is not known."""
    return kind(_NAME).issue(observation, *_words([observation.metric]))


def together(issues: list[Issue]) -> list[Issue]:
    """Issues of which those of unknown directions at one step are one, in place of the first.

    Args:
        issues: What detectors found.
    """
    at: dict[int, list[str]] = {}
    for issue in issues:
        if issue.name == _NAME:
            at.setdefault(issue.step, []).append(str(issue.metrics["metrics"]))
    if all(len(names) == 1 for names in at.values()):
        return issues
    found = []
    for issue in issues:
        if issue.name != _NAME:
            found.append(issue)
        elif names := at.pop(issue.step, None):
            decision, reasoning, metrics = _words(names)
            found.append(replace(issue, decision=decision, reasoning=reasoning, metrics=metrics))
    return found


def _words(names: Sequence[str]) -> tuple[str, str, dict[str, float | str]]:
    """Decision, reasoning and numbers for metrics of unknown directions."""
    named = ", ".join(names[:_LISTED])
    if len(names) > _LISTED:
        named += f" and {count(len(names) - _LISTED, 'more metric')}"
    is_, directions = ("is", "direction") if len(names) == 1 else ("are", "directions")
    decision = f"{named}: {directions} unknown, so only non-finite values and stalls are checked."
    reasoning = (
        f"The optimisation {directions} of {named} {is_} not specified, so improvement cannot be "
        "distinguished from deterioration; the callback's argument directions= states it, as in "
        f'directions={{"{names[0]}": "max"}}.'
    )
    return decision, reasoning, {"metrics": ", ".join(names)}
