"""Whatever ends a call of Lightning's trainer, the trail has exactly one end, and says why."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl

from lightning_training import loader, make_trainer, regression
from mllog_callbacks import AuditLog, EventType
from recorded import Entries, the_end

HOOKS = [
    "setup",
    "on_fit_start",
    "on_sanity_check_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_train_batch_end",
    "on_validation_epoch_end",
    "on_train_epoch_end",
    "on_train_end",
    "on_fit_end",
]


class Faulty(pl.Callback):
    """Raises in a hook."""

    def __init__(self, hook: str, error: BaseException) -> None:
        def raise_it(*_args: Any, **_kwargs: Any) -> None:
            raise error

        setattr(self, hook, raise_it)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("of_module", [False, True], ids=["callback", "module"])
def test_an_error_in_a_hook_passes_and_is_recorded_once(
    log: AuditLog, entries: Entries, tmp_path: Path, hook: str, of_module: bool
) -> None:
    """In any hook of a callback or of the module; the caller gets the same error."""
    error = ValueError("a column is missing")
    module = regression(pl)()
    faulty = Faulty(hook, error)
    if of_module:
        if not hasattr(module, hook):
            pytest.skip("modules have no such hook")
        setattr(module, hook, getattr(faulty, hook))
    trainer = make_trainer(pl, log, tmp_path, *([] if of_module else [faulty]))
    with pytest.raises(ValueError, match="a column is missing") as caught:
        trainer.fit(module, loader(), loader(seed=1))
    assert caught.value is error
    end = the_end(entries())
    assert end.event is EventType.TRAINING_FAILED
    assert "ValueError: a column is missing was raised" in str(end.reasoning)
    assert "(in raise_it, test_lightning_failures.py line " in str(end.reasoning)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_stop_by_hand_is_no_failure(
    log: AuditLog, entries: Entries, tmp_path: Path, kind: type[BaseException]
) -> None:
    """An interrupt is recorded as the request to stop that it is."""
    before = signal.getsignal(signal.SIGINT)
    trainer = make_trainer(pl, log, tmp_path, Faulty("on_train_batch_end", kind()))
    with pytest.raises(SystemExit):  # which Lightning makes of an interrupt
        trainer.fit(regression(pl)(), loader(), loader(seed=1))
    signal.signal(signal.SIGINT, before)
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert "stopped by hand in epoch 1 of 3" in str(end.decision)


def test_sigterm_is_a_stop_by_hand(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """A real signal; Lightning ends the epoch, and then the training."""

    class Killer(pl.Callback):
        def on_train_batch_end(self, *_args: Any) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit):
        make_trainer(pl, log, tmp_path, Killer()).fit(regression(pl)(), loader(), loader(seed=1))
    end = the_end(entries())
    assert end.event is EventType.TRAINING_STOPPED
    assert "SIGTERMException" in str(end.decision)
