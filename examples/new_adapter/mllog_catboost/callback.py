"""The callback a user gives to CatBoost."""

import sys
import weakref
from types import FrameType
from typing import Any, Final

from mllog_callbacks import Auditor, guarded
from mllog_catboost.training import Fit

__all__ = ["MLAuditCallback"]

_fits: Final = weakref.WeakKeyDictionary[object, dict[int, Fit]]()
"""Those under way: by what CatBoost keeps the callbacks in, and by the callback."""


class MLAuditCallback(Auditor):
    """Records the audit trail of a CatBoost training.

    CatBoost has one hook, after an iteration: the start is recorded then, and of a training that
    fails before that nothing is. One callback may serve many trainings, also at the same time: it
    listens to the object that CatBoost keeps the callbacks in during one call. The arguments are
    those of `mllog_callbacks.Auditor`.
    """

    def after_iteration(self, info: Any) -> bool:
        """Take an iteration's results; returns that the training may go on."""
        self._record(info, sys._getframe(1))
        return True

    @guarded
    def _record(self, info: Any, frame: FrameType) -> None:
        wrapper, caller = frame.f_locals["self"], frame.f_back
        fits = _fits.setdefault(wrapper, {})
        fit = fits.get(id(self))
        if fit is None:
            if caller is None:
                return
            fit = fits[id(self)] = Fit(self.new_run(), wrapper, caller.f_locals)
            # CatBoost calls no hook at the end: that the wrapper goes with the call's frame does
            weakref.finalize(wrapper, fit.end)
        fit.record(info)
