"""Tables of values, as all kinds of files come to: rows, and what the format says of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from mllog_callbacks.curves._cells import Cell, cell_of
from mllog_callbacks.detectors import Unit
from mllog_callbacks.schema import Stage, is_learning_rate, parse_metric_name

__all__ = ["NoCurvesError", "Row", "Table", "flat", "folder_stage", "stage_of", "table_of"]

Row: TypeAlias = Mapping[str, Cell]
"""The values of a row that are there, by column."""

_MOST_DEPTH: Final = 4
_STAGE_COLUMNS: Final = frozenset({"mode", "phase", "split", "stage", "subset", "partition"})
_NAME_COLUMNS: Final = frozenset({"metric", "tag", "key", "name", "metric_name"})
_SHARED: Final = frozenset({"epoch", "step", "iter", "iteration", "global_step", "time"})


class NoCurvesError(ValueError):
    """A file holds no curves; the message says what was found, and what to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of values, in the order of the file.

    Attributes:
        kind: What kind of file it is, for a reader.
        columns: Names of the columns, without blanks around them.
        rows: The rows.
        name: What distinguishes it from the other tables of its file; empty for a single one.
        unit: What a row counts, where the format fixes it.
        called: The word for a row where no column counts them.
        stages: The stage of columns whose names do not say it, where the format does.
        directions: Whether more is better, of the columns of which the format says so.
        breaks: Indices of rows before which the file begins anew.
        notes: What a reader should know.
        logged: As what detectors judge the values of the training, where the rows are those of
            Hugging Face's trainer, whose evaluations are checks between them; None for others.
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    name: str = ""
    unit: Unit | None = None
    called: str = "row"
    stages: Mapping[str, Stage] = field(default_factory=dict)
    directions: Mapping[str, bool | None] = field(default_factory=dict)
    breaks: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    logged: Unit | None = None

    def renamed(self, names: Mapping[str, str]) -> "Table":
        """The same with other names of columns."""
        return replace(
            self,
            columns=tuple(names.get(each, each) for each in self.columns),
            rows=tuple({names.get(k, k): v for k, v in row.items()} for row in self.rows),
        )


def table_of(
    rows: Iterable[Mapping[str, object]], kind: str, *, decimal_comma: bool = False
) -> Table:
    """A table of rows as a file holds them: with stages and metrics as columns.

    Raises:
        NoCurvesError: There is no value in it.
    """
    found: list[dict[str, Cell]] = []
    for row in rows:
        cells = {
            name.strip(): cell_of(value, decimal_comma=decimal_comma) for name, value in row.items()
        }
        found.append({name: cell for name, cell in cells.items() if cell is not None})
    widened = [_by_metric(_by_stage(row)) for row in found]
    columns = dict.fromkeys(name for row in widened for name in row)
    if not columns:
        msg = "there are no rows with columns in it"
        raise NoCurvesError(msg)
    return Table(kind=kind, columns=tuple(columns), rows=tuple(widened))


def flat(values: Mapping[str, object], depth: int = 0) -> dict[str, object]:
    """A row with the values of objects within it, as in "train/loss"."""
    found: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and depth < _MOST_DEPTH:
            inner = {str(key): each for key, each in value.items()}
            found |= {f"{name}/{key}": each for key, each in flat(inner, depth + 1).items()}
        else:
            found[name] = value
    return found


def stage_of(text: str) -> Stage | None:
    """The stage that a text names, such as that of a file or of a run."""
    return parse_metric_name(f"{text}/metric").stage


def folder_stage(name: str) -> Stage | None:
    """The stage that a folder is of: "val" is, "test_of_march" may be anything."""
    return stage_of(name) if name.isalpha() else None


def _by_stage(row: dict[str, Cell]) -> dict[str, Cell]:
    """A row whose stage is in a column of its own ("mode": "train"), with it in the names."""
    for column, stage in row.items():
        if column.lower() in _STAGE_COLUMNS and isinstance(stage, str) and stage_of(stage):
            return {
                name if _is_shared(name) else f"{stage}/{name}": cell
                for name, cell in row.items()
                if name != column
            }
    return row


def _is_shared(name: str) -> bool:
    known = parse_metric_name(name).stage is not None
    return known or name.lower() in _SHARED or is_learning_rate(name)


def _by_metric(row: dict[str, Cell]) -> dict[str, Cell]:
    """A row with the name of a metric in one column and its value in another, as one of it."""
    value = next((name for name in row if name.lower() == "value"), None)
    metric = next((name for name in row if name.lower() in _NAME_COLUMNS), None)
    if value is None or metric is None or not isinstance(row[metric], str):
        return row
    kept = {name: cell for name, cell in row.items() if name not in {value, metric}}
    return {**kept, str(row[metric]): row[value]}
