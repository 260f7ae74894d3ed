"""Checkpoints that a training saves, and deletes again."""

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from transformers import Trainer, TrainerState

from mllog_callbacks import Heard, Run, listen
from mllog_callbacks.facts import ModelSaved, Saved

__all__ = ["Checkpoints", "format_of", "watch_saves"]

_PREFIX: Final = "checkpoint-"
_FORMATS: Final = (
    ("adapter_model.safetensors", "PEFT adapter, safetensors"),
    ("adapter_model.bin", "PEFT adapter, PyTorch"),
    ("model.safetensors", "safetensors"),
    ("model.safetensors.index.json", "safetensors in several files"),
    ("pytorch_model.bin", "PyTorch"),
    ("pytorch_model.bin.index.json", "PyTorch in several files"),
)


class Checkpoints:
    """The checkpoints in a training's folder.

    Args:
        folder: Where the training saves them.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._there = self._listed()

    @classmethod
    def of(cls, trainer: Trainer, trial: Any) -> "Checkpoints":
        """Those of a trainer's training, in the folder of its trial where it is one of a search."""
        return cls(trainer._get_output_dir(trial))  # noqa: SLF001 - no public name has it

    def saved(self, state: TrainerState) -> Saved:
        """The facts of the checkpoint that was saved now."""
        path = self._folder / f"{_PREFIX}{state.global_step}"
        deleted = self.deleted()
        best = state.best_model_checkpoint
        return Saved(
            path=str(path),
            bytes=_size(path),
            format=format_of(path),
            unit="step",
            holds=state.global_step,
            best=None if best is None else Path(best) == path,
            deleted=deleted,
        )

    def deleted(self) -> tuple[str, ...]:
        """The names of those that are gone since this was asked last, oldest first."""
        before, self._there = self._there, self._listed()
        return tuple(sorted(before - self._there, key=_step))

    def _listed(self) -> set[str]:
        try:
            return {each.name for each in self._folder.iterdir() if each.name.startswith(_PREFIX)}
        except OSError:
            return set()


_watched: Final = weakref.WeakKeyDictionary[Trainer, Callable[[], object]]()
"""What ends the listening to each trainer's `save_model`."""


def watch_saves(trainer: Trainer, run: Run) -> None:
    """Record each model that is saved by a call of `save_model`, until the trainer trains again."""
    leave = _watched.pop(trainer, None)
    if leave is not None:
        leave()
    record = run.detached().record

    def hear(heard: Heard) -> None:
        given = heard.arguments
        if heard.error is not None or given.get("_internal_call"):
            return
        path = given.get("output_dir") or heard.target.args.output_dir
        found = _size(Path(path)), format_of(Path(path))
        if heard.target.args.should_save:
            record(ModelSaved(saved=Saved(path=str(path), bytes=found[0], format=found[1])))

    with suppress(TypeError):
        _watched[trainer] = listen(trainer, {"save_model"}, hear)


def _size(path: Path) -> int | None:
    """The bytes of all files in a folder; None where it cannot be read."""
    try:
        return sum(
            os.path.getsize(os.path.join(root, name))  # noqa: PTH118, PTH202 - os.walk's
            for root, _, names in os.walk(path)
            for name in names
        )
    except OSError:
        return None


def format_of(path: Path) -> str | None:
    """What holds the weights in a folder; None where nothing known does."""
    return next((words for name, words in _FORMATS if (path / name).exists()), None)


def _step(name: str) -> tuple[int, str]:
    number = name.removeprefix(_PREFIX)
    return (int(number) if number.isdecimal() else 0), name
