"""Checkpoints: which model was saved where, and which of them is the best by what."""

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from types import FrameType
from typing import Any, Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.schema import count, number
from mllog_lightning.bases import DISTRIBUTIONS
from mllog_lightning.metrics import Best

__all__ = ["CheckpointWatch", "Saved", "SavedBy", "best_checkpoint", "saved_by"]

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
    above = list(islice(_outwards(frame), _FRAMES))
    saving = [n for n, each in enumerate(above) if each.f_code.co_name == "save_checkpoint"]
    callers = above[saving[-1] + 1 :] if saving else []
    if not callers or any(map(_tells, callers)):
        return None
    owner, module = callers[0].f_locals.get("self"), _module(callers[0])
    who = type(owner).__name__ if module.startswith(DISTRIBUTIONS) else "User code"
    return SavedBy(who, str(above[saving[0]].f_locals.get("filepath")))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _tells(frame: FrameType) -> bool:
    """Whether it is of a callback that says what it saves, or of a tuner."""
    owner = frame.f_locals.get("self")
    return hasattr(owner, "_last_checkpoint_saved") or ".tuner." in _module(frame)


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
        told = f"{_stood(monitor, score, before)}{by} keeps it."
        return Reason(f"The best model so far was saved: {path}.", told)
    kept = getattr(callback, "best_model_path", "")
    at = "" if math.isnan(score) else f", with {monitor} at {number(score)}"
    stands = f"the best is still {kept}{at}" if kept else "it has kept none as the best so far"
    return Reason(f"A checkpoint was saved: {path}.", f"{by} saved it; {stands}.")


def _stood(monitor: str, score: float, before: float | None) -> str:
    """How the best model stood, as a clause; empty where its score is not known."""
    if math.isnan(score):
        return ""
    if math.isinf(score):
        return f"{monitor} counts as {number(score)}, as a value that is no number does; "
    than = "" if before is None else f", better than {number(before)} before"
    return f"{monitor} is {number(score)}{than}; "


def best_checkpoint(trainer: Any, best: Mapping[str, Best]) -> tuple[str, dict[str, object]]:
    """What the first callback that monitors a metric keeps as the best; empty where none does.

    Args:
        trainer: The trainer, done.
        best: The best of each metric.

    Returns:
        A sentence, and the facts behind it.
    """
    for each in trainer.checkpoint_callbacks:
        monitor, path = getattr(each, "monitor", None), getattr(each, "best_model_path", "")
        if monitor is None or not path:
            continue
        score, seen = _score(each), best.get(monitor)
        known = seen is not None and math.isclose(seen.value, score)
        epoch = seen.epoch if seen is not None and known else None
        at = "" if epoch is None else f" of epoch {epoch:,}"
        value = "" if math.isnan(score) else f", with {monitor} at {number(score)}"
        told = f"The best checkpoint by {type(each).__name__}(monitor={monitor!r}) is {path}{at}"
        facts = {
            "path": path,
            "monitor": monitor,
            "score": None if math.isnan(score) else score,
            "epoch": epoch,
        }
        return f"{told}{value}.", facts
    return "", {}


def _newest(callback: Any) -> str:
    return str(getattr(callback, "_last_checkpoint_saved", "") or "")


def _score(callback: Any) -> float:
    """The best score; NaN where there is none, or it stands on a device and is not read."""
    score = getattr(callback, "best_model_score", None)
    if score is None:
        return math.nan
    device = getattr(score, "device", None)
    return float(score) if device is None or device.type == "cpu" else math.nan
