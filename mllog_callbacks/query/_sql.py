"""Logs as a table in SQL: the view `entries`, in DuckDB here and on Spark for fleets.

The same SQL runs on both. Beside an entry's seven fields each row has the `session` and the
`date` of its file, as they stand in the file's name, and the `file` itself. A value of the
snapshot is `get_json_object(metrics_snapshot, '$.auc')`, on both.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mllog_callbacks.files import LOGS, NAME
from mllog_callbacks.sinks import recover

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["FIELDS", "connect", "spark_entries"]

FIELDS: Final = {
    "timestamp": "TIMESTAMP",
    "event": "VARCHAR",
    "dataset": "VARCHAR",
    "model": "VARCHAR",
    "decision": "VARCHAR",
    "reasoning": "VARCHAR",
    "metrics_snapshot": "JSON",
}
"""The fields of an entry, and DuckDB's types of them; Spark takes its text types as STRING."""

_NAME: Final = rf"{NAME}$"
_LONGEST: Final = 1_048_576  # bytes of a line; the log's own are at most 64 KiB


def connect(paths: Sequence[str | os.PathLike[str]]) -> "DuckDBPyConnection":
    """A DuckDB database in memory, with the view `entries` over all logs that paths mean.

    What killed sessions left in memory is written to their files first. A line that is no entry,
    such as the unfinished last one of a machine that went down, is left out: see `mllog validate`.

    Args:
        paths: Folders, with all below them, or files.

    Raises:
        ImportError: DuckDB is not installed.
        FileNotFoundError: A path does not exist, or there is no log.
    """
    import duckdb  # noqa: PLC0415 - of the extra `query`

    connection = duckdb.connect()
    patterns = [_pattern(Path(each)) for each in paths]
    columns = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in FIELDS.items())
    listed = ", ".join(map(_text, patterns))
    select = ", ".join(f'"{name}"' for name in FIELDS)
    try:
        connection.execute(
            f"""
            CREATE MACRO get_json_object(object, path) AS json_extract_string(object, path);
            CREATE VIEW entries AS SELECT {select},
                regexp_extract(filename, '{_NAME}', 2) AS session,
                CAST(regexp_extract(filename, '{_NAME}', 1) AS DATE) AS "date",
                filename AS file
            FROM read_json([{listed}], format = 'newline_delimited', columns = {{{columns}}},
                filename = true, ignore_errors = true, maximum_object_size = {_LONGEST})
            """  # noqa: S608 - of our own names; the paths are quoted
        )
    except duckdb.IOException as error:
        raise FileNotFoundError(errno.ENOENT, "no log here", str(paths[0])) from error
    return connection


def _pattern(path: Path) -> str:
    if path.is_dir():
        recover(path)
        return f"{_escaped(path)}/**/{LOGS}"
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no such file or directory", str(path))
    recover(path.parent)
    return _escaped(path)


def _escaped(path: Path) -> str:
    """A path as a pattern that means itself alone."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in str(path))


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def spark_entries(spark: "SparkSession", path: str) -> "DataFrame":
    """The same view on Spark, over all logs below a path that the whole cluster sees.

    Timestamps show in the session's time zone: with `spark.sql.session.timeZone` set to UTC as
    DuckDB shows them. The file is a URI here.

    Args:
        spark: The session, which then has the temporary view `entries`.
        path: A folder, as in ``/mnt/logs`` or ``s3a://bucket/logs``; a pattern, to Spark.
    """
    from pyspark.sql import functions as f  # noqa: PLC0415 - of the extra `spark`

    kinds = {"VARCHAR": "STRING", "JSON": "STRING"}
    schema = ", ".join(f"{name} {kinds.get(kind, kind)}" for name, kind in FIELDS.items())
    read = spark.read.schema(schema).option("recursiveFileLookup", "true")
    rows = read.option("pathGlobFilter", LOGS).option("mode", "DROPMALFORMED").json(path)
    file = f.col("_metadata.file_path")
    entries = rows.select(
        *FIELDS,
        f.regexp_extract(file, _NAME, 2).alias("session"),
        f.regexp_extract(file, _NAME, 1).cast("date").alias("date"),
        file.alias("file"),
    )
    entries.createOrReplaceTempView("entries")
    return entries
