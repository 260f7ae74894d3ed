"""Every way out of a LightGBM training, through every entry point: what `docs` has a table of.

Metrics follow a script, so that what is recorded does not depend on the machine or the version.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from lightgbm.callback import EarlyStopException

from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

PLANNED: Final = 5
FOLDS: Final = 3
VALUES: Final = (0.5, 0.4, 0.6, 0.7, 0.8)  # best in the second iteration
QUIET: Final[dict[str, Any]] = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 2}


class Fault:
    """Raises an error at one of the times it is asked."""

    def __init__(self, kind: Callable[[], BaseException], iteration: int, calls: int = 1) -> None:
        self._kind = kind
        self._left = (iteration - 1) * calls + 1

    def fire(self) -> None:
        """Raise when it is time."""
        self._left -= 1
        if self._left == 0:
            raise self._kind()

    def callback(self, order: int, *, before: bool = False) -> Callable[[Any], None]:
        """A callback that raises."""

        def faulty(_env: Any) -> None:
            self.fire()

        vars(faulty).update(order=order, before_iteration=before)
        return faulty


@dataclass
class Way:
    """What a caller gives LightGBM for a way out.

    Attributes:
        callbacks: Beside the audit callback.
        params: Beside the quiet ones.
        validates: Whether a validation set is given.
        metric: Called whenever the custom metric is computed.
        objective: Called whenever a custom objective is computed; None for LightGBM's own.
        rounds: How many iterations.
        guarded: Whether the call stands in a ``with`` of the callback.
    """

    callbacks: list[Any] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    validates: bool = True
    metric: Callable[[], None] | None = None
    objective: Callable[[], None] | None = None
    rounds: int = PLANNED
    guarded: bool = False


def _error() -> ValueError:
    return ValueError("a column is missing")


def _stopped(env: Any) -> None:
    if env.iteration == 2:
        raise EarlyStopException(0, env.evaluation_result_list)


def _stopped_before(_env: Any) -> None:
    raise EarlyStopException(0, [])


def ways(calls: int) -> Iterator[tuple[str, Way]]:
    """Every way out, by name.

    Args:
        calls: How often objective and metric are computed in an iteration: once a fold.
    """
    impossible = {"num_leaves": -3}
    if calls == 1:  # `lightgbm.cv` always measures
        yield "all iterations, nothing measured", Way(validates=False)
    yield "all iterations", Way()
    yield "early stopping, by callback", Way(callbacks=[lgb.early_stopping(2, verbose=False)])
    yield "early stopping, by parameter", Way(params={"early_stopping_round": 2})
    yield "early stopping, never met", Way(callbacks=[lgb.early_stopping(9, verbose=False)])
    yield "early stopping in dart", Way(params={"early_stopping_round": 2, "boosting": "dart"})
    yield "EarlyStopException of another callback", Way(callbacks=[_stopped])
    vars(_stopped_before).update(before_iteration=True)
    yield "EarlyStopException before an iteration", Way(callbacks=[_stopped_before])
    for kind in (KeyboardInterrupt, SystemExit):
        yield f"{kind.__name__} in a callback", Way(callbacks=[Fault(kind, 2).callback(5)])
        yield f"{kind.__name__} in the metric", Way(metric=Fault(kind, 2, calls).fire)
    for when, at in (("first", 1), ("last", PLANNED)):
        name = f"error in the {{}}, {when} iteration"
        before = Fault(_error, at).callback(5, before=True)
        yield name.format("objective"), Way(objective=Fault(_error, at, calls).fire)
        yield name.format("metric"), Way(metric=Fault(_error, at, calls).fire)
        yield name.format("callback before ours"), Way(callbacks=[Fault(_error, at).callback(5)])
        yield name.format("callback after ours"), Way(callbacks=[Fault(_error, at).callback(40)])
        yield name.format("callback before an iteration"), Way(callbacks=[before])
    yield "parameter refused by LightGBM", Way(params=impossible)
    yield "parameter refused, in a `with`", Way(params=impossible, guarded=True)
    yield "refused before callbacks are read", Way(rounds=-1)
    yield "refused before callbacks are read, in a `with`", Way(rounds=-1, guarded=True)


def _data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    features = rng.random((60, 4))
    return features, (features[:, 0] > 0.5).astype(int)


def _score(way: Way, calls: int) -> Callable[..., tuple[str, float, bool]]:
    count = iter(range(1_000))

    def scripted(_first: Any, _second: Any) -> tuple[str, float, bool]:
        if way.metric is not None:
            way.metric()
        return "scripted", VALUES[min(next(count) // calls, len(VALUES) - 1)], False

    return scripted


def _gradients(way: Way) -> Callable[..., tuple[Any, Any]]:
    """An objective for both interfaces: one passes the predictions first, one second."""

    def gradients(first: Any, second: Any) -> tuple[Any, Any]:
        if way.objective is not None:
            way.objective()
        predicted = first if isinstance(second, lgb.Dataset) else second
        return np.asarray(predicted) - 0.5, np.ones_like(predicted)

    return gradients


def _train(way: Way, callbacks: list[Any]) -> None:
    features, labels = _data()
    data = lgb.Dataset(features, labels)
    lgb.train(
        _params(way),
        data,
        way.rounds,
        valid_sets=[data.create_valid(features, labels)] if way.validates else None,
        feval=_score(way, 1),
        callbacks=callbacks,
    )


def _cv(way: Way, callbacks: list[Any]) -> None:
    features, labels = _data()
    lgb.cv(
        _params(way),
        lgb.Dataset(features, labels),
        way.rounds,
        nfold=FOLDS,
        stratified=False,
        feval=_score(way, FOLDS),
        callbacks=callbacks,
    )


def _params(way: Way) -> dict[str, Any]:
    objective = "binary" if way.objective is None else _gradients(way)
    return QUIET | {"objective": objective, "metric": "None"} | way.params


def _fit(kind: type[lgb.LGBMModel], **fixed: Any) -> Callable[[Way, list[Any]], None]:
    def fit(way: Way, callbacks: list[Any]) -> None:
        features, labels = _data()
        objective = {} if way.objective is None else {"objective": _gradients(way)}
        model = kind(
            n_estimators=way.rounds, **(QUIET | {"metric": "None"} | objective | way.params)
        )
        evaluated: dict[str, Any] = {}
        if way.validates:
            validation = features.copy(), labels.copy()
            evaluated["eval_set"] = [validation]
            if fixed:
                evaluated["eval_group"] = [fixed["group"]]
        metric = _score(way, 1)
        model.fit(features, labels, eval_metric=metric, callbacks=callbacks, **evaluated, **fixed)

    return fit


ENTRY_POINTS: Final[dict[str, tuple[Callable[[Way, list[Any]], None], int]]] = {
    "lightgbm.train": (_train, 1),
    "lightgbm.cv": (_cv, FOLDS),
    "LGBMClassifier.fit": (_fit(lgb.LGBMClassifier), 1),
    "LGBMRegressor.fit": (_fit(lgb.LGBMRegressor), 1),
    "LGBMRanker.fit": (_fit(lgb.LGBMRanker, group=[20, 20, 20]), 1),
}


def go(call: Callable[[Way, list[Any]], None], way: Way, log: AuditLog) -> None:
    """Take a way out, with an audit callback."""
    audit = MLAuditCallback(log)
    with (
        suppress(Exception, KeyboardInterrupt, SystemExit),
        audit if way.guarded else nullcontext(),
    ):
        call(way, [audit, *way.callbacks])
