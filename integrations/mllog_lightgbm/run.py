"""One training: what it has shown so far, told as entries from its start to its one end."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from lightgbm import CVBooster, Dataset
from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import (
    AuditLog,
    DetectorSet,
    EventType,
    Issue,
    Level,
    guarded,
    report_failure,
)
from mllog_lightgbm import reasons
from mllog_lightgbm.facts import DataFacts, Parameters, data_facts, parameters
from mllog_lightgbm.issues import Watcher, facts_for_causes
from mllog_lightgbm.reasons import Reason
from mllog_lightgbm.results import Result, Scoreboard, as_snapshot, read_results
from mllog_lightgbm.stops import Stop, read_stop

__all__ = ["Run"]

_QUIET_S: Final = 30.0
"""Seconds without a word, after which a reader would like to know that a training goes on."""


class Run:
    """One call of `lightgbm.train` or `lightgbm.cv`.

    Attributes:
        iteration: The iteration under way, as LightGBM counts it; None before the first.
        watched: Whether the end of the call will be seen.
        ended: Whether the end was told.
    """

    def __init__(
        self,
        log: AuditLog,
        detectors: DetectorSet | None = None,
        on_issue: Callable[[Issue], object] | None = None,
    ) -> None:
        self.iteration: int | None = None
        self.watched = False
        self._log = log
        self._detectors = detectors or DetectorSet([])
        self._on_issue = on_issue
        self._watcher: Watcher | None = None
        self._began = self._told = time.monotonic()
        self.ended = False
        self._started = False
        self._first = self._last = self._done = 0
        self._given: dict[str, object] = {}
        self._results: Sequence[Sequence[Any]] = ()
        self._next = 1
        self._scores = Scoreboard()
        self._stop: Stop | None = None

    @guarded
    def expect(
        self, given: Mapping[str, object], objective: Callable[..., object] | None, planned: int
    ) -> None:
        """Take what is known before the booster is made: a training may fail in making it.

        Args:
            given: The parameters as they reached LightGBM.
            objective: The caller's own objective; LightGBM's parameters then say "none".
            planned: The number of iterations.
        """
        self.watched = True
        self._last = planned
        self._given = dict(given)
        if objective is not None:
            self._given["objective"] = objective

    @guarded
    def begin(
        self,
        env: CallbackEnv,
        data: Dataset | None = None,
        *,
        training: str = "training",
        patience: int | None = None,
    ) -> None:
        """Tell the start of the training and its hyperparameters.

        Args:
            env: What LightGBM gives a callback in the first iteration.
            data: The training data as the caller gave it; default the booster's.
            training: What the results call the training data.
            patience: What early stopping allows; 0 where it is not armed, None where not known.
        """
        self.iteration = env.iteration
        self._first, self._last = env.begin_iteration, env.end_iteration
        boosters = env.model.boosters if isinstance(env.model, CVBooster) else [env.model]
        folds = len(boosters) if isinstance(env.model, CVBooster) else 0
        booster = boosters[0]
        found = _parameters(self._given or env.params, booster) or Parameters({}, {}, {})
        sets = {"training": booster.train_set if data is None else data}
        if not folds:
            sets |= dict(zip(booster.name_valid_sets, booster.valid_sets, strict=False))
        facts = _facts(sets, found.get("objective")) or {}
        if found.get("boosting") == "dart":  # LightGBM then switches early stopping off
            patience = 0
        self._start(found, facts, folds)
        self._detectors.facts = facts_for_causes(facts.get("training"), found, patience)
        if self._detectors.watches:
            self._watcher = Watcher(self._detectors, training, found)

    def record(self, env: CallbackEnv) -> None:
        """Take an iteration's results; tell of them where a person would want to read it."""
        try:
            self._done = done = env.iteration + 1
            self._results = results = env.evaluation_result_list or ()
            self._scores.record(results, done)
            if self._watcher is not None:
                self._tell_issues(self._watcher.observe(results, done, env.params))
            if done >= self._next or time.monotonic() - self._told > _QUIET_S:
                self._tell_progress()
            if done == self._last and not self.watched:
                self.end()
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "Run.record")

    @guarded
    def stop(
        self,
        env: CallbackEnv,
        callback: Callable[[CallbackEnv], object],
        error: EarlyStopException,
        *,
        by_parameter: bool,
    ) -> None:
        """Keep who stops the training and why; the end is told when the call is over."""
        self._done = env.iteration + 1
        self._stop = read_stop(env, callback, error, by_parameter=by_parameter)

    @guarded
    def fail(self, error: BaseException, where: str) -> None:
        """Tell the end that an exception makes now; the exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the callback log_metrics".
        """
        if isinstance(error, Exception):
            told = reasons.failed(error, where, self._position())
            self._end(EventType.TRAINING_FAILED, told)
        else:
            told = reasons.stopped_by_hand(error, where, self._position())
            self._end(EventType.TRAINING_STOPPED, told)

    @guarded
    def end(self) -> None:
        """Tell how the training ended, now that the call is over."""
        stop = self._stop
        if self.ended:
            return
        if stop is not None and stop.iteration < self._last:
            self._evaluate(stop.best_iteration, stop.results)
            told = reasons.stopped_early(stop, self._last, self._scores)
            self._end(EventType.TRAINING_STOPPED, told, {"kept_iteration": stop.best_iteration})
        elif self._started and self._done == self._last:
            kept = self._done if stop is None else stop.best_iteration
            results = read_results(self._results)
            self._evaluate(kept, results if stop is None else stop.results)
            told = reasons.completed(
                self._last - self._first, self._last, stop, results, self._scores
            )
            self._end(EventType.TRAINING_COMPLETED, told, {"kept_iteration": kept})
        else:
            self._end(EventType.TRAINING_FAILED, reasons.vanished(self._position()))

    def _start(self, found: Parameters, data: dict[str, DataFacts], folds: int = 0) -> None:
        self._started = True
        if self._log.model is None:
            self._log = self._log.bind(model=f"LightGBM {found.get('boosting') or ''}".rstrip())
        planned = self._last - self._first
        self._tell(
            EventType.TRAINING_STARTED,
            reasons.started(planned, self._first, folds, data),
            {
                "planned_iterations": planned,
                **{name: each._asdict() for name, each in data.items()},
            },
        )
        self._tell(
            EventType.HYPERPARAMETERS_SET,
            reasons.hyperparameters(found),
            {"set_by_caller": found.given, "defaults": found.defaults},
        )

    def _tell_issues(self, issues: Iterable[Issue]) -> None:
        for issue in issues:
            about = {"code": issue.code, "name": issue.name, "severity": issue.severity}
            self._tell(
                EventType.ISSUE_DETECTED,
                Reason(issue.decision, issue.reasoning),
                {**about, "iteration": issue.step, **issue.metrics},
            )
            if self._on_issue is not None:
                guarded(self._on_issue)(issue)

    def _tell_progress(self) -> None:
        self._told = time.monotonic()
        results = read_results(self._results)
        self._tell(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(self._done, self._last, results, self._scores),
            {"iteration": self._done, **as_snapshot(results)},
        )
        every = self._log.level <= Level.DEBUG
        self._next = self._done + 1 if every else min(_next_round(self._done), self._last)

    def _evaluate(self, iteration: int, results: list[Result]) -> None:
        if results:
            self._tell(
                EventType.MODEL_EVALUATED,
                reasons.evaluated(iteration, results, chosen=self._stop is not None),
                {"iteration": iteration, **as_snapshot(results)},
            )

    def _end(
        self, event: EventType, reason: Reason, snapshot: dict[str, object] | None = None
    ) -> None:
        if self.ended:
            return
        self.ended = True
        if not self._started:
            self._start(_parameters(self._given, None) or Parameters({}, {}, {}), {})
        facts = {"iterations_done": self._done, "seconds": round(time.monotonic() - self._began, 3)}
        self._tell(event, reason, facts | (snapshot or {}))

    def _tell(self, event: EventType, reason: Reason, snapshot: dict[str, object] | None) -> None:
        self._log.emit(
            event,
            decision=reason.decision,
            reasoning=reason.reasoning or None,
            metrics_snapshot=snapshot,
        )

    def _position(self) -> str:
        if self.iteration is None:
            return "before its first iteration"
        return f"in iteration {self.iteration + 1:,} of {self._last:,}"


_parameters = guarded(parameters)


@guarded
def _facts(sets: Mapping[str, Dataset], objective: object) -> dict[str, DataFacts]:
    return {name: data_facts(each, objective) for name, each in sets.items()}


def _next_round(count: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 and so on: few enough to read, at any length."""
    power: int = 10 ** (len(str(count)) - 1)
    return next(each * power for each in (1, 2, 5, 10) if each * power > count)
