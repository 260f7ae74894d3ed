"""Checkpoints: which model was saved where, and which of them is the best by what."""

import math
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.wording import count, number
from mllog_lightning.bases import DISTRIBUTIONS

__all__ = ["CheckpointWatch", "Saved", "SavedBy", "saved_by"]

_FRAMES: Final = 12


class Saved(NamedTuple):
    """A checkpoint that was saved.

    Attributes:
        best: Whether it is the best so far by what is monitored.
        reason: Where it is, and why it was saved.
        facts: The state of the callback that saved it.
    """

    best: bool
    reason: Reason
    facts: dict[str, object]


class SavedBy(NamedTuple):
    """A checkpoint that is written by a call of `Trainer.save_checkpoint`.

    Attributes:
        who: Who called it.
        path: Where it is written to.
    """

    who: str
    path: str

    def saved(self, epoch: int, step: int) -> Saved:
        """What is told of it, as it is about to be written."""
        at = f"{count(epoch, 'epoch')} and {count(step, 'step')} are done"
        told = f"{self.who} called trainer.save_checkpoint; {at}."
        facts: dict[str, object] = {"path": self.path, "epochs_done": epoch, "steps_done": step}
        return Saved(
            best=False, reason=Reason(f"A checkpoint is saved: {self.path}.", told), facts=facts
        )


def saved_by(frame: FrameType | None) -> SavedBy | None:
    """Who has a checkpoint saved, by the frames above the hook that Lightning calls for it.

    None where it is a callback that says so itself (see `CheckpointWatch`), or Lightning's tuner,
    which deletes what it saves.

    Args:
        frame: The frame of the hook.
    """
    path: object = None
    for _ in range(_FRAMES):
        if frame is None:
            return None
        if frame.f_code.co_name == "save_checkpoint":
            path = frame.f_locals.get("filepath", path)
        elif path is not None:
            return _caller(frame, str(path))
        frame = frame.f_back
    return None


def _caller(frame: FrameType, path: str) -> SavedBy | None:
    module, owner = str(frame.f_globals.get("__name__")), frame.f_locals.get("self")
    if hasattr(owner, "_last_checkpoint_saved") or ".tuner." in module:
        return None
    lightning = module.startswith(DISTRIBUTIONS)
    return SavedBy(type(owner).__name__.lstrip("_") if lightning else "User code", path)


class CheckpointWatch:
    """Watches what checkpoint callbacks have saved."""

    def __init__(self) -> None:
        self._seen: dict[int, str] = {}
        self._scores: dict[int, float] = {}

    def begin(self, trainer: Any) -> None:
        """Take what was saved before: by an earlier fit, or the one that is resumed."""
        self._seen = {n: _newest(each) for n, each in enumerate(trainer.checkpoint_callbacks)}

    def look(self, trainer: Any) -> Iterator[Saved]:
        """What was saved since the last look, the newest of each callback."""
        for n, each in enumerate(trainer.checkpoint_callbacks):
            path = _newest(each)
            if path and path != self._seen.get(n):
                self._seen[n] = path
                yield self._saved(n, each, path)

    def _saved(self, n: int, callback: Any, path: str) -> Saved:
        monitor, score = getattr(callback, "monitor", None), _score(callback)
        before = self._scores.get(n)
        best = monitor is not None and path == getattr(callback, "best_model_path", None)
        if best and math.isfinite(score):
            self._scores[n] = score
        facts = {
            "path": path,
            "best_model_path": getattr(callback, "best_model_path", None) or None,
            "best_model_score": None if math.isnan(score) else score,
            "last_model_path": getattr(callback, "last_model_path", None) or None,
            "monitor": monitor,
        }
        return Saved(best, _reason(callback, path, score, before, best=best), facts)


def _reason(
    callback: Any,
    path: str,
    score: float,
    before: float | None,
    *,
    best: bool,
) -> Reason:
    monitor = getattr(callback, "monitor", None)
    kind = type(callback).__name__
    if monitor is None:
        kept = "all that it saves" if callback.save_top_k == -1 else "what it saved last"
        told = f"{kind} monitors no metric: it keeps {kept}."
        return Reason(f"A checkpoint was saved: {path}.", told)
    by = f"{kind}(monitor={monitor!r}, mode={callback.mode!r}, save_top_k={callback.save_top_k})"
    if best:
        than = "" if before is None else f", better than {number(before)} before"
        stood = f"{monitor} is {number(score)}{than}"
        if math.isinf(score):
            stood = f"{monitor} counts as {number(score)}, as a value that is no number does"
        return Reason(f"The best model so far was saved: {path}.", f"{stood}; {by} keeps it.")
    kept = getattr(callback, "best_model_path", "")
    told = f"{by} saved it; the best is still {kept}, with {monitor} at {number(score)}."
    return Reason(f"A checkpoint was saved: {path}.", told)


def _newest(callback: Any) -> str:
    return str(getattr(callback, "_last_checkpoint_saved", "") or "")


def _score(callback: Any) -> float:
    """The best score; NaN where there is none, or it stands on a device and is not read."""
    score = getattr(callback, "best_model_score", None)
    if score is None:
        return math.nan
    device = getattr(score, "device", None)
    return float(score) if device is None or device.type == "cpu" else math.nan
