"""Metrics of which nobody has said whether more or less is better: told, and told together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

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
    """Issues of which those of unknown directions at one step are one, where the first of them is.

    Args:
        issues: What detectors found.
    """
    at: dict[int, list[str]] = {}
    for issue in issues:
        if issue.name == _NAME:
            at.setdefault(issue.step, []).append(str(issue.metrics["metrics"]))
    if all(len(names) == 1 for names in at.values()):
        return issues
    told = []
    for issue in issues:
        if issue.name != _NAME:
            told.append(issue)
        elif names := at.pop(issue.step, None):
            decision, reasoning, metrics = _words(names)
            told.append(replace(issue, decision=decision, reasoning=reasoning, metrics=metrics))
    return told


def _words(names: Sequence[str]) -> tuple[str, str, dict[str, float | str]]:
    """Decision, reasoning and numbers for metrics of unknown directions."""
    named = ", ".join(names[:_LISTED])
    if len(names) > _LISTED:
        named += f" and {count(len(names) - _LISTED, 'more metric')}"
    are, each = ("is", "") if len(names) == 1 else ("are", "each of ")
    decision = f"{named} {are} only checked for values that are not finite and for stalls."
    reasoning = (
        f"Nobody has said whether more or less of {each}{named} is better, and it is not guessed: "
        "what is a gain and what a loss is not known."
    )
    return decision, reasoning, {"metrics": ", ".join(names)}
