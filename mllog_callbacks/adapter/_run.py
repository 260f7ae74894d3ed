"""A run, as every adapter records it: entries from its start to its one end, issues on the way.

An adapter makes one `Auditor` of its user's arguments, and a `Run` from it for each fit.
"""

import copy
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import ClassVar, Final

from mllog_callbacks.adapter._curve import CurveKeeper
from mllog_callbacks.adapter._examined import Examination, RawData, later, leaks
from mllog_callbacks.adapter._saved import hash_later, with_file
from mllog_callbacks.detectors import (
    KINDS,
    Detector,
    DetectorSet,
    Issue,
    Mode,
    Observation,
    Passage,
    StatedDirections,
)
from mllog_callbacks.facts import RUN, EventFacts, ModelSaved, Rule, dump, ended_by, event_of
from mllog_callbacks.recording import (
    AuditLog,
    checked_name,
    current,
    get_log,
    guarded,
    log_in,
    scoped,
    unbroken,
)
from mllog_callbacks.schema import (
    RUN_ENDS,
    EventType,
    Level,
    Reason,
    failed,
    number,
    stopped_by_hand,
    stopped_by_rule,
)
from mllog_callbacks.wording import saved_later, worded

__all__ = ["Auditor", "Cadence", "Run"]

_QUIET_S: Final = 30.0
"""Seconds without a word, after which a reader would like to know that a training goes on."""

_WITH_CURVE: Final = RUN_ENDS | {EventType.TRAINING_PROGRESS}

_STRETCH: Final = 10
_STRETCH_PART: Final = 4
"""A stretch without a new best is long from 10 steps and from a quarter of all steps so far."""


class Auditor:
    """How the runs of an adapter are logged. Copied and pickled without the log's file.

    Args:
        log: Where entries go: a log, or the path of a folder; default `get_log()`, asked for at
            each run.
        dataset: Name of the training data in the entries; default the log's.
        model: Name of the model in the entries; default the log's, or one the adapter gives.
        detectors: What watches the metrics: detectors, or names such as "overfitting", one or
            several; default all, ``[]`` for none; or a `DetectorSet`. Each run has copies of its
            own.
        on_issue: Called with each issue that is recorded; what it raises is reported by `logging`.
            Where it returns "stop" the training is ended.
        stop_on: Names or codes of issues that end the training when they open, as in
            ``["non_finite"]``; the framework's own means ends it.
        directions: Which values of a metric are better, "max" or "min" by its name, as in
            ``{"my_score": "max"}``; default what the framework or the name says.

    Raises:
        TypeError: `log` is neither a log nor a path, `dataset` or `model` is no name, or
            `directions` no mapping.
        ValueError: There is no detector of a name, no issue of a name in `stop_on`, or the adapter
            cannot end a training; or a direction is neither "max" nor "min".
    """

    can_stop: ClassVar[bool] = False
    """Whether the adapter ends a training where its run has a rule to `stop`."""

    def __init__(
        self,
        log: AuditLog | str | os.PathLike[str] | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
        detectors: DetectorSet | Detector | str | Sequence[Detector | str] | None = None,
        on_issue: Callable[[Issue], object] | None = None,
        stop_on: str | Sequence[str] = (),
        directions: Mapping[str, Mode] | None = None,
    ) -> None:
        _check_log(log)
        if not isinstance(detectors, (DetectorSet, Iterable, type(None))) or isinstance(
            detectors, str
        ):
            detectors = [detectors]
        given = detectors if isinstance(detectors, DetectorSet) else DetectorSet(detectors)
        self._detectors = given
        self._log = log
        self._dataset = checked_name(dataset, "dataset")
        self._model = checked_name(model, "model")
        self._on_issue = on_issue
        self._stop_on = _checked_issues(stop_on)
        if self._stop_on and not self.can_stop:
            msg = (
                f"{type(self).__module__}.{type(self).__qualname__} has no means to stop a training"
            )
            raise ValueError(msg)
        self._stated = StatedDirections(directions)
        self.prepare()

    def prepare(self) -> None:
        """Set up what an adapter keeps of its own; called once, when the arguments are taken."""

    def new_run(self, *, trains: bool = True) -> "Run":
        """A run that begins now.

        Args:
            trains: Whether it trains. An evaluation by itself is no run of the session: its entries
                carry no number.

        Raises:
            LogDirectoryError: The default log's directory cannot be created or written.
            SettingsError: An environment variable cannot be used.
        """
        log = get_log() if self._log is None else self._log
        if not isinstance(log, AuditLog):
            log = log_in(log)
        bound = log.bind(dataset=self._dataset, model=self._model)
        detectors = copy.deepcopy(self._detectors)
        detectors.stated = self._stated
        return Run(bound, detectors, self._on_issue, trains=trains, stop_on=self._stop_on)


