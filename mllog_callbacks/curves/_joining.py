"""One metric a file: files of a folder that together are a table."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from mllog_callbacks.curves._cells import Cell, number
from mllog_callbacks.curves._columns import Role, understand
from mllog_callbacks.curves._events import EVENTS
from mllog_callbacks.curves._table import Table, folder_stage, stage_of
from mllog_callbacks.schema import parse_metric_name

__all__ = ["Source", "joined"]

_SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".log", ".dat"})
_EXPORTED: Final = re.compile(r"run-(?P<run>.*?)-tag-(?P<tag>.+)", re.IGNORECASE)
# What the names of files say beside a stage: "learn_error", "val_metrics"
_GENERAL: Final = frozenset({"", "error", "metrics", "log", "logs", "history", "results", "scores"})
_PLAIN: Final = " _.-/"


@dataclass(frozen=True, slots=True)
class Source:
    """A table, and the files that it comes from.

    Attributes:
        files: The files.
        table: The table.
    """

    files: tuple[str, ...]
    table: Table

    @property
    def name(self) -> str:
        """The file; of several, the folder that holds them all, and how many."""
        if len(self.files) == 1:
            return self.files[0]
        folders = [Path(each).parent for each in self.files]
        common = folders[0]
        while not all(each.is_relative_to(common) for each in folders):
            common = common.parent
        return f"{common} ({len(self.files)} files)"


class _Group(NamedTuple):
    """What files have in common whose metrics belong together."""

    folder: str
    run: str
    rest: str
    counter: str


def joined(sources: Iterable[Source]) -> list[Source]:
    """Sources of which those with one metric each, of one run, are a table.

    Their metrics are named by their columns or, where these are called "value", by their files.
    """
    groups: dict[_Group, list[Source]] = {}
    found: list[Source | _Group] = []
    for source in sources:
        named = _named(source)
        if named is None:
            found.append(source)
            continue
        group, source_ = named
        if group not in groups:
            found.append(group)
        groups.setdefault(group, []).append(source_)
    together: list[Source] = []
    for each in found:
        together += [each] if isinstance(each, Source) else _together(groups[each])
    return together


def _named(source: Source) -> tuple[_Group, Source] | None:
    """A file of one metric with its metric's name, and what it has in common with others."""
    table, path = source.table, Path(source.files[0])
    if table.kind == EVENTS:  # of Keras: a folder for each stage, with the same tags
        folder = path.parent
        known = folder_stage(folder.name) is not None
        return (_Group(str(folder.parent), "", "", "step"), source) if known else None
    columns = understand(table)
    metrics = [each.name for each in columns if each.role is Role.METRIC]
    counters = [each.name for each in columns if each.role in {Role.STEP, Role.EPOCH}]
    if len(metrics) != 1 or len(counters) > 1 or table.stages:
        return None
    (column,) = metrics
    stem = path.stem if path.suffix.lower() in _SUFFIXES else path.name
    run, rest, metric = table.name, "", column
    if exported := _EXPORTED.fullmatch(stem):
        run, metric = exported["run"].strip("."), exported["tag"]
        if parse_metric_name(metric).stage is None and (stage := stage_of(run)):
            metric = f"{stage}/{metric}"
            run = parse_metric_name(f"{run}/metric").metric.removesuffix("metric").strip(_PLAIN)
    elif column.lower() in {"value", "values"}:
        metric = stem
    elif not table.name:
        rest = _rest(stem, column)
    folder = path.parent
    if parse_metric_name(metric).stage is None:
        stage = (stage_of(stem) if rest in _GENERAL else None) or folder_stage(folder.name)
        if stage is not None:
            metric = f"{stage}/{metric}"
    if folder_stage(folder.name):
        folder = folder.parent
    counter = counters[0].lower() if counters else ""
    named = Source(source.files, table.renamed({column: metric}))
    return _Group(str(folder), run, rest, counter), named


def _rest(stem: str, column: str) -> str:
    """What the name of a file says beyond stage and metric: files that differ in it are apart."""
    rest = parse_metric_name(f"{stem}/metric").metric.removesuffix("metric").strip(_PLAIN)
    metric = parse_metric_name(column).key
    return "" if parse_metric_name(rest).key == metric else rest.casefold()


def _together(sources: Sequence[Source]) -> list[Source]:
    """One source of several, joined by what counts their rows; all of them where that fails."""
    merged: dict[float, dict[str, Cell]] = {}
    columns: dict[str, None] = {}
    for source in sources:
        table = source.table
        known = understand(table)
        counter = next((e.name for e in known if e.role in {Role.STEP, Role.EPOCH}), None)
        own = [each.name for each in known if each.role is not Role.OTHER]
        last = float("-inf")
        for index, row in enumerate(table.rows):
            at = float(index) if counter is None else number(row.get(counter))
            if at is None or at <= last:
                return list(sources)
            last = at
            merged.setdefault(at, {}).update({k: v for k, v in row.items() if k in own})
        metrics = [each for each in own if each != counter]
        if not columns.keys().isdisjoint(metrics) and len(sources) > 1:
            return list(sources)
        columns |= dict.fromkeys(own)
    first = sources[0]
    if len(sources) == 1:
        return [first]
    table = replace(
        first.table,
        columns=tuple(columns),
        rows=tuple(merged[at] for at in sorted(merged)),
    )
    return [Source(tuple(file for each in sources for file in each.files), table)]
