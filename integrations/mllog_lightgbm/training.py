"""One training: what it has shown so far, told as entries from its start to its one end."""

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import (
    Backlog,
    Cadence,
    EventType,
    RawData,
    Reason,
    Run,
    guarded,
    report_failure,
)
from mllog_callbacks.facts import Kept, dump
from mllog_callbacks.facts import Stop as Stopped
from mllog_lightgbm import reasons, start_reasons
from mllog_lightgbm.calls import Audit
from mllog_lightgbm.estimator import Estimator
from mllog_lightgbm.issues import Watcher, facts_for_causes, watching
from mllog_lightgbm.model import Model, Saved, boosters_of, gains, held
from mllog_lightgbm.opening import Opening, open_training
from mllog_lightgbm.parameters import main_names, without_functions
from mllog_lightgbm.raw import NOTHING, Raw
from mllog_lightgbm.results import Result, Scoreboard, as_snapshot, read_results
from mllog_lightgbm.schedule import LEARNING_RATE, Schedule
from mllog_lightgbm.stops import Stop, read_stop
from mllog_lightgbm.stretches import Beginning, Stretch, Stretches

__all__ = ["Training"]


class Training:
    """One call of `lightgbm.train` or `lightgbm.cv`.

    What an iteration shows is handed over to a backlog: all that is made of it can wait.

    Args:
        run: What it is told as.

    Attributes:
        watched: Whether the end of the call will be seen.
    """

    def __init__(self, run: Run) -> None:
        self.watched = False
        self._run = run
        run.curve.unit = "iteration"
        self._opening: Opening | None = None
        self._estimator: Estimator | None = None
        self._given: dict[str, object] = {}
        self._model: weakref.ref[Model] | None = None
        self._watcher: Watcher | None = None
        self._rate = LEARNING_RATE
        self._raw = NOTHING
        self._schedule = Schedule()
        self._in_force: Mapping[str, float] = {}
        self._first = self._last = self._done = self._folds = 0
        self._latest_results: Sequence[Sequence[Any]] = ()
        self._results: Sequence[Sequence[Any]] = ()
        self._cadence = Cadence(run.level)
        self._scores = Scoreboard()
        self._backlog = Backlog(self._take)
        self._unwatched = Backlog(self._watch)
        self._latest = Beginning(0, 0, None)
        self._stretches = Stretches()
        self._stop: Stop | None = None

    @property
    def ended(self) -> bool:
        """Whether the end was told."""
        return self._run.ended

    @guarded
    def expect(
        self,
        given: Mapping[str, object],
        objective: Callable[..., object] | None,
        planned: int,
        estimator: Estimator | None = None,
        raw: Raw = NOTHING,
    ) -> None:
        """Take what is known before the booster is made: a training may fail in making it.

        Args:
            given: The parameters as they reached LightGBM.
            objective: The caller's own objective; LightGBM's parameters then say "none".
            planned: The number of iterations.
            estimator: The estimator that called LightGBM, where one did.
            raw: What was seen of the data.
        """
        self.watched = True
        self._raw = raw
        self._last = planned
        self._estimator = estimator
        more = {} if objective is None else {"objective": objective}
        self._given = without_functions({**given, **more})

    @property
    def copies(self) -> frozenset[str]:
        """The validation sets that are copies of the training data."""
        return self._raw.copies

    def examine(self, sets: Mapping[str, RawData]) -> None:
        """Take the data as the caller gave it, by name."""
        self._run.examine(sets)

    @guarded
    def begin(self, env: CallbackEnv, known: Mapping[str, Any] | None = None) -> None:
        """Record the start of the training, its data and its hyperparameters.

        Args:
            env: What LightGBM gives a callback in the first iteration.
            known: The variables of LightGBM's call, where they are known.
        """
        self._model = weakref.ref(env.model)
        self._first, self._last = env.begin_iteration, env.end_iteration
        self._done = self._first
        self._cadence.last = self._last
        given = self._given or env.params
        opening = open_training(env, given, self._estimator, known, self._raw)
        self._tell_start(opening)
        if len((known or {}).get("callbacks_before_iter", ())) > 1:
            self._schedule.expect(opening.found.get(LEARNING_RATE))
        detectors = self._run.detectors = watching(self._run.detectors, opening.found)
        detectors.facts = facts_for_causes(opening)
        if detectors.watches:
            self._watcher = Watcher(detectors, opening)
            self._rate = opening.found.aliases.get(self._rate, self._rate)

    @guarded
    def reset(self, values: Mapping[str, object]) -> None:
        """Take parameters that a callback changes before an iteration."""
        if self._opening is not None:
            names = main_names()
            values = {names.get(name, name): value for name, value in values.items()}
            self._schedule.reset(self._done + 1, values, self._opening.found.resolved)

    def record(self, env: CallbackEnv) -> None:
        """Take an iteration's results; what is made of them can wait, unless it is to be told."""
        try:
            done, results = env.iteration + 1, env.evaluation_result_list
            in_force = self._schedule.in_force
            rate = in_force.get(LEARNING_RATE)
            if rate is None:
                rate = env.params.get(LEARNING_RATE, env.params.get(self._rate))
            self._latest_results = results or ()
            if (
                not results
                or done != self._done + 1
                or rate != self._latest.rate
                or in_force is not self._latest.in_force
                or len(results) != self._latest.width
                or self._backlog.is_new
            ):
                self._latest = Beginning(done, len(results or ()), rate, in_force)
                self._backlog.add(self._latest)
            self._backlog.add(*results or ())
            self._done = done
            if done >= self._cadence.following:
                self._backlog.clear()
                if self._cadence.every:
                    self._unwatched.clear()
                if done == self._last and not self.watched:
                    self.end()
            if self._run.stops:
                self._catch_up()
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "Training.record")

    def stop_where_asked(self, env: CallbackEnv) -> None:
        """End the training by LightGBM's own means, where an issue does that its user named.

        Raises:
            EarlyStopException: It is to end after this iteration.
        """
        if self._run.stop is not None and not self.ended:
            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])

    @guarded
    def returned(self, known: Mapping[str, Any]) -> None:
        """Record how the training ended, from the variables of LightGBM's call at its end."""
        if not self.ended:
            self._stop = self._read_stop(known)
            self.end()

    def _read_stop(self, known: Mapping[str, Any]) -> Stop | None:
        """The early stop, where there was one: it leaves LightGBM's loop over callbacks."""
        model, callback = None if self._model is None else self._model(), known.get("cb")
        best = getattr(model, "best_iteration", 0)
        if self._opening is None or callback is None:
            return None
        self._done = known["i"] + 1  # it may have stopped before this callback's turn
        if best <= 0 and self._done == self._last:
            return None
        given, at_best = known.get("callbacks"), known.get("evaluation_result_list")
        listed = given if isinstance(given, Collection) else (callback,)
        if self._folds:
            at_best = at_best if best == self._done else None
        found = read_stop(
            callback,
            by_parameter=all(callback is not each for each in listed),
            iteration=self._done,
            planned=self._last,
            best_iteration=best,
            at_best=at_best,
            last=self._latest_results,
            ignored=self._opening.stopping.ignored,
        )
        asked = self._run.stop if isinstance(callback, Audit) else None
        return found if asked is None else replace(found, name=asked.name, asked=asked)

    @guarded
    def fail(self, error: BaseException, where: str, iteration: int | None = None) -> None:
        """Tell the end that an exception makes now; the exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the callback log_metrics".
            iteration: The iteration, as LightGBM counts; default the one after the last seen.
        """
        if not self.ended:
            self._catch_up()
            self._start_late()
            at = self._position(iteration)
            self._run.fail(error, where, at, reasons.NO_MODEL, self._counted())

    @guarded
    def end(self) -> None:
        """Tell how the training ended, now that the call is over."""
        if self.ended:
            return
        self._catch_up()
        stop = self._stop
        if stop is not None and stop.iteration < self._last:
            kept = self._evaluate(stop.best_iteration, stop.results)
            told = reasons.stopped_early(stop, self._last, self._scores, self._folds)
            self._end(EventType.TRAINING_STOPPED, told, Stopped(by="rule", rule=stop.rule), kept)
        elif self._opening is not None and self._done == self._last:
            results = read_results(self._results)
            best = self._done if stop is None else stop.best_iteration
            kept = self._evaluate(best, results if stop is None else stop.results)
            told = reasons.completed(self._last, stop, results, self._scores, self._opening)
            self._end(EventType.TRAINING_COMPLETED, told, _AS_PLANNED, kept)
        else:
            self._start_late()
            told = reasons.vanished(self._position())
            self._run.end(EventType.TRAINING_FAILED, told, self._counted())

    @property
    def saves(self) -> Callable[[Saved], object]:
        """What tells that the model was saved, also after the end, while the log is open."""
        run, cv = self._run.detached(), bool(self._folds)

        def tell(saved: Saved) -> None:
            if not run.closed:
                told = reasons.saved(saved, cv=cv)
                run.tell(EventType.MODEL_SAVED, told, saved.as_snapshot())

        return tell

    def _catch_up(self) -> None:
        self._backlog.clear()
        self._unwatched.clear()

    def _take(self, items: Sequence[object]) -> None:
        """Make of iterations what there is to make, but for issues, which take longest."""
        for stretch in self._stretches.read(items):
            if self._watcher is not None:
                self._watcher.learn(stretch)
                self._unwatched.add(stretch)
            self._look(stretch)

    @guarded
    def _look(self, stretch: Stretch) -> None:
        cadence, last, kept = self._cadence, stretch.iterations[-1], 0
        self._in_force = stretch.in_force
        news = self._scores.may_change(stretch)
        # the clock, which `due` looks at too, is the same for all of them
        asked = stretch.iterations[0] if news else min(cadence.following, last)
        for done, self._results in stretch.since(asked):
            gone = self._scores.record(self._results, done)
            if (gone or done >= cadence.following or done == asked) and cadence.due(done, gone):
                kept = self._keep(stretch, kept, done)
                self._tell_progress(done)
        self._keep(stretch, kept, last)

    def _keep(self, stretch: Stretch, begin: int, last: int) -> int:
        """Keep a stretch's curves up to an iteration, for the next entry; returns what is kept."""
        end = last - stretch.iterations[0] + 1
        for key, values in stretch.curves.items():
            self._run.curve.extend(key, stretch.iterations[begin:end], values[begin:end])
        return end

    @guarded
    def _watch(self, stretches: Sequence[Stretch]) -> None:
        if self._watcher is not None:
            for stretch in stretches:
                self._run.tell_issues(self._watcher.observe(stretch), "iteration")

    @guarded
    def _tell_progress(self, done: int) -> None:
        self._cadence.told(done)
        results = read_results(self._results)
        self._run.tell(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(done, self._last, results, self._scores),
            {"iteration": done, **as_snapshot(results), **_rate_of(self._in_force)},
        )

    def _tell_start(self, opening: Opening) -> None:
        self._opening, self._folds = opening, opening.folds
        self._run.name(model=f"LightGBM {opening.found.get('boosting') or ''}".rstrip())
        planned = self._last
        told = start_reasons.started(planned, opening)
        rules = opening.stopping.as_facts()
        facts: dict[str, object] = {"planned_iterations": planned, **opening.machines}
        if opening.continued:
            facts["iterations_before"] = opening.continued
        self._run.tell(
            EventType.TRAINING_STARTED, told, {**facts, "rules": rules} if rules else facts
        )
        for event, reason, snapshot in start_reasons.opened(opening):
            self._run.tell(event, reason, snapshot)

    def _start_late(self) -> None:
        """A call that ends before its first iteration has told no start."""
        if self._opening is None:
            self._tell_start(open_training(None, self._given, self._estimator))

    def _evaluate(self, iteration: int, results: list[Result]) -> Kept:
        """Record the scores of the model that is kept, where it is the one that was measured."""
        stop, opening = self._stop, self._opening
        chosen_by = None if stop is None or stop.asked is not None else stop.name
        dart = opening is not None and opening.found.get("boosting") == "dart"
        measured = iteration == self._done or not dart
        if results and measured:
            self._run.tell(
                EventType.MODEL_EVALUATED,
                reasons.evaluated(iteration, results, chosen_by=chosen_by, folds=self._folds),
                {"iteration": iteration, **as_snapshot(results)},
            )
        return Kept(
            at=iteration,
            unit="iteration",
            chosen_by=chosen_by,
            measured=None if measured else False,
        )

    def _end(self, event: EventType, reason: Reason, why: Stopped, kept: Kept) -> None:
        at = kept.at or 0
        snapshot: dict[str, object] = {
            **self._counted(),
            "kept_iteration": at,
            "stop": dump(why),
            "kept": dump(kept),
            **_rate_of(self._schedule.in_force),
        }
        if changed := self._schedule.as_fact():
            snapshot["parameters"] = {"changed": changed}
        model = None if self._model is None else self._model()
        boosters = [] if model is None else boosters_of(model)
        head = _gains(boosters, at) or {}
        if head:
            snapshot["importance"] = head
        trees = _held(boosters) if boosters else None
        if trees is not None and trees < at:
            snapshot["held_iterations"] = trees
        else:
            trees = None
        reason = reasons.with_changes(reason, self._schedule.as_fact())
        if kept.measured is False:
            reason = reasons.with_rescaled(reason, at, self._stop)
        self._run.end(event, reasons.with_model(reason, head, at, trees), snapshot)

    def _counted(self) -> dict[str, object]:
        before = {"iterations_before": self._first} if self._first else {}
        return {"iterations_done": self._done, **before}

    def _position(self, iteration: int | None = None) -> str:
        if self._opening is None or not self._opening.begun:
            return "before its first iteration"
        under_way = self._done if iteration is None else iteration
        return f"in iteration {min(under_way + 1, self._last):,} of {self._last:,}"


_gains, _held = guarded(gains), guarded(held)
_AS_PLANNED: Final = Stopped(by="plan")


def _rate_of(in_force: Mapping[str, float]) -> dict[str, float]:
    """The learning rate, where it may change."""
    return {LEARNING_RATE: in_force[LEARNING_RATE]} if LEARNING_RATE in in_force else {}