def _checked_issues(names: str | Sequence[str]) -> frozenset[str]:
    """Names and codes of issues.

    Raises:
        ValueError: There is no such issue.
    """
    given = frozenset([names] if isinstance(names, str) else names)
    unknown = given - {name for each in KINDS for name in (each.name, each.code)}
    if unknown:
        msg = f"there is no issue {min(unknown)!r} to stop on; see docs/detectors.md"
        raise ValueError(msg)
    return given


def _check_log(log: object) -> None:
    if log is not None and not isinstance(log, (AuditLog, str, os.PathLike)):
        what = type(log).__qualname__
        msg = f"log= takes an AuditLog or the path of a folder, and not a {what}"
        raise TypeError(msg)


class Run:
    """One fit: records entries, and its end exactly once. Never raises where it is guarded.

    Args:
        log: Where entries go.
        detectors: The detectors of this run alone; default none.
        on_issue: Called with each issue that is recorded.
        trains: Whether it trains; the entries of an evaluation by itself carry no number.
        stop_on: Names or codes of issues that end it when they open.

    Attributes:
        curve: Keeps every step's metrics; entries of progress and the end carry them, thinned.
        detectors: The detectors of this run.
        ended: Whether the end was recorded.
        stop: The rule by which its user had it ended on an issue; None where he did not.
        stops: Whether issues that open may end it, so that each step is to be looked at at once.
    """

    def __init__(
        self,
        log: AuditLog,
        detectors: DetectorSet | None = None,
        on_issue: Callable[[Issue], object] | None = None,
        *,
        trains: bool = True,
        stop_on: Collection[str] = (),
    ) -> None:
        self.stop: Rule | None = None
        self.stops = bool(stop_on)
        self._stop_on = stop_on
        self._trains = trains
        self.curve = CurveKeeper()
        self.detectors = DetectorSet([]) if detectors is None else detectors
        self.ended = False
        self._log = log
        self._on_issue = on_issue
        self._began = monotonic()
        self._number: tuple[str, int] | None = None
        self._examination: Examination | None = None
        self._leaks: list[Issue] = []
        # As it is now: an end may be recorded from elsewhere, such as a finaliser
        self._scope = current.get()
        self._around = None if self._scope is None else self._scope.run_under_way

    @property
    def level(self) -> Level:
        """The least level recorded."""
        return self._log.level

    @property
    def closed(self) -> bool:
        """Whether the log was closed: nothing can be recorded any more."""
        return self._log.closed

    def detached(self) -> "Run":
        """This run without its detectors and its user's function: for what outlives a training.

        The function may hold on to the model, and whoever waits for the model to go, to the run.
        """
        run = copy.copy(self)
        run.detectors, run._on_issue = DetectorSet([]), None  # noqa: SLF001 - our own
        return run

    def renamed(self, dataset: str | None, model: str | None) -> "Run":
        """This run, detached, for entries that name the data or the model otherwise."""
        run = self.detached()
        run._log = self._log.bind(dataset=dataset, model=model)  # noqa: SLF001 - our own
        return run

    def name(self, *, dataset: str | None = None, model: str | None = None) -> None:
        """Name what the run is about, where its user has not."""
        with self._within():
            self._log = self._log.bind(
                dataset=dataset if self._log.dataset is None else None,
                model=model if self._log.model is None else None,
            )

    def emit(
        self, event: EventType, reason: Reason, snapshot: Mapping[str, object] | None = None
    ) -> None:
        """Record what happened in the run; within a run that a platform records, as a part of it.

        Args:
            event: What happened; an end goes to `end`.
            reason: What was decided or done, and why.
            snapshot: The numbers and settings behind it, by name.
        """
        if event is EventType.DATASET_VALIDATED and self._examination is not None:
            self._record_data(reason, snapshot or {}, self._examination)
            return
        if event is EventType.MODEL_SAVED:
            self._record_save(reason, snapshot or {})
            return
        if event in _WITH_CURVE:
            snapshot = {**(snapshot or {}), **self.curve.take(snapshot or {})}
        self._emit(event, reason, snapshot)

    def _emit(
        self, event: EventType, reason: Reason, snapshot: Mapping[str, object] | None
    ) -> None:
        around, number = self._around, None
        if around is not None:
            number, recorded = around.number, around.as_part(event, reason)
            if recorded is not event:
                event, snapshot = recorded, {"part": event, **(snapshot or {})}
        if self._trains or number is not None:
            snapshot = {RUN: number or self.number, **(snapshot or {})}
        with self._within():
            self._log.emit(
                event,
                decision=reason.decision,
                reasoning=reason.reasoning or None,
                metrics_snapshot=snapshot,
            )

    def examine(self, sets: Mapping[str, RawData]) -> None:
        """Take the data of the training: the entry of the data gets fingerprints.

        It is examined beside the training, and let go of then.

        Args:
            sets: The data sets by name, as the caller gave them.
        """
        self._examination = Examination(sets)

    def _record_data(
        self, reason: Reason, snapshot: Mapping[str, object], examination: Examination
    ) -> None:
        """Record the data with what is known of it; another entry may complete that."""
        run = self.detached()

        def complete(found: dict[str, dict[str, object]]) -> None:
            if not run.closed:
                run._emit(EventType.DATASET_VALIDATED, later(found), {"data": found})  # noqa: SLF001 - our own
                self._leaks += leaks(found)  # recorded at the end, by the training's own thread

        found: dict[str, dict[str, object]] = guarded(examination.begin)() or {}
        known = snapshot.get("data")
        sets = {**known} if isinstance(known, Mapping) else {}
        merged = {name: {**sets.get(name, {}), **each} for name, each in found.items()}
        self._emit(EventType.DATASET_VALIDATED, reason, {**snapshot, "data": {**sets, **merged}})
        self._leaks += leaks(found)
        self._record_leaks()

    def _record_leaks(self) -> None:
        """Record which sets have rows of the training data."""
        found, self._leaks = self._leaks, []
        self.record_issues(each for each in found if not self.detectors.ignores(each))

    def _record_save(self, reason: Reason, snapshot: Mapping[str, object]) -> None:
        """Record a save with what is known of its file; another entry may complete that."""
        saved, run = snapshot.get("saved"), self.detached()
        if not isinstance(saved, Mapping):
            self._emit(EventType.MODEL_SAVED, reason, snapshot)
            return

        def complete(facts: dict[str, object]) -> None:
            if not run.closed:
                run._emit(EventType.MODEL_SAVED, saved_later(facts), {"saved": facts})  # noqa: SLF001 - our own

        facts, later = with_file(saved)
        self._emit(EventType.MODEL_SAVED, reason, {**snapshot, "saved": facts})
        if later:
            hash_later(facts, complete)

    def record(self, facts: EventFacts) -> None:
        """Record an event by its facts, worded from them; later ends are passed over."""
        event, reason, snapshot = event_of(facts), worded(facts), dump(facts)
        if event in RUN_ENDS:
            self.end(event, reason, snapshot)
        else:
            self.emit(event, reason, snapshot)

    def record_save(self, facts: ModelSaved) -> None:
        """Record that its model was saved, also after its end; nothing once the log was closed."""
        if not self.closed:
            self.record(facts)

    @property
    def session(self) -> str:
        """The session of its log."""
        return self._log.session

    @property
    def number(self) -> int:
        """Its number in the session, from 1; a forked child has a session of its own."""
        session = self._log.session
        if self._number is None or self._number[0] != session:
            self._number = session, self._log.next_run()
        return self._number[1]

    def _within(self) -> AbstractContextManager[None]:
        """The context the run began in, where there was one."""
        return nullcontext() if self._scope is None else scoped(self._scope)

    def observe(self, *observations: Observation) -> None:
        """Show the observations of a step to the detectors, and record what begins or ends with it.

        Args:
            observations: Each metric on each set, of one step.
        """
        if observations:
            self.record_issues(self.detectors.look(observations), observations[0].counted)

    @guarded
    def follow(self, passages: Sequence[Passage]) -> None:
        """Show many observations of each metric to the detectors, as `observe` those of a step.

        Args:
            passages: Each metric on each set; of the same steps.
        """
        if passages and self.detectors.watches:
            self.record_issues(self._found(passages), passages[0].first.counted)

    def _found(self, passages: Sequence[Passage]) -> Iterable[Issue]:
        if len(passages[0].steps) > 1:
            return self.detectors.follow(passages)
        return self.detectors.look([each.first for each in passages])

    def record_issues(self, issues: Iterable[Issue], unit: str | None = None) -> None:
        """Record issues, and call back with each.

        Args:
            issues: What detectors found, or the adapter itself.
            unit: What an issue's step counts, as in "iteration"; None where it counts nothing.
        """
        for found in issues:
            issue = found if found.id else self.detectors.record(found)
            step = {} if unit is None else {unit: issue.step}
            self.curve.mark(issue.step)
            self.emit(
                EventType.ISSUE_DETECTED,
                Reason(issue.decision, issue.reasoning),
                {**issue.snapshot(), **step},
            )
            answer = None if self._on_issue is None else guarded(self._on_issue)(issue)
            if self.stop is None and issue.state == "open":
                self.stop = self._rule_to_stop(issue, unit, answer)

    def _rule_to_stop(self, issue: Issue, unit: str | None, answer: object) -> Rule | None:
        """The rule by which an issue ends the run: the user named it, or his function said so."""
        if not {issue.name, issue.code}.isdisjoint(self._stop_on):
            name = f"stop_on={issue.name}"
        elif answer == "stop":
            name = "on_issue"
        else:
            return None
        subject = issue.subject
        return Rule(
            name=name,
            set=None if subject is None else subject.set,
            metric=None if subject is None else subject.metric,
            step=issue.step,
            unit=unit,
            message=issue.decision,
        )

    def end(
        self, event: EventType, reason: Reason, snapshot: Mapping[str, object] | None = None
    ) -> None:
        """Record how the run ended, with its seconds; later ends of the same run are passed over.

        Issues that only the whole run shows are recorded before it. The end holds every issue of
        the run with its final severity, and which checks ran.

        Raises:
            ValueError: The event is no end of a run.
        """
        if event not in RUN_ENDS:
            msg = f"{event} is no end of a run; expected one of {', '.join(sorted(RUN_ENDS))}"
            raise ValueError(msg)
        if not self.ended:
            self._end(event, reason, snapshot or {})

    @unbroken
    def _end(self, event: EventType, reason: Reason, snapshot: Mapping[str, object]) -> None:
        if not self.ended:
            if self._examination is not None:
                self._examination.end()
                self._examination = None
                guarded(self._record_leaks)()
            self.ended = True
            seconds = round(monotonic() - self._began, 3)
            judged = self._judged(snapshot) or {}
            self.emit(event, reason, {"seconds": seconds, **snapshot, **judged})

    @guarded
    def _judged(self, facts: Mapping[str, object]) -> dict[str, object]:
        """What the detectors say of the whole run, by the facts of its end."""
        self.record_issues(self.detectors.finish(facts), self.detectors.unit)
        judged = self.detectors.outcome(facts)
        own, theirs = facts.get("checks"), judged.get("checks")
        if isinstance(own, dict) and isinstance(theirs, dict):
            not_run = {**theirs.get("not_run", {}), **own.get("not_run", {})}
            judged["checks"] = {**theirs, **own, "not_run": not_run}
        return judged

    def fail(
        self,
        error: BaseException,
        where: str,
        position: str,
        consequence: str,
        snapshot: Mapping[str, object] | None = None,
    ) -> None:
        """Record the end that an exception makes; the exception is read, and not kept.

        An `Exception` is a failure; an interrupt or an exit is a stop by hand; what another
        framework raises to stop a training, such as optuna's `TrialPruned`, is a stop by its rule.
        The arguments are those of `failed`.
        """
        stop, failure = ended_by(error, where)
        facts = {**(snapshot or {}), "stop": dump(stop)}
        if stop.rule is not None:
            recorded = stopped_by_rule(
                error, stop.rule.name, _evidence(stop.rule), where, position, consequence
            )
            self.end(EventType.TRAINING_STOPPED, recorded, facts)
            return
        facts["error"] = dump(failure)
        if stop.by == "error":
            recorded = failed(error, where, position, consequence)
            self.end(EventType.TRAINING_FAILED, recorded, facts)
        else:
            recorded = stopped_by_hand(error, where, position, consequence)
            self.end(EventType.TRAINING_STOPPED, recorded, facts)


