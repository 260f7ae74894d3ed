"""The readers that must take every line, called as users do; each raises if it does not."""

import io
import json
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn

import duckdb
import jsonschema_rs
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.json  # type: ignore[import-untyped]  # likewise

from mllog_callbacks import Line, json_schema, read_lines

SCHEMA = jsonschema_rs.validator_for(json_schema(), validate_formats=True)


def strictly(line: bytes) -> dict[str, Any]:
    """Parse by RFC 8259 to the letter: no NaN, no name twice, nothing but the object."""
    found = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
    assert isinstance(found, dict)
    return found


def by_us(line: bytes) -> Line:
    """Parse with this package's own reader."""
    [found] = read_lines("-", io.BytesIO(line))
    return found


def by_polars(lines: bytes) -> int:
    """Count the entries that polars reads."""
    return pl.read_ndjson(io.BytesIO(lines)).height


def by_pandas(lines: bytes) -> int:
    """Count the entries that pandas reads."""
    return len(pd.read_json(io.BytesIO(lines), lines=True))


def by_pyarrow(lines: bytes) -> int:
    """Count the entries that Arrow reads."""
    rows: int = pyarrow.json.read_json(pa.BufferReader(lines)).num_rows
    return rows


def by_duckdb(lines: bytes) -> int:
    """Count the entries that DuckDB reads, all columns converted."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(lines)
        file.flush()
        query = "FROM read_json(?, format = 'newline_delimited')"
        with duckdb.connect() as connection:
            return len(connection.execute(query, [file.name]).fetchall())


COLUMNAR: dict[str, Callable[[bytes], int]] = {
    "polars": by_polars,
    "pandas": by_pandas,
    "pyarrow": by_pyarrow,
    "duckdb": by_duckdb,
}


def check(line: bytes) -> dict[str, Any]:
    """Hold a line against all that every line promises, but for the columnar readers."""
    assert len(line) <= 65_536
    assert line.endswith(b"\n")
    assert len(line.splitlines()) == 1
    assert len(line.decode().splitlines()) == 1
    found = strictly(line)
    assert list(found)[:3] == ["timestamp", "event", "dataset"]
    assert orjson.loads(line) == found
    SCHEMA.validate(found)
    ours = by_us(line)
    assert ours.findings == ()
    assert ours.entry is not None
    assert ours.entry.model_dump(mode="json") == found
    return found


def _refuse(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    assert len(result) == len(pairs)
    return result
