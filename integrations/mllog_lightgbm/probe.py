"""A probe on a booster while its training lasts: sees what custom objectives and metrics raise.

LightGBM calls these from the booster's `update` and `eval_...`. While the call lasts, the booster
has a class of the same name in which these methods see exceptions pass. A copy or a pickle made
meanwhile is a plain booster.
"""

import weakref
from typing import Any, SupportsIndex

from lightgbm import Booster

from mllog_lightgbm.training import Training

__all__ = ["probe", "unprobe"]


class _ProbedBooster(Booster):
    def update(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on untouched
        try:
            return Booster.update(self, *args, **kwargs)
        except BaseException as error:
            _tell(self, error, "while the tree was grown")
            raise

    def eval_train(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on untouched
        try:
            return Booster.eval_train(self, *args, **kwargs)
        except BaseException as error:
            _tell(self, error, "in the evaluation on training data")
            raise

    def eval_valid(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on untouched
        try:
            return Booster.eval_valid(self, *args, **kwargs)
        except BaseException as error:
            _tell(self, error, "in the evaluation on validation data")
            raise

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:  # noqa: ANN401 - as in object
        # Protocol 1 names the class outright, where later ones hold it against the object's own.
        self.__class__ = Booster  # type: ignore[assignment]  # for the moment
        try:
            return self.__reduce_ex__(1)
        finally:
            self.__class__ = _ProbedBooster  # pyright: ignore[reportAttributeAccessIssue]  # back


for _attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
    setattr(_ProbedBooster, _attribute, getattr(Booster, _attribute))

_probed: weakref.WeakKeyDictionary[Booster, list[Training]] = weakref.WeakKeyDictionary()


def probe(booster: Booster, training: Training) -> None:
    """Let a training see what is raised within its booster; boosters of other classes stay so."""
    if type(booster) in {Booster, _ProbedBooster}:
        _probed.setdefault(booster, []).append(training)
        booster.__class__ = _ProbedBooster


def unprobe(training: Training) -> None:
    """Give the boosters of a training their own class back."""
    for booster, trainings in list(_probed.items()):
        if training in trainings:
            trainings.remove(training)
        if not trainings:
            del _probed[booster]
            booster.__class__ = Booster


def _tell(booster: Booster, error: BaseException, where: str) -> None:
    for training in _probed.get(booster, ()):
        training.fail(error, where)
