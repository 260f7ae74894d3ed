"""One call of XGBoost, from its start to its one end."""

import weakref
from collections.abc import Callable
from typing import Any, Final

from xgboost import Booster
from xgboost.callback import CallbackContainer, TrainingCallback

from mllog_callbacks import Heard, Run, Training, finaliser, listen, trained_by
from mllog_callbacks.facts import (
    Continued,
    DatasetValidated,
    HyperparametersSet,
    Kept,
    ModelEvaluated,
    Plan,
    Rule,
    Stop,
    TrainingStarted,
    rules_by_name,
)
from mllog_xgboost.call import Call
from mllog_xgboost.data import data_sets, training_names
from mllog_xgboost.directions import MetricDirections
from mllog_xgboost.model import gains, listen_to_saves
from mllog_xgboost.parameters import algorithm, given, learning_rate
from mllog_xgboost.stopping import History, beginning, deviation_of, results_at, rules

__all__ = ["Boosting"]

_UNIT: Final = "iteration"
_NO_MODEL: Final = "no model was returned"
_WHERE: Final = {
    "before_training": "by a callback before the training",
    "before_iteration": "by a callback before the iteration",
    "update": "while trees were grown",
    "after_iteration": "in the evaluation, or by a callback after the iteration",
    "after_training": "by a callback after the training",
}


