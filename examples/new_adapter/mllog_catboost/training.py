"""One call of CatBoost's `fit`, from its start to its one end."""

import weakref
from collections.abc import Mapping
from typing import Any, Final

import catboost
from catboost._catboost import is_maximizable_metric, is_minimizable_metric

from mllog_callbacks import Heard, RawData, Run, Training, facts, finaliser, listen

__all__ = ["Fit"]

_LEARN: Final = "learn"
_UNIT: Final = "iteration"
_FRAMEWORK: Final = f"CatBoost {catboost.__version__}"
_CHOICES: Final = ("boosting_type", "grow_policy", "loss_function", "task_type")
_NO_MODEL: Final = "the model is not fitted"


class Fit:
    """One call. Keeps nothing of the callbacks' wrapper, whose end is the end of the call.

    Args:
        run: Where the entries go.
        wrapper: What CatBoost keeps the callbacks in during the call.
        call: The local variables of the call.
    """

    def __init__(self, run: Run, wrapper: Any, call: Mapping[str, Any]) -> None:
        self._training = Training(run, training_sets=[_LEARN], directions=_higher_is_better)
        self._stopped, self._measured = False, 0
        self._curves: dict[str, dict[str, list[float]]] = {}
        model = call["self"]
        self._model = weakref.ref(model)
        params = {name: each for name, each in call["params"].items() if name != "callbacks"}
        self._planned: int = params.get("iterations", 1000)
        self._detector = {name: each for name, each in params.items() if name.startswith("od_")}
        listen(wrapper, {"after_iteration"}, self._hear)
        run.name(model=type(model).__name__)
        plan = facts.Plan(unit=_UNIT, most=self._planned)
        self._training.started(facts.TrainingStarted(plan=plan))
        run.examine({_LEARN: _raw(call)})
        data = _data(call["train_pool"], call["test_pool"])
        self._training.record(facts.DatasetValidated(data=data))
        given = model.get_params()
        passed = {name: each for name, each in params.items() if name not in given}
        of_fit: dict[str, Any] = {"passed_on": passed, "passed_on_by": "fit"}
        found = facts.Parameters(given=given, framework=_FRAMEWORK, **of_fit)
        self._training.record(facts.HyperparametersSet(parameters=found))

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
            self._training.failed(heard.error, "by a callback after the iteration", _NO_MODEL)
        self._stopped = not heard.result

    @finaliser
    def end(self) -> None:
        """Record how the call ended, now that it is over."""
        model = self._model()
        if self._training.ended:
            return
        curves = model.get_evals_result() if model is not None and model.is_fitted() else {}
        if model is None or _at(curves, -1) != _at(self._curves, -1):  # of another call, or none
            self._training.vanished(_NO_MODEL)
            return
        held = model.tree_count_
        by = "use_best_model" if held < self._training.done else None
        kept = facts.Kept(at=held, unit=_UNIT, chosen_by=by)
        self._training.record(_algorithm(model))
        if self._measured == self._training.done * sum(map(len, curves.values())):
            values = _at(curves, held - 1)
            found = facts.ModelEvaluated(results=values, kept=kept, computed_by="CatBoost")
            self._training.record(found)
        self._training.stopped(self._why(model), kept)
        listen(model, {"save_model"}, self._hear_save)

    def _why(self, model: Any) -> facts.Stop:
        """What ended the call: its plan, a callback, or CatBoost's overfitting detector."""
        if self._training.done == self._planned:
            return facts.Stop(by="plan")
        if self._stopped:
            return facts.Stop(by="request", requested_by="One of the callbacks")
        best, patience = model.best_iteration_ + 1, self._detector.get("od_wait")
        counts = {"best_at": best, "waited": self._training.done - best, "patience": patience}
        rule = facts.Rule(name="overfitting detector", unit=_UNIT, **counts)
        return facts.Stop(by="rule", rule=rule)

    def _hear_save(self, heard: Heard) -> None:
        if heard.error is None:
            path, form = str(heard.arguments["fname"]), heard.arguments["format"]
            saved = facts.Saved(path=path, format=form, unit=_UNIT, holds=heard.target.tree_count_)
            self._training.record(facts.ModelSaved(saved=saved))


def _algorithm(model: Any) -> facts.AlgorithmSelected:
    """What trains, by CatBoost's own parameters in force."""
    in_force = model.get_all_params()
    by = {name: "the caller" if name in model.get_params() else _FRAMEWORK for name in _CHOICES}
    chosen = {n: facts.Choice(value=in_force[n], by=who) for n, who in by.items() if n in in_force}
    return facts.AlgorithmSelected(choices=chosen)


def _raw(call: Mapping[str, Any]) -> RawData:
    """The data as the caller of `fit` gave it: a pool shows its values to nobody."""
    if (given := call.get("X")) is None or isinstance(given, catboost.Pool):
        return RawData(not_known="a pool of CatBoost is not read")
    return RawData(given, call.get("y"))


def _data(train: Any, tests: Any) -> dict[str, facts.DataSet]:
    sets = tests or ()
    names = [f"validation_{n}" for n in range(len(sets))] if len(sets) > 1 else ["validation"]
    pools = {_LEARN: train} | dict(zip(names, sets, strict=False))
    found = {}
    for name, pool in pools.items():
        rows, features = pool.shape
        role: facts.Role = "training" if pool is train else "validation"
        found[name] = facts.DataSet(role=role, rows=rows, features=features)
    return found


def _at(curves: Mapping[str, Mapping[str, Any]], index: int) -> facts.Results:
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
