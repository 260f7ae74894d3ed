"""Many metrics on many sets, side by side: each stream has detectors of its own."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from itertools import groupby
from operator import eq
from typing import Any, Final

from mllog_callbacks.detectors._at_end import AT_END, Curve, at_end
from mllog_callbacks.detectors._checks import checks
from mllog_callbacks.detectors._collapse import Collapse, RisingFromStart
from mllog_callbacks.detectors._consequences import Evidence, settled
from mllog_callbacks.detectors._constants import ConstantMetric, ZeroLearningRate
from mllog_callbacks.detectors._course import Course
from mllog_callbacks.detectors._directions import together, undirected
from mllog_callbacks.detectors._episodes import Episode, Episodes
from mllog_callbacks.detectors._facts import Facts, explained
from mllog_callbacks.detectors._gap import GeneralisationGap
from mllog_callbacks.detectors._instability import Divergence, NonFinite, Spike
from mllog_callbacks.detectors._kinds import KINDS
from mllog_callbacks.detectors._overfitting import Overfitting
from mllog_callbacks.detectors._passage import Passage, skims
from mllog_callbacks.detectors._plateau import Plateau
from mllog_callbacks.detectors._progress import NoConvergence, Oscillation
from mllog_callbacks.detectors._protocol import Detector, Issue, Observation
from mllog_callbacks.detectors._rates import Rates
from mllog_callbacks.detectors._run_end import RunEnd
from mllog_callbacks.detectors._stalled import Stalled
from mllog_callbacks.detectors._state import pack, unpack
from mllog_callbacks.detectors._stated import StatedDirections
from mllog_callbacks.facts import Subject, dump

__all__ = ["DEFAULTS", "DetectorSet"]

DEFAULTS: Final[dict[str, type[Detector]]] = {
    each.name: each
    for each in (
        NonFinite,
        Divergence,
        ZeroLearningRate,
        ConstantMetric,
        RisingFromStart,
        Collapse,
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
    is not known is reported once, and is then only looked at for what needs no direction.

    What detectors find becomes issues of the run: an issue is opened once, for all curves that show
    it, and closed once; what an open issue explains is not reported.

    Args:
        detectors: Detectors, or names of default ones; default all of `DEFAULTS`.
        ignore: Codes or names of issues that are not reported.
        facts: What is known of the training; may be set later, as soon as it is known.

    Attributes:
        chosen: Whether somebody chose its detectors; otherwise they are the default ones.
        stated: The directions that the caller states: these are used whatever observations say.

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
        self.stated = StatedDirections()
        # names stay names: a pattern that is pickled with each set would double its size
        self._patterns = tuple(DEFAULTS if detectors is None else detectors)
        _made(self._patterns)
        self._ignored = frozenset(_code(each) for each in ignore)
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._undirected: set[str] = set()
        self._episodes = Episodes()

    @property
    def watches(self) -> bool:
        """Whether there is any detector in the set."""
        return bool(self._patterns)

    @property
    def unit(self) -> str | None:
        """What the steps count of the curves it has seen; None where it has seen none."""
        return next((each.place.counted for each in self._streams.values() if each.place), None)

    def among(self, names: Collection[str]) -> "DetectorSet":
        """A set of those of its detectors that have one of these names, which has seen nothing.

        The issues of both are issues of one run.
        """
        named = zip(self._names, self._patterns, strict=True)
        chosen = [each for name, each in named if name in names]
        other = DetectorSet(chosen, ignore=self._ignored, facts=self.facts)
        other._episodes, other.stated = self._episodes, self.stated
        return other

    def ignores(self, issue: Issue) -> bool:
        """Whether issues of this kind are not reported."""
        return issue.code in self._ignored

    def observe(self, observation: Observation) -> list[Issue]:
        """Take an observation; returns the issues that open or close with it, mostly none."""
        found = self._found(observation)
        return self._reported(found) if found else []

    def look(self, observations: Iterable[Observation]) -> list[Issue]:
        """Take all observations of a step; what is the same for several is reported once.

        Args:
            observations: Of one step: each metric on each set.

        Returns:
            The issues that open or close with them.
        """
        found = [each for observation in observations for each in self._found(observation)]
        return self._reported(found) if found else []

    def follow(self, passages: Iterable[Passage]) -> list[Issue]:
        """Take many observations at once.

        Args:
            passages: Of one stream or of several; those of one stream follow each other.

        Returns:
            The issues, by step and then by stream: as if taken one by one, step by step.
        """
        found: list[tuple[int, Issue, Rates | None]] = []
        for passage in passages:
            passage.first = self._directed(passage.first)
            stream = self._stream(passage.first)
            for part in passage.parts(stream.step):
                found += ((step, issue, stream.rates) for step, issue in stream.follow(part))
                first = part.first
                if first.higher_is_better is None:
                    found += ((first.step, issue, None) for issue in self._undirected_at(first))
        found.sort(key=lambda each: each[0])
        reported: list[Issue] = []
        for _, of_step in groupby(found, key=lambda each: each[0]):
            reported += self._reported([(issue, rates) for _, issue, rates in of_step])
        return reported

    def _found(self, observation: Observation) -> list[tuple[Issue, Rates | None]]:
        observation = self._directed(observation)
        stream = self._stream(observation)
        if observation.step <= stream.step:
            return []
        found = stream.observe(observation)
        if observation.higher_is_better is None:
            found += self._undirected_at(observation)
        return [(issue, stream.rates) for issue in found]

    def _directed(self, observation: Observation) -> Observation:
        """An observation in the direction that the caller states."""
        stated = self.stated(observation.metric) if self.stated else None
        return observation if stated is None else observation._replace(higher_is_better=stated)

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
        self._episodes.restore(other._episodes)  # noqa: SLF001 - likewise
        for stream in self._streams.values():
            stream.restart_clock()

    @property
    def _names(self) -> list[str]:
        return [each if isinstance(each, str) else each.name for each in self._patterns]

    def overdue(self, seconds: float) -> list[Issue]:
        """Look at the clock that the observations carry: issues where nothing came for too long.

        Reported only when no stream has moved: some are measured seldom.
        """
        streams = self._streams.values()
        latest = max(streams, key=lambda each: each.seconds, default=None)
        return [] if latest is None else self.explain(latest.overdue(seconds))

    def explain(self, found: list[Issue], rates: Rates | None = None) -> list[Issue]:
        """Take issues that others found, such as those on gradients.

        Args:
            found: The issues.
            rates: What the learning rate did up to their step; None where that is not known.

        Returns:
            Those that are reported, with their probable causes.
        """
        return self._reported([(issue, rates) for issue in found])

    def record(self, issue: Issue) -> Issue:
        """Take an issue that is reported in any case; returns it with its number in the run."""
        return self._episodes.record(issue)

    def finish(self, snapshot: Mapping[str, object]) -> list[Issue]:
        """Look at the whole run, when it has ended.

        Args:
            snapshot: The facts of its end: "stop" and "kept", as `facts.dump` gives them.

        Returns:
            The issues that only the whole run shows; none where somebody chose the detectors.
        """
        if not self.watches or self.chosen:
            return []
        return self.explain([*at_end(self._curves(), RunEnd.of(snapshot), self.facts, self.stated)])

    def outcome(self, snapshot: Mapping[str, object]) -> dict[str, object]:
        """The facts that the detectors add to those of a run's end.

        Args:
            snapshot: The facts of the end, as in `finish`.

        Returns:
            "issues": every issue of the run by its number, each with the severity of its
            consequence and what closed it; "checks": which checks ran, and why others could not.
        """
        end = RunEnd.of(snapshot)
        closed = settled(self._episodes.all, end, self._evidence)
        issues = {number: dump(each) for number, each in closed.items()}
        found: dict[str, object] = {"issues": issues} if issues else {}
        if self.watches:
            whole = () if self.chosen else AT_END
            watching = {*self._names, *whole}
            ran = checks(self._curves(), watching, self._ignored, end, self.facts)
            found["checks"] = dump(ran)
        return found

    def _curves(self) -> list[Curve]:
        return [each.curve for each in self._streams.values() if each.place is not None]

    def _evidence(self, episode: Episode) -> Evidence:
        """What is known of the curves of an issue."""
        first = episode.issue.subject
        if first is None:
            return Evidence()
        shown = self._streams_of(first)
        course = None
        if shown:
            curve = shown[0].curve
            course = curve.train if first.set == "training" else curve.validation
        others = [stream for each in episode.also for stream in self._streams_of(each)]
        return Evidence(course, grown=any(each.has_grown for each in (*shown, *others)))

    def _streams_of(self, subject: Subject) -> "list[_Stream]":
        """The streams of a curve: of one on the training data there may be several."""
        return [
            stream
            for (dataset, metric), stream in self._streams.items()
            if metric == subject.metric and subject.set in {dataset, "training"}
        ]

    def _reported(self, found: list[tuple[Issue, Rates | None]]) -> list[Issue]:
        """What is reported of findings at one step: issues that open or close, with causes."""
        rates = {id(issue): each for issue, each in found}
        kept = [issue for issue, _ in found if not self.ignores(issue)]
        reported = self._episodes.take_step(together(kept))
        return [explained(issue, self.facts, rates.get(id(raw))) for raw, issue in reported]


class _Stream:
    """The detectors of one metric on one set."""

    __slots__ = (
        "_all",
        "_same",
        "_train",
        "_undirected",
        "_validation",
        "place",
        "rates",
        "seconds",
        "step",
    )

    def __init__(self, patterns: Sequence[Detector | str]) -> None:
        memo: dict[int, Any] = {}  # what detectors share, their copies share
        self._all = [
            _named(each) if isinstance(each, str) else deepcopy(each, memo) for each in patterns
        ]
        self._undirected = [each for each in self._all if each.name in _NEEDS_NO_DIRECTION]
        self._train, self._validation = Course(), Course(bests=True)
        self._same: int | None = 0
        self.place: Observation | None = None
        self.rates: Rates | None = None
        self.seconds = -math.inf
        self.step: float = -math.inf

    @property
    def curve(self) -> Curve:
        """What is kept of it for the end of the run; only of one that has observations."""
        place = self.place or Observation(0)
        return Curve(place, self._train, self._validation, self._same or 0)

    @property
    def has_grown(self) -> bool:
        """Whether its overfitting is a serious one."""
        return any(isinstance(each, Overfitting) and each.grown for each in self._all)

    def observe(self, observation: Observation) -> list[Issue]:
        found = []
        self._keep(observation)
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
        if plain:
            self._keep_plain(passage)
        else:
            for observation in passage.observations:
                self._keep(observation)
        for detector in watching:
            if plain and skims(detector) and detector.skim(passage):
                continue
            for observation in passage.observations:
                issue = detector.observe(observation)
                if issue is not None:
                    found.append((observation.step, issue))
        return found

    def _keep(self, observation: Observation) -> None:
        """Keep an observation for the end of the run."""
        train, validation = observation.losses()
        if train is not None:
            self._train.take(train, observation.step)
        if validation is not None:
            self._validation.take(validation, observation.step)
            if self._same is not None and train is not None:
                self._same = self._same + 1 if train == validation else None
        self.place = observation

    def _keep_plain(self, passage: Passage) -> None:
        train, validation = passage.losses
        if train is not None:
            self._train.extend(train, passage.steps)
        if validation is not None:
            self._validation.extend(validation, passage.steps)
            if self._same is not None and train is not None:
                alike = all(map(eq, train, validation))
                self._same = self._same + len(train) if alike else None
        self.place = passage.first._replace(step=passage.steps[-1])

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
