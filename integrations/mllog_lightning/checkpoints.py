"""Checkpoints: which model was saved where, and which of them is the best by what.

Each save is heard at its end: with the path and the score that it has then, when its file is there.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, Final, NamedTuple

from mllog_callbacks import Heard, Reason, listen
from mllog_callbacks.facts import Progress, Saved, dump
from mllog_callbacks.schema import count, number
from mllog_lightning.bases import DISTRIBUTIONS
from mllog_lightning.values import Pending, pending

__all__ = ["CheckpointWatch", "Save", "best_checkpoint"]

_OURS: Final = ("mllog_callbacks", "mllog_lightning")
_SCORE: Final = "score"
_BEST: Final = "best"


class Save(NamedTuple):
    """A checkpoint that was saved, as it was at that moment.

    Attributes:
        path: Its file.
        by: The callback that saved it; None where user code did.
        who: Who saved it.
        monitored: What the callback compares: its name, or None.
        settings: The callback's settings that say what is kept.
        best_path: The best of the callback's checkpoints then.
        last_path: The callback's copy of the last then.
        scores: The score of this one, and of the best.
        epoch: In which epoch, counted from 1.
        step: After how many steps.
        epochs_done: How many epochs were complete.
        at_end: Whether the epoch's last batch was done.
        has_file: Whether its file is there; True also where that cannot be seen.
    """

    path: str
    by: int | None
    who: str
    monitored: str | None
    settings: str
    best_path: str | None
    last_path: str | None
    scores: Pending[str]
    epoch: int
    step: int
    epochs_done: int
    at_end: bool
    has_file: bool = True

    @property
    def best(self) -> bool:
        """Whether it is the best so far by what is monitored."""
        return self.monitored is not None and self.path == self.best_path


class CheckpointWatch:
    """Hears what is saved, from the start of a fit as long as its trainer lives.

    Args:
        trainer: The trainer.
        saved: Called with each checkpoint, in the thread that saved it.
    """

    def __init__(self, trainer: Any, saved: Callable[[Save], object]) -> None:
        self._saved = saved
        self._unwritten: list[Save] = []
        self._places: dict[str, tuple[int, int, bool]] = {}
        self._scores: dict[int, float] = {}
        self._there: set[str] = set()
        self.leave = listen(trainer, ("save_checkpoint",), self._hear)

    def _hear(self, heard: Heard) -> None:
        if heard.error is not None:
            return
        caller = _caller(sys._getframe())  # noqa: SLF001 - documented for CPython
        if caller is None or ".tuner." in _module(caller):  # which deletes what it saves
            return
        save = _save(heard.target, os.fspath(heard.arguments["filepath"]), caller)
        self._places[save.path] = save.epoch, save.step, save.at_end
        if not save.has_file:  # it is written by a thread
            self._unwritten.append(save)
        else:
            self._saved(save)

    def settle(self, *, now: bool = False) -> None:
        """Report what has been written meanwhile; what has not, only where it is asked for now."""
        waiting, self._unwritten = self._unwritten, []
        for each in waiting:
            if now or os.path.exists(each.path):  # noqa: PTH110 - it is a text
                self._saved(each._replace(has_file=os.path.exists(each.path)))  # noqa: PTH110
            else:
                self._unwritten.append(each)

    def deleted(self) -> list[str]:
        """Checkpoints that are not there any more, each once."""
        gone = [
            path
            for path in self._there
            if "://" not in path and not os.path.exists(path)  # noqa: PTH110 - it is a text
        ]
        self._there -= {*gone}
        return sorted(gone)

    def place(self, path: str) -> tuple[int, int, bool] | None:
        """In which epoch and after which step a file was saved, and whether at the epoch's end."""
        return self._places.get(path)

    def described(self, save: Save, scores: dict[str, float]) -> tuple[Reason, dict[str, object]]:
        """A save in words, and as facts."""
        score, best = scores.get(_SCORE, math.nan), scores.get(_BEST, math.nan)
        before = None if save.by is None else self._scores.get(save.by)
        if save.by is not None and save.best and math.isfinite(score):
            self._scores[save.by] = score
        facts: dict[str, object] = {
            "saved": dump(Saved(path=save.path, bytes=_size(save.path), by=save.who)),
            "progress": dump(Progress(unit="epoch", done=save.epochs_done)),
            "step": save.step,
        }
        if gone := self.deleted():
            facts["deleted"] = gone
        if save.has_file:
            self._there.add(save.path)
        if save.by is not None:
            facts |= {
                "best_model_path": save.best_path,
                "best_model_score": best if math.isfinite(best) else None,
                "last_model_path": save.last_path,
                "monitor": save.monitored,
                "score": score if math.isfinite(score) else None,
            }
        return _reason(save, score, best, before), facts


def _size(path: str) -> int | None:
    """The size of a file; None where it is a folder, or elsewhere."""
    return os.path.getsize(path) if os.path.isfile(path) else None  # noqa: PTH113, PTH202 - a text