def _evidence(rule: Rule) -> str:
    """What a rule of another framework compared, in words."""
    recorded = [] if rule.trial is None else [f"trial {rule.trial}"]
    if rule.value is not None:
        recorded.append(f"value {number(rule.value)} at step {rule.step}")
    return ", ".join(recorded)


class Cadence:
    """Which steps of a run are recorded: few enough to read at INFO, each one at DEBUG.

    At INFO these are 1, 2, 5, 10, 20, 50 and so on, the last, a new best after a long stretch
    without one, and any after half a minute of silence.

    Args:
        level: The least level recorded.
        last: The last step that is planned; None where that is not known.

    Attributes:
        last: The last step that is planned.
        every: Whether each step is recorded.
        following: The step that is recorded next in any case.
    """

    __slots__ = ("_recorded", "every", "following", "last")

    def __init__(self, level: Level, last: int | None = None) -> None:
        self.last = last
        self.every = level <= Level.DEBUG
        self.following = 1
        self._recorded = monotonic()

    def due(self, step: int, stretch: int = 0) -> bool:
        """Whether a step is one to record.

        Args:
            step: The step, counted from 1.
            stretch: Where the step brought a new best: how many steps went by without one. What
                counts as long grows with the run, so that a noisy one does not fill the log.
        """
        return step >= self.following or self.is_long(step, stretch) or self.silent

    @staticmethod
    def is_long(step: int, stretch: int) -> bool:
        """Whether many steps went by without a new best, for a run that is at this step."""
        return stretch >= max(_STRETCH, step // _STRETCH_PART)

    @property
    def silent(self) -> bool:
        """Whether nothing was recorded for half a minute, or all is."""
        return self.every or monotonic() - self._recorded > _QUIET_S

    def spoke(self) -> None:
        """Note that something else was recorded, such as the way between two steps."""
        self._recorded = monotonic()

    def recorded(self, step: int) -> None:
        """Note that a step was recorded."""
        self.spoke()
        following = step + 1 if self.every else _next_round(step)
        if self.last is not None:
            following = max(step + 1, min(following, self.last))
        self.following = following


def _next_round(count: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    power: int = 10 ** (len(str(count)) - 1)
    return next(each * power for each in (1, 2, 5, 10) if each * power > count)
