"""The runs of a session that are open: `mllog verify` and a witness find them by these rules.

Runs of one session may be under way together, in threads or in a search. So they are matched by the
numbers that adapters give to runs, else by the names of model and data set.
"""

from typing import Generic, Literal, TypeAlias, TypeVar

from mllog_callbacks.runs._run import RunOf

__all__ = ["OpenRuns"]

_T = TypeVar("_T")

_Ended: TypeAlias = Literal["open", "ended number", "ended names", "other"]


class OpenRuns(Generic[_T]):
    """The runs that have begun and have no end yet, each with what its start left."""

    def __init__(self) -> None:
        self._open: list[tuple[RunOf, _T]] = []
        self._ended: set[RunOf] = set()
        self._handed_over: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, run: RunOf, start: _T) -> None:
        """A run begins."""
        self._open.append((run, start))

    def hand_over(self, run: RunOf) -> None:
        """The end of a run may be seen elsewhere."""
        if run.number is not None:
            self._handed_over.add(run.number)

    def end(self, run: RunOf) -> _Ended:
        """Take the run away that an end is of: the latest that agrees with it, or else any.

        Returns:
            ``"open"`` where that run was open; ``"ended number"`` or ``"ended names"`` where a run
            of this number or these names has ended before and none that agrees is open; else
            ``"other"``.
        """
        if run.number is not None and run in self._ended:
            return "ended number"
        agreeing = [
            ((begun.number == run.number, begun.names == run.names), at)
            for at, (begun, _) in enumerate(self._open)
            if begun.may_be(run)
        ]
        found: _Ended = "open"
        if agreeing:
            self._open.pop(max(agreeing)[1])
        elif run.number is None and run in self._ended:
            found = "ended names"
        else:
            found = "other"
            del self._open[-1:]
        self._ended |= {run, run._replace(number=None)}
        return found

    def left(self) -> list[tuple[RunOf, _T]]:
        """The open runs whose end nobody else may see, in the order of their starts."""
        return [
            (run, start)
            for run, start in self._open
            if run.number is None or run.number not in self._handed_over
        ]
