"""Whatever ends a LightGBM training, the trail has exactly one end, and says why."""

import gc
import os
import pickle
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from lightgbm_training import PARAMS, data, train
from mllog_callbacks import AuditLog, EventType
from mllog_lightgbm import MLAuditCallback
from recorded import Entries, of, the_end


class Faulty:
    """Raises an error of a kind in an iteration, wherever LightGBM calls it."""

    def __init__(self, error: BaseException, iteration: int) -> None:
        self.error = error
        self.calls_left = iteration

    def fire(self) -> None:
        """Raise when it is time."""
        self.calls_left -= 1
        if self.calls_left == 0:
            raise self.error

    def metric(self, _predicted: Any, _data: lgb.Dataset) -> tuple[str, float, bool]:
        """Be a custom metric."""
        self.fire()
        return "constant", 1.0, False

    def objective(self, predicted: Any, _data: lgb.Dataset) -> tuple[Any, Any]:
        """Be a custom objective."""
        self.fire()
        return predicted, np.ones_like(predicted)

    def callback(self, order: int, *, before: bool = False) -> Callable[[Any], None]:
        """Be a callback of an order."""

        def faulty_callback(_env: Any) -> None:
            self.fire()

        faulty_callback.order = order  # type: ignore[attr-defined]  # LightGBM's protocol
        faulty_callback.before_iteration = before  # type: ignore[attr-defined]  # likewise
        return faulty_callback


def raises_in(where: str, fault: Faulty) -> dict[str, Any]:
    """Arguments of `lightgbm.train` that make a fault happen at a place."""
    if where == "metric":
        return {"feval": fault.metric}
    if where == "objective":
        return {"params": {"objective": fault.objective, "metric": "l2"}}
    order = {"callback before ours": 5, "callback after ours": 40, "before iteration": 5}[where]
    return {"extra": [fault.callback(order, before=where == "before iteration")]}


PLACES = ["metric", "objective", "callback before ours", "callback after ours", "before iteration"]


@pytest.mark.parametrize("iteration", [1, 3, 5])
@pytest.mark.parametrize("where", PLACES)
def test_an_error_passes_and_is_recorded_once(
    log: AuditLog, entries: Entries, where: str, iteration: int
) -> None:
    """Type, message, place and iteration stand in the one end; the caller gets the same error."""
    fault = Faulty(ValueError("a column is missing"), iteration)
    arguments = raises_in(where, fault)
    with pytest.raises(ValueError, match="a column is missing") as caught:
        train(log, *arguments.pop("extra", []), num_boost_round=5, **arguments)
    # LightGBM copies its parameters, and with them an objective and its error
    assert caught.value is fault.error or where == "objective"
    end = the_end(entries())
    assert end.event is EventType.TRAINING_FAILED
    assert f"in iteration {iteration} of 5 with ValueError" in str(end.decision)
    assert "ValueError: a column is missing was raised" in str(end.reasoning)
    assert "(in fire, test_lightgbm_failures.py line " in str(end.reasoning)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", PLACES)
def test_a_stop_by_hand_is_no_failure(
    log: AuditLog, entries: Entries, where: str, kind: type[BaseException]
) -> None:
    """An interrupt is recorded as the request to stop that it is."""
    arguments = raises_in(where, Faulty(kind(), 2))
    with pytest.raises(kind):
        train(log, *arguments.pop("extra", []), num_boost_round=5, **arguments)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert f"stopped by hand in iteration 2 of 5 ({kind.__name__})" in str(end.decision)


def test_a_real_interrupt_from_the_keyboard_is_recorded(log: AuditLog, entries: Entries) -> None:
    """SIGINT arrives while LightGBM trains."""
    gc.collect()  # a booster of a test before could take the interrupt, in its `__del__`
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        train(log, num_boost_round=10_000_000)
    timer.join()
    assert the_end(entries()).event is EventType.TRAINING_STOPPED


def test_a_booster_that_cannot_be_made_is_recorded_with_its_parameters(
    log: AuditLog, entries: Entries, capfd: pytest.CaptureFixture[str]
) -> None:
    """LightGBM fails before any callback is called; the trail still has a start and an end."""
    with pytest.raises(lgb.basic.LightGBMError):
        train(log, params={"num_leaves": -3})
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_FAILED
    assert "before its first iteration" in str(the_end(recorded).decision)
    assert "num_leaves=-3" in str(of(recorded, EventType.HYPERPARAMETERS_SET)[0].decision)
    assert "num_leaves" in "".join(capfd.readouterr())


