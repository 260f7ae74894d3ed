"""Seeing from a callback how a call of `lightgbm.train` or `lightgbm.cv` ends.

LightGBM has no hook for that. Three layers, each without the next, make up for it:

1. The token. While LightGBM sorts its callbacks, in the frame of the call, it reads their
   `order`. From there a token is put into the frame's own lists of callbacks, and takes the audit
   callback's place there. They hold the only references to it: when the frame goes, by whatever
   way, the token goes, and that is the end.
2. The guards. Around every other callback of the call one sees exceptions and early stops pass.
3. The listener to the booster hears what custom objectives and metrics raise.

All of them let pass what they see, unchanged. What is seen is kept as text and numbers, never as
an exception, whose traceback would keep the frame alive.
"""

import sys
import weakref
from collections.abc import Callable, Collection, Iterable
from types import FrameType
from typing import Final, TypeAlias

from lightgbm.callback import CallbackEnv, EarlyStopException

from mllog_callbacks import Heard, Listener, finaliser, guarded, listen
from mllog_lightgbm.estimator import Estimator, calling_estimator
from mllog_lightgbm.model import boosters_of, watch_saves
from mllog_lightgbm.training import Training

__all__ = ["Token", "is_training"]

Callback: TypeAlias = Callable[[CallbackEnv], object]
Trainings: TypeAlias = dict[int, Training]

_BEFORE: Final = "callbacks_before_iter"
_AFTER: Final = "callbacks_after_iter"
_WHERE: Final = {
    "update": "while the tree was grown",
    "eval_train": "in the evaluation on training data",
    "eval_valid": "in the evaluation on validation data",
}
"""The booster's methods that call the user's functions."""


def is_training(frame: FrameType) -> bool:
    """Whether this is the frame of a call that trains, at the point where callbacks are sorted."""
    return (
        frame.f_globals.get("__name__") == "lightgbm.engine"
        and frame.f_code.co_name in {"train", "cv"}
        and isinstance(frame.f_locals.get(_BEFORE), list)
    )


class Token:
    """A callback that lives as long as a call of LightGBM, and stands in for the audit callback.

    Before the first iteration it is called for the first time, and makes itself at home in the
    call's lists.

    Args:
        audit: The audit callback.
        training: The training that begins.
        trainings: The trainings of the audit callback, by the identity of what is trained.
    """

    def __init__(self, audit: Callback, training: Training, trainings: Trainings) -> None:
        self._audit = audit
        self._training = training
        self._trainings = trainings
        self._begun = False
        self._leave: list[Callable[[], object]] = []

    @classmethod
    def place(
        cls, audit: Callback, training: Training, frame: FrameType, trainings: Trainings
    ) -> None:
        """Put a token into the frame of a call; the arguments are those of the class."""
        token = cls(audit, training, trainings)
        known = frame.f_locals
        training.expect(
            known.get("params") or {},
            known.get("fobj"),
            known.get("num_boost_round") or 0,
            _estimator(frame),
        )
        weakref.finalize(token, _finish, training, trainings, token._leave)
        known[_BEFORE].insert(0, token)

    def __call__(self, env: CallbackEnv) -> None:
        """See the first iteration begin, and every iteration's results."""
        if env.evaluation_result_list is not None:
            self._training.record(env)
        elif not self._begun:
            self._begun = True
            self._begin(env, sys._getframe(1))  # noqa: SLF001 - documented for CPython

    @guarded
    def _begin(self, env: CallbackEnv, frame: FrameType) -> None:
        training, known = self._training, frame.f_locals
        self._trainings[id(env.model)] = training
        before, after = known[_BEFORE], known[_AFTER]
        patience = max(map(_patience, after), default=0)
        given = known.get("callbacks")
        before[:] = [self._guarded(each, given, stops=False) for each in before]
        after[:] = [self._guarded(each, given, stops=True) for each in after]
        if before == [self] and any(each is self for each in after):
            before.clear()  # LightGBM's loop over them is at its end: no need to be called again
        boosters = boosters_of(env.model)
        hear = _hearing(training)
        self._leave += [listen(each, _WHERE, hear, errors_only=True) for each in boosters]
        set_name = known.get("train_data_name", "train")  # the second: what `cv` calls it
        training.begin(env, known.get("train_set"), training=set_name, patience=patience)
        for model in boosters if env.model in boosters else [*boosters, env.model]:
            watch_saves(model, training.saves)

    def _guarded(self, callback: Callback, given: object, *, stops: bool) -> Callback:
        if callback is self._audit:
            return self
        if isinstance(callback, (Token, type(self._audit))):  # pyright: ignore[reportArgumentType]  # a class
            return callback
        # What LightGBM added itself; of a generator that it has used up nobody can say
        named = callback.named if isinstance(callback, _Guard) else callback
        listed = () if given is None else given
        by_parameter = isinstance(listed, Collection) and all(each is not named for each in listed)
        return _Guard(callback, self._training, stops=stops, by_parameter=by_parameter)


class _Guard:
    """Stands in for another callback of the call, and sees what it raises.

    Attributes:
        named: The callback, also where the guard of another audit callback stands in for it.
    """

    def __init__(
        self, callback: Callback, training: Training, *, stops: bool, by_parameter: bool
    ) -> None:
        self._callback = callback
        self.named: Callback = callback.named if isinstance(callback, _Guard) else callback
        self._training = training
        self._stops = stops
        self._by_parameter = by_parameter

    def __call__(self, env: CallbackEnv) -> object:
        try:
            return self._callback(env)
        except BaseException as error:
            if self._stops and isinstance(error, EarlyStopException):
                self._training.stop(env, self.named, error, by_parameter=self._by_parameter)
            else:
                where = f"in the callback {_name(self.named)}"
                self._training.fail(error, where, env.iteration)
            raise


@guarded
def _estimator(frame: FrameType) -> Estimator | None:
    return calling_estimator(frame)


def _hearing(training: Training) -> Listener:
    def hear(heard: Heard) -> None:
        if heard.error is not None:
            training.fail(heard.error, _WHERE[heard.method])

    return hear


def _patience(callback: Callback) -> int:
    """The iterations without improvement that LightGBM's early stopping allows; else 0."""
    patience = getattr(callback, "stopping_rounds", 0)
    return patience if isinstance(patience, int) and getattr(callback, "enabled", False) else 0


def _name(callback: Callback) -> str:
    return getattr(callback, "__qualname__", type(callback).__qualname__)


@finaliser
def _finish(
    training: Training, trainings: Trainings, leave: Iterable[Callable[[], object]]
) -> None:
    """The call is over: its frame, and with it the token, has gone."""
    for each in leave:
        each()
    for key in [key for key, each in trainings.items() if each is training]:
        del trainings[key]
    training.end()
