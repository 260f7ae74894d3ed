"""One call of CatBoost's `fit`, from its start to its one end."""

import weakref
from collections.abc import Mapping
from typing import Any, Final

import catboost
from catboost._catboost import is_maximizable_metric, is_minimizable_metric

from mllog_callbacks import Heard, Run, Training, finaliser, listen
from mllog_callbacks.facts import (
    AlgorithmSelected,
    Choice,
    DataSet,
    DatasetValidated,
    HyperparametersSet,
    Kept,
    ModelEvaluated,
    ModelSaved,
    Parameters,
    Plan,
    Results,
    Rule,
    Saved,
    Stop,
    TrainingStarted,
)

__all__ = ["Fit"]

_LEARN: Final = "learn"
_UNIT: Final = "iteration"
_FRAMEWORK: Final = f"CatBoost {catboost.__version__}"
_NO_MODEL: Final = "the model is not fitted"


class Fit:
    """One call. Keeps nothing of the callbacks' wrapper, whose end is the end of the call.

    Args:
        run: Where the entries go.
        wrapper: What CatBoost keeps the callbacks in during the call.
        call: The local variables of the call.
    """

    def __init__(self, run: Run, wrapper: Any, call: Mapping[str, Any]) -> None:
        self._training = Training(run, training_set=_LEARN, directions=_higher_is_better)
        self._stopped, self._measured = False, 0
        self._curves: dict[str, dict[str, list[float]]] = {}
        model = call["self"]
        self._model = weakref.ref(model)
        params = {name: each for name, each in call["params"].items() if name != "callbacks"}
        self._planned: int = params.get("iterations", 1000)
        self._detector = {name: each for name, each in params.items() if name.startswith("od_")}
        listen(wrapper, {"after_iteration"}, self._hear)
        run.name(model=type(model).__name__)
        self._training.started(TrainingStarted(plan=Plan(unit=_UNIT, most=self._planned)))
        self._training.record(DatasetValidated(data=_data(call["train_pool"], call["test_pool"])))
        given = model.get_params()
        passed = {name: each for name, each in params.items() if name not in given}
        found = Parameters(given=given, passed_on=passed, passed_on_by="fit", framework=_FRAMEWORK)
        self._training.record(HyperparametersSet(parameters=found))

    def record(self, info: Any) -> None:
        """Take an iteration's results."""
        self._curves = {name: dict(metrics) for name, metrics in info.metrics.items()}
        measured = sum(len(each) for metrics in self._curves.values() for each in metrics.values())
        # with `metric_period` not in each iteration
        results = _at(self._curves, -1) if measured > self._measured else {}
        self._measured = measured
        self._training.results(info.iteration, results)

    def _hear(self, heard: Heard) -> None:
        if heard.error is not None:
            where = "by a callback after the iteration"
            self._training.failed(heard.error, where, _NO_MODEL)
        self._stopped = not heard.result

    @finaliser
    def end(self) -> None:
        """Record how the call ended, now that it is over."""
        if self._training.ended:
            return
        model = self._model()
        curves = model.get_evals_result() if model is not None and model.is_fitted() else {}
        if _at(curves, -1) != _at(self._curves, -1):  # those of another call, or none
            self._training.vanished(_NO_MODEL)
            return
        in_force = model.get_all_params()
        names = ("boosting_type", "grow_policy", "loss_function", "task_type")
        by = {name: "the caller" if name in model.get_params() else _FRAMEWORK for name in names}
        chosen = {name: Choice(value=in_force.get(name), by=who) for name, who in by.items()}
        self._training.record(AlgorithmSelected(choices=chosen))
        shrunk = model.tree_count_ < self._training.done
        kept = Kept(
            at=model.tree_count_, unit=_UNIT, chosen_by="use_best_model" if shrunk else None
        )
        if len(curves.get(_LEARN, {}).get(model.get_all_params()["loss_function"], ())) >= kept.at:
            results = _at(curves, kept.at - 1)
            evaluated = ModelEvaluated(results=results, kept=kept, computed_by="CatBoost")
            self._training.record(evaluated)
        shares = zip(model.feature_names_, model.get_feature_importance() / 100, strict=True)
        top = dict(sorted(shares, key=lambda pair: -pair[1])[:5])
        by = "change of predictions"  # CatBoost's default importance
        self._training.stopped(self._why(model), kept, importance=top, importance_by=by)
        listen(model, {"save_model"}, self._hear_save)

    def _why(self, model: Any) -> Stop:
        """What ended the call: its plan, a callback, or CatBoost's overfitting detector."""
        if self._training.done == self._planned:
            return Stop(by="plan")
        if self._stopped:
            return Stop(by="request", requested_by="One of the callbacks")
        best = model.best_iteration_ + 1
        rule = Rule(
            name="overfitting detector",
            best_at=best,
            waited=self._training.done - best,
            patience=self._detector.get("od_wait"),
            unit=_UNIT,
        )
        return Stop(by="rule", rule=rule)

    def _hear_save(self, heard: Heard) -> None:
        if heard.error is None:
            given = heard.arguments
            saved = Saved(path=str(given["fname"]), format=given["format"])
            self._training.record(ModelSaved(saved=saved))


def _data(train: Any, tests: Any) -> dict[str, DataSet]:
    names = ["validation"] if len(tests or ()) == 1 else [f"validation_{n}" for n in range(99)]
    pools = {_LEARN: train, **dict(zip(names, tests or (), strict=False))}
    return {
        name: DataSet(
            role="training" if name == _LEARN else "validation",
            rows=pool.shape[0],
            features=pool.shape[1],
        )
        for name, pool in pools.items()
    }


def _at(curves: Mapping[str, Mapping[str, Any]], index: int) -> Results:
    """The values of each metric on each set, after one iteration."""
    return {
        name: {metric: float(values[index]) for metric, values in metrics.items()}
        for name, metrics in curves.items()
    }


def _higher_is_better(metric: str) -> bool | None:
    """By CatBoost's own word; None for a metric of the user's own."""
    try:
        known = is_maximizable_metric(metric), is_minimizable_metric(metric)
    except catboost.CatBoostError:
        return None
    return known[0] if any(known) else None
