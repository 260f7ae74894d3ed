"""Data of many kinds as one: a matrix of one type of numbers, or columns; without copying it whole.

Nothing is asked of an object that may run a user's code, such as the items of a data set.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Column", "Table", "UnreadableDataError", "is_a", "size_of", "table_of", "tensors_of"]

_NUMBERS: Final = frozenset("biufcmM")
_OBJECT_BYTES: Final = 320
"""What a value that is no number counts as: reading it takes as long as so many bytes."""


_LISTED: Final = 100_000
_FEW: Final = 100


class UnreadableDataError(ValueError):
    """Data that has no fingerprint; the message says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: Its name; None where it has none that is text.
        values: An array of numbers; else a list of values.
    """

    name: str | None
    values: Any

    @property
    def type(self) -> str:
        """The type of its numbers, as in ``f8``; else ``object``."""
        dtype = getattr(self.values, "dtype", None)
        return "object" if dtype is None else str(dtype.str[1:])


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and columns.

    Attributes:
        rows: How many rows there are.
        names: The names of the columns; None for each that has none.
        read: Reads the columns, in all rows or in those of some positions.
        bytes: What reading it whole counts as.
        matrix: Returns all values as a matrix, where they are of one type of numbers and are one
            in memory.
    """

    rows: int
    names: Sequence[str | None]
    read: Callable[[Any], list[Column]]
    bytes: int
    matrix: Callable[[], Any] | None = None


def is_a(data: object, module: str, name: str) -> bool:
    """Whether it is of a class of a library, which is not imported for that."""
    cls = getattr(sys.modules.get(module), name, None)
    return isinstance(cls, type) and isinstance(data, cls)


def table_of(data: Any) -> Table:  # noqa: ANN401 - of any library
    """Data as a table.

    Raises:
        UnreadableDataError: It is of no kind that is read.
    """
    import numpy as np  # noqa: PLC0415 - whoever has data has loaded it

    if is_a(data, "torch", "Tensor"):
        data = _tensor(data)
    if is_a(data, "pandas", "Series"):
        data = data.to_frame()
    if is_a(data, "pandas", "DataFrame"):
        return _frame(data)
    if is_a(data, "polars", "DataFrame"):
        return _columns(data.height, data.columns, data.get_columns(), _polars_values)
    if is_a(data, "pyarrow", "Table"):
        return _columns(data.num_rows, data.column_names, data.columns, _arrow_values)
    if isinstance(data, (list, tuple)):
        if data and all(isinstance(each, str) for each in data[:_FEW]):
            return _listed_texts(data)
        data = _listed(data)
    if isinstance(data, np.ndarray):
        return _array(data)
    msg = f"data of the class {type(data).__qualname__} is not read"
    raise UnreadableDataError(msg)


