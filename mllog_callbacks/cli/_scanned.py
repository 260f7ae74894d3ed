"""What `mllog scan` was given, what a file came to, and how it is printed."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import click

from mllog_callbacks.cli._objects import print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.curves import (
    Column,
    Curve,
    Looked,
    Pairing,
    Role,
    Source,
    look,
    pair,
    understand,
)
from mllog_callbacks.detectors import DetectorSet, Unit
from mllog_callbacks.schema import count

__all__ = ["Asked", "Scanned"]

_GIVE: Final = (
    "Name a column with --train or --validation, and say --lower-is-better or --higher-is-better."
)
_UNDIRECTED: Final = "unknown_direction"
_NAMED: Final = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """The options.

    Attributes:
        train: Column with values on the training data.
        validation: Column with values on the validation set.
        higher_is_better: Direction of these; None where it was not given.
        unit: As what a value is judged; None for what its counter is.
        ignore: Codes or names of issues that are left out.
    """

    train: str | None
    validation: str | None
    higher_is_better: bool | None
    unit: Unit | None
    ignore: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named."""
        return tuple(each for each in (self.train, self.validation) if each is not None)

    def check(self) -> None:
        """Check what can be checked without a file.

        Raises:
            click.UsageError: A direction has no column, or an issue does not exist.
        """
        if self.higher_is_better is not None and not self.columns:
            msg = "a direction needs its columns: --train, --validation or both"
            raise click.UsageError(msg)
        try:
            self.detectors()
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--ignore") from error

    def detectors(self) -> DetectorSet:
        """Detectors that have seen nothing; unknown directions are reported by column."""
        return DetectorSet(ignore=[*self.ignore, _UNDIRECTED])

    def pairing(self, columns: Sequence[Column]) -> Pairing:
        """The curve of the columns named, or all that pair by their names.

        Raises:
            click.UsageError: The direction of a column named is not known.
        """
        if not self.columns:
            return pair(columns)
        named = [each for each in columns if each.name in self.columns]
        if len(named) < len(set(self.columns)):
            return Pairing()
        known = {each.higher_is_better for each in named} - {None}
        higher = self.higher_is_better
        if higher is None and len(known) != 1:
            msg = f"say of {self.columns[-1]!r}: --higher-is-better or --lower-is-better"
            raise click.UsageError(msg)
        assumed = higher is None
        metric = next(e for e in named if e.name == self.columns[-1]).parsed.metric
        higher = higher if higher is not None else known.pop()
        return Pairing([Curve(metric, self.train, self.validation, higher, assumed)])


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a table came to.

    Attributes:
        source: The table, and its files.
        columns: Its columns, as they were understood.
        found: The curves, and the columns left out.
        looked: The curves that were looked at, by run.
    """

    source: Source
    columns: tuple[Column, ...]
    found: Pairing
    looked: tuple[Looked, ...]

    @classmethod
    def of(cls, source: Source, asked: Asked) -> "Scanned":
        """Scan a table."""
        columns = understand(source.table)
        found = asked.pairing(columns)
        table = replace(source.table, logged=None) if asked.columns else source.table
        looked = look(table, columns, found.curves, asked.detectors, asked.unit)
        return cls(source, tuple(columns), found, tuple(looked))

    @property
    def issues(self) -> int:
        """How many issues were found."""
        return sum(len(each.issues) for each in self.looked)

    @property
    def answered(self) -> bool:
        """Whether it can be said that something is wrong, or is not."""
        return self.issues > 0 or any(each.judged for each in self.looked)

    @property
    def name(self) -> str:
        """The file, and which of its tables."""
        name = self.source.name
        return f"{name} [{self.source.table.name}]" if self.source.table.name else name

    def print(self, *, as_json: bool, prefixed: bool) -> None:
        """Print issues on stdout, and what was assumed and left out on stderr."""
        if as_json:
            self._print_json()
            return
        prefix = f"{self.name}: " if prefixed else ""
        for each in self.looked:
            run = f"run {each.run.number}: " if self._runs > 1 else ""
            for issue in each.issues:
                say(f"{prefix}{run}{issue.severity} {issue.code} {issue.decision}")
                say(f"    {issue.reasoning}")
        for line in [*self._notes(), self._summary()]:
            say(f"{prefix}{line}", err=True)

    def list(self, *, as_json: bool) -> None:
        """Print how the columns were understood, on stdout."""
        if as_json:
            self._list_json()
            return
        rows = count(len(self.source.table.rows), "row")
        say(f"{self.name}: {self.source.table.kind}, {rows}, {count(self._runs, 'run')}")
        width = max(len(each.name) for each in self.columns)
        for each in self.columns:
            skipped = self.found.skipped.get(each.name)
            values = count(each.values, "value")
            why = f"; not scanned: {skipped}" if skipped and each.values else ""
            say(f"  {each.name:{width}}  {each.understood}, {values}{why}")
        for curve in self.found.curves:
            say(f"  -> {_words(curve)}{self._counted(curve)}")

    @property
    def _runs(self) -> int:
        return max((each.run.number for each in self.looked), default=1)

    def _summary(self) -> str:
        curves = len({each.curve for each in self.looked})
        if not self.looked:
            columns = ", ".join(f"{e.name} ({e.understood})" for e in self.columns[:_NAMED])
            more = len(self.columns) - _NAMED
            left = f" and {count(more, 'more column')}" if more > 0 else ""
            rows = count(len(self.source.table.rows), "row")
            kind = self.source.table.kind
            return f"Nothing was scanned. Found {rows} ({kind}) of {columns}{left}. {_GIVE}"
        runs = f" of {count(self._runs, 'run')}" if self._runs > 1 else ""
        total = f"{count(self.issues, 'issue')} in {count(curves, 'curve')}{runs}"
        if self.answered:
            return total
        most = max(each.values for each in self.looked)
        if any(each.curve.higher_is_better is not None for each in self.looked):
            return f"{total}: too short to judge ({count(most, 'value')} at most)"
        return f"{total}: only looked for values that are not finite. {_GIVE}"

    def _notes(self) -> Iterator[str]:
        """What was assumed, and what was left out."""
        yield from self.source.table.notes
        for run in {each.run.number: each.run for each in self.looked}.values():
            if run.why:
                yield f"run {run.number} begins at row {run.first + 1:,}: {run.why}"
        for curve in self.found.curves:
            yield f"{_words(curve)}{self._counted(curve)}"
        for column in self.columns:
            if column.role is Role.METRIC and column.note:
                yield f"{column.name}: {column.note}"
        for name, reason in self.found.skipped.items():
            yield f"{name}: skipped: {reason}"

    def _counted(self, curve: Curve) -> str:
        axis = next((each.axis for each in self.looked if each.curve == curve), None)
        if axis is None:
            return ""
        mean = "; the training values of an epoch are taken by their mean" if axis.averaged else ""
        return f", by {axis.called}{mean}"

    def _head(self) -> dict[str, object]:
        table = self.source.table
        name = {"name": table.name} if table.name else {}
        files = {"files": self.source.files} if len(self.source.files) > 1 else {}
        return {"file": self.source.name, **name, **files}

    def _print_json(self) -> None:
        for each in self.looked:
            for issue in each.issues:
                curve = {"train": each.curve.train, "validation": each.curve.validation}
                place = {"run": each.run.number, **curve, "counted_by": each.axis.called}
                print_object(self._head() | place | asdict(issue))
        summary = self._head() | {
            "kind": self.source.table.kind,
            "runs": self._runs,
            "curves": [asdict(curve) for curve in self.found.curves],
            "issues": self.issues,
            "scanned": self.answered,
            "skipped": self.found.skipped,
        }
        print_object({"summary": summary})

    def _list_json(self) -> None:
        columns = [
            {
                "name": each.name,
                "role": each.role,
                "stage": each.stage,
                "metric": each.parsed.metric if each.role is Role.METRIC else None,
                "higher_is_better": each.higher_is_better,
                "values": each.values,
                "skipped": self.found.skipped.get(each.name),
            }
            for each in self.columns
        ]
        curves = [asdict(each) for each in self.found.curves]
        recorded = {"kind": self.source.table.kind, "runs": self._runs}
        print_object(self._head() | recorded | {"columns": columns, "curves": curves})


def _words(curve: Curve) -> str:
    """A curve's columns and its direction, in words."""
    columns = " and ".join(curve.columns)
    if curve.higher_is_better is None:
        return f"{columns}: direction unknown, only looked at for values that are not finite"
    better = "higher" if curve.higher_is_better else "lower"
    source = " (assumed from the name)" if curve.assumed else ""
    return f"{columns}: {better} is better{source}"
