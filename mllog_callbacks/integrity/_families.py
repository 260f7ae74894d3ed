"""Sessions that belong together: the ranks, workers and folds of one training.

Two sessions belong together where one names the other as its parent, or both name the same one; or
where one launcher started them, as ranks of their own, at the same time. That they have a job in
common, or a process that started them, does not suffice: one job may run many trainings.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from mllog_callbacks.integrity._relatives import Relative, rank_of, relative
from mllog_callbacks.integrity._sessions import Session

__all__ = ["families", "grouped"]

_APART: Final = timedelta(seconds=1)
"""How far apart the times of ranks may be: the clocks of machines differ by less."""


def families(sessions: Iterable[Session]) -> dict[str, list[Session]]:
    """Sessions by what ties them together; one that is alone, by its name.

    Within a family those without a rank come first, then ranks in their order; else as given.
    Those with a common parent go by the uppermost one's name, whether or not it is there. Ranks
    without a parent go by their launcher's job, or by the process that started them.
    """
    given = list(sessions)
    relatives = [relative(each) for each in given]
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
        if kind == "session" and len(members) == 1 and relatives[members[0]].name == name:
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
        while parent := self._relatives[at].parent:
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
        tie = each.job or each.launcher
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
