"""A training as its adapter reports it: facts go in, entries and issues come out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, TypeAlias

from mllog_callbacks.adapter._changes import Changes
from mllog_callbacks.adapter._curve import LEARNING_RATE, Key
from mllog_callbacks.adapter._run import Cadence, Run
from mllog_callbacks.adapter._scores import Improvement, Scores
from mllog_callbacks.adapter._steps import Steps
from mllog_callbacks.detectors import Observation, Passage, Unit
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
        training_sets: The names of the training data in `results`, copies among them.
        directions: Whether more of a metric is better.

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
        training_sets: Collection[str] = ("training",),
        directions: Directions = _unknown,
    ) -> None:
        self.done = 0
        self.before: int | None = None
        self.continued: int | None = None
        self._run, self._unit = run, unit
        self._training_sets, self._directions = training_sets, directions
        self._cadence = Cadence(run.level)
        self._planned: int | None = None
        self._folds: int | None = None
        self._scores = Scores(directions)
        self._changes = Changes()

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
        if facts.continues is not None:
            self.continued = facts.continues.at
        if self.before:
            self.done, self.continued = self.before, None
            self._planned = self._cadence.last = (facts.plan.most or 0) + self.before
        on = [rule for rule in (facts.rules or {}).values() if rule.off is None]
        rules = [rule for rule in on if rule.patience is not None]
        others = None if facts.callbacks else False
        self._causes(
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
                self._causes(rows=data.rows, features=data.features, classes=data.classes)
        self._run.record(facts)

    def knows(self, **known: Any) -> None:  # noqa: ANN401 - the fields of the detectors' facts
        """Let the detectors know what may explain an issue: fields of `mllog_callbacks.Facts`."""
        self._causes(**known)

    def _causes(self, **known: Any) -> None:  # noqa: ANN401 - the fields of the detectors' facts
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
    ) -> None:
        """Take what was measured after an iteration, epoch or step, of all sets together.

        Args:
            done: How many are done, from 1; it grows from call to call.
            results: The values by data set and metric; empty where nothing was measured.
            deviations: Their standard deviations over folds.
            learning_rate: The learning rate in force.
        """
        if learning_rate is not None:
            self._changes.expect({LEARNING_RATE: learning_rate})
        columns = [
            {
                (name, metric): (value,)
                for name, each in of.items()
                for metric, value in each.items()
            }
            for of in (results, deviations or {})
        ]
        self.steps(Steps(range(done, done + 1), *columns, learning_rate, monotonic()))

    def steps(self, steps: Steps) -> None:
        """Take steps that follow each other, as `results` takes each."""
        improvements = self._scores.improvements(steps)
        begin, count = 0, len(steps.at)
        while begin < count:
            due = self._due(steps, improvements, begin)
            end = count if due is None else due + 1
            part = steps.part(begin, end)
            self.done = part.at[-1]
            self._scores.take(part, _within(improvements, begin, end))
            self._keep(part)
            self._run.follow(self._passages(part))
            if due is not None:
                self._record_progress()
            begin = end

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

    def _record_progress(self) -> None:
        self._cadence.told(self.done)
        self._run.record(
            TrainingProgress(
                progress=self._progress(),
                results=self._scores.last,
                deviations=self._scores.last_deviations,
                best=self._scores.best,
                changed=self._changes.changed,
            )
        )

    def _keep(self, steps: Steps) -> None:
        """Keep steps of the curve, with the parameters that were changed and are in force."""
        for key, values in steps.values.items():
            self._run.curve.extend(key, steps.at, values, self._unit)
        numbers = self._changes.numbers
        if LEARNING_RATE in numbers and steps.learning_rate is not None:
            numbers[LEARNING_RATE] = steps.learning_rate  # whatever name it was changed under
        for name, value in numbers.items():
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

    def _passages(self, steps: Steps) -> list[Passage]:
        """What the detectors see: each metric on each set, with its values on the training data."""
        trained = {
            metric: values
            for (name, metric), values in reversed(steps.values.items())
            if name in self._training_sets
        }
        others = {
            key: each for key, each in steps.values.items() if key[0] not in self._training_sets
        }
        first = next(iter(self._training_sets), "training")
        seen = others or {(first, metric): None for metric in trained}
        found = []
        for (name, metric), values in seen.items():
            train = trained.get(metric)
            observation = Observation(
                steps.at[0],
                self._unit,
                metric,
                name,
                None if train is None else train[0],
                None if values is None else values[0],
                self._directions(metric),
                steps.learning_rate,
                steps.seconds,
            )
            found.append(Passage(observation, steps.at, train, values))
        return found

    def stopped(
        self,
        stop: Stop,
        kept: Kept | None = None,
        *,
        rules: Mapping[str, Rule] | None = None,
        importance: Mapping[str, float] | None = None,
        importance_by: str = "gain",
    ) -> None:
        """Record its end in order: as planned, by a rule, or because code asked for it.

        Args:
            stop: Why it ended.
            kept: The model it leaves; None where it leaves none.
            rules: The rules that were on and did not end it, by name.
            importance: Features with their shares of all importance.
            importance_by: What that is measured by.
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
                rules=rules,
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
        done: int | None = None,
    ) -> None:
        """Record the end that an exception makes: a failure, or a stop by hand.

        The exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the evaluation"; may be empty.
            consequence: What its caller got, as in "no model was returned".
            begun: Whether a first iteration, epoch or step had begun.
            done: How many were done; default all whose results are known.
        """
        stop, failure = ended_by(error, where)
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
