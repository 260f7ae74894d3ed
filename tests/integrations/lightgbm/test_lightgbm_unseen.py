"""What code of the caller's sees of a call: warnings, stacks and tracebacks as without us."""

import inspect
import traceback
import warnings
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(float)
QUIET: dict[str, Any] = {"objective": "binary", "verbosity": -1, "num_threads": 1}


class Eyes:
    """Looks around from wherever LightGBM calls it, and may fail there."""

    def __init__(self, fails: str = "") -> None:
        self.seen: list[object] = []
        self._fails = fails

    def look(self, where: str) -> None:
        """Keep the stack, warn in the names of callers, and fail where that is due."""
        frames = inspect.stack(context=0)[1:]
        until = next(at for at, each in enumerate(frames) if each.function == "_call")
        self.seen.append([(each.filename, each.lineno, each.function) for each in frames[:until]])
        for level in (1, 2, 3, 4):
            warnings.warn(f"{where} {level}", UserWarning, stacklevel=level)
        if where == self._fails:
            msg = f"failed in the {where}"
            raise RuntimeError(msg)

    def callback(self, where: str, order: int, *, before: bool = False) -> Any:
        """A callback that looks around."""

        def looks(_env: Any) -> None:
            self.look(where)

        vars(looks).update(order=order, before_iteration=before)
        return looks

    def metric(self, _first: Any, _second: Any) -> tuple[str, float, bool]:
        """A metric that does."""
        self.look("metric")
        return "m", 1.0, False

    def objective(self, first: Any, _second: Any) -> Any:
        """An objective that does."""
        self.look("objective")
        return np.zeros_like(first), np.ones_like(first)


def _train(eyes: Eyes, callbacks: list[Any]) -> None:
    data = lgb.Dataset(X, Y)
    params = QUIET | {"objective": eyes.objective}
    lgb.train(params, data, 2, valid_sets=[data], feval=eyes.metric, callbacks=callbacks)


def _cv(eyes: Eyes, callbacks: list[Any]) -> None:
    params = QUIET | {"metric": "None"}
    lgb.cv(params, lgb.Dataset(X, Y), 2, nfold=2, feval=eyes.metric, callbacks=callbacks)


def _fit(eyes: Eyes, callbacks: list[Any]) -> None:
    model = lgb.LGBMClassifier(n_estimators=2, **QUIET)
    model.fit(X, Y, eval_set=[(X, Y)], eval_metric=eyes.metric, callbacks=callbacks)


def _call(way: Any, fails: str, audits: list[MLAuditCallback]) -> list[object]:
    eyes = Eyes(fails)
    callbacks = [
        eyes.callback("callback before", 5, before=True),
        eyes.callback("callback", 10),
        lgb.early_stopping(5, verbose=False),
        eyes.callback("later callback", 40),
    ]
    recorded: list[object] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # as users silence a package, or make an error of all but its own
        warnings.filterwarnings("ignore", module=r"lightgbm\.engine")
        try:
            way(eyes, [*callbacks, *audits])
        except RuntimeError as error:
            shown = traceback.TracebackException.from_exception(error)
            recorded = [(each.filename, each.lineno, each.name, each.colno) for each in shown.stack]
    places = [(str(each.message), each.category, each.filename, each.lineno) for each in caught]
    return [eyes.seen, places, recorded]


@pytest.mark.parametrize("way", [_train, _cv, _fit])
@pytest.mark.parametrize("fails", ["", "callback before", "callback", "later callback", "metric"])
def test_callers_see_what_they_saw(log: AuditLog, way: Any, fails: str) -> None:
    """Files, lines and functions of every frame; every warning, its place and number."""
    results = [_call(way, fails, audits) for audits in ([], [MLAuditCallback(log)])]
    seen, places, recorded = results[0]
    assert seen
    assert places
    assert bool(recorded) == bool(fails)
    assert results[1] == results[0]
