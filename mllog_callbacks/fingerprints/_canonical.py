"""The form of data that is hashed, and the hash."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

from mllog_callbacks.facts import Fingerprint
from mllog_callbacks.fingerprints._tables import (
    Column,
    Table,
    UnreadableDataError,
    is_a,
    table_of,
    tensors_of,
)

__all__ = ["BUDGET", "Cancelled", "fingerprint"]

BUDGET: Final = 64 * 1024 * 1024
"""Bytes of values up to which data is hashed whole; of more, a sample of its rows."""

_CHUNK: Final = 1 << 20
_NAMES: Final = 100
_MISSING: Final = b"\xff" * 8


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The fingerprint is not needed any more."""


def fingerprint(
    data: Any,  # noqa: ANN401 - of any library
    *,
    budget: int = BUDGET,
    is_cancelled: Callable[[], bool] = bool,
) -> Fingerprint:
    """The fingerprint of data: a hash over its values, names and types in one documented form.

    The same values give the same fingerprint in numpy, pandas, polars and Arrow, and in whatever
    order they are in memory. More than `budget` bytes are sampled: evenly spaced rows, the same
    ones each time, and the fingerprint says how many.

    Args:
        data: An array, a table, a sparse matrix, a tensor, a list of numbers, a data set of these.
        budget: Bytes of values that are hashed at most.
        is_cancelled: Asked now and then whether to give up.

    Raises:
        UnreadableDataError: It is of no kind that is read; the message says why.
        Cancelled: It was given up.

    Example:
        >>> fingerprint([[1.0, 2.0]]).rows
        1
    """
    hashing = _Hashing(is_cancelled)
    if (tensors := tensors_of(data)) is not None:
        if hasattr(data, "indices"):
            tensors = [each[data.indices] for each in tensors]
        return _of_tensors(tensors, budget, is_cancelled)
    if is_a(data, "scipy.sparse", "spmatrix") or is_a(data, "scipy.sparse", "sparray"):
        return _of_sparse(data, budget, hashing)
    return _of_table(table_of(data), budget, hashing)


