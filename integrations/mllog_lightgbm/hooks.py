"""Seeing from a callback where a call of `lightgbm.train` or `lightgbm.cv` begins and ends.

While LightGBM sorts its callbacks, in the frame of the call, it reads their `order`. From there a
token is put into the frame's own lists of callbacks, and takes the audit callback's place there.
Before the first iteration it is called for the first time. The call's end is seen by
`mllog_lightgbm.calls`; where LightGBM's source is not at hand, the end of the token is that of the
frame, which holds the only references to it: that the call is over is then known, and not how.

Other callbacks stay as they are: a stand-in would be one more frame in their warnings and stacks.
"""

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any, Final, TypeAlias

from lightgbm import Dataset
from lightgbm.callback import CallbackEnv

from mllog_callbacks import finaliser, guarded
from mllog_lightgbm.batches import first_free
from mllog_lightgbm.boosting import Boosting
from mllog_lightgbm.calls import Audit, Callback, innermost
from mllog_lightgbm.data import NOTHING, Raw, read_raw
from mllog_lightgbm.estimator import Estimator, calling_estimator
from mllog_lightgbm.model import boosters_of, listen_to_resets
from mllog_lightgbm.opening import TRAINING
from mllog_lightgbm.raw import raw_sets

__all__ = ["Token", "is_training"]

Trainings: TypeAlias = dict[int, Boosting]

_BEFORE: Final = "callbacks_before_iter"
_AFTER: Final = "callbacks_after_iter"


def is_training(frame: FrameType) -> bool:
    """Whether this is the frame of a call that trains, at the point where callbacks are sorted."""
    return (
        frame.f_globals.get("__name__") == "lightgbm.engine"
        and frame.f_code.co_name in {"train", "cv"}
        and isinstance(frame.f_locals.get(_BEFORE), list)
    )


class Token(Audit):
    """A callback that lives as long as a call of LightGBM, and stands in for the audit callback.

    Before the first iteration it is called for the first time, and makes itself at home in the
    call's lists.

    Args:
        audit: The audit callback.
        training: The training that begins.
        trainings: The trainings of the audit callback, by the identity of what is trained.
    """

    def __init__(self, audit: Callback, training: Boosting, trainings: Trainings) -> None:
        self._audit = audit
        self._training = training
        self._trainings = trainings
        self._begun = False
        self._leave: list[Callable[[], object]] = []

    @classmethod
    def place(
        cls, audit: Callback, training: Boosting, frame: FrameType, trainings: Trainings
    ) -> None:
        """Put a token into the frame of a call; the arguments are those of the class."""
        token = cls(audit, training, trainings)
        known = frame.f_locals
        sets = _sets(known) or {}
        training.expect(
            known.get("params") or {},
            known.get("fobj"),
            known.get("num_boost_round") or 0,
            _estimator(frame),
            _raw(sets) or NOTHING,
        )
        _examine(training, sets)
        if (call := innermost()) is not None:
            call.trainings.append(training)
        weakref.finalize(token, _finish, training, trainings, token._leave)
        known[_BEFORE].insert(0, token)

    def __call__(self, env: CallbackEnv) -> None:
        """See the first iteration begin, and every iteration's results."""
        if env.evaluation_result_list is not None:
            self._training.record(env)
            self._training.stop_where_asked(env)
        elif not self._begun:
            self._begun = True
            self._begin(env, sys._getframe(1))  # noqa: SLF001 - documented for CPython

    @guarded
    def _begin(self, env: CallbackEnv, frame: FrameType) -> None:
        training, known = self._training, frame.f_locals
        self._trainings[id(env.model)] = training
        before, after = known[_BEFORE], known[_AFTER]
        after[:] = [self if each is self._audit else each for each in after]
        if before == [self] and any(each is self for each in after):
            before.clear()  # LightGBM's loop over them is at its end: no need to be called again
        boosters = boosters_of(env.model)
        self._leave.append(listen_to_resets(boosters[0], training.reset))
        training.begin(env, known)
        for model in boosters if env.model in boosters else [*boosters, env.model]:
            training.hear_saves(model)


@guarded
def _sets(known: Mapping[str, Any]) -> dict[str, Dataset]:
    """The sets of a call, which are not constructed yet: the training data first."""
    training, sets = known.get("train_set"), known.get("reduced_valid_sets", ())
    if not isinstance(training, Dataset):
        return {}
    name = known["train_data_name"] if known.get("is_valid_contain_train") else TRAINING
    found = {name: training}
    for own, each in zip(known.get("name_valid_sets", ()), sets, strict=False):
        found[first_free(own, {*found})] = each
    return found


@guarded
def _raw(sets: Mapping[str, Dataset]) -> Raw:
    if not sets:
        return NOTHING
    (name, training), *others = sets.items()
    return read_raw(name, training, dict(others))


@guarded
def _examine(training: Boosting, sets: Mapping[str, Dataset]) -> None:
    if sets:
        (name, data), *others = sets.items()
        training.examine(raw_sets(name, data, dict(others), training.copies))


@guarded
def _estimator(frame: FrameType) -> Estimator | None:
    return calling_estimator(frame)


@finaliser
def _finish(
    training: Boosting, trainings: Trainings, leave: Iterable[Callable[[], object]]
) -> None:
    """The call is over: its frame, and with it the token, has gone."""
    for each in leave:
        each()
    for key in [key for key, each in trainings.items() if each is training]:
        del trainings[key]
    training.end()
