"""Checkpoints: which model was saved where, and which of them is the best by what.

Each save is heard at its end: with the path and the score that it has then, when its file is there.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, Final, NamedTuple

from mllog_callbacks import Heard, listen
from mllog_callbacks.facts import Checkpoint, ModelSaved, Progress, Saved
from mllog_callbacks.schema import number
from mllog_lightning.bases import DISTRIBUTIONS
from mllog_lightning.values import Pending, pending
from mllog_lightning.watch import MetricWatch

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
        mode: Which values of that are better: "min" or "max".
        top_k: How many checkpoints it keeps.
        best_path: The best of the callback's checkpoints then.
        last_path: The callback's copy of the last then.
        scores: The score of this one, and of the best.
        epoch: In which epoch, counted from 1.
        step: After how many steps.
        epochs_done: How many epochs were complete.
        has_file: Whether its file is there; True also where that cannot be seen.
    """

    path: str
    by: int | None
    who: str
    monitored: str | None
    mode: str | None
    top_k: int | None
    best_path: str | None
    last_path: str | None
    scores: Pending[str]
    epoch: int
    step: int
    epochs_done: int
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
        self._places: dict[str, tuple[int, int]] = {}
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
        self._places[save.path] = save.epoch, save.step
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

    def place(self, path: str) -> tuple[int, int] | None:
        """In which epoch and after which step a file was saved."""
        return self._places.get(path)

    def facts(self, save: Save, scores: Mapping[str, float]) -> ModelSaved:
        """The facts of a save, with the scores that are known by now.

        A callback counts a metric that is no number as the worst there is, which is infinite.
        """
        score, best = _finite(scores.get(_SCORE)), _finite(scores.get(_BEST))
        before = None if save.by is None else self._scores.get(save.by)
        if save.by is not None and save.best and score is not None:
            self._scores[save.by] = score
        gone = self.deleted()
        if save.has_file:
            self._there.add(save.path)
        return ModelSaved(
            saved=Saved(
                path=save.path,
                bytes=_size(save.path),
                best=None if save.monitored is None else save.best,
                by=save.who,
                written=None if save.has_file else False,
            ),
            deleted=tuple(gone),
            progress=Progress(unit="epoch", done=save.epochs_done),
            step=save.step,
            monitor=save.monitored,
            mode=save.mode,
            save_top_k=save.top_k,
            score=score,
            score_before=before if save.best else None,
            score_counts_as=_infinite(scores.get(_SCORE)),
            best_model_path=save.best_path,
            best_model_score=best,
            last_model_path=save.last_path,
        )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _infinite(value: float | None) -> str | None:
    return number(value) if value is not None and math.isinf(value) else None


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
    done = trainer.current_epoch
    within = trainer.fit_loop.epoch_progress.current.ready > done
    monitor = getattr(owner, "monitor", None) if is_callback else None
    scores = {}
    if is_callback:
        scores = {_SCORE: _score(owner, path), _BEST: getattr(owner, "best_model_score", None)}
    return Save(
        path=path,
        by=id(owner) if is_callback else None,
        who=_who(owner, caller, is_callback=is_callback),
        monitored=monitor,
        mode=None if monitor is None else getattr(owner, "mode", None),
        top_k=owner.save_top_k if is_callback and owner is not None else None,
        best_path=(getattr(owner, "best_model_path", None) or None) if is_callback else None,
        last_path=(getattr(owner, "last_model_path", None) or None) if is_callback else None,
        scores=pending({name: each for name, each in scores.items() if each is not None}),
        epoch=done + 1 if within else max(done, 1),
        step=trainer.global_step,
        epochs_done=done,
        has_file="://" in path or os.path.exists(path),  # noqa: PTH110 - it is a text
    )


def _who(owner: object, caller: FrameType, *, is_callback: bool) -> str:
    """A callback by its class; user code by function, file and line."""
    if is_callback or _module(caller).startswith(DISTRIBUTIONS):
        return type(owner).__name__
    file = os.path.basename(caller.f_code.co_filename)  # noqa: PTH119 - a name
    return f"{caller.f_code.co_name}, {file} line {caller.f_lineno}"


def _score(callback: Any, path: str) -> Any:
    """The score of the checkpoint that is being saved; None where it was not compared."""
    models = getattr(callback, "best_k_models", None)
    return models.get(path) if isinstance(models, dict) else None


def best_checkpoint(
    trainer: Any, place: Callable[[str], tuple[int, int] | None], metrics: MetricWatch
) -> Checkpoint | None:
    """What the first callback that monitors a metric keeps as the best; None where none does.

    Args:
        trainer: The trainer, done.
        place: When a file was saved.
        metrics: The best of each metric.
    """
    for each in _monitoring(trainer.checkpoint_callbacks):
        path = str(each.best_model_path)
        score, at = _read(each), place(path)
        epoch, step = at or (None, None)
        return Checkpoint(
            path=path,
            monitor=each.monitor,
            by=type(each).__name__,
            score=score,
            epoch=epoch,
            step=step,
            better=metrics.better(each.monitor, score),
        )
    return None


def _monitoring(callbacks: Iterable[Any]) -> Iterator[Any]:
    for each in callbacks:
        path = str(getattr(each, "best_model_path", None) or "")
        if not path or getattr(each, "monitor", None) is None:
            continue
        if "://" in path or os.path.exists(path):  # noqa: PTH110 - it is a text
            yield each


def _read(callback: Any) -> float | None:
    """The best score; None where there is none, or it is on a device and is not read."""
    score = getattr(callback, "best_model_score", None)
    if score is None:
        return None
    device = getattr(score, "device", None)
    return _finite(float(score)) if device is None or device.type == "cpu" else None
