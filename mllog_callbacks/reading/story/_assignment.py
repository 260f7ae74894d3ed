"""Which run an entry belongs to, where several are under way in one session.

Adapters and platform hooks number the runs of a session. Of entries without a number, a user's own,
what they do carry is used: the names of model and data set, the order of starts and ends, and the
position within the run.
"""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

from mllog_callbacks.facts import RUN, may_be_same
from mllog_callbacks.reading.story._curves import position_of
from mllog_callbacks.reading.story._model import Run
from mllog_callbacks.schema import RUN_ENDS, EventType

__all__ = ["Runs"]

Names: TypeAlias = tuple[str | None, str | None]

_START: Final = EventType.TRAINING_STARTED
_STEPWISE: Final = frozenset({EventType.TRAINING_PROGRESS, EventType.ISSUE_DETECTED})
_DONE: Final = ("iterations_done", "epochs_done", "steps_done")
_BEFORE_A_START: Final = frozenset(
    {
        EventType.DATASET_UPLOADED,
        EventType.DATASET_VALIDATED,
        EventType.DATASET_PREPROCESSED,
        EventType.ALGORITHM_SELECTED,
        EventType.HYPERPARAMETERS_SET,
    }
)
_LOOKED_AT: Final = 32
"""Runs of the same names under way together that are distinguished."""


class Runs:
    """The runs of a session, found as its entries come.

    Attributes:
        runs: All runs, in the order they began.
        prelude: What belongs to no run.
        overlapping: Whether runs of the same names were under way together, and had no numbers.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.prelude = Run(0)
        self.overlapping = False
        self._open: dict[Names, deque[Run]] = {}
        self._under_way: dict[int, Run] = {}
        self._ended: dict[Names, Run] = {}
        self._numbered: dict[int, Run] = {}

    def run_of(self, event: str, names: Names, snapshot: Mapping[str, Any]) -> Run:
        """The run of the next entry; a start begins one, an end ends it."""
        number = snapshot.get(RUN)
        number = number if isinstance(number, int) else None
        if event == _START:
            return self._begin(names, number)
        if number is None:
            run = self._unnumbered(event, names, snapshot)
        else:
            run = self._numbered.get(number)
        if run is None:
            return self.prelude
        if event in RUN_ENDS:
            self._end(run)
        return run

    def _unnumbered(self, event: str, names: Names, snapshot: Mapping[str, Any]) -> Run | None:
        """The run of an entry that has no number, by its names and its position."""
        same = self._open.get(names)
        run = _nearest(same, event, snapshot) if same else self._by_model(names)
        if run is None and event not in _BEFORE_A_START:
            run = self._ended.get(names) or (self.runs[-1] if self._unnamed(names) else None)
        return run

    def _begin(self, names: Names, number: int | None) -> Run:
        parent = next(reversed(self._under_way.values()), None)
        same = self._open.setdefault(names, deque(maxlen=_LOOKED_AT))
        self.overlapping |= bool(same) and number is None
        # one of the same names is beside, not within: a search's candidates, a pool's trainings
        within = None if parent is None or same else parent.number
        if parent is not None and same:
            within = same[-1].parent
        run = Run(len(self.runs) + 1, model=names[0], dataset=names[1], parent=within)
        if number is not None:
            self._numbered[number] = run
        self._take_over(run)
        self.runs.append(run)
        same.append(run)
        self._under_way[run.number] = run
        return run

    def _take_over(self, run: Run) -> None:
        """Settings recorded before a start are those of the run that starts."""
        waiting = self.prelude.settings
        run.settings = [each for each in waiting if _agree(each.model, run.model)]
        self.prelude.settings = [each for each in waiting if not _agree(each.model, run.model)]

    def _end(self, run: Run) -> None:
        names = run.model, run.dataset
        self._under_way.pop(run.number, None)
        for other in islice(reversed(self._under_way.values()), _LOOKED_AT):
            if other.parent == run.number:  # it outlives what it seemed to be within
                other.parent = run.parent
        self._ended[names] = run
        same = self._open.get(names)
        if same and run in same:
            same.remove(run)
        if not same:
            self._open.pop(names, None)

    def _by_model(self, names: Names) -> Run | None:
        """The youngest run under way whose names do not contradict."""
        for run in islice(reversed(self._under_way.values()), _LOOKED_AT):
            if may_be_same(names, (run.model, run.dataset)):
                return run
        return None

    def _unnamed(self, names: Names) -> bool:
        return bool(self.runs) and names == (None, None)


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _nearest(same: deque[Run], event: str, snapshot: Mapping[str, Any]) -> Run:
    """Of runs of the same names the one whose next step this is; else the youngest."""
    if len(same) == 1:
        return same[0]
    if event in RUN_ENDS:
        done = next((snapshot[name] for name in _DONE if name in snapshot), None)
        return next((run for run in reversed(same) if run.position == done), same[-1])
    if event in _STEPWISE and (found := position_of(snapshot)) is not None:
        behind = [run for run in same if run.position < found[1]]
        return max(behind, key=lambda run: run.position, default=same[-1])
    return same[-1]
