"""Labels that no loss sees: -100, at all places of a step's batches."""

from typing import Any, Final

import torch

from mllog_callbacks import Heard, Observation, Run
from mllog_callbacks.detectors import KINDS
from mllog_callbacks.facts import Subject

__all__ = ["Labels"]

_KIND: Final = next(each for each in KINDS if each.name == "no_labels")
_STEPS: Final = 3


class Labels:
    """Looks at how many labels the trainer counts in a step, for models whose loss needs that.

    The count is a tensor of the trainer's: on a CPU it is read at each step, elsewhere at those
    that are logged, where the trainer waits for its device anyway.

    Args:
        run: Where an issue is recorded.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._count: Any = None
        self._streak = 0
        self._steps = 0

    def hear(self, heard: Heard) -> None:
        """Take what `get_batch_samples` returned: the batches of a step, and their labels."""
        if heard.error is None and isinstance(heard.result, tuple):
            self._count = heard.result[-1]
            step = heard.target.state.global_step + 1
            if isinstance(self._count, torch.Tensor) and self._count.device.type == "cpu":
                self._take(step)

    def look(self, step: int) -> None:
        """Look at the count of a step that is logged."""
        if self._count is not None:
            self._take(step)

    def _take(self, step: int) -> None:
        none = bool((torch.as_tensor(self._count) == 0).all())
        self._count = None
        self._streak = self._streak + 1 if none else 0
        if self._streak == _STEPS:
            place = Observation(step, "step")
            issue = _KIND.issue(
                place,
                f"No labels: all of them are -100 at {place.at}, as at the {_STEPS - 1} before.",
                "The loss leaves out labels of -100; with no other it has no gradient to learn "
                "from. Check the collator's masking and the truncation of the sequences.",
                {"labels": 0, "repeated": _STEPS},
                subject=Subject(set="training"),
            )
            self._run.record_issues([issue], "step")
