"""Many metrics on many sets, side by side: each stream has detectors of its own."""

import math
from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from typing import Any, Final

from mllog_callbacks.detectors._directions import together, undirected
from mllog_callbacks.detectors._facts import Facts, explained
from mllog_callbacks.detectors._instability import Divergence, NonFinite, Spike
from mllog_callbacks.detectors._kinds import KINDS
from mllog_callbacks.detectors._overfitting import GeneralisationGap, Overfitting
from mllog_callbacks.detectors._passage import Passage, skims
from mllog_callbacks.detectors._plateau import Plateau
from mllog_callbacks.detectors._progress import NoConvergence, Oscillation
from mllog_callbacks.detectors._protocol import Detector, Issue, Observation
from mllog_callbacks.detectors._rates import Rates
from mllog_callbacks.detectors._stalled import Stalled
from mllog_callbacks.detectors._state import pack, unpack

__all__ = ["DEFAULTS", "DetectorSet"]

DEFAULTS: Final[dict[str, type[Detector]]] = {
    each.name: each
    for each in (
        NonFinite,
        Divergence,
        Spike,
        Oscillation,
        NoConvergence,
        Overfitting,
        GeneralisationGap,
        Plateau,
        Stalled,
    )
}
"""The detectors of a set for which none were chosen, by name, in the order in which they look."""

_NEEDS_NO_DIRECTION: Final = frozenset({"non_finite", "stalled"})


class DetectorSet:
    """Routes each observation to the detectors of its stream: one metric on one set.

    A stream's detectors are copies of those given, made at its first observation. An observation
    whose step is not beyond the last of its stream is passed over: after a resume, steps that are
    seen again change nothing, and what was pickled goes on where it was. A metric whose direction
    is not known is told of once, and is then only looked at for what needs no direction.

    Args:
        detectors: Detectors, or names of default ones; default all of `DEFAULTS`.
        ignore: Codes or names of issues that are not told.
        facts: What is known of the training; may be set later, as soon as it is known.

    Attributes:
        chosen: Whether somebody chose its detectors; otherwise they are the default ones.

    Raises:
        ValueError: A name or code does not exist.

    Example:
        >>> detectors = DetectorSet(ignore=["MLA003"])
        >>> detectors.observe(Observation(0, train=0.7, validation=float("nan")))[0].name
        'non_finite'
    """

    def __init__(
        self,
        detectors: Sequence[Detector | str] | None = None,
        *,
        ignore: Iterable[str] = (),
        facts: Facts | None = None,
    ) -> None:
        self.facts = facts or Facts()
        self.chosen = detectors is not None
        # names stay names: a pattern that is pickled with each set would double its size
        self._patterns = tuple(DEFAULTS if detectors is None else detectors)
        _made(self._patterns)
        self._ignored = frozenset(_code(each) for each in ignore)
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._undirected: set[str] = set()
        self._step = -1
        self._told: set[str] = set()

    @property
    def watches(self) -> bool:
        """Whether there is any detector in the set."""
        return bool(self._patterns)

    def among(self, names: Collection[str]) -> "DetectorSet":
        """A set of those of its detectors that have one of these names, which has seen nothing."""
        named = zip(self._names, self._patterns, strict=True)
        chosen = [each for name, each in named if name in names]
        return DetectorSet(chosen, ignore=self._ignored, facts=self.facts)

    def ignores(self, issue: Issue) -> bool:
        """Whether issues of this kind are not told."""
        return issue.code in self._ignored

    def observe(self, observation: Observation) -> list[Issue]:
        """Take an observation; returns the issues that begin or end with it, mostly none."""
        stream = self._stream(observation)
        if observation.step <= stream.step:
            return []
        found = stream.observe(observation)
        if observation.higher_is_better is None:
            found += self._undirected_at(observation)
        return self._explain(found, stream.rates) if found else found

    def look(self, observations: Iterable[Observation]) -> list[Issue]:
        """Take all observations of a step; what is the same for several is told once.

        Args:
            observations: Of one step: each metric on each set.

        Returns:
            The issues that begin or end with them.
        """
        return together([issue for each in observations for issue in self.observe(each)])

    def follow(self, passages: Iterable[Passage]) -> list[Issue]:
        """Take many observations at once.

        Args:
            passages: Of one stream or of several; those of one stream follow each other.

        Returns:
            The issues, by step and then by stream: as if taken one by one, step by step.
        """
        found: list[tuple[int, Issue, Rates | None]] = []
        for passage in passages:
            stream = self._stream(passage.first)
            for part in passage.parts(stream.step):
                found += ((step, issue, stream.rates) for step, issue in stream.follow(part))
                first = part.first
                if first.higher_is_better is None:
                    found += ((first.step, issue, None) for issue in self._undirected_at(first))
        found.sort(key=lambda each: each[0])
        return together(
            [told for _, issue, rates in found for told in self._explain([issue], rates)]
        )

    def _stream(self, observation: Observation) -> "_Stream":
        key = observation.dataset, observation.metric
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = _Stream(self._patterns)
        return stream

    def _undirected_at(self, observation: Observation) -> list[Issue]:
        if observation.metric in self._undirected:
            return []
        self._undirected.add(observation.metric)
        return [undirected(observation)]

    def saved(self) -> str:
        """What was seen so far, as text; `restore` takes it, in another process as well."""
        return pack(self)

    def restore(self, saved: str) -> None:
        """Go on where another set was, of the same detectors.

        Its clock is not taken over: the time between is no stall.

        Args:
            saved: What `saved` returned.

        Raises:
            ValueError: It is no such text, or the other set had other detectors.
        """
        own = {type(each) for each in _made(self._patterns)}
        other = unpack(saved, own)
        if not isinstance(other, DetectorSet) or other._names != self._names:  # noqa: SLF001 - our own
            msg = f"the state is not of the detectors {', '.join(self._names)}"
            raise ValueError(msg)
        self._streams, self._undirected = other._streams, other._undirected  # noqa: SLF001 - likewise
        self._step, self._told = other._step, other._told  # noqa: SLF001 - likewise
        for stream in self._streams.values():
            stream.restart_clock()

    @property
    def _names(self) -> list[str]:
        return [each if isinstance(each, str) else each.name for each in self._patterns]

    def overdue(self, seconds: float) -> list[Issue]:
        """Look at the clock that the observations carry: issues where nothing came for too long.

        Told only when no stream has moved: some are measured seldom.
        """
        streams = self._streams.values()
        latest = max(streams, key=lambda each: each.seconds, default=None)
        return [] if latest is None else self._explain(latest.overdue(seconds), None)

    def explain(self, found: list[Issue], rates: Rates | None = None) -> list[Issue]:
        """Take issues that others found, such as those on gradients.

        Args:
            found: The issues.
            rates: What the learning rate did up to their step; None where that is not known.

        Returns:
            Those that are told, with their probable causes.
        """
        return self._explain(found, rates)

    def _explain(self, found: list[Issue], rates: Rates | None) -> list[Issue]:
        told = []
        for issue in found:
            if issue.step != self._step:
                self._step = issue.step
                self._told.clear()
            # the training values are seen once a validation set: told once all the same
            if not self.ignores(issue) and issue.decision not in self._told:
                self._told.add(issue.decision)
                told.append(explained(issue, self.facts, rates))
        return told


