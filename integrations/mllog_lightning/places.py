"""What was under way where an exception was raised."""

import re
from typing import Any, Final

__all__ = ["where"]

_STAGES: Final = {
    "train": "while training",
    "validate": "while validating",
    "sanity_check": "in the sanity check before the training",
    "test": "while testing",
    "predict": "while predicting",
}
_PREPARED: Final = {
    "while training": "while the training was prepared",
    "while validating": "while the validation was prepared",
    "while testing": "while the test was prepared",
    "while predicting": "while the prediction was prepared",
}
_WORKER: Final = re.compile(r"Caught \S+ in DataLoader worker process \d+")


def where(trainer: Any, error: BaseException, *, begun: bool) -> str:
    """What was under way when an exception was raised, as in "while validating".

    Args:
        trainer: The trainer.
        error: The exception.
        begun: Whether the training, or the evaluation, was under way already.
    """
    stage = getattr(trainer.state, "stage", None)
    recorded = _STAGES.get(str(getattr(stage, "value", stage)), "")
    if not begun:
        recorded = _PREPARED.get(recorded, recorded)
    first = error.args[0] if error.args else None
    if isinstance(first, str) and _WORKER.match(first):
        return f"{recorded} in a worker of the data loader".strip()
    return recorded
