"""A training as its adapter reports it: facts go in, entries and issues come out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from mllog_callbacks._record import replace
from mllog_callbacks.adapter._changes import Changes
from mllog_callbacks.adapter._curve import LEARNING_RATE, Key
from mllog_callbacks.adapter._observing import Observer
from mllog_callbacks.adapter._run import Cadence, Run
from mllog_callbacks.adapter._scores import Improvement, Scores
from mllog_callbacks.adapter._steps import Steps
from mllog_callbacks.detectors import Unit
from mllog_callbacks.facts import (
    DatasetValidated,
    EventFacts,
    Kept,
    Progress,
    Results,
    Rule,
    Stop,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
    ended_by,
)

__all__ = ["Directions", "Training"]

Directions: TypeAlias = Callable[[str], bool | None]
"""Whether more of a metric, by its name, is better; None where that is not known."""


def _unknown(_metric: str) -> None:
    """No direction is known."""


class Training:
    """Records a training from the facts that an adapter has of it.

    The adapter reports what happens, each in one call; when an entry of progress is due, which
    value is the best, what the detectors see and how it is worded is decided here, the same for
    every framework.

    Args:
        run: Where its entries go.
        unit: What it counts: "iteration", "epoch" or "step".
        judged: As what detectors judge a result; default the unit. Results that are logged every
            50 steps are means over 50 batches, and judged as "epoch".
        training_sets: The names of the training data in `results`, copies among them.
        directions: Whether more of a metric is better.
        counts_on: Whether the count goes on from that of the model it continues.

    Attributes:
        done: The last iteration, epoch or step that is done, as the framework counts.
        before: How many of these the model had that this training continues, where they count on.
        continued: How many that had where they count anew; None where the training is new, or
            where that is not known yet.
        ended: Whether its end is recorded.
    """

    def __init__(
        self,
        run: Run,
        *,
        unit: Unit = "iteration",
        judged: Unit | None = None,
        training_sets: Collection[str] = ("training",),
        directions: Directions = _unknown,
        counts_on: bool = False,
    ) -> None:
        self.done = 0
        self.before: int | None = None
        self.continued: int | None = None
        self._run, self._unit, self._counts_on = run, unit, counts_on
        self._known = directions
        self._cadence, self._checks = Cadence(run.level), Cadence(run.level)
        self._checked, self._checked_at, self._check_due = 0, -1, False
        self._observer = Observer(unit, judged, training_sets, self._directions)
        # numbers that are no metrics are only looked at for values that are not finite
        self._watching = run.detectors.among({"non_finite"})
        self._planned: int | None = None
        self._folds: int | None = None
        self._scores = Scores(self._directions)
        self._changes = Changes()
        self._kept_to = -1

    def _directions(self, metric: str) -> bool | None:
        """Whether more of a metric is better: the caller's word goes first."""
        stated = self._run.detectors.stated(metric)
        return self._known(metric) if stated is None else stated

    @property
    def ended(self) -> bool:
        """Whether its end is recorded."""
        return self._run.ended

    @property
    def next_due(self) -> int:
        """The next iteration, epoch or step whose entry of progress is due in any case."""
        return self._cadence.following

    def started(self, facts: TrainingStarted) -> None:
        """Record that it begins, and what it is to do."""
        self._planned = self._cadence.last = facts.plan.most
        self._folds = facts.plan.folds
        before = None if facts.continues is None else facts.continues.at
        if self._counts_on:
            self.done, self.before = before or 0, before
        else:
            self.continued = before
        on = [rule for rule in (facts.rules or {}).values() if rule.off is None]
        rules = [rule for rule in on if rule.patience is not None]
        others = None if facts.callbacks else False
        self.know(
            early_stopping=True if rules else others,
            patience=min((rule.patience or 0 for rule in rules), default=None),
        )
        self._run.record(facts)

    def record(self, facts: EventFacts) -> None:
        """Record its data, algorithm, hyperparameters, an evaluation or a save."""
        if isinstance(facts, DatasetValidated):
            sets = facts.data.values()
            data = next((each for each in sets if each.role == "training" and each.rows), None)
            if data is not None:
                self.know(
                    rows=data.rows,
                    features=data.features,
                    classes=data.classes,
                    labels=data.labels,
                    weighted=data.weights is not None,
                )
            self.know(sets=facts.data)
        self._run.record(facts)

    def know(self, **known: Any) -> None:  # noqa: ANN401 - the fields of the detectors' facts
        """Let the detectors know what may explain an issue, as the fields of `Facts`."""
        self._run.detectors.facts = replace(self._run.detectors.facts, **known)

    def expect(self, parameters: Mapping[str, object]) -> None:
        """Take the values at the start of parameters that may change: the curve has them all."""
        self._changes.expect(parameters)

    def changed(
        self, parameters: Mapping[str, object], before: Mapping[str, object] | None = None
    ) -> None:
        """Take that parameters have other values, by name, from the next results on.

        Args:
            parameters: The new values.
            before: The values at the start, where these are known.
        """
        self._changes.take(self.done + 1, parameters, before)

    def results(
        self,
        done: int,
        results: Results,
        *,
        deviations: Results | None = None,
        learning_rate: float | None = None,
        readings: Mapping[str, float] | None = None,
    ) -> None:
        """Take what was measured after an iteration, epoch or step, of all sets together.

        Args:
            done: How many are done, from 1; it grows from call to call.
            results: The values by data set and metric; empty where nothing was measured.
            deviations: Their standard deviations over folds.
            learning_rate: The learning rate in force.
            readings: Other numbers, which are no metrics of the model, such as the norm of the
                gradient: they are kept in the curve, and looked at for values that are not finite.
        """
        if learning_rate is not None:
            self._changes.expect({LEARNING_RATE: learning_rate})
        steps = _step(done, results, deviations, learning_rate)
        improvements = self._scores.improvements(steps)
        self._take(steps, improvements, readings)
        self._run.observe(*self._observer.results(done, results, learning_rate))
        found = self._watching.look(self._observer.readings(done, readings or {}))
        self._run.record_issues(found, self._unit)
        if self._due(steps, improvements, 0) is not None:
            self._record_progress(steps, readings)

    def evaluated(self, done: int, results: Results) -> None:
        """Take an evaluation within the training, where it is made after some steps only.

        Detectors see it as a check, beside the mean of the training's results since the one before:
        those of single batches say little. Evaluations have entries at a rate of their own.

        Args:
            done: How many iterations, epochs or steps are done; may be those of `results`.
            results: The values by data set and metric, without the training's.
        """
        steps = _step(done, results)
        self._take(steps, self._scores.improvements(steps))
        self._run.observe(*self._observer.evaluated(done, results))
        if self._is_check_due(done):
            progress, best = self._progress(), self._scores.best
            self._run.record(TrainingProgress(progress=progress, results=results, best=best))

    def _is_check_due(self, done: int) -> bool:
        """Whether an evaluation has an entry; those of several sets at one place are one."""
        if done != self._checked_at:
            self._checked_at = done
            self._checked += 1
            self._check_due = self._checks.due(self._checked)
            if self._check_due:
                self._checks.recorded(self._checked)
        return self._check_due

    def steps(self, steps: Steps) -> None:
        """Take steps that follow each other, as `results` takes each."""
        improvements = self._scores.improvements(steps)
        begin, count = 0, len(steps.at)
        while begin < count:
            due = self._due(steps, improvements, begin)
            end = count if due is None else due + 1
            part = steps.part(begin, end)
            self._take(part, _within(improvements, begin, end))
            self._run.follow(self._observer.passages(part))
            if due is not None:
                self._record_progress(part)
            begin = end

    def _take(
        self,
        steps: Steps,
        improvements: Mapping[Key, Sequence[Improvement]],
        readings: Mapping[str, float] | None = None,
    ) -> None:
        self.done = steps.at[-1]
        self._scores.take(steps, improvements)
        self._keep(steps, readings)

    def _due(
        self, steps: Steps, improvements: Mapping[Key, Sequence[Improvement]], begin: int
    ) -> int | None:
        """The next of the steps whose entry of progress is due, from 0; None where none is."""
        cadence, last = self._cadence, len(steps.at) - 1
        found = [
            each.place
            for of_metric in improvements.values()
            for each in of_metric
            if each.place >= begin
            and each.waited
            and cadence.is_long(steps.at[each.place], each.waited)
        ]
        if cadence.following <= steps.at[-1]:
            found.append(max(cadence.following - steps.at[0], begin))
        elif cadence.silent:
            found.append(last)
        return min(found, default=None)

    def _record_progress(self, steps: Steps, readings: Mapping[str, float] | None = None) -> None:
        """Record the last of some steps."""
        self._cadence.recorded(self.done)
        self._run.record(
            TrainingProgress(
                progress=self._progress(),
                results=steps.last,
                deviations=steps.last_deviations,
                best=self._scores.best,
                readings=readings,
                changed=self._changes.changed,
            )
        )

    def _keep(self, steps: Steps, readings: Mapping[str, float] | None = None) -> None:
        """Keep steps of the curve, with the parameters that were changed and are in force."""
        for key, values in steps.values.items():
            self._run.curve.extend(key, steps.at, values, self._unit)
        # an evaluation may come at the place of the results before it
        numbers = self._changes.numbers if steps.at[0] > self._kept_to else {}
        self._kept_to = steps.at[-1]
        if LEARNING_RATE in numbers and steps.learning_rate is not None:
            numbers[LEARNING_RATE] = steps.learning_rate  # whatever name it was changed under
        for name, value in [*numbers.items(), *(readings or {}).items()]:
            self._run.curve.extend(("", name), steps.at, [value] * len(steps.at), self._unit)

    def _progress(self) -> Progress:
        total = None if self.continued is None else self.continued + self.done
        return Progress(
            unit=self._unit,
            done=self.done,
            planned=self._planned,
            before=self.before or None,
            total=total,
        )

    def stopped(
        self,
        stop: Stop,
        kept: Kept | None = None,
        *,
        rules: Mapping[str, Rule] | None = None,
        importance: Mapping[str, float] | None = None,
        importance_by: str = "gain",
        readings: Mapping[str, float] | None = None,
        deleted: Sequence[str] = (),
    ) -> None:
        """Record its end in order: as planned, by a rule, or because code asked for it.

        Args:
            stop: Why it ended.
            kept: The model it leaves; None where it leaves none.
            rules: The rules that were on and did not end it, by name.
            importance: Features with their shares of all importance.
            importance_by: What that is measured by.
            readings: Other numbers of the whole training.
            deleted: Saved models that were deleted since the last was saved.
        """
        self._run.record(
            TrainingEnded(
                progress=self._progress(),
                folds=self._folds,
                stop=stop,
                kept=kept,
                results=self._scores.last,
                deviations=self._scores.last_deviations,
                best=self._scores.best,
                readings=readings,
                rules=rules,
                deleted=tuple(deleted),
                importance=importance,
                importance_by=importance_by if importance else None,
                changed=self._changes.changed,
                changes=self._changes.facts(),
            )
        )

    def failed(
        self,
        error: BaseException,
        where: str,
        consequence: str,
        *,
        begun: bool = True,
        between: bool = False,
        done: int | None = None,
    ) -> None:
        """Record the end that an exception makes: a failure, or a stop by hand.

        The exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the evaluation"; may be empty.
            consequence: What its caller got, as in "no model was returned".
            begun: Whether a first iteration, epoch or step had begun.
            between: Whether it came when the last one was done, as in its evaluation.
            done: How many were done; default all whose results are known.
        """
        stop, failure = ended_by(error, where)
        failure = replace(failure, between=between or None)
        self.done = self.done if done is None else min(self.done, done)
        self._run.record(
            TrainingEnded(
                progress=self._progress(),
                first_begun=None if begun else False,
                folds=self._folds,
                stop=stop,
                error=None if stop.by == "rule" else failure,
                consequence=consequence,
            )
        )

    def vanished(
        self, consequence: str, rules: Mapping[str, Rule] | None = None, *, begun: bool = True
    ) -> None:
        """Record that its call is over without a result, and nobody saw why.

        Args:
            consequence: What its caller got.
            rules: The rules that were on, by name.
            begun: Whether a first iteration, epoch or step had begun.
        """
        self._run.record(
            TrainingEnded(
                progress=self._progress(),
                first_begun=None if begun else False,
                folds=self._folds,
                consequence=consequence,
                rules=rules,
            )
        )


def _within(
    improvements: Mapping[Key, Sequence[Improvement]], begin: int, end: int
) -> dict[Key, list[Improvement]]:
    return {
        key: [each for each in found if begin <= each.place < end]
        for key, found in improvements.items()
    }


def _step(
    done: int,
    results: Results,
    deviations: Results | None = None,
    learning_rate: float | None = None,
) -> Steps:
    """One step, as those that are taken many at a time."""
    values, deviation = (
        {(name, metric): (value,) for name, each in of.items() for metric, value in each.items()}
        for of in (results, deviations or {})
    )
    return Steps(range(done, done + 1), values, deviation, learning_rate)