def test_of_an_algorithm_that_nobody_named_nothing_is_recorded(
    log: AuditLog, entries: Entries, capfd: pytest.CaptureFixture[str]
) -> None:
    """LightGBM's defaults are recorded of a booster alone, and there is none."""
    with pytest.raises(lgb.basic.LightGBMError):
        lgb.train({"num_leaves": -3}, data()[0], callbacks=[MLAuditCallback(log)])
    recorded = entries()
    assert the_end(recorded).event is EventType.TRAINING_FAILED
    assert not of(recorded, EventType.ALGORITHM_SELECTED)
    capfd.readouterr()


def test_a_context_manager_sees_what_no_callback_can(
    log: AuditLog, entries: Entries, capfd: pytest.CaptureFixture[str]
) -> None:
    """LightGBM's own error, with its message; and nothing is recorded twice."""
    training, _ = data()
    params = PARAMS | {"num_leaves": -3}
    with pytest.raises(lgb.basic.LightGBMError), MLAuditCallback(log) as audit:
        lgb.train(params, training, callbacks=[audit])
    end = the_end(entries())
    assert end.event is EventType.TRAINING_FAILED
    assert "LightGBMError: Check failed: (num_leaves) > (1)" in str(end.reasoning)
    assert "was raised by LightGBM" in str(end.reasoning)
    with pytest.raises(ValueError, match="late"), audit:
        lgb.train(PARAMS, data()[0], callbacks=[audit, Faulty(ValueError("late"), 2).callback(5)])
    assert [entry.event for entry in entries()].count(EventType.TRAINING_FAILED) == 2
    capfd.readouterr()


def test_an_early_stop_by_another_callback_is_recorded_as_its_own(
    log: AuditLog, entries: Entries
) -> None:
    """A user's own EarlyStopException works as before, and is named."""

    def enough(env: Any) -> None:
        if env.iteration == 4:
            raise lgb.callback.EarlyStopException(2, env.evaluation_result_list)

    booster = train(log, enough)
    assert booster.best_iteration == 3
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert "after iteration 5 of 20. Kept: the model of iteration 3" in str(end.decision)
    assert "enough ended it, with iteration 3 as the best." in str(end.reasoning)


def test_an_error_that_cannot_say_what_it_is_does_not_hide_the_end(
    log: AuditLog, entries: Entries
) -> None:
    """The type is recorded where the message cannot be read."""

    class Mute(Exception):  # noqa: N818 - named for what it is
        def __str__(self) -> str:
            msg = "no words"
            raise RuntimeError(msg)

    with pytest.raises(Mute):
        train(log, feval=Faulty(Mute(), 2).metric)
    assert "Mute: (its message cannot be read)" in str(the_end(entries()).reasoning)


def snapshot(*callbacks: Any, **kwargs: Any) -> tuple[str, Any]:
    """What a training gives its caller: the model, and every evaluation."""
    training, valid = data()
    results: dict[str, Any] = {}
    booster = lgb.train(
        PARAMS | {"metric": ["auc", "binary_logloss"], "bagging_fraction": 0.5, "bagging_freq": 1},
        training,
        num_boost_round=60,
        valid_sets=[training, valid],
        callbacks=[lgb.record_evaluation(results), *callbacks],
        **kwargs,
    )
    return booster.model_to_string(), (results, booster.best_iteration, booster.best_score)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("patience", [None, 5])
def test_model_and_results_are_the_same_with_and_without(
    log: AuditLog, patience: int | None, keep: bool
) -> None:
    """Byte for byte, also under early stopping."""
    stopping = [] if patience is None else [lgb.early_stopping(patience, verbose=False)]
    without = snapshot(*stopping, keep_training_booster=keep)
    assert snapshot(*stopping, MLAuditCallback(log), keep_training_booster=keep) == without


def test_a_booster_pickled_in_the_middle_of_training_is_a_plain_one(log: AuditLog) -> None:
    """Callbacks that keep check points go on to work."""
    kept: list[bytes] = []
    train(log, lambda env: kept.append(pickle.dumps(env.model)), num_boost_round=3)
    booster = pickle.loads(kept[-1])
    assert type(booster) is lgb.Booster
    assert booster.current_iteration() == 3


@pytest.mark.production_guards
def test_a_log_that_cannot_be_opened_warns_once_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The user learns of it by `logging`, and gets the model."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLLOG_DIR", str(tmp_path / "file" / "logs"))
    training, _ = data()
    for _ in range(2):
        booster = lgb.train(PARAMS, training, num_boost_round=3, callbacks=[MLAuditCallback()])
        assert booster.current_iteration() == 3
    warnings = [record for record in caplog.records if record.name == "mllog_callbacks"]
    assert len(warnings) == 1
    assert "cannot write logs in" in warnings[0].getMessage()
