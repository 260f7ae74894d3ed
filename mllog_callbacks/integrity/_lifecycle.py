"""Rules a session's runs keep: each begins once and ends once, in that order.

Runs of one session may run side by side, in threads or in a search. So the rules go by the names of
model and data set, where entries have them, by the numbers that adapters and platform hooks give to
runs, and count: they find what no order of runs could have written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mllog_callbacks.integrity._verdicts import Problem, Status
from mllog_callbacks.runs import (
    BEGIN,
    EVENT,
    HANDED_OVER,
    NAMED,
    REQUEST,
    STAMP,
    OpenRuns,
    event_of_line,
    read_run,
)
from mllog_callbacks.schema import count

__all__ = ["RULES", "LifeCycle", "Rule"]

_FORM, _NEXT = slice(0, STAMP.start), slice(STAMP.stop, EVENT)


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
_SECOND: Final = "ends a run, but each run of these names that began before has had its end"
_TWICE: Final = "ends a run that has had its end: run {} of this session"
RULES: Final = {
    b"TRAINING_STARTED": Rule(0, +1),
    b"TRAINING_PROGRESS": Rule(1, 0, "reports progress while no run is open"),
    b"TRAINING_COMPLETED": _END,
    b"TRAINING_STOPPED": _END,
    # A run may be refused before it began: it has an end alone
    b"TRAINING_FAILED": Rule(0, -1),
}
"""By event. Further rules: after a session's orderly end no run is open; timestamps increase."""

_ONLY_PROGRESS: Final = {b"TRAINING_PROGRESS"}
_ISSUE: Final = b"ISSUE_DETECTED"
_ACCOUNT: Final = b'"dropped_entries":'
_KILLED: Final = b'"stop":{"by":"killed"'


class LifeCycle:
    """Takes the lines of a session in their order, and finds where they break a rule.

    Args:
        alone: Whether its runs begin in this session; a worker's may have begun in its parent's.

    Attributes:
        problems: What was found so far.
        latest: The latest timestamp so far, as on its line; empty where there is none.
        entries: How many lines were entries, by their form.
        killed: How many runs have an end that a witness recorded.
    """

    def __init__(self, *, alone: bool) -> None:
        self.problems: list[Problem] = []
        self._alone = alone
        self._open: OpenRuns[tuple[str, int]] = OpenRuns()
        self._begun = 0
        self._stamp = self.latest = b""
        self._unopened: list[Problem] = []
        self.entries = self.killed = self._strangers = 0
        self._strange: tuple[str, int] | None = None

    def take(self, file: str, first: int, lines: Sequence[bytes]) -> None:
        """Take lines that follow each other in a file, the first with this number."""
        if {line[_FORM] for line in lines} - {BEGIN} or {line[_NEXT] for line in lines} - {NAMED}:
            self._take_entries(file, first, lines)
            return
        self.entries += len(lines)
        self._check_order(file, first, lines)
        kinds = {event_of_line(line) for line in lines}
        if _ISSUE in kinds:
            self._check_accounts(file, first, lines)
        ruled = kinds & RULES.keys()
        self._note_handed_over(lines)
        if not ruled or (ruled == _ONLY_PROGRESS and (self._open or not self._begun)):
            return  # as most lines of a log are
        for number, line in enumerate(lines, first):
            rule = RULES.get(event_of_line(line))
            if rule is not None and REQUEST not in line:
                self._apply(rule, file, number, line)

    def _take_entries(self, file: str, first: int, lines: Sequence[bytes]) -> None:
        """Of lines that are not all entries, take those that are."""
        for number, line in enumerate(lines, first):
            if line[_FORM] == BEGIN and line[_NEXT] == NAMED:
                self.take(file, number, [line])
            else:
                self._strange = self._strange or (file, number)
                self._strangers += 1

    def _apply(self, rule: Rule, file: str, number: int, line: bytes) -> None:
        if len(self._open) < rule.needs:
            self._report(file, number, line, rule)
        elif rule.opens > 0:
            self._begun += 1
            self._open.begin(read_run(line)[0], (file, number))
        elif rule.opens < 0:
            self._take_end(file, number, line)

    def end(self, *, ended: bool) -> list[Problem]:
        """What was found; where the session ended, also which runs have no end."""
        if self._begun or self._alone:
            self.problems += self._unopened
        if ended:
            for _, (file, number) in self._open.left():
                reason = "begins a run that has no end"
                self._add(_problem(reason, file, number))
        if self._strange is not None:
            file, number = self._strange
            reason = f"{count(self._strangers, 'line')} cannot be checked: no entry"
            status = Status.NOT_CHECKABLE
            self.problems.append(Problem("life cycle", status, reason, file, number, number))
        return self.problems

    def _note_handed_over(self, lines: Sequence[bytes]) -> None:
        """Note runs whose end may be seen elsewhere."""
        for line in lines:
            if HANDED_OVER in line:
                self._open.hand_over(read_run(line)[0])

    def _check_accounts(self, file: str, first: int, lines: Sequence[bytes]) -> None:
        """Whether the log has an account of entries that were given up."""
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
                self._add(_problem(reason, file, at))
            self.latest = max(self.latest, *stamps)
        self._stamp = stamps[-1] if stamps else self._stamp
        self.latest = max(self.latest, self._stamp)

    def _report(self, file: str, number: int, line: bytes, rule: Rule) -> None:
        problem = _problem(f"{_event(line)} {rule.broken}", file, number)
        if self._begun:
            self._add(problem)
        elif len(self._unopened) < _MOST and rule.opens:
            self._unopened.append(problem)

    def _take_end(self, file: str, number: int, line: bytes) -> None:
        """Take the run away that an end is of."""
        run, begun = read_run(line)
        if not begun:
            return
        self.killed += _KILLED in line
        ended = self._open.end(run)
        if ended == "ended number":
            self._add(_problem(f"{_event(line)} {_TWICE.format(run.number)}", file, number))
        elif ended == "ended names":
            self._add(_problem(f"{_event(line)} {_SECOND}", file, number))

    def _add(self, problem: Problem) -> None:
        if len(self.problems) < _MOST:
            self.problems.append(problem)


_MOST: Final = 1_000  # problems reported of one session


def _problem(reason: str, file: str, number: int) -> Problem:
    return Problem("life cycle", Status.INCOMPLETE, reason, file, number, number)


def _event(line: bytes) -> str:
    return event_of_line(line).decode()
