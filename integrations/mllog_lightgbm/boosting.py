"""One call of LightGBM, from its start to its one end."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import Backlog, RawData, Run, Training, guarded, report_failure, trained_by
from mllog_callbacks.detectors import DEFAULTS
from mllog_callbacks.facts import Kept, ModelEvaluated, Rule, Stop
from mllog_lightgbm.batches import Batches, Header, Result, by_set, deviations_by_set, read_results
from mllog_lightgbm.calls import Audit
from mllog_lightgbm.data import NOTHING, Raw
from mllog_lightgbm.estimator import Estimator
from mllog_lightgbm.model import Model, boosters_of, gains, held, listen_to_saves
from mllog_lightgbm.opening import TRAINING, Opening, open_training
from mllog_lightgbm.parameters import main_names, without_functions
from mllog_lightgbm.stopping import EarlyStop, read_stop

__all__ = ["NO_MODEL", "Boosting"]

NO_MODEL: Final = "no model was returned"
"""What its caller gets when an exception ends the call."""

_UNIT: Final = "iteration"
_RATE: Final = "learning_rate"
_OWN: Final = {"objective": "none"}
"""What LightGBM itself sets, for an objective of the caller's own."""

_OF_PROGRESS: Final = {"no_convergence", "overfitting", "plateau"}
"""Detectors that expect later iterations to build on earlier ones."""


