"""In what runs differ: from one another, and from what most of them have."""

from collections import Counter
from collections.abc import Iterator, Sequence

from mllog_callbacks.comparison._trait import Difference, Trait
from mllog_callbacks.comparison._traits import Table, Traits

__all__ = ["Against", "usual"]


class Against:
    """What runs are held against. A table that several runs share is looked at once.

    Args:
        there: The traits of the baseline, or those that most runs have.
    """

    def __init__(self, there: Traits) -> None:
        self.there: Table = dict(there)
        self._tables: dict[int, tuple[list[Difference], int]] = {}

    def differences(self, here: Traits) -> list[Difference]:
        """The traits in which a run differs, by their names; those somebody chose first."""
        found, common = self._of_table(here.own)
        found = [*found]
        for table in here.shared:
            known = self._tables.get(id(table))
            if known is None:  # the runs keep the table: no other has its id
                known = self._tables[id(table)] = self._of_table(table)
            found += known[0]
            common += known[1]
        if common < len(self.there):
            missing = (item for item in self.there.items() if item[0] not in here)
            found += (Difference(name, None, there) for name, there in missing)
        return sorted(found, key=lambda each: (not each.is_chosen, each.name))

    def _of_table(self, table: Table) -> tuple[list[Difference], int]:
        """The traits of a table that differ, and how many of its names are known here."""
        there = self.there
        found = [
            Difference(name, each, there.get(name))
            for name, each in table.items()
            if each is not there.get(name) and _differ(each, there.get(name))
        ]
        return found, len(table.keys() & there.keys())


def _differ(one: Trait, other: Trait | None) -> bool:
    return other is None or one.key != other.key


def usual(runs: Sequence[Traits], first: Traits) -> Traits:
    """What most runs have of each trait; of two that are as frequent that of `first`.

    Args:
        runs: The traits of all runs.
        first: Those of one of them.
    """
    votes: dict[str, Counter[float | str]] = {}
    by_key: dict[tuple[str, float | str], Trait] = {}
    for table, many in _counted(runs):
        for name, trait in table.items():
            votes.setdefault(name, Counter())[trait.key] += many
            by_key.setdefault((name, trait.key), trait)
    return Traits(
        {
            name: by_key[name, key]
            for name, of_name in votes.items()
            if (key := _most(of_name, len(runs), first.get(name))) is not None
        }
    )


def _counted(runs: Sequence[Traits]) -> Iterator[tuple[Table, int]]:
    """Each table once, and how many runs have it."""
    tables = {id(table): table for each in runs for table in each.shared}
    counted = Counter(id(table) for each in runs for table in each.shared)
    yield from ((tables[number], many) for number, many in counted.items())
    yield from ((each.own, 1) for each in runs)


def _most(votes: Counter[float | str], runs: int, own: Trait | None) -> float | str | None:
    """The key that most have; None where most have no trait of that name."""
    every: dict[float | str | None, int] = {None: runs - votes.total()}
    every.update((key, many) for key, many in votes.items())
    mine = None if own is None else own.key
    return max(every, key=lambda key: (every[key], key == mine))
