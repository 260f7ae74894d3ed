"""Seeing from a callback how a call of `lightgbm.train` or `lightgbm.cv` ends.

LightGBM has no hook for that. Three layers, each without the next, make up for it:

1. The token. While LightGBM sorts its callbacks, in the frame of the call, it reads their
   `order`. From there a token is put into the frame's own list of callbacks. It is the only
   reference to it: when the frame goes, by whatever way, the token goes, and that is the end.
2. The guards. Around every other callback of the call one sees exceptions and early stops pass.
3. The probe. While the call lasts, the booster has a class of the same name whose `update` and
   `eval_...` see the exceptions of custom objectives and metrics pass.

All of them let pass what they see, unchanged. What is seen is kept as text and numbers, never as
an exception, whose traceback would keep the frame alive.
"""

import sys
import weakref
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, Final, SupportsIndex, TypeAlias

from lightgbm import Booster, CVBooster
from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import guarded
from mllog_lightgbm.training import Training

__all__ = ["Token", "is_training"]

Callback: TypeAlias = Callable[[CallbackEnv], object]

_BEFORE: Final = "callbacks_before_iter"
_AFTER: Final = "callbacks_after_iter"


def is_training(frame: FrameType) -> bool:
    """Whether this is the frame of a call that trains, at the point where callbacks are sorted."""
    return (
        frame.f_globals.get("__name__") == "lightgbm.engine"
        and frame.f_code.co_name in {"train", "cv"}
        and isinstance(frame.f_locals.get(_BEFORE), list)
    )


class Token:
    """A callback that stands first in a call's list, and lives as long as the call."""

    def __init__(self, training: Training, trainings: dict[int, Training]) -> None:
        self._training = training
        self._trainings = trainings
        self._begun = False

    @classmethod
    def place(cls, training: Training, frame: FrameType, trainings: dict[int, Training]) -> None:
        """Put a token into the frame of a call; in `trainings` the callback finds its training."""
        token = cls(training, trainings)
        known = frame.f_locals
        training.expect(
            known.get("params") or {}, known.get("fobj"), known.get("num_boost_round") or 0
        )
        weakref.finalize(token, _finish, training, trainings)
        known[_BEFORE].insert(0, token)

    def __call__(self, env: CallbackEnv) -> None:
        """See an iteration begin."""
        if not self._begun:
            self._begun = True
            self._begin(env, sys._getframe(1))  # noqa: SLF001 - documented for CPython
        self._training.iteration = env.iteration

    @guarded
    def _begin(self, env: CallbackEnv, frame: FrameType) -> None:
        self._trainings[id(env.model)] = self._training
        known = frame.f_locals
        given = known.get("callbacks") or ()
        patience = max(map(_patience, known[_AFTER]), default=0)
        for name in (_BEFORE, _AFTER):
            callbacks = known[name]
            callbacks[:] = [self._guarded(each, given, stops=name == _AFTER) for each in callbacks]
        for booster in _boosters(env.model):
            _probe(booster, self._training)
        training = known.get("train_data_name", "train")  # the second: what `cv` calls it
        self._training.begin(env, known.get("train_set"), training=training, patience=patience)

    def _guarded(self, callback: Callback, given: object, *, stops: bool) -> Callback:
        if isinstance(callback, Token) or getattr(callback, "_trainings", None) is self._trainings:
            return callback  # a token, or the audit callback this one belongs to
        by_parameter = isinstance(given, Iterable) and all(each is not callback for each in given)
        return _Guard(callback, self._training, stops=stops, by_parameter=by_parameter)


class _Guard:
    """Stands in for another callback of the call, and sees what it raises."""

    def __init__(
        self, callback: Callback, training: Training, *, stops: bool, by_parameter: bool
    ) -> None:
        self._callback = callback
        self._training = training
        self._stops = stops
        self._by_parameter = by_parameter

    def __call__(self, env: CallbackEnv) -> object:
        try:
            return self._callback(env)
        except BaseException as error:
            if self._stops and isinstance(error, EarlyStopException):
                self._training.stop(env, self._callback, error, by_parameter=self._by_parameter)
            else:
                self._training.fail(error, f"in the callback {_name(self._callback)}")
            raise


class _ProbedBooster(Booster):
    """The booster while its call lasts: sees what custom objectives and metrics raise."""

    def update(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on untouched
        return _seen(self, "while the tree was grown", super().update, args, kwargs)

    def eval_train(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on untouched
        return _seen(self, "in the evaluation on training data", super().eval_train, args, kwargs)

    def eval_valid(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on untouched
        return _seen(self, "in the evaluation on validation data", super().eval_valid, args, kwargs)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:  # noqa: ANN401 - as in object
        # A copy is a plain booster. Protocol 1 names the class outright, where later ones hold
        # it against the object's own.
        self.__class__ = Booster  # type: ignore[assignment]  # for the moment
        try:
            return self.__reduce_ex__(1)
        finally:
            self.__class__ = _ProbedBooster


for _attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
    setattr(_ProbedBooster, _attribute, getattr(Booster, _attribute))

_probed: weakref.WeakKeyDictionary[Booster, list[Training]] = weakref.WeakKeyDictionary()


def _probe(booster: Booster, training: Training) -> None:
    if type(booster) in {Booster, _ProbedBooster}:
        _probed.setdefault(booster, []).append(training)
        booster.__class__ = _ProbedBooster


def _unprobe(training: Training) -> None:
    for booster, trainings in list(_probed.items()):
        if training in trainings:
            trainings.remove(training)
        if not trainings:
            del _probed[booster]
            booster.__class__ = Booster


def _seen(
    booster: Booster,
    where: str,
    method: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> object:
    try:
        return method(*args, **kwargs)
    except BaseException as error:
        for training in _probed.get(booster, ()):
            training.fail(error, where)
        raise


def _boosters(model: Booster | CVBooster) -> list[Booster]:
    return model.boosters if isinstance(model, CVBooster) else [model]


def _patience(callback: Callback) -> int:
    """The iterations without improvement that LightGBM's early stopping allows; else 0."""
    patience = getattr(callback, "stopping_rounds", 0)
    return patience if isinstance(patience, int) and getattr(callback, "enabled", False) else 0


def _name(callback: Callback) -> str:
    return getattr(callback, "__qualname__", type(callback).__qualname__)


@guarded
def _finish(training: Training, trainings: dict[int, Training]) -> None:
    """The call is over: its frame, and with it the token, has gone."""
    _unprobe(training)
    for key in [key for key, each in trainings.items() if each is training]:
        del trainings[key]
    training.end()
