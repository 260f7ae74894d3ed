"""What a story is made of: sessions, their runs, and what was recorded of each."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self, TypeVar

from mllog_callbacks.reading._fast import Fields, FileAccount
from mllog_callbacks.reading.story._curves import Curves, position_of

__all__ = ["GRAVITY", "Fold", "Found", "Member", "Pulse", "Recorded", "Run", "Seal", "Story"]

_T = TypeVar("_T")

_SEVERITIES: Final = ("error", "warning", "info")
_TEXT: Final = 4_000
"""Characters of a text that are kept; what our own log writes is shorter."""


class Recorded(NamedTuple):
    """One entry, as far as a reader wants to read it.

    Attributes:
        place: Where it stands: the file's number in its session, and the line's, from 1.
        time: Its timestamp.
        event: Its type.
        dataset: Name of the data set.
        model: Name of the model.
        decision: What was decided or done.
        reasoning: Why.
        snapshot: The numbers behind it.
    """

    place: tuple[int, int]
    time: str
    event: str
    dataset: str | None
    model: str | None
    decision: str
    reasoning: str
    snapshot: Mapping[str, Any]

    @classmethod
    def of(cls, place: tuple[int, int], fields: Fields) -> Self:
        """The entry of these seven fields."""
        return cls(
            place,
            fields["timestamp"],
            fields["event"],
            fields["dataset"],
            fields["model"],
            (fields["decision"] or "")[:_TEXT],
            (fields["reasoning"] or "")[:_TEXT],
            fields["metrics_snapshot"] or {},
        )


@dataclass(slots=True)
class Fold:
    """Consecutive entries of progress, of which only the first and the last are kept.

    Attributes:
        first: The first of them.
        count: How many there are.
    """

    first: Recorded
    count: int = 1
    _last: tuple[tuple[int, int], Fields] | None = None

    def take(self, place: tuple[int, int], fields: Fields) -> None:
        """Take the next of them."""
        self.count += 1
        self._last = place, fields

    @property
    def shown(self) -> list[Recorded]:
        """Those that are kept."""
        return [self.first] if self._last is None else [self.first, Recorded.of(*self._last)]

    @property
    def last(self) -> tuple[int, int]:
        """The place of the last of them."""
        return self.first.place if self._last is None else self._last[0]


@dataclass(slots=True)
class Found:
    """An issue, from its first entry to its last.

    Attributes:
        code: Its code, as in "MLA001"; empty where there is none.
        name: Its name, as in "overfitting"; empty where there is none.
        subject: The curve it is about, by set and metric; empty where its entries name none.
        severity: That of its consequence at the end of its run, else the worst it was reported
            with: "error", "warning" or "info".
        count: How many entries record it.
        recorded: The first of these and the last.
        steps: The first position at which it was recorded, and the last.
        unit: What these count; empty where no position was recorded.
        worst: The entry that says most: the last of the worst severity.
        closed_by: What closed it by the end of the run; empty where that is not recorded.
    """

    code: str
    name: str
    subject: str
    severity: str = "info"
    count: int = 0
    recorded: list[Recorded] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    unit: str = ""
    worst: Recorded | None = None
    closed_by: str = ""

    def settle(self, facts: Mapping[str, Any]) -> None:
        """Take how it stands at the end of its run, where its consequence is known."""
        severity, closed_by = facts.get("severity"), facts.get("closed_by")
        if isinstance(severity, str) and severity in _SEVERITIES:
            self.severity = severity
        self.closed_by = closed_by if isinstance(closed_by, str) else ""

    def take(self, recorded: Recorded) -> None:
        """Take the next entry that records it."""
        self.count += 1
        _keep_ends(self.recorded, recorded)
        if (position := position_of(recorded.snapshot)) is not None:
            self.unit = position[0].removeprefix("global_")
            _keep_ends(self.steps, position[1])
        how_bad = _severity(recorded)
        if self.worst is None or _SEVERITIES.index(how_bad) <= _SEVERITIES.index(self.severity):
            self.severity, self.worst = how_bad, recorded

    @property
    def resolved(self) -> bool:
        """Whether its last entry says that it is over."""
        return self.recorded[-1].snapshot.get("state") == "closed"

    @property
    def rank(self) -> tuple[int, bool]:
        """By severity, and what is over after what is not."""
        return _SEVERITIES.index(self.severity), self.resolved


def _keep_ends(kept: list[_T], each: _T) -> None:
    """Keep the first and the last."""
    if len(kept) > 1:
        kept[-1] = each
    else:
        kept.append(each)


def _severity(recorded: Recorded) -> str:
    """The severity an issue's entry names; a warning where it names none that is known."""
    named = recorded.snapshot.get("severity")
    return named if isinstance(named, str) and named in _SEVERITIES else "warning"


