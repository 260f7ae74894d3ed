"""One call of CatBoost's `fit`, told from its start to its one end."""

import weakref
from collections.abc import Mapping
from typing import Any, Final

import catboost
from catboost._catboost import is_maximizable_metric, is_minimizable_metric

from mllog_callbacks import Cadence, EventType, Heard, Observation, Reason, Run, finaliser, listen
from mllog_callbacks.schema import assigned, count, number

__all__ = ["Training"]

_LEARN: Final = "learn"


class Training:
    """One call. Keeps nothing of the callbacks' wrapper, whose going is the end of the call.

    Args:
        run: Where the entries go.
        wrapper: What CatBoost keeps the callbacks in during the call.
    """

    def __init__(self, run: Run, wrapper: Any) -> None:
        self._run, self._cadence = run, Cadence(run.level)
        self._done, self._stopped = 0, False
        self._planned: int | None = None
        self._measured, self._results = 0, dict[str, dict[str, float]]()
        self._params: Mapping[str, Any] = {}
        self._model: Any = bool
        listen(wrapper, {"after_iteration"}, self._hear)

    def begin(self, call: Mapping[str, Any]) -> None:
        """Tell start and hyperparameters from the local variables of the call."""
        model = call["self"]
        self._model = weakref.ref(model)
        self._params = {k: v for k, v in call["params"].items() if k != "callbacks"}
        self._planned = self._cadence.last = self._params.get("iterations")
        sets = call["test_pool"] or []
        names = ["validation"] if len(sets) == 1 else [f"validation_{n}" for n in range(len(sets))]
        pools = {_LEARN: call["train_pool"], **dict(zip(names, sets, strict=True))}
        self._run.name(model=type(model).__name__)
        sizes = {n: {"rows": pool.shape[0], "features": pool.shape[1]} for n, pool in pools.items()}
        told = [
            f"{name}: {count(size['rows'], 'row')}, {count(size['features'], 'feature')}."
            for name, size in sizes.items()
        ]
        most = f" of at most {count(self._planned, 'iteration')}" if self._planned else ""
        started = Reason(f"Training{most} started.", " ".join(told))
        facts = {"planned_iterations": self._planned, **sizes}
        self._run.tell(EventType.TRAINING_STARTED, started, facts)
        given = model.get_params()
        added = {name: each for name, each in self._params.items() if name not in given}
        chosen = f"{count(len(given), 'hyperparameter')} given to {type(model).__name__}"
        chosen += f": {assigned(given)}." if given else "."
        others = f"Set by the call of fit, or by CatBoost: {assigned(added)}. " if added else ""
        others += f"All others have the defaults of CatBoost {catboost.__version__}."
        facts = {"set_by_caller": given, "set_by_the_call": added}
        self._run.tell(EventType.HYPERPARAMETERS_SET, Reason(chosen, others), facts)

    def record(self, info: Any) -> None:
        """Take an iteration's results."""
        self._done, self._results = info.iteration, _last(info.metrics)
        measured = sum(len(each) for metrics in info.metrics.values() for each in metrics.values())
        if measured > self._measured:  # not in each iteration, where metric_period says so
            self._measured = measured
            self._observe()
        if self._cadence.due(self._done):
            self._cadence.told(self._done)
            told = [
                f"{name} {metric} is {number(value)}."
                for name, metrics in self._results.items()
                for metric, value in metrics.items()
            ]
            reason = Reason(f"Iteration {self._far} is done.", " ".join(told))
            facts = {"iteration": self._done, **self._results}
            self._run.tell(EventType.TRAINING_PROGRESS, reason, facts)

    def _observe(self) -> None:
        trained = self._results.get(_LEARN, {})
        others = {name: each for name, each in self._results.items() if name != _LEARN}
        seen = []
        for name, metrics in (others or {_LEARN: trained}).items():
            for metric, value in metrics.items():
                values = trained.get(metric), value if others else None, _higher_is_better(metric)
                seen.append(Observation(self._done, "iteration", metric, name, *values))
        self._run.observe(*seen)

    @property
    def _far(self) -> str:
        return f"{self._done:,} of {self._planned:,}" if self._planned else f"{self._done:,}"

    def _hear(self, heard: Heard) -> None:
        if heard.error is not None:
            where, position = "by a callback after the iteration", f"in iteration {self._far}"
            self._run.fail(heard.error, where, position, "the model is not fitted")
        self._stopped = not heard.result

    @finaliser
    def end(self) -> None:
        """Tell how the call ended, now that it is over."""
        if self._run.ended:
            return
        model, after = self._model(), f"after iteration {self._far}"
        curves = model.get_evals_result() if model is not None and model.is_fitted() else {}
        if _last(curves) != self._results:  # those of another call, or none
            why = "The call ended by an exception that no callback can see."
            self._run.end(EventType.TRAINING_FAILED, Reason(f"Training failed {after}.", why))
            return
        kept, by = model.tree_count_, "plan"
        event, why = EventType.TRAINING_COMPLETED, "All planned iterations are done."
        if self._done < model.get_all_params()["iterations"]:
            event, why = EventType.TRAINING_STOPPED, self._why(model)
            by = "request" if self._stopped else "rule"
        told = Reason(f"Training ended {after}.", f"{why} Kept: the model of iteration {kept:,}.")
        left = {"kept": {"at": kept, "unit": "iteration"}, "stop": {"by": by}}
        self._run.end(event, told, {"iterations_done": self._done, **left})

    def _why(self, model: Any) -> str:
        """What ended the call before its planned end."""
        if self._stopped:
            return "One of the call's callbacks returned False, which ends it."
        rule = assigned({k: v for k, v in self._params.items() if k.startswith("od_")})
        best = model.best_iteration_ + 1
        later = count(self._done - best, "iteration")
        return f"Iteration {best:,} is the best; {later} later the detector ({rule}) ended it."


def _last(curves: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The last value of each metric on each set."""
    return {
        name: {metric: float(values[-1]) for metric, values in metrics.items()}
        for name, metrics in curves.items()
    }


def _higher_is_better(metric: str) -> bool | None:
    """By CatBoost's own word; None for a metric of the user's own."""
    try:
        known = is_maximizable_metric(metric), is_minimizable_metric(metric)
    except catboost.CatBoostError:
        return None
    return known[0] if any(known) else None
