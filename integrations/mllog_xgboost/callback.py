"""The callback a user gives to XGBoost."""

import sys
from types import FrameType
from typing import Any
from weakref import WeakValueDictionary

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

    can_stop = True

    def before_training(self, model: Any) -> Any:  # noqa: ANN401 - as in XGBoost
        """Begin a training; XGBoost calls this once, from the container of callbacks."""
        self._begin(model, sys._getframe(1))  # noqa: SLF001 - documented for CPython
        return model

    def prepare(self) -> None:
        """Begin without trainings."""
        self._under_way: WeakValueDictionary[int, Boosting] = WeakValueDictionary()

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401, ARG002 - as in XGBoost
        """Whether to end a training, by an issue that its user named; XGBoost calls this."""
        boosting = self._under_way.get(id(model))
        return boosting is not None and boosting.is_to_stop

    def __getstate__(self) -> dict[str, Any]:
        """What is copied or pickled: how to log, not the trainings that are under way."""
        return {name: each for name, each in self.__dict__.items() if name != "_under_way"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without trainings in the process that a copy comes to."""
        self.__dict__.update(state)
        self.prepare()

    @guarded
    def _begin(self, model: Any, frame: FrameType) -> None:  # noqa: ANN401 - as in XGBoost
        container = frame.f_locals["self"]
        boosting = Boosting(self.new_run(), read_call(frame, model), container, model)
        boosting.listen(container, model, after=self)
        boosting.begin()
        self._under_way[id(model)] = boosting
