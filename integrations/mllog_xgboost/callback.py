"""The callback a user gives to XGBoost."""

import sys
import weakref
from types import FrameType
from typing import Any

from xgboost.callback import TrainingCallback

from mllog_callbacks import Auditor, guarded
from mllog_xgboost.training import Training

__all__ = ["MLAuditCallback"]


class MLAuditCallback(Auditor, TrainingCallback):
    """Leaves an audit trail of `xgboost.train`, `xgboost.cv` and the scikit-learn interface.

    One callback may serve many trainings, also at the same time, and stand anywhere among the
    callbacks: it listens to the container that XGBoost keeps them in during one call. The
    arguments are those of `mllog_callbacks.Auditor`.
    """

    def before_training(self, model: Any) -> Any:  # noqa: ANN401 - as in XGBoost
        """Begin a training; XGBoost calls this once, from the container of callbacks."""
        self._begin(model, sys._getframe(1))  # noqa: SLF001 - documented for CPython
        return model

    @guarded
    def _begin(self, model: Any, frame: FrameType) -> None:  # noqa: ANN401 - as in XGBoost
        container, call = frame.f_locals["self"], frame.f_back
        training = Training(self.new_run(), model, container)
        # XGBoost tells no callback of exceptions, nor of the end of `cv`: that the container goes
        # with the call's frame does.
        weakref.finalize(container, training.end)
        if call is not None:
            training.begin(call.f_locals)
