"""The callback a user gives to Optuna."""

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import optuna
from optuna.study import _optimize
from optuna.trial import FrozenTrial

from mllog_callbacks import Auditor, attend, guarded
from mllog_optuna.search import Search

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["MLAuditCallback"]


class MLAuditCallback(Auditor):
    """Records the audit trail of `optuna.study.Study.optimize`.

    The study with its sampler and pruner, each trial with its parameters, values and how it ended
    (complete, pruned by which rule on which values, failed with which error), the winner with
    runner-up and margin, and why the search ended. Every entry of a training within a trial carries
    study and trial under ``context``.

    One callback may serve many studies, also at the same time, in threads (`n_jobs`) and processes;
    each process has a session of its own. It must be given to `optimize` itself. The arguments are
    those of `mllog_callbacks.Auditor`; a search has no curves that detectors watch.
    """

    def prepare(self) -> None:
        """Watch Optuna from now on."""
        _attend()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Record a trial; Optuna calls this after each, in the thread that ran it."""
        search = _under_way.get((id(study), id(self)))
        if search is not None:
            search.take(trial)

    @guarded
    def begin(
        self, study: optuna.Study, arguments: Mapping[str, Any]
    ) -> Callable[[BaseException | None], object]:
        """A call of `optimize` begins; returns what takes its end.

        Args:
            study: The study.
            arguments: What `optimize` was called with.
        """
        search = Search(self.new_run(), study, arguments)
        key = id(study), id(self)
        with _lock:
            _under_way[key] = search
        search.begin()

        def ended(error: BaseException | None) -> None:
            with _lock:
                _under_way.pop(key, None)
            search.end(error)

        return ended

    def __getstate__(self) -> dict[str, Any]:
        """What is copied or pickled: how to log."""
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Watch Optuna in the process that a copy comes to, too."""
        self.__dict__.update(state)
        _attend()


_under_way: Final[dict[tuple[int, int], Search]] = {}
_lock: Final = threading.Lock()


def _attend() -> None:
    """Watch each call of `optimize`, and each trial, where Optuna's source is at hand."""
    with suppress(TypeError):
        attend(_optimize._optimize, _begin)  # noqa: SLF001 - Optuna has no hook for its begin
        attend(_optimize._run_trial, _begin_trial)  # noqa: SLF001 - nor for that of a trial


def _begin(arguments: Mapping[str, Any]) -> Callable[[BaseException | None], object] | None:
    callbacks = arguments.get("callbacks")
    audits = [
        each
        for each in (callbacks if isinstance(callbacks, (list, tuple)) else ())
        if isinstance(each, MLAuditCallback)
    ]
    study = _study() if audits else None
    if study is None:
        return None
    ends = [audit.begin(study, arguments) for audit in dict.fromkeys(audits)]

    def ended(error: BaseException | None) -> None:
        for each in filter(None, ends):
            each(error)

    return ended


def _begin_trial(_arguments: Mapping[str, Any]) -> Callable[[BaseException | None], object] | None:
    """A trial begins in this thread; which one, the searches of its study hear."""
    study = _study()
    with _lock:
        searches = [each for (owner, _), each in _under_way.items() if owner == id(study)]
    ends = [search.begin_trial() for search in searches]

    def ended(error: BaseException | None) -> None:
        raised = error or _known().get("func_err")  # `catch` lets it pass, and Optuna keeps it not
        for each in ends:
            each(raised if isinstance(raised, BaseException) else None, error is not None)

    return ended if ends else None


def _study() -> optuna.Study | None:
    """The study of the call that this is called within."""
    found = _known().get("study")
    return found if isinstance(found, optuna.Study) else None


def _known() -> Mapping[str, Any]:
    """The variables of Optuna's function that this is called within."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented for CPython
    while frame is not None and frame.f_globals.get("__name__") != _optimize.__name__:
        frame = frame.f_back
    return {} if frame is None else frame.f_locals
