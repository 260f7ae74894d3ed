"""A Lightning training that is broken off leaves all that was known by then, and one end."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import pytorch_lightning as pl

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from recorded import Entries, of, the_end


class Limit(Exception):  # noqa: N818 - as a user names it
    """A time limit."""


def _late(*_given: object) -> None:
    raise Limit


@pytest.fixture
def limited() -> Iterator[None]:
    """A handler of SIGALRM that raises."""
    before = signal.signal(signal.SIGALRM, _late)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def _alarm_in(function: str, module: str) -> None:
    """Have the handler called as soon as a function of ours is."""

    def watch(frame: FrameType, event: str, _given: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == function and code.co_filename.endswith(module):
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGALRM)

    sys.setprofile(watch)


@pytest.mark.production_guards
@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize(
    ("function", "module", "event"),
    [
        ("step", "mllog_lightning/progress.py", EventType.TRAINING_FAILED),
        ("validated", "mllog_lightning/progress.py", EventType.TRAINING_FAILED),
        ("_record_choices", "mllog_lightning/fit.py", EventType.TRAINING_FAILED),
        ("end", "mllog_lightning/stops.py", EventType.TRAINING_COMPLETED),
        ("end", "mllog_lightning/fit.py", EventType.TRAINING_COMPLETED),
    ],
)
def test_a_limit_that_strikes_our_own_code_is_not_lost(
    log: AuditLog, entries: Entries, tmp_path: Path, function: str, module: str, event: EventType
) -> None:
    """It leaves, and the run has one end."""
    trainer = make_trainer(pl, log, tmp_path)
    _alarm_in(function, module)
    with pytest.raises(Limit):
        trainer.fit(regression(pl)(), loader(), loader(seed=1))
    recorded = entries()
    ends = [
        each
        for each in recorded
        if each.event.startswith("TRAINING_") and each.event != "TRAINING_PROGRESS"
    ]
    assert [each.event for each in ends] == [EventType.TRAINING_STARTED, event]


@pytest.mark.production_guards
@pytest.mark.usefixtures("limited")
def test_a_limit_that_strikes_while_a_failure_is_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The failure is recorded, once."""

    class Fails(regression(pl)):  # type: ignore[misc]  # a class made by a function
        def training_step(self, batch: Any, place: int) -> Any:
            if self.global_step == 5:
                raise ValueError
            return super().training_step(batch, place)

    trainer = make_trainer(pl, log, tmp_path)
    _alarm_in("fail", "mllog_lightning/fit.py")
    with pytest.raises(Limit):
        trainer.fit(Fails(), loader(), loader(seed=1))
    end = the_end(entries())
    assert snapshot(end)["error"]["type"] == "ValueError"


@pytest.mark.production_guards
@pytest.mark.usefixtures("limited")
def test_limits_at_any_moment_end_each_training_once(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """None is lost, and no run has two ends or none."""
    times = int(os.environ.get("MLLOG_TEST_LIMITS", "15"))
    module = regression(pl)()
    began = time.monotonic()
    make_trainer(pl, log, tmp_path, max_epochs=2).fit(module, loader(), loader(seed=1))
    usual = time.monotonic() - began
    raised = lost = 0
    for n in range(times):
        trainer = make_trainer(pl, log, tmp_path, max_epochs=2, num_sanity_val_steps=0)
        module.train()  # a validation that was broken off has left it otherwise
        try:
            signal.setitimer(signal.ITIMER_REAL, usual * (n + 1) / times)
            trainer.fit(module, loader(), loader(seed=1))
            if signal.setitimer(signal.ITIMER_REAL, 0)[0] == 0:
                time.sleep(5)  # it struck where Python lets nothing leave, and comes again
                lost += 1
        except (Limit, TypeError) as error:  # `inspect` makes the other of it, within Lightning
            causes = (error, error.__cause__, error.__context__)
            raised += any(isinstance(each, Limit) for each in causes)
            lost += not any(isinstance(each, Limit) for each in causes)
    assert raised
    assert not lost
    recorded = entries()
    starts = [snapshot(each)["run"] for each in of(recorded, EventType.TRAINING_STARTED)]
    ends = of(recorded, EventType.TRAINING_COMPLETED, EventType.TRAINING_FAILED)
    assert [snapshot(each)["run"] for each in ends] == starts


def test_an_epoch_that_was_validated_is_recorded_when_its_end_fails(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """With its values and its checkpoint; the end names the best one, which is there."""

    class Failing(regression(pl)):  # type: ignore[misc]  # likewise
        def on_train_epoch_end(self) -> None:
            if self.current_epoch == 2:
                raise KeyboardInterrupt

    checkpoint = pl.callbacks.ModelCheckpoint(
        tmp_path / "best", monitor="val_loss", save_on_train_epoch_end=False
    )
    trainer = make_trainer(pl, log, tmp_path, checkpoint, max_epochs=5)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer.fit(Failing(), loader(), loader(seed=1))
    recorded = entries()
    saved = of(recorded, EventType.MODEL_SAVED)
    assert len(saved) == 3
    assert Path(snapshot(saved[-1])["saved"]["path"]).exists()
    end = the_end(recorded)
    assert snapshot(end)["kept"]["path"] == checkpoint.best_model_path
    assert snapshot(end)["best"]["validation"]["val_loss"]["at"] == 3


def test_a_name_that_is_saved_again_and_again_is_recorded_each_time(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """With the score that it had each time, and when."""
    checkpoint = pl.callbacks.ModelCheckpoint(
        tmp_path / "best", "one", monitor="val_loss", enable_version_counter=False
    )
    trainer = make_trainer(pl, log, tmp_path, checkpoint, max_epochs=4, val_check_interval=0.5)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    recorded = entries()
    saved = [snapshot(each) for each in of(recorded, EventType.MODEL_SAVED)]
    assert [each["step"] for each in saved] == [4, 8, 12, 16, 20, 24, 28, 32]
    scores = [each["score"] for each in saved]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 8
    assert {each["saved"]["path"] for each in saved} == {str(tmp_path / "best" / "one.ckpt")}


def test_a_part_of_an_epoch_is_said_to_be_one(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Its epochs and steps agree; so they do where min_epochs keeps a training going."""
    make_trainer(pl, log, tmp_path, max_epochs=-1, max_steps=20).fit(
        regression(pl)(), loader(), loader(seed=1)
    )
    end = the_end(entries())
    assert end.decision == "Training completed: 2 epochs and 4 of 8 batches of epoch 3, 20 steps."
    before = len(entries())
    stopper = pl.callbacks.EarlyStopping("val_loss", stopping_threshold=1e6)
    trainer = make_trainer(pl, log, tmp_path, stopper, min_epochs=3, max_epochs=9)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    end = the_end(entries()[before:])
    assert "EarlyStopping: val_loss " in str(end.reasoning)
    assert " met stopping_threshold=1,000,000." in str(end.reasoning)
    assert "That was after epoch 1; min_epochs=3 had to be reached." in str(end.reasoning)
