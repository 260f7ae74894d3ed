"""What a run is: its own traits, and tables of traits that it shares with other runs.

Most runs have hundreds of traits, and few of their own: versions and defaults are those of many. A
table that several runs have is one object, and is looked at once.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from mllog_callbacks.comparison._trait import Trait

__all__ = ["Known", "Table", "Traits"]

Table: TypeAlias = Mapping[str, Trait]
"""Traits by name, as in "parameters.num_leaves", "data.training.rows" and "code.commit"."""


class Traits(Mapping[str, Trait]):
    """The traits of a run, by name.

    Args:
        own: Those that are made for this run.
        shared: Tables that other runs may have as well; no name is in two tables.
    """

    __slots__ = ("own", "shared")

    def __init__(self, own: Table, shared: tuple[Table, ...] = ()) -> None:
        self.own = own
        self.shared = shared

    def __getitem__(self, name: str) -> Trait:
        for table in (self.own, *self.shared):
            if name in table:
                return table[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        for table in (self.own, *self.shared):
            yield from table

    def __len__(self) -> int:
        return len(self.own) + sum(map(len, self.shared))


class Known:
    """The traits and tables of all runs, each of equal ones kept once."""

    def __init__(self) -> None:
        self._traits: dict[tuple[str, float | str, str], Trait] = {}
        self._tables: dict[tuple[str, str, str], Table] = {}
        self._latest: dict[tuple[str, str], tuple[Mapping[str, Any], Table]] = {}
        self._less: dict[tuple[int, frozenset[str]], Table] = {}

    def trait(self, name: str, value: object, by: str = "") -> Trait:
        """The trait of a name, a value and who set it."""
        each = Trait(value, by)
        return self._traits.setdefault((name, each.key, by), each)

    def table(self, prefix: str, values: Mapping[str, Any], by: str = "") -> Table:
        """The table of what one has set, each name with a prefix; of the same ones the same."""
        before, found = self._latest.get((prefix, by), (None, None))
        if before is values and found is not None:  # one session keeps equal defaults once
            return found
        key = prefix, repr(values), by
        found = self._tables.get(key)
        if found is None:
            names = ((f"{prefix}.{name}", value) for name, value in values.items())
            found = self._tables[key] = {name: self.trait(name, each, by) for name, each in names}
        self._latest[prefix, by] = values, found
        return found

    def together(self, own: Table, shared: Iterator[Table]) -> Traits:
        """The traits of a run; of a name that is in two tables that of the first."""
        tables: list[Table] = []
        for each in shared:
            table = each
            for before in (own, *tables):
                if not table.keys().isdisjoint(before):
                    table = self._without(table, before)
            if table:
                tables.append(table)
        return Traits(own, tuple(tables))

    def _without(self, table: Table, others: Table) -> Table:
        names = frozenset(table.keys() & others.keys())
        key = id(table), names  # a table is never given up: no other has its id
        found = self._less.get(key)
        if found is None:
            found = {name: each for name, each in table.items() if name not in names}
            self._less[key] = found
        return found
