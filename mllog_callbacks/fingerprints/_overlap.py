"""Rows that two sets have in common: found by hashes, and then compared value by value."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from mllog_callbacks.fingerprints._tables import UnreadableDataError, table_of, tensors_of

__all__ = ["Overlap", "overlap"]

_ROWS: Final = 4_000_000
_CELLS: Final = 500_000
"""Values that are hashed at most; of more some columns are."""

_SAMPLE: Final = 5_000
_CONFIRMED: Final = 50_000
_LEAST_COLUMNS: Final = 2
_BLOCK: Final = 1 << 14
_BITS: Final = 18
_FEW: Final = 200
_OWN: Final = 0.95


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two sets have in common.

    Attributes:
        common: Rows of the second that are in the first, too.
        compared: Rows of the second that were looked for.
        repeated: How many of these are there more than once.
    """

    common: int
    compared: int
    repeated: int

    @property
    def is_leak(self) -> bool:
        """Whether there are some that do not just repeat what the first repeats by itself."""
        return self.common > 2 * self.repeated


def overlap(training: Any, other: Any) -> Overlap | None:  # noqa: ANN401 - of any library
    """Look for rows of another set in the training data; None where they cannot be compared.

    Args:
        training: The training data: numbers alone.
        other: The other set, of the same columns.
    """
    import numpy as np  # noqa: PLC0415 - whoever has data has loaded it

    try:
        one, two = _numbers(training), _numbers(other)
    except UnreadableDataError:
        return None
    width = one.shape[1]
    if width != two.shape[1] or not len(one) or not len(two) or len(one) > _ROWS:
        return None
    two = two[_spaced(len(two), _SAMPLE)]
    columns = _columns(two, max(_LEAST_COLUMNS, _CELLS // len(one)))
    near = _near(one, columns, np.unique(_hashes(two, columns)))
    there = Counter(row.tobytes() for row in _rows(one[near]))
    times = [there[row.tobytes()] for row in _rows(two)] if there else []
    return Overlap(sum(map(bool, times)), len(two), sum(each > 1 for each in times))


def _numbers(data: Any) -> Any:  # noqa: ANN401 - of any library
    """A matrix of numbers; of columns of several types a copy."""
    import numpy as np  # noqa: PLC0415 - as above

    tensors = tensors_of(data)
    table = table_of(data if tensors is None or hasattr(data, "indices") else tensors[0])
    if table.matrix is not None and (matrix := table.matrix()).dtype.kind in "biuf":
        return matrix
    columns = table.read(None) if table.rows * len(table.names) <= _ROWS else []
    if not columns or any(each.type[0] not in "biuf" for each in columns):
        msg = "no numbers"
        raise UnreadableDataError(msg)
    return np.stack([each.values.astype(np.float64) for each in columns], axis=1)


def _spaced(length: int, most: int) -> Any:  # noqa: ANN401 - an array
    import numpy as np  # noqa: PLC0415 - as above

    many = min(length, most)
    return np.arange(many, dtype=np.int64) * length // max(1, many)


def _rows(matrix: Any) -> Any:  # noqa: ANN401 - of numpy
    """The rows, with one spelling of zero and of what is no number."""
    import numpy as np  # noqa: PLC0415 - as above

    plain = np.ascontiguousarray(matrix, dtype=np.float64) + 0.0
    plain[plain != plain] = np.nan  # noqa: PLR0124 - NaN
    return plain


def _near(matrix: Any, columns: Any, known: Any) -> Any:  # noqa: ANN401 - arrays
    """The first rows, as many as are confirmed, whose hash is known: block by block, in the cache.

    A table of the hashes' upper bits leaves few to be looked for among the known ones.
    """
    import numpy as np  # noqa: PLC0415 - as above

    table = np.zeros(1 << _BITS, dtype=bool)
    table[_upper(known)] = True
    found, many = [np.empty(0, dtype=np.int64)], 0
    for start in range(0, len(matrix), _BLOCK):
        hashes = _hashes(matrix[start : start + _BLOCK], columns)
        maybe = np.flatnonzero(table[_upper(hashes)])
        places = np.minimum(np.searchsorted(known, hashes[maybe]), len(known) - 1)
        found.append(maybe[known[places] == hashes[maybe]] + start)
        many += len(found[-1])
        if many >= _CONFIRMED:
            break
    return np.concatenate(found)[:_CONFIRMED]


def _upper(hashes: Any) -> Any:  # noqa: ANN401 - an array
    import numpy as np  # noqa: PLC0415 - as above

    return (hashes >> np.uint64(64 - _BITS)).astype(np.int64)


def _columns(matrix: Any, most: int) -> Any:  # noqa: ANN401 - arrays
    """The columns that are hashed: one, where nearly each row has a value of its own there."""
    import numpy as np  # noqa: PLC0415 - as above

    few = _rows(matrix[_spaced(len(matrix), _FEW)])
    for place in _spaced(matrix.shape[1], _FEW):
        if len(np.unique(few[:, place])) > _OWN * len(few):
            return [place]
    return _spaced(matrix.shape[1], most)


def _hashes(matrix: Any, columns: Any) -> Any:  # noqa: ANN401 - of numpy
    """A number for each row, the same for the same values in some columns."""
    import numpy as np  # noqa: PLC0415 - as above

    total = np.zeros(len(matrix), dtype=np.uint64)
    for number, place in enumerate(columns):
        bits = _rows(matrix[:, place]).view(np.uint64)
        mixed = (bits ^ (bits >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
        total = (total ^ mixed) * np.uint64(0xBF58476D1CE4E5B9 + 2 * number)
        total ^= total >> np.uint64(29)
    return total