@dataclass(slots=True, eq=False)
class Run:
    """One training: from its start to its end, as far as both were recorded.

    Attributes:
        number: Its number in the session, from 1.
        model: Name of its model.
        dataset: Name of its data set.
        parent: The number of the run it is within; None of one that stands for itself.
        start: The entry that records its start.
        end: The entry that records its end.
        settings: The entries that record hyperparameters.
        data: The entries that record data, the start among them where it does.
        evaluations: The entries that record evaluations.
        issues: What went wrong, in the order it was found.
        events: How many entries of each type it has.
        curves: Its metrics, as they were recorded.
        last: The timestamp of its last entry.
        pulse: That its process lives, though it has no end; None where that was not seen.
        member: Of which member of its story it is, from 0; 0 where the story has none.
    """

    number: int
    model: str | None = None
    dataset: str | None = None
    parent: int | None = None
    start: Recorded | None = None
    end: Recorded | None = None
    settings: list[Recorded] = field(default_factory=list)
    data: list[Recorded] = field(default_factory=list)
    evaluations: list[Recorded] = field(default_factory=list)
    issues: dict[tuple[str, ...], Found] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    curves: Curves = field(default_factory=Curves)
    last: str | None = None
    pulse: "Pulse | None" = None
    member: int = 0

    @property
    def outcome(self) -> str:
        """How it ended, in a word or two: "completed", "running" or "without an end", say."""
        if self.end is None:
            return "without an end" if self.pulse is None else "running"
        return self.end.event.removeprefix("TRAINING_").lower()

    @property
    def position(self) -> float:
        """The last position recorded; -1 before the first."""
        return self.curves.position


GRAVITY: Final = ("tampered", "incomplete", "not checkable", "unsealed", "sound")
"""What holding sessions against their chains may show, the gravest first."""


class Pulse(NamedTuple):
    """That the process of a run lives.

    Attributes:
        silent: Seconds since the run's last entry.
    """

    silent: float


class Seal(NamedTuple):
    """What holding a session against its chain has shown.

    Attributes:
        status: "sound", "tampered", "incomplete", "unsealed" or "not checkable".
        reasons: Why it is not sound, the gravest first.
    """

    status: str
    reasons: list[str]


class Member(NamedTuple):
    """One of several sessions that are one training.

    Attributes:
        label: What it is among them, as in "rank 1".
        story: Its own story.
    """

    label: str
    story: "Story"


@dataclass(slots=True)
class Story:
    """All that the files of one session record, or those of several that are one training.

    Attributes:
        session: Name of the session, or of the file.
        files: Its files, in order, as reading has shown them.
        sidecar: What is known of the session beside its lines; empty where there is no sidecar.
        runs: Its runs, in the order they began.
        decisions: What was recorded, in order, progress folded; the middle of very many left out.
        left_out: How many of the decisions were left out.
        events: How many entries of each type there are.
        dropped: How many entries the session gave up, by its own account.
        overlapping: Whether runs of the same names without numbers were under way together, and
            were distinguished by their steps alone.
        prelude: The run-less rest: entries that belong to no run.
        seal: What holding it against its chain has shown; None where that was not done.
        members: The sessions, where it is of several, the leading one first; else empty.
        preludes: The run-less rest of the further members.
    """

    session: str
    files: list[FileAccount]
    sidecar: dict[str, Any]
    runs: list[Run]
    decisions: list[Recorded | Fold]
    left_out: int
    events: Counter[str]
    dropped: int
    overlapping: bool
    prelude: Run
    seal: Seal | None = None
    members: list[Member] = field(default_factory=list)
    preludes: list[Run] = field(default_factory=list)

    @property
    def issues(self) -> list[tuple[Run, Found]]:
        """All issues with their runs, the worst first."""
        found = [(run, each) for run in self.all_runs() for each in run.issues.values()]
        return sorted(found, key=lambda pair: pair[1].rank)

    def all_runs(self) -> Iterator[Run]:
        """The runs, and the rest that belongs to none."""
        yield from self.runs
        yield self.prelude
        yield from self.preludes

    def prelude_of(self, run: Run) -> Run:
        """The run-less rest of the session that a run is of."""
        return self.preludes[run.member - 1] if run.member else self.prelude

    def whose(self, run: Run) -> str:
        """Which member a run is of; empty where there is but one session."""
        return self.members[run.member].label if self.members else ""

    @property
    def main(self) -> Run:
        """The run that the page's head describes: the first that is no part of another."""
        outer = [run for run in self.runs if run.parent is None]
        return outer[0] if outer else self.prelude

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return sum(file.entries for file in self.files)

    @property
    def span(self) -> tuple[str | None, str | None]:
        """The first and the last timestamp."""
        stamps = [each for file in self.files for each in (file.first, file.last) if each]
        return (min(stamps), max(stamps)) if stamps else (None, None)
