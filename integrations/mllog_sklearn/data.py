"""What is known of the data that a fit was given, read without touching it.

Shapes and types are looked up; values are only read of arrays and tables of known kinds, and of
large ones only in a sample of evenly spaced rows. Nothing is converted, no iterator is consumed.
"""

import math
import numbers
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Sized
from typing import Any, Final, NamedTuple

import numpy as np
from scipy import sparse

__all__ = ["DataFacts", "data_facts"]

CELLS: Final = 1_000_000
"""Values looked at, at most: some milliseconds."""

_LABELS: Final = 100_000
_CLASSES_LISTED: Final = 20
_SCALARS: Final = (str, numbers.Number, np.generic, type(None))


class DataFacts(NamedTuple):
    """What the training data says of itself.

    Attributes:
        kind: Its type, as in "DataFrame".
        rows: Number of rows; None where it does not say.
        features: Number of features; None where it does not say.
        dtypes: Features of each type of values, by the type's name.
        missing: Missing values among those looked at; None where none were looked at.
        not_counted: Why missing values were not counted; empty where they were.
        looked_at: Rows in which values were looked at.
        stored: Share of values that are stored, of a sparse matrix; else None.
        constant: Names or positions of features with one value in all rows looked at.
        classes: Rows of each class among those looked at; None where labels are no classes, or
            are too many to list.
        labels_looked_at: Labels that were counted.
        names: Names of the features; None where they have none.
    """

    kind: str
    rows: int | None = None
    features: int | None = None
    dtypes: dict[str, int] = {}  # noqa: RUF012 - never written to
    missing: int | None = None
    looked_at: int = 0
    stored: float | None = None
    constant: tuple[str, ...] = ()
    classes: dict[str, int] | None = None
    labels_looked_at: int = 0
    not_counted: str = ""
    names: tuple[str, ...] | None = None

    @property
    def labels_sampled(self) -> bool:
        """Whether not all labels were counted, as there are many."""
        rows = self.rows or 0
        return rows > _LABELS and self.labels_looked_at < rows

    def as_snapshot(self) -> dict[str, object]:
        """What is known, by name."""
        unseen = {"looked_at", "labels_looked_at"}
        return {
            name: value
            for name, value in self._asdict().items()
            if name != "names" and value not in (None, (), {}, "") and (value or name not in unseen)
        }


def data_facts(data: object, labels: object = None, *, classifying: bool = False) -> DataFacts:
    """Read the facts of a fit's data.

    Args:
        data: The features, as the caller gave them.
        labels: The target, likewise.
        classifying: Whether labels are classes.
    """
    facts = _facts(data)
    if not classifying:
        return facts
    counted = _counted(labels)
    total = sum(counted.values())
    few = 0 < len(counted) <= _CLASSES_LISTED
    return facts._replace(classes=counted if few else None, labels_looked_at=total)


def _facts(data: object) -> DataFacts:
    kind = type(data).__name__
    if isinstance(data, np.ndarray):
        return _array_facts(kind, data.view(np.ndarray))
    if sparse.issparse(data):
        return _sparse_facts(kind, data)
    if isinstance(data, (list, tuple)):
        return _list_facts(kind, data)
    for module, name, read in _TABLES:
        if _is_a(data, module, name):
            return read(kind, data)
    if isinstance(data, Iterator):
        return DataFacts(kind, not_counted="an iterator can be read once only, by the fit")
    rows = len(data) if isinstance(data, Sized) else None
    return DataFacts(kind, rows, not_counted=f"values of {kind} are not read")


def _is_a(data: object, module: str, name: str) -> bool:
    """Whether it is of a class of a module that may not be there."""
    found = getattr(sys.modules.get(module), name, None)
    return isinstance(found, type) and isinstance(data, found)


def _array_facts(kind: str, data: Any) -> DataFacts:
    if data.ndim == 0:
        return DataFacts(kind)
    features = math.prod(data.shape[1:]) if data.ndim > 1 else 1
    facts = DataFacts(kind, len(data), features, {str(data.dtype): features})
    table = data if data.ndim == 2 else data.reshape(-1, 1) if data.ndim == 1 else None  # noqa: PLR2004 - a table
    if table is None or not table.size:
        return facts
    return _with_values(facts, table[:: _step(*table.shape)])


