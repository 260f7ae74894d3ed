"""A training as its adapter reports it: facts go in, entries and issues come out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from mllog_callbacks._record import replace
from mllog_callbacks.adapter._curve import LEARNING_RATE
from mllog_callbacks.adapter._observing import Observer
from mllog_callbacks.adapter._run import Cadence, Run
from mllog_callbacks.adapter._scores import Scores
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
        training_set: The name of the training data in `results`.
        directions: Whether more of a metric is better.
        counts_on: Whether the count goes on from that of the model it continues.

    Attributes:
        done: How many iterations, epochs or steps are done.
        continued: How many the model had that this training continues; None where it is new, or
            where that is not known yet.
        ended: Whether its end is recorded.
    """

    def __init__(
        self,
        run: Run,
        *,
        unit: Unit = "iteration",
        judged: Unit | None = None,
        training_set: str = "training",
        directions: Directions = _unknown,
        counts_on: bool = False,
    ) -> None:
        self.done = 0
        self.continued: int | None = None
        self._run, self._unit, self._counts_on = run, unit, counts_on
        self._known = directions
        self._cadence, self._checks = Cadence(run.level), Cadence(run.level)
        self._checked, self._checked_at, self._check_due = 0, -1, False
        self._observer = Observer(unit, judged, training_set, self._directions)
        # numbers that are no metrics are only looked at for values that are not finite
        self._watching = run.detectors.among({"non_finite"})
        self._planned: int | None = None
        self._folds: int | None = None
        self._scores = Scores(self._directions)
        self._changed: dict[str, object] = {}

    def _directions(self, metric: str) -> bool | None:
        """Whether more of a metric is better: the caller's word goes first."""
        stated = self._run.detectors.stated(metric)
        return self._known(metric) if stated is None else stated

    @property
    def ended(self) -> bool:
        """Whether its end is recorded."""
        return self._run.ended

    def started(self, facts: TrainingStarted) -> None:
        """Record that it begins, and what it is to do."""
        self._planned = self._cadence.last = facts.plan.most
        self._folds = facts.plan.folds
        before = None if facts.continues is None else facts.continues.at
        if self._counts_on:
            self.done = before or 0
        else:
            self.continued = before
        rules = [rule for rule in (facts.rules or {}).values() if rule.patience is not None]
        self.know(
            early_stopping=bool(rules),
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

    def changed(self, parameters: Mapping[str, object]) -> None:
        """Take that parameters have other values, by name, from the next results on."""
        self._changed |= parameters

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
        self.done = done
        self._scores.take(done, results)
        self._keep(results, learning_rate, readings)
        self._run.observe(*self._observer.results(done, results, learning_rate))
        found = self._watching.look(self._observer.readings(done, readings or {}))
        self._run.tell_issues(found, self._unit)
        if self._cadence.due(done):
            self._cadence.told(done)
            self._run.record(
                TrainingProgress(
                    progress=self._progress(),
                    results=results,
                    deviations=deviations,
                    best=self._scores.best,
                    readings=readings,
                    changed=dict(self._changed),
                )
            )

    def evaluated(self, done: int, results: Results) -> None:
        """Take an evaluation within the training, where it is made after some steps only.

        Detectors see it as a check, beside the mean of the training's results since the one before:
        those of single batches say little. Evaluations have entries at a rate of their own.

        Args:
            done: How many iterations, epochs or steps are done; may be those of `results`.
            results: The values by data set and metric, without the training's.
        """
        self.done = done
        self._scores.take(done, results)
        self._keep(results, None)
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
                self._checks.told(self._checked)
        return self._check_due

    def _keep(
        self, results: Results, rate: float | None, readings: Mapping[str, float] | None = None
    ) -> None:
        """Keep a step of the curve, with the parameters that were changed and are in force."""
        values = {
            (name, metric): value
            for name, metrics in results.items()
            for metric, value in metrics.items()
        }
        changed = {LEARNING_RATE: rate} if rate is not None else {}
        changed |= {
            name: value for name, value in self._changed.items() if isinstance(value, int | float)
        }
        values |= {("", name): float(value) for name, value in changed.items()}
        values |= {("", name): value for name, value in (readings or {}).items()}
        self._run.curve.add(self.done, values, self._unit)

    def _progress(self) -> Progress:
        total = None if self.continued is None else self.continued + self.done
        return Progress(unit=self._unit, done=self.done, planned=self._planned, total=total)

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
                best=self._scores.best,
                readings=readings,
                rules=rules,
                deleted=tuple(deleted),
                importance=importance,
                importance_by=importance_by if importance else None,
                changed=dict(self._changed),
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
    ) -> None:
        """Record the end that an exception makes: a failure, or a stop by hand.

        The exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the evaluation"; may be empty.
            consequence: What its caller got, as in "no model was returned".
            begun: Whether a first iteration, epoch or step had begun.
            between: Whether it came when the last one was done, as in its evaluation.
        """
        stop, failure = ended_by(error, where)
        failure = replace(failure, between=between or None)
        self._run.record(
            TrainingEnded(
                progress=self._progress() if begun else None,
                folds=self._folds,
                stop=stop,
                error=None if stop.by == "rule" else failure,
                consequence=consequence,
            )
        )

    def vanished(self, consequence: str, rules: Mapping[str, Rule] | None = None) -> None:
        """Record that its call is over without a result, and nobody saw why.

        Args:
            consequence: What its caller got.
            rules: The rules that were on, by name.
        """
        self._run.record(
            TrainingEnded(
                progress=self._progress(), folds=self._folds, consequence=consequence, rules=rules
            )
        )