def _caller(frame: FrameType | None) -> FrameType | None:
    """Who called a method that is listened to."""
    while frame is not None and _module(frame).startswith(_OURS):
        frame = frame.f_back
    while frame is not None and frame.f_code.co_name == "save_checkpoint":
        frame = frame.f_back  # a subclass of the trainer hands the call on
    return frame


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _save(trainer: Any, path: str, caller: FrameType) -> Save:
    owner = caller.f_locals.get("self")
    is_callback = hasattr(owner, "best_model_path") and hasattr(owner, "save_top_k")
    who = type(owner).__name__ if _module(caller).startswith(DISTRIBUTIONS) else "User code"
    batches = trainer.fit_loop.epoch_loop.batch_progress
    at_end = bool(batches.is_last_batch) and batches.current.ready > 0
    done = trainer.current_epoch
    within = trainer.fit_loop.epoch_progress.current.ready > done
    scores = {}
    if is_callback:
        scores = {_SCORE: _score(owner, path), _BEST: getattr(owner, "best_model_score", None)}
    return Save(
        path=path,
        by=id(owner) if is_callback else None,
        who=type(owner).__name__ if is_callback else who,
        monitored=getattr(owner, "monitor", None) if is_callback else None,
        settings=_settings(owner) if is_callback else "",
        best_path=(getattr(owner, "best_model_path", None) or None) if is_callback else None,
        last_path=(getattr(owner, "last_model_path", None) or None) if is_callback else None,
        scores=pending({name: each for name, each in scores.items() if each is not None}),
        epoch=done + 1 if within else max(done, 1),
        step=trainer.global_step,
        epochs_done=done,
        at_end=at_end,
        has_file="://" in path or os.path.exists(path),  # noqa: PTH110 - it is a text
    )


def _score(callback: Any, path: str) -> Any:
    """The score of the checkpoint that is being saved; None where it was not compared."""
    models = getattr(callback, "best_k_models", None)
    return models.get(path) if isinstance(models, dict) else None


def _settings(callback: Any) -> str:
    kind, monitor = type(callback).__name__, getattr(callback, "monitor", None)
    if monitor is None:
        kept = "all checkpoints" if callback.save_top_k == -1 else "the most recent checkpoint"
        return f"{kind} has no monitor, so it keeps {kept}."
    mode = getattr(callback, "mode", None)
    return f"{kind}(monitor={monitor!r}, mode={mode!r}, save_top_k={callback.save_top_k})"


def _reason(save: Save, score: float, best: float, before: float | None) -> Reason:
    saved = "A checkpoint was saved" if save.has_file else "A checkpoint was made"
    if save.by is None:
        at = f"{count(save.epochs_done, 'epoch')} and {count(save.step, 'step')} are done"
        return Reason(f"{saved}: {save.path}.", f"{save.who} called trainer.save_checkpoint; {at}.")
    if save.monitored is None:
        return Reason(f"{saved}: {save.path}.", save.settings)
    if save.best:
        said = _stood(save.monitored, score, before)
        return Reason(
            f"The best model so far was saved: {save.path}.", f"{said}{save.settings} keeps it."
        )
    at = "" if math.isnan(score) else f"{save.monitored} is {number(score)}; "
    of = "" if math.isnan(best) else f", with {save.monitored} at {number(best)}"
    other = f"the best is {save.best_path}{of}" if save.best_path else "none is the best so far"
    return Reason(f"{saved}: {save.path}.", f"{at}{save.settings} saved it; {other}.")


def _stood(monitor: str, score: float, before: float | None) -> str:
    """How the best model is, as a clause; empty where its score is not known."""
    if math.isnan(score):
        return ""
    if math.isinf(score):
        return f"{monitor} counts as {number(score)}, as a value that is no number does; "
    than = "" if before is None else f", better than {number(before)} before"
    return f"{monitor} is {number(score)}{than}; "


def best_checkpoint(
    trainer: Any, place: Callable[[str], tuple[int, int, bool] | None]
) -> tuple[str, dict[str, object]]:
    """What the first callback that monitors a metric keeps as the best; empty where none does.

    Args:
        trainer: The trainer, done.
        place: When a file was saved.

    Returns:
        A sentence, and the facts behind it.
    """
    for each in _monitoring(trainer.checkpoint_callbacks):
        path = str(each.best_model_path)
        score, at = _read(each), place(path)
        epoch = None if at is None else at[0]
        of = "" if at is None else f" of epoch {at[0]:,}"
        of += "" if at is None or at[2] else f", step {at[1]:,}"
        value = "" if math.isnan(score) else f", with {each.monitor} at {number(score)}"
        words = f"The best checkpoint by {type(each).__name__}(monitor={each.monitor!r}) is {path}"
        if at is None:
            of = ", which was not saved in this fit"
        facts = {
            "path": path,
            "monitor": each.monitor,
            "score": None if math.isnan(score) else score,
            "epoch": epoch,
            "step": None if at is None else at[1],
        }
        return f"{words}{of}{value}.", facts
    return "", {}


def _monitoring(callbacks: Iterable[Any]) -> Iterator[Any]:
    for each in callbacks:
        path = str(getattr(each, "best_model_path", None) or "")
        if not path or getattr(each, "monitor", None) is None:
            continue
        if "://" in path or os.path.exists(path):  # noqa: PTH110 - it is a text
            yield each


def _read(callback: Any) -> float:
    """The best score; NaN where there is none, or it is on a device and is not read."""
    score = getattr(callback, "best_model_score", None)
    if score is None:
        return math.nan
    device = getattr(score, "device", None)
    return float(score) if device is None or device.type == "cpu" else math.nan
