"""Rules a session's runs keep: each begins once and ends once, in that order.

A line does not say which run it is of, and runs of one session may run side by side, in threads
or in a search. So the rules count: they find what no order of runs could have written.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mllog_callbacks.integrity.verdicts import Problem, Status

__all__ = ["RULES", "LifeCycle", "Rule"]

STAMP: Final = slice(14, 41)
_EVENT: Final = 52  # where a line's event stands: behind the timestamp and `","event":"`


@dataclass(frozen=True, slots=True)
class Rule:
    """What an event asks of the runs that are open, and what it does to their number.

    Attributes:
        needs: How many must be open before it.
        opens: How many more, or fewer, are open after it.
        broken: What it means where too few are open.
    """

    needs: int
    opens: int
    broken: str = ""


_END: Final = Rule(1, -1, "ends a run, but each run that began before has had its end")
RULES: Final = {
    b"TRAINING_STARTED": Rule(0, +1),
    b"TRAINING_PROGRESS": Rule(1, 0, "tells of progress while no run is open"),
    b"TRAINING_COMPLETED": _END,
    b"TRAINING_STOPPED": _END,
    # A run may be refused before it began: it has an end alone
    b"TRAINING_FAILED": Rule(0, -1),
}
"""By event. Beside them: after a session's orderly end no run is open; timestamps increase."""

_ONLY_PROGRESS: Final = {b"TRAINING_PROGRESS"}
_ISSUE: Final = b"ISSUE_DETECTED"
_ACCOUNT: Final = b'"dropped_entries":'


class LifeCycle:
    """Takes the lines of a session in their order, and tells where they break a rule.

    Args:
        alone: Whether its runs begin in this session; a worker's may have begun in its parent's.
    """

    def __init__(self, *, alone: bool) -> None:
        self.problems: list[Problem] = []
        self._alone = alone
        self._open: list[tuple[str, int, tuple[object, ...]]] = []
        self._begun = 0
        self._stamp = b""
        self._unopened: list[Problem] = []

    def take(self, file: str, first: int, lines: Sequence[bytes]) -> None:
        """Take lines that stand one after the other in a file, the first with this number."""
        self._check_order(file, first, lines)
        kinds = {line[_EVENT : line.find(b'"', _EVENT)] for line in lines}
        if _ISSUE in kinds:
            self._check_accounts(file, first, lines)
        ruled = kinds & RULES.keys()
        if not ruled or (ruled == _ONLY_PROGRESS and (self._open or not self._begun)):
            return  # as most lines of a log are
        for number, line in enumerate(lines, first):
            rule = RULES.get(line[_EVENT : line.find(b'"', _EVENT)])
            if rule is not None:
                self._apply(rule, file, number, line)

    def _apply(self, rule: Rule, file: str, number: int, line: bytes) -> None:
        if len(self._open) < rule.needs:
            self._tell(file, number, line, rule)
        elif rule.opens > 0:
            self._begun += 1
            self._open.append((file, number, _about(line)))
        elif rule.opens < 0 and self._open:
            self._close(_about(line))

    def end(self, *, ended: bool) -> list[Problem]:
        """What was found; where the session ended, also which runs have no end."""
        if self._begun or self._alone:
            self.problems += self._unopened
        if ended:
            for file, number, _ in self._open:
                reason = "begins a run that has no end"
                self._add(Problem("life cycle", Status.INCOMPLETE, reason, file, number, number))
        return self.problems

    def _check_accounts(self, file: str, first: int, lines: Sequence[bytes]) -> None:
        """Whether the log tells of entries that were given up."""
        for number, line in enumerate(lines, first):
            if _ACCOUNT in line:
                reason = "entries were dropped here, as the disk took none"
                status = Status.INCOMPLETE
                self._add(Problem("completeness", status, reason, file, number, number))

    def _check_order(self, file: str, first: int, lines: Sequence[bytes]) -> None:
        stamps = [line[STAMP] for line in lines]
        before = [self._stamp, *stamps[:-1]]
        if any(map(bytes.__ge__, before, stamps)):
            late = [n for n, (a, b) in enumerate(zip(before, stamps, strict=True)) if a >= b]
            reason = "has a timestamp that is not later than that of the entry before"
            for each in late:
                at = first + each
                self._add(Problem("life cycle", Status.INCOMPLETE, reason, file, at, at))
        self._stamp = stamps[-1] if stamps else self._stamp

    def _tell(self, file: str, number: int, line: bytes, rule: Rule) -> None:
        event = line[_EVENT : line.find(b'"', _EVENT)].decode()
        reason = f"{event} {rule.broken}"
        problem = Problem("life cycle", Status.INCOMPLETE, reason, file, number, number)
        if self._begun:
            self._add(problem)
        elif len(self._unopened) < _MOST and rule.opens:
            self._unopened.append(problem)

    def _close(self, about: tuple[object, ...]) -> None:
        """Take the run away that an end is of: of this name, or else the latest."""
        named = [n for n, (_, _, name) in enumerate(self._open) if name == about]
        self._open.pop(named[-1] if named else -1)

    def _add(self, problem: Problem) -> None:
        if len(self.problems) < _MOST:
            self.problems.append(problem)


_MOST: Final = 1_000  # problems told of one session


def _about(line: bytes) -> tuple[object, ...]:
    try:
        entry = json.loads(line)
        return entry["dataset"], entry["model"]
    except (ValueError, KeyError, TypeError):
        return ()
