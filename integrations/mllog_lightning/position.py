"""How far a training is, and how far it is to go, by the trainer's own state."""

import math
from typing import Any, Final

from mllog_callbacks.facts import Batches, Continued, Plan, Progress, TrainingStarted

__all__ = ["batches_done", "beginning", "last_epoch", "limits", "planned", "position"]

_UNLIMITED: Final = -1


def limits(trainer: Any) -> dict[str, int]:
    """The limits of a training, as far as there are any."""
    found = {"epochs": trainer.max_epochs, "steps": trainer.max_steps}
    return {name: value for name, value in found.items() if value is not None and value >= 0}


def planned(trainer: Any) -> int | None:
    """How many epochs are planned."""
    return limits(trainer).get("epochs")


def beginning(trainer: Any, source: object, rank: int | None, *, trained: bool) -> TrainingStarted:
    """The facts of a start.

    Args:
        trainer: The trainer.
        source: The checkpoint that it resumes; None where it does not.
        rank: This process's rank; None where it is none, and only launches them.
        trained: Whether it is under way already: a rank records its start with its failure.
    """
    known = limits(trainer)
    by_step = "epochs" not in known and "steps" in known
    together = trainer.world_size > 1
    anew = source is None and not trained
    return TrainingStarted(
        plan=Plan(
            unit="step" if by_step else "epoch",
            most=known.get("steps" if by_step else "epochs"),
            unlimited=True if not known and trainer.max_epochs == _UNLIMITED else None,
        ),
        most_steps=None if by_step else known.get("steps"),
        continues=None if source is None else Continued(path=str(source)),
        steps_before=trainer.global_step if anew and trainer.global_step else None,
        machines=trainer.world_size if together else None,
        rank=rank if together else None,
        launches=True if together and rank is None else None,
    )


def position(trainer: Any) -> Progress:
    """How far a training is, in epochs."""
    return Progress(unit="epoch", done=trainer.current_epoch, planned=planned(trainer))


def last_epoch(trainer: Any) -> Batches | None:
    """The part that is done of the epoch that has ended last; None where that is whole."""
    if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
        return None
    return batches_done(trainer, trainer.current_epoch)


def batches_done(trainer: Any, epoch: int) -> Batches | None:
    """The part of an epoch that is done; None where it is whole, or has not begun."""
    batches, of = trainer.fit_loop.epoch_loop.batch_progress, trainer.num_training_batches
    done = batches.current.ready
    if epoch < 1 or not 0 < done < of:
        return None
    return Batches(epoch=epoch, done=done, planned=int(of) if of < math.inf else None)
