"""Episodes: one cause is one issue, opened once and closed once, over all curves of a run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mllog_callbacks._record import replace
from mllog_callbacks.detectors._protocol import Issue, Severity
from mllog_callbacks.facts import Subject

__all__ = ["Episode", "Episodes"]

_OUTCOMES: Final = frozenset({"best_at_start", "ended_worse", "no_better_than_baseline"})

_UNSTABLE: Final = frozenset(
    {
        *("divergence", "collapse", "rising_from_start", "spike", "oscillation", "no_convergence"),
        *("plateau", "constant_metric", "exploding_gradient"),
    }
)

_EXPLAINS: Final[Mapping[str, frozenset[str]]] = {
    "non_finite": _UNSTABLE | _OUTCOMES | {"overfitting", "generalisation_gap"},
    "divergence": _UNSTABLE - {"divergence"} | _OUTCOMES | {"overfitting"},
    "zero_learning_rate": _OUTCOMES
    | {"no_convergence", "constant_metric", "plateau", "oscillation", "rising_from_start"},
    "vanishing_gradient": frozenset({"no_convergence"}),
    "dead_units": frozenset({"no_convergence"}),
    "overfitting": frozenset(
        {
            *("plateau", "generalisation_gap", "spike", "oscillation", "collapse"),
            *("best_at_start", "ended_worse"),
        }
    ),
    "collapse": _OUTCOMES | {"plateau", "spike", "oscillation", "generalisation_gap"},
    "rising_from_start": _OUTCOMES | {"no_convergence", "plateau", "spike", "oscillation"},
    "constant_metric": _OUTCOMES | {"no_convergence", "plateau", "oscillation"},
    "oscillation": _OUTCOMES | {"no_convergence", "plateau"},
    "no_convergence": _OUTCOMES | {"plateau"},
    "no_better_than_baseline": frozenset(
        {
            *("best_at_start", "ended_worse", "best_at_end", "overfitting", "generalisation_gap"),
            *("plateau", "constant_metric", "small_validation_set"),
        }
    ),
    "small_validation_set": frozenset({"overfitting", "generalisation_gap", "best_at_start"}),
    "best_at_start": frozenset({"ended_worse"}),
    "monitor_mode": frozenset({"best_at_start"}),
}
"""What an issue explains, and is therefore not reported beside it."""

_OF_RUN: Final = frozenset({"divergence", "zero_learning_rate", "vanishing_gradient", "dead_units"})
"""Those that explain issues of every metric; others those of their own."""

_OF_ALL: Final = frozenset({("overfitting", "generalisation_gap")})
"""Pairs of which the first explains the second on every metric."""

_EVENTS: Final = frozenset({"stalled", "unknown_direction"})
"""What has no duration: each is an issue of its own."""

_OF_INPUTS: Final = "MLA1"
"""How codes begin of what an adapter sees once in a fit."""


@dataclass(slots=True)
class Episode:
    """An issue from its opening to its end.

    Attributes:
        issue: As it was opened.
        keys: The curves on which it is open.
        also: Other curves that it was found on.
        times: How often it was found on any of them.
        explains: Names of issues that are not reported because of it.
        closed_by: What closed it; empty while it is open.
    """

    issue: Issue
    keys: set[tuple[str, str]] = field(default_factory=set)
    also: list[Subject] = field(default_factory=list)
    times: int = 1
    explains: list[str] = field(default_factory=list)
    closed_by: str = ""

    def explains_issue(self, issue: Issue) -> bool:
        """Whether an issue is what this one brings with it."""
        if issue.name not in _EXPLAINS.get(self.issue.name, ()):
            return False
        if (self.issue.name, issue.name) in _OF_ALL or self.issue.name in _OF_RUN:
            return True
        if _is_lost(self.issue):
            return True
        metrics = {each.metric for each in (self.issue.subject, *self.also) if each is not None}
        return issue.subject is not None and issue.subject.metric in metrics

    def take_explained(self, issue: Issue) -> None:
        """Take an issue that is not reported because of this one."""
        if issue.name not in self.explains:
            self.explains.append(issue.name)


class Episodes:
    """The issues of a run.

    Attributes:
        all: All of them, in the order in which they were opened.
    """

    def __init__(self) -> None:
        self.all: list[Episode] = []
        self._open: dict[str, Episode] = {}

    def take(self, issue: Issue) -> Issue | None:
        """Take what a detector found; returns what is to be reported of it, or None.

        An issue that is open already, or that an open one explains, is not reported again.
        """
        if issue.state == "closed":
            return self._close(issue)
        cause = next((each for each in self._open.values() if each.explains_issue(issue)), None)
        if cause is not None:
            cause.take_explained(issue)
            return None
        known = self._open.get(issue.name)
        if known is not None:
            self._join(known, issue)
            return None
        return self.record(issue)

    def take_step(self, issues: Iterable[Issue]) -> list[tuple[Issue, Issue]]:
        """Take what was found at one step; curves that show the same are listed in one issue.

        Returns:
            What is reported, each after what was found.
        """
        reported = [(found, issue) for found in issues if (issue := self.take(found)) is not None]
        return [(found, self._with_others(issue)) for found, issue in reported]

    def restore(self, other: "Episodes") -> None:
        """Go on where another was; those who share this one go on there as well."""
        self.all, self._open = other.all, other._open  # noqa: SLF001 - its own kind

    def record(self, issue: Issue) -> Issue:
        """Give an issue its number, and keep it until the end of the run."""
        numbered = replace(issue, id=len(self.all) + 1)
        episode = Episode(numbered, {_key(issue)})
        self.all.append(episode)
        if issue.name in _EVENTS or issue.code.startswith(_OF_INPUTS):
            return numbered
        for name, other in [*self._open.items()]:
            if episode.explains_issue(other.issue):
                episode.take_explained(other.issue)
                other.closed_by = f"explained by {issue.code}"
                del self._open[name]
        self._open[issue.name] = episode
        return numbered

    def _with_others(self, issue: Issue) -> Issue:
        """An issue that was just opened, with the other curves that show it."""
        episode = self._open.get(issue.name)
        if issue.state == "closed" or episode is None or episode.issue.id != issue.id:
            return issue
        return replace(issue, also=tuple(episode.also)) if episode.also else issue

    def _join(self, known: Episode, issue: Issue) -> None:
        key = _key(issue)
        known.times += 1
        if key not in known.keys:
            known.keys.add(key)
            subject = issue.subject
            if subject is not None and subject not in (known.issue.subject, *known.also):
                known.also.append(subject)

    def _close(self, issue: Issue) -> Issue | None:
        """A closing is reported where the issue is over on its last curve.

        That information is over is no news of its own: the end of the run holds it.
        """
        known = self._open.get(issue.name)
        if known is None or _key(issue) not in known.keys:
            return None
        known.keys.discard(_key(issue))
        if known.keys:
            return None
        del self._open[issue.name]
        known.closed_by = issue.closed_by
        if known.issue.severity is Severity.INFO:
            return None
        return replace(issue, id=known.issue.id)


def _key(issue: Issue) -> tuple[str, str]:
    subject = issue.subject
    return ("", "") if subject is None else (subject.set or "", subject.metric or "")


def _is_lost(issue: Issue) -> bool:
    """Whether a loss that was finite before is not any more: then all metrics of the run suffer."""
    return issue.name == "non_finite" and "start" in issue.metrics
