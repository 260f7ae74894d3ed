"""Logs as a table in SQL: the view `entries`, in DuckDB here and on Spark for fleets.

The same SQL runs on both. In addition to an entry's seven fields each row has the `session` and the
`date` of its file, from the file's name, and the `file` itself. A value of the
snapshot is `get_json_object(metrics_snapshot, '$.auc')`, on both.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mllog_callbacks.files import LOGS, NAME, is_regular, last_data, open_stream
from mllog_callbacks.query._runs import make_runs
from mllog_callbacks.schema import HARD_CAP, plain
from mllog_callbacks.sinks import find_logs

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["FACTS", "FIELDS", "connect", "is_query", "spark_entries"]

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

FACTS: Final = {
    "run": ("$.run", "BIGINT"),
    "unit": ("$.progress.unit", "STRING"),
    "done": ("$.progress.done", "BIGINT"),
    "planned": ("$.progress.planned", "BIGINT"),
    "seconds": ("$.seconds", "DOUBLE"),
    "stop_by": ("$.stop.by", "STRING"),
    "stop_rule": ("$.stop.rule.name", "STRING"),
    "kept_at": ("$.kept.at", "BIGINT"),
    "issue": ("$.name", "STRING"),
    "code": ("$.code", "STRING"),
    "severity": ("$.severity", "STRING"),
    "state": ("$.state", "STRING"),
    "trial": ("$.trial.number", "BIGINT"),
    "results": ("$.results", "STRING"),
    "parameters": ("$.parameters.given", "STRING"),
    "data": ("$.data", "STRING"),
}
"""The columns of the view `facts` beside those of `entries`: where each is in the snapshot, and its
type. What holds several values is JSON."""

_OF_FACTS: Final = ", ".join(
    f"TRY_CAST(get_json_object(metrics_snapshot, '{path}') AS {kind}) AS {name}"
    for name, (path, kind) in FACTS.items()
)
_FACTS_VIEW: Final = f"SELECT *, {_OF_FACTS} FROM entries"  # noqa: S608 - our own names
"""The same on DuckDB and on Spark."""

_NAME: Final = rf"{NAME}$"
_LONGEST: Final = 1_048_576  # bytes of a line; the log's own are at most 64 KiB
_BATCH: Final = 1_000  # lines


def connect(
    paths: Sequence[str | os.PathLike[str]], *, unsafe: bool = False, runs: bool = False
) -> "DuckDBPyConnection":
    """A DuckDB database in memory, with the view `entries` over all logs that paths mean.

    The view `facts` has the columns of `FACTS` as well.

    It reads these logs and no other file, loads no extension, and its configuration is locked. A
    log that is a link or a special file is left out.

    What killed sessions left in memory is written to their files first. A line that is no entry,
    such as the unfinished last one of a machine that went down, is left out: see `mllog validate`.

    Args:
        paths: Folders, with all below them, or files.
        unsafe: Whether SQL may reach other files, the network and extensions.
        runs: Whether to make the table `runs` as well, a row a run; all logs are read for it.

    Raises:
        ImportError: DuckDB is not installed.
        FileNotFoundError: A path does not exist, or there is no log.
    """
    import duckdb  # noqa: PLC0415 - of the extra `query`

    logs = [log for each in paths for log in _logs(Path(each))]
    files = [str(each) for each in dict.fromkeys(logs) if is_regular(each)]
    if not files:
        raise FileNotFoundError(errno.ENOENT, "no log here", str(paths[0]))
    connection = duckdb.connect()
    if not unsafe:
        _confine(connection, [each for each in files if _is_text(each)])
    long = [each for each in files if not _is_text(each) or _has_long_line(each)]
    connection.execute(_MACRO)
    _take_lines(connection, long)
    connection.execute(_view([each for each in files if each not in long]))
    connection.execute(f"CREATE VIEW facts AS {_FACTS_VIEW}")
    if runs:
        make_runs(connection, map(Path, files))
    if not unsafe:
        connection.execute("SET lock_configuration = true")
    return connection


def _logs(path: Path) -> list[Path]:
    """The file itself, or the logs below a folder."""
    is_folder = path.is_dir()
    return [each for each in find_logs(path) if not is_folder or each.match(LOGS)]


def is_query(connection: "DuckDBPyConnection", sql: str) -> bool:
    """Whether SQL is one statement that only reads.

    Raises:
        duckdb.Error: It is no SQL.
    """
    from duckdb import StatementType  # noqa: PLC0415 - of the extra `query`

    statements = connection.extract_statements(sql)
    allowed = {StatementType.SELECT, StatementType.EXPLAIN}
    return len(statements) == 1 and statements[0].type in allowed


def _confine(connection: "DuckDBPyConnection", files: Sequence[str]) -> None:
    """Take everything but these files away; it cannot be given back to this database."""
    meant = dict.fromkeys([*files, *map(_escaped, files)])
    for setting in (
        f"allowed_paths = [{', '.join(map(_text, meant))}]",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "enable_external_access = false",
    ):
        connection.execute(f"SET {setting}")


def _is_text(path: str) -> bool:
    """Whether a path is text: DuckDB takes no other."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_long_line(file: str) -> bool:
    """Whether a line may be longer than DuckDB is to take: it would refuse all others."""
    try:
        with open_stream(file) as stream:
            end = last_data(stream)
            while stream.tell() < end:
                chunk = stream.read(_LONGEST // 2)
                if len(chunk) == _LONGEST // 2 and b"\n" not in chunk:
                    return True
            return os.fstat(stream.fileno()).st_size - end >= _LONGEST // 2
    except OSError:
        return True


def _take_lines(connection: "DuckDBPyConnection", files: Sequence[str]) -> None:
    """Take the lines that may be entries of files that DuckDB does not take.

    Others in them are too long, or the name is no text; it is then shown with escapes.
    """
    connection.execute("CREATE TABLE lines_beside_long_ones (line VARCHAR, file VARCHAR)")
    for file in files:
        lines: list[str] = []
        for line in _short_lines(file):
            lines.append(line)
            if len(lines) == _BATCH:
                connection.execute(_INSERT, [lines, plain(file)])
                lines = []
        connection.execute(_INSERT, [lines, plain(file)])


def _short_lines(file: str) -> Iterator[str]:
    try:
        with open_stream(file) as stream:
            begin = True
            while raw := stream.readline(HARD_CAP + 1):
                whole = raw.endswith(b"\n")
                if begin and whole:
                    yield raw[:-1].decode("utf-8", "replace")
                begin = whole
    except OSError:
        return


_MACRO: Final = """
CREATE MACRO get_json_object(object, path) AS json_extract_string(object, path)
"""
_IS_ENTRY: Final = '"timestamp" IS NOT NULL AND event IS NOT NULL'
_INSERT: Final = "INSERT INTO lines_beside_long_ones SELECT unnest(CAST($1 AS VARCHAR[])), $2"


def _view(files: Sequence[str]) -> str:
    """The statement that makes the view over files, and over the lines that were taken apart."""
    columns = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in FIELDS.items())
    fields = ", ".join(f'"{name}"' for name in FIELDS)
    parsed = ", ".join(
        f"TRY_CAST(json_extract{'' if kind == 'JSON' else '_string'}(line, '$.{name}') AS {kind})"
        f' AS "{name}"'
        for name, kind in FIELDS.items()
    )
    sources = [f"SELECT {parsed}, file FROM lines_beside_long_ones WHERE json_valid(line)"]  # noqa: S608 - our own names
    if files:
        listed = ", ".join(_text(_escaped(each)) for each in files)
        sources.append(
            f"""SELECT {fields}, filename AS file
            FROM read_json([{listed}], format = 'newline_delimited', columns = {{{columns}}},
                filename = true, ignore_errors = true, maximum_object_size = {_LONGEST})"""  # noqa: S608 - of our own names; the paths are quoted
        )
    return f"""
        CREATE VIEW entries AS SELECT {fields},
            regexp_extract(file, '{_NAME}', 2) AS session,
            TRY_CAST(regexp_extract(file, '{_NAME}', 1) AS DATE) AS "date", file
        FROM ({" UNION ALL ".join(sources)}) WHERE {_IS_ENTRY}
        """  # noqa: S608 - as above


def _escaped(path: str) -> str:
    """A path as a pattern that means itself alone."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in path)


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def spark_entries(spark: "SparkSession", path: str) -> "DataFrame":
    """The same view on Spark, over all logs below a path that the whole cluster sees.

    Timestamps show in the session's time zone: with `spark.sql.session.timeZone` set to UTC as
    DuckDB shows them. The file is a URI here.

    Args:
        spark: The session, which then has the temporary views `entries` and `facts`.
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
    entries = entries.where("timestamp IS NOT NULL AND event IS NOT NULL")
    entries.createOrReplaceTempView("entries")
    spark.sql(_FACTS_VIEW).createOrReplaceTempView("facts")
    return entries
