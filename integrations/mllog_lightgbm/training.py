"""One training: what it has shown so far, told as entries from its start to its one end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lightgbm import CVBooster, Dataset
from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import Cadence, EventType, Reason, Run, guarded, report_failure
from mllog_lightgbm import reasons
from mllog_lightgbm.facts import DataFacts, Parameters, data_facts, parameters
from mllog_lightgbm.issues import Watcher, facts_for_causes
from mllog_lightgbm.results import Result, Scoreboard, as_snapshot, read_results
from mllog_lightgbm.stops import Stop, read_stop

__all__ = ["Training"]


class Training:
    """One call of `lightgbm.train` or `lightgbm.cv`.

    Args:
        run: What it is told as.

    Attributes:
        iteration: The iteration under way, as LightGBM counts it; None before the first.
        watched: Whether the end of the call will be seen.
    """

    def __init__(self, run: Run) -> None:
        self.iteration: int | None = None
        self.watched = False
        self._run = run
        self._watcher: Watcher | None = None
        self._started = False
        self._first = self._last = self._done = 0
        self._given: dict[str, object] = {}
        self._results: Sequence[Sequence[Any]] = ()
        self._cadence = Cadence(run.level)
        self._scores = Scoreboard()
        self._stop: Stop | None = None

    @property
    def ended(self) -> bool:
        """Whether the end was told."""
        return self._run.ended

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
        self._cadence.last = self._last
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
        detectors = self._run.detectors
        detectors.facts = facts_for_causes(facts.get("training"), found, patience)
        if detectors.watches:
            self._watcher = Watcher(detectors, training, found)

    def record(self, env: CallbackEnv) -> None:
        """Take an iteration's results; tell of them where a person would want to read it."""
        try:
            self._done = done = env.iteration + 1
            self._results = results = env.evaluation_result_list or ()
            self._scores.record(results, done)
            if self._watcher is not None:
                self._run.tell_issues(self._watcher.observe(results, done, env.params), "iteration")
            if self._cadence.due(done):
                self._tell_progress()
            if done == self._last and not self.watched:
                self.end()
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "Training.record")

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
        if not self.ended:
            self._start_late()
            self._run.fail(error, where, self._position(), reasons.NO_MODEL, self._counted())

    @guarded
    def end(self) -> None:
        """Tell how the training ended, now that the call is over."""
        stop = self._stop
        if self.ended:
            return
        if stop is not None and stop.iteration < self._last:
            self._evaluate(stop.best_iteration, stop.results)
            told = reasons.stopped_early(stop, self._last, self._scores)
            self._end(EventType.TRAINING_STOPPED, told, kept_iteration=stop.best_iteration)
        elif self._started and self._done == self._last:
            kept = self._done if stop is None else stop.best_iteration
            results = read_results(self._results)
            self._evaluate(kept, results if stop is None else stop.results)
            told = reasons.completed(
                self._last - self._first, self._last, stop, results, self._scores
            )
            self._end(EventType.TRAINING_COMPLETED, told, kept_iteration=kept)
        else:
            self._end(EventType.TRAINING_FAILED, reasons.vanished(self._position()))

    def _start(self, found: Parameters, data: dict[str, DataFacts], folds: int = 0) -> None:
        self._started = True
        self._run.name(model=f"LightGBM {found.get('boosting') or ''}".rstrip())
        planned = self._last - self._first
        self._run.tell(
            EventType.TRAINING_STARTED,
            reasons.started(planned, self._first, folds, data),
            {
                "planned_iterations": planned,
                **{name: each._asdict() for name, each in data.items()},
            },
        )
        self._run.tell(
            EventType.HYPERPARAMETERS_SET,
            reasons.hyperparameters(found),
            {"set_by_caller": found.given, "defaults": found.defaults},
        )

    def _tell_progress(self) -> None:
        self._cadence.told(self._done)
        results = read_results(self._results)
        self._run.tell(
            EventType.TRAINING_PROGRESS,
            reasons.progressed(self._done, self._last, results, self._scores),
            {"iteration": self._done, **as_snapshot(results)},
        )

    def _evaluate(self, iteration: int, results: list[Result]) -> None:
        if results:
            self._run.tell(
                EventType.MODEL_EVALUATED,
                reasons.evaluated(iteration, results, chosen=self._stop is not None),
                {"iteration": iteration, **as_snapshot(results)},
            )

    def _end(self, event: EventType, reason: Reason, **facts: object) -> None:
        self._start_late()
        self._run.end(event, reason, self._counted() | facts)

    def _start_late(self) -> None:
        """A call that ends before its first iteration has told no start."""
        if not self._started:
            self._start(_parameters(self._given, None) or Parameters({}, {}, {}), {})

    def _counted(self) -> dict[str, object]:
        return {"iterations_done": self._done}

    def _position(self) -> str:
        if self.iteration is None:
            return "before its first iteration"
        return f"in iteration {self.iteration + 1:,} of {self._last:,}"


_parameters = guarded(parameters)


@guarded
def _facts(sets: Mapping[str, Dataset], objective: object) -> dict[str, DataFacts]:
    return {name: data_facts(each, objective) for name, each in sets.items()}
