"""With the callback a Lightning training has the same weights, metrics and checkpoints."""

import copy
import gc
import pickle
import random
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from lightning_training import DISTRIBUTIONS, loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType
from mllog_lightning import MLAuditCallback
from recorded import Entries, of


def _trained(pl: Any, audit: Any, folder: Path, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """A trainer after a training, and the newest checkpoint that it saved."""
    pl.seed_everything(7, verbose=False)
    checkpoint = pl.callbacks.ModelCheckpoint(folder, monitor="val_loss", save_last=True)
    trainer = make_trainer(pl, None, folder, checkpoint, audit=audit, **kwargs)
    module = regression(pl)()
    trainer.fit(module, loader(shuffle=True), loader(seed=1))
    trainer.state_of_randomness = (
        torch.get_rng_state().tolist(),
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002 - the global state is what is meant
    )
    return trainer, torch.load(folder / "last.ckpt", weights_only=True)


def _as_bytes(value: Any) -> bytes:
    """Any value, byte by byte; tensors by their contents."""
    if isinstance(value, torch.Tensor):
        return value.numpy().tobytes()
    if isinstance(value, dict):
        return b"".join(_as_bytes(name) + _as_bytes(each) for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return b"".join(map(_as_bytes, value))
    return repr(value).encode()


@pytest.mark.parametrize("pl", DISTRIBUTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("accumulated", [1, 3])
def test_weights_metrics_randomness_and_checkpoints_are_the_same(
    pl: Any, log: AuditLog, tmp_path: Path, accumulated: int
) -> None:
    """Beside an empty callback of the same place; of a checkpoint all but our own key."""
    folder = tmp_path / "same"
    found = []
    for audit in (pl.Callback(), MLAuditCallback(log)):
        trainer, saved = _trained(pl, audit, folder, accumulate_grad_batches=accumulated)
        found.append((trainer, saved))
        for each in folder.iterdir():
            each.unlink()
    (bare, bare_saved), (audited, audited_saved) = found
    ours = audited_saved["callbacks"].pop("MLAuditCallback")
    assert isinstance(ours, dict)
    assert _as_bytes(audited_saved) == _as_bytes(bare_saved)
    assert _as_bytes(audited.lightning_module.state_dict()) == _as_bytes(
        bare.lightning_module.state_dict()
    )
    assert audited.callback_metrics == bare.callback_metrics
    assert audited.logged_metrics == bare.logged_metrics
    assert audited.state_of_randomness == bare.state_of_randomness


def test_a_trainer_with_it_can_be_copied_and_pickled(log: AuditLog, tmp_path: Path) -> None:
    """Before and after a training; the copy audits as well."""
    trainer = make_trainer(pl, log, tmp_path, max_epochs=1)
    pickle.loads(pickle.dumps(trainer))
    copy.deepcopy(trainer).fit(regression(pl)(), loader(), loader(seed=1))
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    copied = pickle.loads(pickle.dumps(trainer.callbacks[0]))
    assert isinstance(copied, MLAuditCallback)
    assert not hasattr(copied, "log")  # which Lightning binds to the module


def test_it_keeps_no_trainer_alive(log: AuditLog, tmp_path: Path) -> None:
    """Nor a module, though it served both."""
    audit = MLAuditCallback(log)

    def trained() -> list[weakref.ref[Any]]:
        trainer = make_trainer(pl, None, tmp_path, audit=audit)
        module = regression(pl)()
        trainer.fit(module, loader(), loader(seed=1))
        return [weakref.ref(trainer), weakref.ref(module)]

    left = trained()
    del audit.log, audit.log_dict  # type: ignore[attr-defined]  # Lightning's own, of the module
    gc.collect()
    assert [each() for each in left] == [None, None]


def test_two_of_them_serve_one_trainer(log: AuditLog, tmp_path: Path) -> None:
    """Lightning refuses two callbacks of a class that have a `state_dict` of their own."""
    first, second = MLAuditCallback(log), MLAuditCallback(log)
    assert first.state_dict() == {}
    make_trainer(pl, log, tmp_path, second, audit=first)


def test_nothing_of_a_data_set_is_read(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """Rows that are read are read by the training."""

    class Counting(torch.utils.data.TensorDataset):
        read = 0

        def __getitem__(self, place: int) -> Any:
            Counting.read += 1
            return super().__getitem__(place)  # type: ignore[no-untyped-call]  # PyTorch's own

    points = torch.randn(32, 4)
    data = torch.utils.data.DataLoader(Counting(points, points.sum(1, keepdim=True)))
    trainer = make_trainer(pl, log, tmp_path, max_epochs=2, limit_val_batches=0)
    trainer.fit(regression(pl)(), data, loader())
    assert Counting.read == 64
    (found,) = of(entries(), EventType.DATASET_VALIDATED)
    training = snapshot(found)["data"]["training"]
    assert (training["dataset"], training["rows"]) == ("Counting", 32)
