"""Where in a training an exception was raised, by the frames of its traceback."""

from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Final, NamedTuple

__all__ = ["Place", "place"]

_HANDLER: Final = "transformers.trainer_callback"
_PLACES: Final = {
    "get_train_dataloader": "while the data loader was made",
    "_load_from_checkpoint": "while a checkpoint was loaded",
    "_prepare_for_training": "while model and optimiser were prepared",
    "get_batch_samples": "while a batch was read",
    "training_step": "in the training step",
    "compute_loss": "while the loss was computed",
    "_clip_grad_norm": "while gradients were clipped",
}
_BETWEEN: Final = {
    "_evaluate": "in the evaluation",
    "_save_checkpoint": "while a checkpoint was saved",
    "_load_best_model": "while the best model was loaded",
}
_WITHIN: Final = frozenset(
    {"on_step_begin", "on_pre_optimizer_step", "on_optimizer_step", "on_substep_end"}
)
"""Hooks within a step; all others are called between two."""


class Place(NamedTuple):
    """Where an exception was raised.

    Attributes:
        where: What was under way; empty where that is not known.
        between: Whether that is between two steps.
    """

    where: str
    between: bool


def place(traceback: TracebackType | None) -> Place:
    """The place, by the innermost of the trainer's own functions."""
    found = Place("", between=False)
    for frame in _frames(traceback):
        name, module = frame.f_code.co_name, str(frame.f_globals.get("__name__"))
        if module == _HANDLER and name == "call_event":
            event = frame.f_locals.get("event")
            between = found.between or event not in _WITHIN
            found = Place(f"by a callback in {event}", between)
        elif module.endswith("trainer") and name in _BETWEEN:
            found = Place(_BETWEEN[name], between=True)
        elif module.endswith("trainer") and name in _PLACES:
            found = Place(_PLACES[name], found.between)
    return found


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