class _Hashing:
    """A hash that may be given up."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        self._is_cancelled = is_cancelled
        self._hash = sha256()

    def add(self, content: Any) -> None:  # noqa: ANN401 - bytes, or an array
        """Take bytes, or the values of an array as they are in memory."""
        view = memoryview(content).cast("B") if len(content) else memoryview(b"")
        for start in range(0, len(view), _CHUNK):
            if self._is_cancelled():
                raise Cancelled
            self._hash.update(view[start : start + _CHUNK])

    @property
    def result(self) -> str:
        return self._hash.hexdigest()


def _of_table(table: Table, budget: int, hashing: _Hashing) -> Fingerprint:
    width = len(table.names)
    at = _sample(table.rows, table.bytes, budget)
    if table.matrix is not None:
        matrix = table.matrix()
        kind = matrix.dtype.str[1:]
        hashing.add(_header(table.rows, at, [kind] * width, table.names))
        _add_matrix(matrix, at, hashing)
    else:
        columns = table.read(at)
        kinds = [each.type for each in columns]
        hashing.add(_header(table.rows, at, kinds, table.names))
        if len({*kinds}) == 1 and kinds[0] != "object":
            _add_rows(columns, hashing)
        else:
            for each in columns:
                _add_column(each, hashing)
    named = tuple(each for each in table.names if each is not None)
    return Fingerprint(
        sha256=hashing.result,
        form="mllog-table-1",
        rows=table.rows,
        columns=width,
        names=named[:_NAMES] or None,
        sampled_rows=None if at is None else len(at),
    )


def _sample(rows: int, size: int, budget: int) -> Any:  # noqa: ANN401 - an array
    """The positions of evenly spaced rows, as many as the budget allows; None for all."""
    import numpy as np  # noqa: PLC0415 - whoever has data has loaded it

    if size <= budget:
        return None
    many = max(1, int(budget / (size / rows)))
    return np.arange(many, dtype=np.int64) * rows // many


def _header(rows: int, at: Any, kinds: list[str], names: Any) -> bytes:  # noqa: ANN401 - as above
    sampled = "all" if at is None else str(len(at))
    lines = [f"mllog-table-1 {rows} {len(kinds)} {sampled}"]
    lines += [f"{kind} {json.dumps(name)}" for kind, name in zip(kinds, names, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def _plain(values: Any) -> Any:  # noqa: ANN401 - of numpy
    """Numbers in little-endian order."""
    return (
        values if values.dtype.byteorder != ">" else values.astype(values.dtype.newbyteorder("<"))
    )


def _add_matrix(matrix: Any, at: Any, hashing: _Hashing) -> None:  # noqa: ANN401 - of numpy
    """The values of a matrix, row by row."""
    import numpy as np  # noqa: PLC0415 - as above

    if at is None and matrix.flags.c_contiguous and matrix.dtype.byteorder != ">":
        hashing.add(_bytes_of(matrix))
        return
    rows = len(matrix) if at is None else len(at)
    step = max(1, _CHUNK // max(1, matrix.itemsize * matrix.shape[1]))
    for start in range(0, rows, step):
        part = slice(start, start + step) if at is None else at[start : start + step]
        hashing.add(_bytes_of(np.ascontiguousarray(_plain(matrix[part]))))


def _add_rows(columns: list[Column], hashing: _Hashing) -> None:
    """The values of columns of one type, row by row: as if they were one matrix."""
    import numpy as np  # noqa: PLC0415 - as above

    rows = len(columns[0].values)
    step = max(1, _CHUNK // max(1, columns[0].values.itemsize * len(columns)))
    for start in range(0, rows, step):
        parts = [_plain(each.values[start : start + step]) for each in columns]
        hashing.add(_bytes_of(np.ascontiguousarray(np.stack(parts, axis=1))))


def _add_column(column: Column, hashing: _Hashing) -> None:
    """The values of a column, one after the other; texts with their length before them."""
    import numpy as np  # noqa: PLC0415 - as above

    if column.type != "object":
        hashing.add(_bytes_of(np.ascontiguousarray(_plain(column.values))))
        return
    for start in range(0, len(column.values), 10_000):
        hashing.add(b"".join(_texts(column, column.values[start : start + 10_000])))


def _texts(column: Column, values: list[Any]) -> Iterator[bytes]:
    for each in values:
        if each is None or (isinstance(each, float) and each != each):  # noqa: PLR0124 - NaN
            yield _MISSING
        elif isinstance(each, (str, bool, int, float)):
            marked = f"s{each}" if isinstance(each, str) else f"n{each!r}"
            text = marked.encode("utf-8", "surrogatepass")
            yield len(text).to_bytes(8, "little") + text
        else:
            what = "a column" if column.name is None else f"the column {column.name}"
            msg = f"{what} holds values of the class {type(each).__qualname__}, which are not read"
            raise UnreadableDataError(msg)


def _bytes_of(array: Any) -> Any:  # noqa: ANN401 - of numpy
    """The values of an array in memory, as bytes."""
    return array.reshape(-1).view("u1")


def _of_sparse(data: Any, budget: int, hashing: _Hashing) -> Fingerprint:  # noqa: ANN401 - of scipy
    import numpy as np  # noqa: PLC0415 - as above

    if data.nnz * (data.dtype.itemsize + 8) > budget:
        msg = f"a sparse matrix of {data.nnz:,} values is larger than {budget:,} bytes"
        raise UnreadableDataError(msg)
    rows = data.tocsr(copy=True)
    rows.sum_duplicates()
    count, width = rows.shape
    hashing.add(f"mllog-sparse-1 {count} {width} {rows.dtype.str[1:]}\n".encode())
    for values in (
        rows.indptr.astype(np.int64),
        rows.indices.astype(np.int64),
        _plain(rows.data),
    ):
        hashing.add(_bytes_of(np.ascontiguousarray(values)))
    return Fingerprint(sha256=hashing.result, form="mllog-sparse-1", rows=count, columns=width)


def _of_tensors(tensors: Any, budget: int, is_cancelled: Callable[[], bool]) -> Fingerprint:  # noqa: ANN401 - of torch
    """Of several tensors the hash over their hashes."""
    parts = [
        _of_table(table_of(each), budget // len(tensors), _Hashing(is_cancelled))
        for each in tensors
    ]
    if len(parts) == 1:
        return parts[0]
    lines = "".join(f"{each.sha256}\n" for each in parts)
    sampled = [each.sampled_rows for each in parts if each.sampled_rows is not None]
    return Fingerprint(
        sha256=sha256(f"mllog-tensors-1\n{lines}".encode()).hexdigest(),
        form="mllog-tensors-1",
        rows=parts[0].rows,
        columns=sum(each.columns or 0 for each in parts),
        sampled_rows=min(sampled, default=None),
    )