class _Stream:
    """The detectors of one metric on one set."""

    __slots__ = ("_all", "_undirected", "rates", "seconds", "step")

    def __init__(self, patterns: Sequence[Detector | str]) -> None:
        memo: dict[int, Any] = {}  # what detectors share, their copies share
        self._all = [
            _named(each) if isinstance(each, str) else deepcopy(each, memo) for each in patterns
        ]
        self._undirected = [each for each in self._all if each.name in _NEEDS_NO_DIRECTION]
        self.rates: Rates | None = None
        self.seconds = -math.inf
        self.step: float = -math.inf

    def observe(self, observation: Observation) -> list[Issue]:
        found = []
        for detector in self._watching(observation):
            issue = detector.observe(observation)
            if issue is not None:
                found.append(issue)
        return found

    def follow(self, passage: Passage) -> list[tuple[int, Issue]]:
        """Issues with the step at which they are found, by step."""
        found = []
        plain = passage.is_plain
        watching = self._watching(passage.first)
        self.step = passage.steps[-1]
        for detector in watching:
            if plain and skims(detector) and detector.skim(passage):
                continue
            for observation in passage.observations:
                issue = detector.observe(observation)
                if issue is not None:
                    found.append((observation.step, issue))
        return found

    def _watching(self, observation: Observation) -> list[Detector]:
        """Take the circumstances of an observation; returns the detectors that look at it."""
        self.step = observation.step
        if observation.seconds is not None:
            self.seconds = observation.seconds
        rate, rates = observation.learning_rate, self.rates
        if rate is not None and (rates is None or rate != rates.now):
            self.rates = (
                Rates.begun(rate, observation) if rates is None else rates.then(rate, observation)
            )
        return self._undirected if observation.higher_is_better is None else self._all

    def restart_clock(self) -> None:
        self.seconds = -math.inf
        for each in self._all:
            if isinstance(each, Stalled):
                each.restart()

    def overdue(self, seconds: float) -> list[Issue]:
        watching = [each for each in self._all if isinstance(each, Stalled)]
        found = [each.overdue(seconds) for each in watching]
        return [each for each in found if each is not None]


def _made(patterns: Iterable[Detector | str]) -> list[Detector]:
    return [_named(each) if isinstance(each, str) else each for each in patterns]


def _named(name: str) -> Detector:
    if name not in DEFAULTS:
        msg = f"there is no detector {name!r}; expected one of {', '.join(DEFAULTS)}"
        raise ValueError(msg)
    return DEFAULTS[name]()


def _code(given: str) -> str:
    for each in KINDS:
        if given in {each.code, each.name}:
            return each.code
    msg = (
        f"there is no issue {given!r}; expected a code or a name of {[each.code for each in KINDS]}"
    )
    raise ValueError(msg)
