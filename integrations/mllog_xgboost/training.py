"""One call of XGBoost, told from its start to its one end."""

from collections.abc import Mapping
from typing import Any, Final

import xgboost
from xgboost.callback import CallbackContainer, EarlyStopping

from mllog_callbacks import Cadence, EventType, Heard, Observation, Reason, Run, finaliser, listen
from mllog_callbacks.facts import Kept, Rule, Stop, dump
from mllog_callbacks.schema import assigned, count, number

__all__ = ["Training"]

_MAXIMISED: Final = frozenset(
    {"auc", "aucpr", "pre", "map", "ndcg", "interval-regression-accuracy"}
)
"""The metrics of XGBoost of which more is better, by their names before any "@"."""

_WHERE: Final = {
    "before_iteration": "by a callback before the iteration",
    "update": "while trees were grown",
    "after_iteration": "in the evaluation, or by a callback after the iteration",
}


class Training:
    """One call. Keeps nothing of its container of callbacks, whose going is the end of the call.

    Args:
        run: Where the entries go.
        model: What XGBoost trains: a booster, or the pack of a cross-validation.
        container: Keeps and calls the callbacks.
    """

    def __init__(self, run: Run, model: Any, container: CallbackContainer) -> None:  # noqa: ANN401 - as in XGBoost
        self._run, self._model = run, model
        self._callbacks, self._history = container.callbacks, container.history
        self._done, self._stopped = 0, False
        self._results: dict[str, dict[str, float]] = {}
        listen(container, {"before_iteration", "after_iteration"}, self._hear)
        self._leave = listen(model, {"update"}, self._hear, errors_only=True)

    def begin(self, call: Mapping[str, Any]) -> None:
        """Tell start and hyperparameters from the local variables of the call."""
        self._planned: int = call["num_boost_round"]
        self._cadence = Cadence(self._run.level, self._planned)
        # of a custom metric XGBoost does not know the direction, unless it is told
        self._otherwise = call["maximize"] if call["custom_metric"] else False
        given = _given(call["params"])
        asked = given.get("eval_metric", ())
        self._own = {asked} if isinstance(asked, str) else {*map(str, _listed(asked))}
        self._has_default = not self._own and not given.get("disable_default_eval_metric")
        training, evals = call["dtrain"], call.get("evals") or ()
        again = [name for data, name in evals if data is training]
        self._fitted = again[0] if again else "train"  # the second: what `cv` calls it
        sets = {"training": training} | {n: d for d, n in evals if d is not training}
        self._run.name(model=f"XGBoost {given.get('booster', 'gbtree')}")
        folds = len(getattr(self._model, "cvfolds", ()))
        what = f"Cross-validation over {count(folds, 'fold')}" if folds else "Training"
        sizes = {n: {"rows": d.num_row(), "features": d.num_col()} for n, d in sets.items()}
        told = [
            f"{name}: {count(size['rows'], 'row')}, {count(size['features'], 'feature')}."
            for name, size in sizes.items()
        ]
        if set(again) - {"training"}:
            told.append(f"The training data is evaluated as {' and '.join(again)}.")
        planned = f"{what} of at most {count(self._planned, 'iteration')} started."
        facts = {"planned_iterations": self._planned, **sizes}
        self._run.tell(EventType.TRAINING_STARTED, Reason(planned, " ".join(told)), facts)
        chosen = f"{count(len(given), 'hyperparameter')} set by the caller of XGBoost"
        chosen += f": {assigned(given)}." if given else "."
        others = f"All others have the defaults of XGBoost {xgboost.__version__}."
        given_facts = {"set_by_caller": given}
        self._run.tell(EventType.HYPERPARAMETERS_SET, Reason(chosen, others), given_facts)

    def _hear(self, heard: Heard) -> None:
        if heard.error is not None:
            position = f"in iteration {self._done + 1:,} of {self._planned:,}"
            self._run.fail(heard.error, _WHERE[heard.method], position, "no model was returned")
        else:
            self._stopped = bool(heard.result)
            if heard.method == "after_iteration":
                self._record()

    def _record(self) -> None:
        self._done += 1
        self._results = {
            name: {metric: _mean(values[-1]) for metric, values in metrics.items()}
            for name, metrics in self._history.items()
        }
        self._observe()
        if self._cadence.due(self._done):
            self._cadence.told(self._done)
            done = f"Iteration {self._done:,} of {self._planned:,} is done."
            self._run.tell(EventType.TRAINING_PROGRESS, *self._measured(done))

    def _observe(self) -> None:
        trained = self._results.get(self._fitted, {})
        others = {name: each for name, each in self._results.items() if each is not trained}
        seen = []
        for name, metrics in others.items() or [(self._fitted, trained)]:
            for metric, value in metrics.items():
                better = self._better(metric, default=metric == next(iter(metrics)))
                values = trained.get(metric), value if others else None
                seen.append(Observation(self._done, "iteration", metric, name, *values, better))
        self._run.observe(*seen)

    def _better(self, metric: str, *, default: bool) -> bool | None:
        """Whether more of a metric is better; None where nobody has said so."""
        if metric.partition("@")[0] in _MAXIMISED:
            return True
        own = metric in self._own or (default and self._has_default)
        return False if own else self._otherwise

    def _measured(self, decision: str) -> tuple[Reason, dict[str, object]]:
        told = [
            f"{name} {metric} is {number(value)}."
            for name, metrics in self._results.items()
            for metric, value in metrics.items()
        ]
        reason = Reason(decision, " ".join(told) or "There is no evaluation set to measure on.")
        return reason, {"iteration": self._done, **self._results}

    @finaliser
    def end(self) -> None:
        """Tell how the call ended, now that it is over."""
        self._leave()
        after = f"after iteration {self._done:,} of {self._planned:,}"
        if self._done == self._planned:
            reason, facts = self._measured(f"Training completed {after}, as planned.")
            facts |= {"stop": dump(Stop(by="plan"))}
            self._run.end(EventType.TRAINING_COMPLETED, reason, facts)
        elif self._stopped:
            reason, facts = self._measured(f"Training stopped early {after}.")
            why, stop, kept = self._why()
            facts |= {"stop": dump(stop)}
            if not hasattr(self._model, "cvfolds"):  # which returns results, and no model
                facts |= {"kept": dump(kept)}
            self._run.end(EventType.TRAINING_STOPPED, reason._replace(reasoning=why), facts)
        else:  # passed over where the exception was heard
            why = "The call ended there by an exception that no callback can see."
            self._run.end(EventType.TRAINING_FAILED, Reason(f"Training failed {after}.", why))

    def _why(self) -> tuple[str, Stop, Kept]:
        """Which callback ended the call, on which evidence, with what consequence."""
        whole = Kept(at=self._done, unit="iteration")
        for each in self._callbacks:
            if isinstance(each, EarlyStopping) and each.current_rounds >= each.rounds:
                ((name, metrics),) = each.best_scores.items()
                ((metric, scores),) = metrics.items()
                # counted from 1, and from the start of this call where it continues a model
                best = int(self._model.attr("best_iteration")) + 1 - each.starting_round
                delta = getattr(each, "_min_delta", 0)
                margin, said = (
                    (f" by more than {delta:g}", f", min_delta={delta:g}") if delta else ("", "")
                )
                kept = "the trees after it are cut off" if each.save_best else "all trees are kept"
                rule = Rule(
                    name="EarlyStopping",
                    set=name,
                    metric=metric,
                    best=_mean(scores[-1]),
                    best_at=best,
                    waited=each.current_rounds,
                    patience=each.rounds,
                    min_delta=float(delta),
                    unit="iteration",
                )
                cut = Kept(at=best, unit="iteration", chosen_by="EarlyStopping")
                why = (
                    f"{name} {metric} last improved{margin} at iteration {best:,} "
                    f"({number(_mean(scores[-1]))}); {count(each.current_rounds, 'iteration')} "
                    f"without improvement reached EarlyStopping(rounds={each.rounds}{said}). "
                    f"The best iteration is {best:,}; {kept}."
                )
                return why, Stop(by="rule", rule=rule), cut if each.save_best else whole
        names = ", ".join(sorted(type(each).__qualname__ for each in self._callbacks))
        why = f"One of the call's callbacks ({names}) returned True, which ends it."
        by = names if len(self._callbacks) == 1 else None
        return why, Stop(by="request", requested_by=by), whole


def _given(params: Any) -> dict[str, object]:  # noqa: ANN401 - a mapping or pairs
    """The parameters that the caller gave; of pairs XGBoost takes each `eval_metric`."""
    given: dict[str, object] = {}
    for name, value in params.items() if isinstance(params, Mapping) else params or ():
        if name == "eval_metric" and name in given:
            given[name] = [*_listed(given[name]), value]
        elif value is not None:
            given[name] = value
    return given


def _listed(value: object) -> list[object]:
    return [*value] if isinstance(value, (list, tuple, set)) else [value]


def _mean(value: float | tuple[float, float]) -> float:
    """A result; of cross-validation the mean, which stands before the deviation."""
    return float(value[0] if isinstance(value, tuple) else value)
