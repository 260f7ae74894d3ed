"""The callback a user gives to CatBoost."""

import sys
import weakref
from types import FrameType
from typing import Any, Final

from mllog_callbacks import Auditor, guarded
from mllog_catboost.training import Training

__all__ = ["MLAuditCallback"]

_trainings: Final = weakref.WeakKeyDictionary[object, dict[int, Training]]()
"""Those under way: by what CatBoost keeps the callbacks in, and by the callback."""


class MLAuditCallback(Auditor):
    """Leaves an audit trail of a CatBoost training.

    CatBoost has one hook, after an iteration: the start is told then, and of a training that fails
    before that nothing is. What a metric of the user's own raises is told, without its name, when
    CatBoost has dropped the exception. One callback may serve many trainings, also at the same
    time: it listens to the object that CatBoost keeps the callbacks in during one call. The
    arguments are those of `mllog_callbacks.Auditor`.
    """

    def after_iteration(self, info: Any) -> bool:
        """Take an iteration's results; returns that the training may go on."""
        self._record(info, sys._getframe(1))
        return True

    @guarded
    def _record(self, info: Any, frame: FrameType) -> None:
        wrapper = frame.f_locals["self"]
        trainings = _trainings.setdefault(wrapper, {})
        training = trainings.get(id(self))
        if training is None:
            training = trainings[id(self)] = Training(self.new_run(), wrapper)
            # CatBoost tells no callback of the end: that the wrapper goes with the call does.
            weakref.finalize(wrapper, training.end)
            if (caller := frame.f_back) is not None:
                training.begin(caller.f_locals)
        training.record(info)