class Boosting:
    """A call of XGBoost. Keeps nothing of its container of callbacks, whose end is the call's.

    Args:
        run: Where the entries go.
        call: The call.
        container: Keeps and calls the callbacks.
        model: What is trained: a booster, or the pack of a cross-validation.
    """

    def __init__(self, run: Run, call: Call, container: CallbackContainer, model: Any) -> None:  # noqa: ANN401 - as in XGBoost
        self._run, self._call, self._model = run, call, weakref.ref(model)
        self._callbacks: list[TrainingCallback] = list(container.callbacks)
        self._history: History = container.history
        self._stopped = False
        self._pending: dict[str, object] = {}
        self._rate: float | None = None
        self._same = training_names(call.sets)
        self._directions = MetricDirections(call, self._callbacks)
        self._training = Training(
            run,
            unit=_UNIT,
            training_sets=self._same or ["train"],  # what `cv` calls it
            directions=self._directions,
        )
        self._leave = list[Callable[[], object]]()

    def listen(self, container: CallbackContainer, model: Any, after: TrainingCallback) -> None:  # noqa: ANN401 - as in XGBoost
        """Hear what XGBoost has no hook for.

        Args:
            container: Keeps and calls the callbacks.
            model: What is trained.
            after: Our own callback: those after it may still fail before the training.
        """
        listen(container, {"before_iteration", "after_iteration", "after_training"}, self._hear)
        methods = {"update"}
        self._leave.append(listen(model, methods, self._hear, errors_only=True))
        if isinstance(model, Booster):
            self._leave.append(listen(model, {"set_param"}, self._hear_change))
        later = self._callbacks[self._callbacks.index(after) + 1 :]
        self._leave += [
            listen(each, {"before_training"}, self._hear, errors_only=True) for each in later
        ]
        # the end that cannot be missed: the container goes with the call's frame
        weakref.finalize(container, self.vanish)

    def begin(self) -> None:
        """Record start, data and hyperparameters."""
        call, params = self._call, given(self._call)
        self._run.name(model=call.estimator or f"XGBoost {call.params.get('booster', 'gbtree')}")
        # how far that model was, XGBoost shows without a side effect after an iteration only
        continues = Continued(path=call.continued_path) if call.continues else None
        self._training.started(
            TrainingStarted(
                plan=Plan(unit=_UNIT, most=call.planned, folds=call.folds),
                continues=continues,
                rules=beginning(self._callbacks),
                callbacks=tuple(
                    type(each).__name__ for each in self._callbacks if not _is_xgboosts(each)
                ),
                called_by=f"{call.estimator}.fit" if call.estimator else None,
                machines=call.workers if call.workers > 1 else None,
            )
        )
        raw = {name: each for name, each in call.raw.items() if name not in self._same}
        self._run.examine(raw)
        data = data_sets(call.sets, self._same, call.params.get("objective"))
        self._training.record(DatasetValidated(data=data))
        if call.params.get("scale_pos_weight") not in {None, 1}:
            self._training.know(weighted=True)
        self._training.record(HyperparametersSet(parameters=params))
        # Data may be large, and a run outlives its call
        self._call = call._replace(sets={}, raw={})

    @property
    def is_to_stop(self) -> bool:
        """Whether an issue ends it that its user named."""
        return self._run.stop is not None and not self._training.ended

    def _hear_change(self, heard: Heard) -> None:
        params, value = heard.arguments["params"], heard.arguments["value"]
        if heard.error is None:
            pairs = {params: value} if isinstance(params, str) else dict(params)
            self._pending |= pairs

    def _hear(self, heard: Heard) -> None:
        if heard.error is not None:
            begun = heard.method != "before_training"
            self._training.failed(heard.error, _WHERE[heard.method], _NO_MODEL, begun=begun)
        elif heard.method == "after_training":
            self._end(heard.result)
        else:
            self._stopped = bool(heard.result)
            if heard.method == "after_iteration":
                self._take()
            else:  # what was set since the last iteration is in force in the next
                rate = learning_rate(self._pending)
                self._rate = self._rate if rate is None else rate
                self._training.changed(self._pending)
                self._pending = {}

    def _take(self) -> None:
        """Take the results of an iteration."""
        done = self._training.done + 1
        if done == 1:
            self._directions.learn(next(iter(self._history.values()), {}))
            self._learn_configuration()
        deviations = results_at(self._history, -1, deviation_of) if self._call.folds else None
        results = results_at(self._history, -1)
        self._training.results(done, results, deviations=deviations, learning_rate=self._rate)

    def _learn_configuration(self) -> None:
        """Record what XGBoost has in force, now that its first iteration has configured it."""
        model = self._model()
        booster = model if isinstance(model, Booster) else model.cvfolds[0].bst  # type: ignore[union-attr]  # it is under way
        if self._call.continues:
            self._training.continued = int(booster.num_boosted_rounds()) - 1 or None
        found = algorithm(self._call, booster)
        in_force = None if found.parameters is None else found.parameters.defaults
        own = learning_rate(self._call.params)
        self._rate = learning_rate(in_force or {}) if own is None else own
        self._training.record(found)

    def _end(self, model: Any) -> None:  # noqa: ANN401 - as in XGBoost
        """The call returns its model; what ended it is what its callbacks show."""
        self._stop_listening()
        found = [*rules(self._callbacks, self._history)]
        stop = self._why(found)
        kept = self._kept(model, found) if self._call.folds is None else None
        if kept is not None:
            self._evaluate(kept, model)
        self._training.stopped(
            stop,
            kept,
            rules=rules_by_name(found) if stop.by == "plan" else None,
            importance=gains(model) if kept is not None else None,
        )
        if kept is not None:
            listen_to_saves(model, self._training.record)
            trained_by(self._run, model)

    def _why(self, found: list[Rule]) -> Stop:
        if self._training.done == self._call.planned or not self._stopped:
            return Stop(by="plan")
        if reached := next((rule for rule in found if rule.is_met), self._run.stop):
            return Stop(by="rule", rule=reached)
        users = [each for each in self._callbacks if not _is_xgboosts(each)]
        names = sorted(type(each).__qualname__ for each in users)
        by = names[0] if len(names) == 1 else f"one of the callbacks {', '.join(names)}"
        return Stop(by="request", requested_by=by)

    def _kept(self, model: Booster, found: list[Rule]) -> Kept:
        """The model that is returned: cut to its best iteration where `save_best` asks for it."""
        done, held = self._training.done, self._held(model)
        best = next((rule for rule in found if rule.best_at is not None), None)
        if held < done:
            return Kept(at=held, unit=_UNIT, chosen_by=None if best is None else best.name)
        if best is not None and self._call.estimator:
            # scikit-learn's interface predicts by the first `best_iteration` iterations
            return Kept(at=best.best_at, unit=_UNIT, chosen_by=best.name, holds=done)
        return Kept(at=done, unit=_UNIT)

    def _held(self, model: Booster) -> int:
        """The iterations of this call that a model holds."""
        held = int(model.num_boosted_rounds()) - (self._training.continued or 0)
        return held if held > 0 else self._training.done  # trees refreshed, and none added

    def _evaluate(self, kept: Kept, model: Booster) -> None:
        """Record the results of the model that is kept, where XGBoost has computed them."""
        done, dart = self._training.done, "dart" in model.save_config()[:2000]
        if kept.at is None or not self._history or (dart and kept.at != done):
            return  # later iterations rescale the trees of dart
        results = results_at(self._history, kept.at - 1)
        self._training.record(ModelEvaluated(results=results, kept=kept, computed_by="XGBoost"))

    def _stop_listening(self) -> None:
        for leave in self._leave:
            leave()
        self._leave.clear()

    @finaliser
    def vanish(self) -> None:
        """The call is over; where its end was not heard, nobody saw why."""
        self._stop_listening()
        if not self._training.ended:
            found = rules_by_name(rules(self._callbacks, self._history))
            self._training.vanished(_NO_MODEL, found)


def _is_xgboosts(callback: TrainingCallback) -> bool:
    module = type(callback).__module__
    return module.startswith(("xgboost.", "mllog_xgboost"))