def _with_values(
    facts: DataFacts, sample: Any, names: Sequence[str] | None = None, missing: int | None = None
) -> DataFacts:
    """Add what the values of some rows show."""
    if missing is None:
        missing = _missing(sample)
    constant = _constant(sample, names) if sample.size and missing is not None else ()
    return facts._replace(missing=missing, looked_at=len(sample), constant=constant)


def _missing(sample: Any) -> int | None:
    if sample.dtype.kind in "fc":
        return int(np.count_nonzero(np.isnan(sample)))
    if sample.dtype.kind in "iubSU":
        return 0
    if sample.dtype.kind in "mM":
        return int(np.count_nonzero(np.isnat(sample)))
    if sample.dtype.kind == "O":
        return sum(map(_is_missing, sample.ravel().tolist()))
    return None


def _is_missing(value: Any) -> bool:
    """Whether a value of a list or an array of objects is missing: None, or NaN."""
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def _list_facts(kind: str, data: Sequence[Any]) -> DataFacts:
    """A list of rows, or of single values such as texts."""
    first = data[0] if data else None
    width = len(first) if isinstance(first, (list, tuple, np.ndarray)) else 1
    facts = DataFacts(kind, len(data), width if data else None)
    sample = data[:: _step(len(data), width)]
    plain = (*_SCALARS, list, tuple)
    cells = [cell for row in sample for cell in (row if isinstance(row, (list, tuple)) else (row,))]
    if not all(isinstance(cell, plain) for cell in cells):
        return facts._replace(not_counted="the list holds other than plain values")
    types = Counter(type(cell).__name__ for cell in cells if not _is_missing(cell))
    dtypes = {next(iter(types)): width} if len(types) == 1 else {}
    missing = sum(map(_is_missing, cells))
    return facts._replace(dtypes=dtypes, missing=missing, looked_at=len(sample))


def _constant(sample: Any, names: Sequence[str] | None) -> tuple[str, ...]:
    if len(sample) < 2 or sample.dtype.kind not in "fiub":  # noqa: PLR2004 - one row says nothing
        return ()
    same = np.flatnonzero((sample == sample[0]).all(axis=0))
    return tuple(str(index) if names is None else str(names[int(index)]) for index in same)