def size_of(data: Any) -> int:  # noqa: ANN401 - of any library
    """Bytes that reading it counts as; 0 where it is not read."""
    if is_a(data, "scipy.sparse", "spmatrix") or is_a(data, "scipy.sparse", "sparray"):
        return int(data.nnz) * 12
    try:
        if (tensors := tensors_of(data)) is not None:
            return sum(size_of(each) * len(data) // max(1, len(each)) for each in tensors)
        return table_of(data).bytes
    except UnreadableDataError:
        return 0


def tensors_of(data: Any) -> Any:  # noqa: ANN401 - of torch
    """The tensors of a data set of these, or of a part of it; None of any other."""
    whole = data.dataset if is_a(data, "torch.utils.data", "Subset") else data
    return whole.tensors if is_a(whole, "torch.utils.data", "TensorDataset") else None


def _tensor(data: Any) -> Any:  # noqa: ANN401 - of torch
    try:
        if data.device.type == "cpu":
            return data.detach().numpy()
    except (TypeError, RuntimeError):  # of a type that numpy lacks, or sparse
        pass
    msg = f"a tensor of {data.dtype} on {data.device} is not read"
    raise UnreadableDataError(msg)


def _listed(data: Any) -> Any:  # noqa: ANN401 - a list of anything
    import numpy as np  # noqa: PLC0415 - as above

    width = len(data[0]) if data and isinstance(data[0], (list, tuple)) else 1
    if len(data) * width > _LISTED:
        msg = f"a list of more than {_LISTED:,} values is not read"
        raise UnreadableDataError(msg)
    try:
        return np.asarray(data)
    except ValueError:
        msg = "a list of rows of different lengths is not read"
        raise UnreadableDataError(msg) from None


def _listed_texts(data: Any) -> Table:  # noqa: ANN401 - a list or a tuple
    def read(at: Any) -> list[Column]:  # noqa: ANN401 - an array, or all
        return [Column(None, list(data) if at is None else [data[each] for each in at])]

    return Table(len(data), [None], read, len(data) * _OBJECT_BYTES)


def _array(data: Any) -> Table:  # noqa: ANN401 - of numpy
    import numpy as np  # noqa: PLC0415 - as above

    if isinstance(data, np.ma.MaskedArray):
        msg = "a masked array is not read"
        raise UnreadableDataError(msg)
    data = data.view(np.ndarray)
    if data.ndim == 0:
        msg = "a single value is not read"
        raise UnreadableDataError(msg)
    flat = data.reshape(len(data), -1) if data.ndim != 2 else data  # noqa: PLR2004 - a matrix
    rows, width = flat.shape
    names = [None] * width

    def read(at: Any) -> list[Column]:  # noqa: ANN401 - an array, or all
        part = flat if at is None else flat[at]
        return [Column(None, part[:, each].tolist()) for each in range(width)]

    if data.dtype.kind in _NUMBERS:
        return Table(rows, names, read, flat.nbytes, lambda: flat)
    return Table(rows, names, read, flat.size * _OBJECT_BYTES)


def _frame(data: Any) -> Table:  # noqa: ANN401 - of pandas
    import numpy as np  # noqa: PLC0415 - as above

    names = [each if isinstance(each, str) else None for each in data.columns]
    types = list(data.dtypes)
    numeric = [isinstance(each, np.dtype) and each.kind in _NUMBERS for each in types]

    def read(at: Any) -> list[Column]:  # noqa: ANN401 - an array, or all
        part = data if at is None else data.iloc[at]
        return [
            Column(name, _pandas_values(part.iloc[:, place], is_number=numeric[place]))
            for place, name in enumerate(names)
        ]

    size = len(data) * sum(
        each.itemsize if number else _OBJECT_BYTES
        for each, number in zip(types, numeric, strict=True)
    )
    is_one = all(numeric) and len(getattr(data._mgr, "blocks", ())) == 1  # noqa: SLF001 - else it would be copied
    matrix = (lambda: data.to_numpy(copy=False)) if is_one else None
    return Table(len(data), names, read, size, matrix)


def _pandas_values(column: Any, *, is_number: bool) -> Any:  # noqa: ANN401 - of pandas
    if is_number:
        return column.to_numpy()
    pairs = zip(column.astype(object), column.isna(), strict=True)
    return [None if is_missing else each for each, is_missing in pairs]


def _columns(
    rows: int,
    names: Sequence[str],
    columns: Sequence[Any],
    values: Callable[[Any, Any], Any],
) -> Table:
    def read(at: Any) -> list[Column]:  # noqa: ANN401 - an array, or all
        pairs = zip(names, columns, strict=True)
        return [Column(name, values(column, at)) for name, column in pairs]

    probe = [Column(name, values(column, [])) for name, column in zip(names, columns, strict=True)]
    widths = (_OBJECT_BYTES if each.type == "object" else 8 for each in probe)
    return Table(rows, list(names), read, rows * sum(widths))


def _polars_values(column: Any, at: Any) -> Any:  # noqa: ANN401 - of polars
    part = column if at is None else column.gather(at)
    is_plain = column.dtype.is_numeric() and not column.null_count()
    return part.to_numpy() if is_plain else part.to_list()


def _arrow_values(column: Any, at: Any) -> Any:  # noqa: ANN401 - of pyarrow
    import numpy as np  # noqa: PLC0415 - as above

    part = column
    if at is not None:
        part = column.take(np.asarray(at, dtype=np.int64)) if len(at) else column.slice(0, 0)
    kind = str(column.type)
    is_number = kind.startswith(("int", "uint", "float", "double", "halffloat"))
    return part.to_numpy() if is_number and not column.null_count else part.to_pylist()
