"""The callback a user gives to XGBoost."""

import sys
from types import FrameType
from typing import Any

from xgboost.callback import TrainingCallback

from mllog_callbacks import Auditor, guarded
from mllog_xgboost.boosting import Boosting
from mllog_xgboost.call import read_call

__all__ = ["MLAuditCallback"]


class MLAuditCallback(Auditor, TrainingCallback):
    """Records the audit trail of `xgboost.train`, `xgboost.cv` and the scikit-learn interface.

    One callback may serve many trainings, also at the same time, at any place among the callbacks:
    it listens to the container that XGBoost keeps them in during one call. The arguments are those
    of `mllog_callbacks.Auditor`. ``docs/xgboost-ends.md`` has every way out.
    """

    def before_training(self, model: Any) -> Any:  # noqa: ANN401 - as in XGBoost
        """Begin a training; XGBoost calls this once, from the container of callbacks."""
        self._begin(model, sys._getframe(1))  # noqa: SLF001 - documented for CPython
        return model

    @guarded
    def _begin(self, model: Any, frame: FrameType) -> None:  # noqa: ANN401 - as in XGBoost
        container = frame.f_locals["self"]
        boosting = Boosting(self.new_run(), read_call(frame, model), container, model)
        boosting.listen(container, model, after=self)
        boosting.begin()