def _step(rows: int, features: int) -> int:
    """Every how many rows are looked at."""
    return max(1, -(-rows * max(1, features) // CELLS))


def _sparse_facts(kind: str, data: Any) -> DataFacts:
    if data.ndim != 2:  # noqa: PLR2004 - a table
        return DataFacts(kind)
    rows, features = data.shape
    facts = DataFacts(kind, rows, features, {str(data.dtype): features})
    stored = data.nnz / (rows * features) if rows and features else None
    values = getattr(data, "data", None)
    if not isinstance(values, np.ndarray) or values.dtype == object:
        return facts._replace(stored=stored, not_counted=f"values of {kind} are not read")
    if values.size > CELLS:
        why = f"more than {CELLS:,} values are stored"
        return facts._replace(stored=stored, not_counted=why)
    return facts._replace(stored=stored, missing=_missing(values), looked_at=rows)


def _pandas_facts(kind: str, data: Any) -> DataFacts:
    rows, features = data.shape
    facts = DataFacts(kind, rows, features, dict(Counter(map(str, data.dtypes))))
    facts = facts._replace(names=tuple(map(str, data.columns)))
    if not rows or not features or len(set(data.columns)) < features:
        return facts
    sample = data.iloc[:: _step(rows, features)]
    missing = int(sample.isna().to_numpy().sum())
    numeric = sample.select_dtypes("number")
    names = list(numeric.columns)
    values = numeric.to_numpy(dtype=float, na_value=math.nan) if names else np.empty((0, 0))
    found = _with_values(facts, values, names, missing)
    return found._replace(looked_at=len(sample))


def _polars_facts(kind: str, data: Any) -> DataFacts:
    rows, features = data.shape
    facts = DataFacts(kind, rows, features, dict(Counter(map(str, data.dtypes))))
    facts = facts._replace(names=tuple(map(str, data.columns)))
    if not rows or not features:
        return facts
    sample = data.gather_every(_step(rows, features))
    numeric = sample[[name for name, dtype in data.schema.items() if dtype.is_numeric()]]
    nulls = int(sum(sample.null_count().row(0)))
    if not numeric.width:
        return facts._replace(missing=nulls, looked_at=sample.height)
    values = numeric.to_numpy()
    not_numbers = 0
    if values.dtype.kind == "f":
        not_numbers = int(np.count_nonzero(np.isnan(values))) - sum(numeric.null_count().row(0))
    found = _with_values(facts, values, numeric.columns, nulls + not_numbers)
    return found._replace(looked_at=sample.height)


def _pandas_series(kind: str, data: Any) -> DataFacts:
    sample = data.iloc[:: _step(len(data), 1)]
    facts = DataFacts(kind, len(data), 1, {str(data.dtype): 1})
    return facts._replace(missing=int(sample.isna().sum()), looked_at=len(sample))


def _polars_series(kind: str, data: Any) -> DataFacts:
    missing = int(data.null_count()) + (int(data.is_nan().sum()) if data.dtype.is_float() else 0)
    facts = DataFacts(kind, len(data), 1, {str(data.dtype): 1})
    return facts._replace(missing=missing, looked_at=len(data))


def _arrow_table(kind: str, data: Any) -> DataFacts:
    types = dict(Counter(str(each.type) for each in data.schema))
    missing = sum(int(column.null_count) for column in data.columns)
    facts = DataFacts(kind, data.num_rows, data.num_columns, types, missing, data.num_rows)
    return facts._replace(names=tuple(map(str, data.schema.names)))


def _arrow_array(kind: str, data: Any) -> DataFacts:
    return DataFacts(kind, len(data), 1, {str(data.type): 1}, int(data.null_count), len(data))


def _lazy(kind: str, _data: Any) -> DataFacts:
    return DataFacts(kind, not_counted="it is computed by the fit only")


_TABLES: Final[tuple[tuple[str, str, Callable[[str, Any], DataFacts]], ...]] = (
    ("pandas", "DataFrame", _pandas_facts),
    ("pandas", "Series", _pandas_series),
    ("polars", "DataFrame", _polars_facts),
    ("polars", "Series", _polars_series),
    ("polars", "LazyFrame", _lazy),
    ("pyarrow", "Table", _arrow_table),
    ("pyarrow", "RecordBatch", _arrow_table),
    ("pyarrow", "ChunkedArray", _arrow_array),
    ("pyarrow", "Array", _arrow_array),
)
"""Tables and columns of other libraries, and what reads them."""


def _counted(labels: Any) -> dict[str, int]:
    """Labels by how many there are; empty where they are no plain labels."""
    labels = _column(labels)
    if isinstance(labels, np.ndarray):
        column = labels.view(np.ndarray)
        if column.ndim == 2 and column.shape[1] == 1:  # noqa: PLR2004 - a column
            column = column[:, 0]
        if column.ndim != 1:
            return {}
        column = column[:: _step(len(column), CELLS // _LABELS)]
        if column.dtype.kind in "iubSU":
            values, counts = np.unique(column, return_counts=True)
            return {str(value): int(count) for value, count in zip(values, counts, strict=True)}
        labels = column.tolist()
    if not isinstance(labels, (list, tuple)) or len(labels) > _LABELS:
        return {}
    if not all(isinstance(label, _SCALARS) for label in labels):
        return {}
    counted = sorted(Counter(labels).items(), key=lambda item: str(item[0]))
    return {_label(label): count for label, count in counted}


def _column(labels: Any) -> Any:
    """A column of another library as an array or a list; of very many labels a sample."""
    if _is_a(labels, "pandas", "DataFrame") and labels.shape[1] == 1:
        labels = labels.iloc[:, 0]
    if _is_a(labels, "pandas", "Series"):
        return labels.iloc[:: _step(len(labels), CELLS // _LABELS)].to_numpy()
    if _is_a(labels, "polars", "Series"):
        return labels.gather_every(_step(len(labels), CELLS // _LABELS)).to_list()
    if _is_a(labels, "pyarrow", "Array") or _is_a(labels, "pyarrow", "ChunkedArray"):
        return labels.to_pylist() if len(labels) <= _LABELS else ()
    return labels


def _label(label: object) -> str:
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if whole else str(label)  # type: ignore[call-overload]  # it is a float
