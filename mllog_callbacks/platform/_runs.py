"""The runs under way in this process: found by what a stop, a status or progress says of them."""

import atexit
import os
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from mllog_callbacks.platform._call import Call
from mllog_callbacks.platform._naming import DATASETS, MODELS, labels

if TYPE_CHECKING:
    from mllog_callbacks.platform._action import Action

__all__ = ["OpenRuns", "in_daemon", "open_runs"]

_NAMING: Final = frozenset({*MODELS, *DATASETS, "id", "name", "uuid", "key", "training", "run"})
_REQUESTS: Final = 1_000  # stops remembered of runs that have not begun


class OpenRuns:
    """Runs that have begun, and have no end yet; also those whose call has returned a handle.

    Changed and copied in one step each: a lock may be held by another thread at a fork.
    """

    def __init__(self) -> None:
        self._open: list[Action] = []
        self._stops: dict[str, str] = {}
        self._exit: bool = False
        self._process = os.getpid()

    def begin(self, action: "Action") -> None:
        """Take a run in, and note a stop that was requested before it began."""
        if self._process != os.getpid():  # a forked child: the runs are its parent's
            self._open, self._stops, self._exit = [], {}, False
            self._process = os.getpid()
        if not self._exit:
            self._exit = True
            atexit.register(self._leave)
        self._open.append(action)
        if self._stops:
            for each in labels(*action.call.given.values()):
                if (by := self._stops.pop(each, None)) is not None:
                    action.call.stopped_by, action.call.stopped_before = by, True

    def end(self, action: "Action") -> bool:
        """Take a run out; False where somebody has done so before."""
        try:
            self._open.remove(action)
        except ValueError:
            return False
        return True

    def about(self, call: Call) -> list["Action"]:
        """The runs a call is about: those it names; else, where it names none, of its object."""
        wanted = _named(call.given)
        runs = [each for each in list(self._open) if not each.log.closed]
        if wanted:
            named = [each for each in runs if wanted & self._labels(each)]
            own = [each for each in named if each.call.instance is call.instance]
            return own or named
        own = [each for each in runs if each.call.instance is call.instance]
        if not own and call.instance is not None:  # one object a request
            own = [each for each in runs if type(each.call.instance) is type(call.instance)]
        if len(own) > 1:  # a positional argument may name one, whatever it is called
            given = labels(*call.given.values())
            return [each for each in own if given & self._labels(each)] or own
        return own

    def remember_stop(self, call: Call) -> None:
        """Keep a stop of what has not begun; it is used where a run of that name begins."""
        for each in _named(call.given):
            if len(self._stops) < _REQUESTS:
                self._stops[each] = call.name

    @staticmethod
    def _labels(action: "Action") -> set[str]:
        """What a run may be called by: read once, and again where its call has returned."""
        returned = action.call.result is not None
        if action.labels is None or action.labels[0] is not returned:
            found = labels(*action.call.given.values(), action.call.result)
            action.labels = returned, found
        names = {each for each in (action.scope.model, action.scope.dataset) if each}
        return action.labels[1] | names

    def _leave(self) -> None:
        """The process exits: what still runs in it ends with it."""
        if self._process == os.getpid():
            for action in list(self._open):
                action.left()


def _named(given: Mapping[str, Any]) -> set[str]:
    """What the arguments name a run by: those that are called so, and requests."""
    direct = {name: value for name, value in given.items() if name in _NAMING}
    found = labels(*direct.values())
    others: Iterable[object] = (value for name, value in given.items() if name not in direct)
    requests = [value for value in others if not isinstance(value, (str, int, float, bool))]
    return found | labels(*requests)


def in_daemon(thread: threading.Thread) -> str:
    """Where a run is under way, as in " in the daemon thread Thread-1"."""
    return f" in the daemon thread {thread.name}" if thread.daemon else ""


open_runs: Final = OpenRuns()
