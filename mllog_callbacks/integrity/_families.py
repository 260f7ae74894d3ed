"""Sessions that belong together: the ranks, workers and folds of one training.

Two sessions belong together where one names the other as its parent, or both name the same one; or
where one launcher started them, as ranks of their own, at the same time. That they have a job in
common, or a process that started them, does not suffice: one job may run many trainings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from mllog_callbacks.files import open_stream
from mllog_callbacks.integrity._lifecycle import STAMP
from mllog_callbacks.integrity._sessions import Session

__all__ = ["Relative", "families", "grouped", "rank_of"]

_APART: Final = timedelta(seconds=5)
"""How far apart the times of ranks may be: their clocks differ, and short ranks do not overlap."""

_LONGEST: Final = 1 << 16

_Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Relative:
    """What decides of which family a session is.

    Attributes:
        directory: The folder of its files.
        name: Its name, which is its own in this folder alone.
        facts: What its manifest says.
        first: The timestamp of its first entry; None where there is none.
        last: That of its last one.
    """

    directory: Path
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None

    @property
    def span(self) -> _Span | None:
        """From its start to its last entry; None where neither is known."""
        times = [_time(each) for each in (self.facts.get("started"), self.first, self.last)]
        known = [each for each in times if each is not None]
        return (min(known), max(known)) if known else None

    @property
    def rank(self) -> tuple[str, int] | None:
        """Its rank of all, or with its machine where only that one's is known."""
        for name in "rank", "local_rank":
            rank = _number(self.facts.get(name))
            if rank is not None:
                return (name if name == "rank" else _text(self.facts.get("host"))), rank
        return None

    @property
    def launcher(self) -> str:
        """The process that started it; empty where that is not known."""
        pid = _number(self.facts.get("parent_pid"))
        return f"process {pid} on {self.facts.get('host')}" if pid else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def families(sessions: Iterable[Session]) -> dict[str, list[Session]]:
    """Sessions by what ties them together; one that is alone, by its name.

    Within a family those without a rank come first, then ranks in their order; else as given.
    Those with a common parent go by the uppermost one's name, whether or not it is there. Ranks
    without a parent go by their launcher's job, or by the process that started them.
    """
    given = list(sessions)
    relatives = [_relative(each) for each in given]
    found = {}
    for name, members in grouped(relatives):
        unique = name
        if unique in found:
            unique = f"{relatives[members[0]].directory / name}"
        while unique in found:
            unique += "+"
        ordered = sorted(members, key=lambda at: rank_of(relatives[at].facts))
        found[unique] = [given[at] for at in ordered]
    return found


def rank_of(facts: Mapping[str, Any]) -> int:
    """The rank that a manifest names, of all or on its machine; -1 where it names none."""
    named = (_number(facts.get(each)) for each in ("rank", "local_rank"))
    return next((rank for rank in named if rank is not None), -1)


def grouped(relatives: Sequence[Relative]) -> list[tuple[str, list[int]]]:
    """The families of sessions: the name of each, and its members by their places.

    Families come in the order of their first members, and so do the members of each.
    """
    by_key: dict[tuple[str, ...], list[int]] = {}
    uppermost = _Parents(relatives).uppermost
    for at in range(len(relatives)):
        by_key.setdefault(uppermost(at), []).append(at)
    found: list[tuple[str, list[int]]] = []
    alone: list[int] = []
    for (kind, *_, name), members in by_key.items():
        if kind == "session" and len(members) == 1 and _text(relatives[members[0]].name) == name:
            alone += members
        elif kind == "session":
            found.append((name, members))
        else:
            found += [(name, group) for group in _together(relatives, members, ranked=False)]
    found += _launched(relatives, alone)
    return sorted(found, key=lambda each: each[1][0])


class _Parents:
    """Finds the uppermost parent of sessions."""

    def __init__(self, relatives: Sequence[Relative]) -> None:
        self._relatives = relatives
        self._here = {(each.directory, each.name): at for at, each in enumerate(relatives)}
        self._named: dict[str, list[int]] = {}
        for at, each in enumerate(relatives):
            self._named.setdefault(each.name, []).append(at)

    def uppermost(self, at: int) -> tuple[str, ...]:
        """A session that is there, by folder and name; else ("absent", its name)."""
        seen = {at}
        while parent := _text(self._relatives[at].facts.get("parent")):
            above = self._find(self._relatives[at].directory, parent)
            if above is None:
                return ("absent", parent)
            if above in seen:
                break
            at = above
            seen.add(at)
        return ("session", str(self._relatives[at].directory), self._relatives[at].name)

    def _find(self, directory: Path, name: str) -> int | None:
        """The session of a name in this folder, or the only one of this name elsewhere."""
        named = self._named.get(name, [])
        only = named[0] if len(named) == 1 else None
        return self._here.get((directory, name), only)


def _launched(relatives: Sequence[Relative], alone: Sequence[int]) -> list[tuple[str, list[int]]]:
    """Sessions without a parent, those together that one launcher started as its ranks."""
    ties: dict[str, list[int]] = {}
    for at in alone:
        each = relatives[at]
        tie = _text(each.facts.get("job")) or each.launcher
        ties.setdefault(tie if tie and each.rank is not None else "", []).append(at)
    found = [(relatives[at].name, [at]) for at in ties.pop("", [])]
    for tie, members in ties.items():
        found += [
            (tie if len(group) > 1 else relatives[group[0]].name, group)
            for group in _together(relatives, members, ranked=True)
        ]
    return found


def _together(
    relatives: Sequence[Relative], members: Sequence[int], *, ranked: bool
) -> list[list[int]]:
    """Parts of sessions with a tie in common that ran at the same time.

    Args:
        relatives: All sessions.
        members: Those that have the tie, by their places.
        ranked: Whether each must have a rank of its own; else sessions of one folder are together
            whenever they ran.
    """
    groups: list[list[int]] = []
    for at in sorted(members, key=lambda each: (str(relatives[each].span), each)):
        fitting = [
            group
            for group in groups
            if any(_side_by_side(relatives[at], relatives[each], ranked=ranked) for each in group)
            and not (ranked and relatives[at].rank in {relatives[each].rank for each in group})
        ]
        # of two launches side by side in one job, the one of the same process
        fitting.sort(
            key=lambda group: all(
                relatives[each].launcher != relatives[at].launcher for each in group
            )
        )
        if fitting:
            fitting[0].append(at)
        else:
            groups.append([at])
    return [sorted(group) for group in groups]


def _side_by_side(one: Relative, other: Relative, *, ranked: bool) -> bool:
    if not ranked and one.directory == other.directory:
        return True
    mine, theirs = one.span, other.span
    if mine is None or theirs is None:
        return False
    return mine[0] <= theirs[1] + _APART and theirs[0] <= mine[1] + _APART


def _relative(session: Session) -> Relative:
    first, last = _stamps(session.files)
    return Relative(session.directory, session.name, session.facts(), first, last)


def _stamps(files: Sequence[Path]) -> tuple[str | None, str | None]:
    """The timestamps of the first and the last whole line."""
    try:
        with open_stream(files[0]) as stream:
            first = stream.readline(_LONGEST)
        with open_stream(files[-1]) as stream:
            stream.seek(max(0, stream.seek(0, 2) - 2 * _LONGEST))
            *_, last = b"\n", *stream.read(2 * _LONGEST).split(b"\n")[:-1]
    except (OSError, IndexError):
        return None, None
    return first[STAMP].decode("ascii", "replace"), last[STAMP].decode("ascii", "replace")