class Boosting:
    """One call of `lightgbm.train` or `lightgbm.cv`.

    What an iteration shows is put into the run's queue, with what changed before it: all that is
    made of it can wait.

    Args:
        run: Where its entries go.

    Attributes:
        watched: Whether the end of the call will be seen.
    """

    def __init__(self, run: Run) -> None:
        self.watched = False
        self._run = run
        self._directions: dict[str, bool] = {}
        self._training_sets = [TRAINING]
        self._training = Training(
            run,
            unit=_UNIT,
            training_sets=self._training_sets,
            directions=self._directions.get,
            counts_on=True,
        )
        self._before: dict[str, object] = {}
        batches = Batches(self._training, self._directions, self._learn, self._before)
        self._queue = Backlog(batches.take)
        self._opening: Opening | None = None
        self._estimator: Estimator | None = None
        self._given: dict[str, object] = {}
        self._raw = NOTHING
        self._model: weakref.ref[Model] | None = None
        self._rate_name = _RATE
        self._rate: object = None
        self._pending: dict[str, object] = {}
        self._header = Header(0, 0, None)
        self._last = self._done = 0
        self._latest: Sequence[Sequence[Any]] = ()
        self._stop: EarlyStop | None = None

    @property
    def ended(self) -> bool:
        """Whether its end is recorded."""
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
        self._last, self._raw, self._estimator = planned, raw, estimator
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
        self._done, self._last = env.begin_iteration, env.end_iteration
        given = self._given or env.params
        opening = open_training(env, given, self._estimator, known, self._raw)
        found = opening.found
        if found.get("boosting") == "rf" and not self._run.detectors.chosen:
            # its trees do not build on each other: more of them need not gain anything
            self._run.detectors = self._run.detectors.among(set(DEFAULTS) - _OF_PROGRESS)
        self._start(opening)
        self._training.know(**opening.causes())
        self._before.update(found.resolved)
        self._training_sets[:] = opening.of_training or [TRAINING]
        if opening.folds:
            self._training_sets.append(opening.stopping.ignored)
        self._rate_name = found.aliases.get(_RATE, _RATE)
        rate = found.get(_RATE)
        if len((known or {}).get("callbacks_before_iter", ())) > 1 and rate is not None:
            self._training.expect({_RATE: rate})
        self._rate = rate

    def _start(self, opening: Opening) -> None:
        self._opening = opening
        self._run.name(model=f"LightGBM {opening.found.get('boosting') or ''}".rstrip())
        self._training.started(opening.started(self._last))
        for facts in opening.others():
            self._training.record(facts)

    def _start_late(self) -> None:
        """A call that ends before its first iteration has no start yet."""
        if self._opening is None:
            self._start(open_training(None, self._given, self._estimator))

    def _learn(self, results: Sequence[Result]) -> None:
        """Let the detectors know which curves early stopping looks at."""
        if self._opening is not None:
            self._training.know(watched=self._opening.stopping.watched(results))

    @guarded
    def reset(self, values: Mapping[str, object]) -> None:
        """Take parameters that a callback changes before an iteration."""
        if self._opening is None or values == _OWN:
            return
        names = main_names()
        found = {names.get(name, name): value for name, value in values.items()}
        self._pending |= found
        self._rate = found.get(_RATE, self._rate)

    def record(self, env: CallbackEnv) -> None:
        """Take an iteration's results; what is made of them can wait, unless an entry is due."""
        try:
            done, results = env.iteration + 1, env.evaluation_result_list
            rate = self._rate
            self._latest = results or ()
            header = self._header
            if (
                not results
                or done != self._done + 1
                or rate != header.rate
                or self._pending
                or len(results) != header.width
                or self._queue.is_new
            ):
                self._header = Header(done, len(results or ()), rate, self._pending)
                self._pending = {}
                self._queue.add(self._header)
            self._queue.add(*results or ())
            self._done = done
            if done >= self._training.next_due:
                self._queue.clear()
                if done == self._last and not self.watched:
                    self.end()
            elif self._run.stops:
                self._queue.clear()
        except Exception as error:  # noqa: BLE001 - as `guarded`, which costs more than the rest
            report_failure(error, "Boosting.record")

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

    def _read_stop(self, known: Mapping[str, Any]) -> EarlyStop | None:
        """The early stop, where there was one: it leaves LightGBM's loop over callbacks."""
        model, callback = None if self._model is None else self._model(), known.get("cb")
        best = getattr(model, "best_iteration", 0)
        if self._opening is None or callback is None:
            return None
        self._done = known["i"] + 1  # it may have stopped before this callback's turn
        if best <= 0 and self._done == self._last:
            return None
        at_best = known.get("evaluation_result_list")
        if self._opening.folds:
            at_best = at_best if best == self._done else None
        found = read_stop(
            callback,
            given=known.get("callbacks"),
            iteration=self._done,
            planned=self._last,
            best_iteration=best,
            at_best=at_best,
            last=self._latest,
            ignored=self._opening.stopping.ignored,
        )
        asked = self._run.stop if isinstance(callback, Audit) else None
        return found if asked is None else replace(found, rule=asked, chooses=False)

    @guarded
    def fail(self, error: BaseException, where: str, iteration: int | None = None) -> None:
        """Record the end that an exception makes now; the exception is read, and not kept.

        Args:
            error: What was raised.
            where: What was under way, as in "in the callback log_metrics".
            iteration: The iteration, as LightGBM counts; default the one after the last seen.
        """
        if not self.ended:
            self._queue.clear()
            self._start_late()
            begun = self._opening is not None and self._opening.begun
            self._training.failed(error, where, NO_MODEL, begun=begun, done=iteration)

    @guarded
    def end(self) -> None:
        """Record how the training ended, now that the call is over."""
        if self.ended:
            return
        self._queue.clear()
        stop, opening = self._stop, self._opening
        if stop is not None and stop.iteration < self._last:
            self._stopped(Stop(by="rule", rule=stop.rule), {})
        elif opening is not None and self._done == self._last:
            rules = opening.stopping.off if stop is None else {stop.rule.name: stop.rule}
            self._stopped(Stop(by="plan"), rules)
        else:
            self._start_late()
            begun = opening is not None and opening.begun
            self._training.vanished(NO_MODEL, begun=begun)

    def _stopped(self, why: Stop, rules: Mapping[str, Rule]) -> None:
        self._training.done = self._done
        kept = self._kept()
        model = None if self._model is None else self._model()
        boosters = [] if model is None else boosters_of(model)
        self._evaluate(kept)
        self._training.stopped(
            why, kept, rules=rules, importance=_gains(boosters, kept.at or 0) or None
        )

    def _kept(self) -> Kept:
        """The model that is left; in a cross-validation, the iteration that results end with."""
        stop, opening = self._stop, self._opening
        at = self._done if stop is None else stop.best_iteration
        model = None if self._model is None else self._model()
        trees = None if model is None else _held(boosters_of(model))
        dart = opening is not None and opening.found.get("boosting") == "dart"
        return Kept(
            at=at,
            unit=_UNIT,
            chosen_by=stop.rule.name if stop is not None and stop.chooses else None,
            holds=trees if trees is not None and trees < at else None,
            measured=False if dart and at != self._done else None,
        )

    def _evaluate(self, kept: Kept) -> None:
        """Record the scores of the model that is kept, where it is the one that was measured."""
        stop = self._stop
        results = read_results(self._latest) if stop is None else stop.results
        if results and kept.measured is not False:
            self._training.record(
                ModelEvaluated(
                    results=by_set(results),
                    deviations=deviations_by_set(results) or None,
                    kept=kept,
                    folds=None if self._opening is None else self._opening.folds or None,
                    computed_by="LightGBM",
                )
            )

    def hear_saves(self, model: Model) -> None:
        """Record saves of a model, also after the end, while the log is open."""
        run = self._run.detached()
        listen_to_saves(model, run.record_save)
        trained_by(run, model)


_gains, _held = guarded(gains), guarded(held)
