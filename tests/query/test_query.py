"""Logs as a table: by DuckDB in `mllog query`, and the same SQL on Spark."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mllog_callbacks import AuditLog, Run, json_schema
from mllog_callbacks.facts import (
    HyperparametersSet,
    Parameters,
    Plan,
    Progress,
    Stop,
    TrainingEnded,
    TrainingStarted,
)
from mllog_callbacks.query import connect
from mllog_callbacks.query._sql import FIELDS
from processes import drained
from sealed import kill, mllog, seal
from trails import lines, training, write

BY_SESSION = (
    "select session, count(*) as n, max(cast(get_json_object(metrics_snapshot, '$.n') as int)) as m"
    " from entries where event = 'TRAINING_PROGRESS' group by session order by session"
)

ORDERED = (
    "select timestamp, event, dataset, model, decision, reasoning, session, date from entries"
    " order by timestamp"
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two sessions, with all that a line may hold."""
    folder = tmp_path / "lo'gs [1]"
    seal(folder, 10, session="a")
    with AuditLog(folder / "sub", session="b.2-x", dataset="d") as log:
        log.emit("TRAINING_PROGRESS", metrics_snapshot={"n": 41, "nan": float("nan")})
        log.emit("MODEL_SAVED", decision="Grüße\n世界", metrics_snapshot={"a b": [1, {"c": None}]})
    drained(folder / "sub")
    return folder


def test_the_view_has_an_entrys_fields_and_those_of_its_files_name(logs: Path) -> None:
    """And nothing of the sidecars."""
    assert list(FIELDS) == list(json_schema()["properties"])
    found = connect([logs]).execute("select * from entries order by session, timestamp")
    names = [each[0] for each in found.description or ()]
    assert names == [*FIELDS, "session", "date", "file"]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert len(rows) == 12
    last = rows[-1]
    (path,) = (logs / "sub").glob("*.jsonl")
    line = json.loads(path.read_bytes().splitlines()[-1])
    assert json.loads(last["metrics_snapshot"]) == line["metrics_snapshot"]
    assert last["decision"] == line["decision"]
    assert last["timestamp"].isoformat() + "Z" == line["timestamp"]
    assert (last["session"], last["file"]) == ("b.2-x", str(path))
    assert f"ml-platform-{last['date']}" in path.name


def test_mllog_query_prints_rows(logs: Path) -> None:
    """As a table, as CSV, as JSON."""
    assert mllog("query", BY_SESSION, logs).stdout.decode().splitlines() == [
        "session  n   m",
        "-------  --  --",
        "a        10  9",
        "b.2-x    1   41",
    ]
    as_csv = mllog("query", BY_SESSION, logs, "--format", "csv").stdout
    assert as_csv == b"session,n,m\na,10,9\nb.2-x,1,41\n"
    as_json = mllog("query", BY_SESSION, logs, "--json").stdout.splitlines()
    assert mllog("query", BY_SESSION, logs, "--format", "json").stdout.splitlines() == as_json
    assert json.loads(as_json[1]) == {"session": "b.2-x", "n": 1, "m": 41}


def test_what_a_killed_session_had_emitted_is_asked_too(tmp_path: Path) -> None:
    """It is written to its file first; an unfinished line is left out."""
    path = kill(tmp_path, 50)
    with path.open("ab") as stream:
        stream.write(b'{"timestamp":"2026')
    shown = mllog("query", "select count(*) as n from entries", tmp_path, "--format", "csv")
    assert shown.stdout == b"n\n50\n"


def test_wrong_sql_is_exit_2_and_no_log_exit_3(logs: Path, tmp_path: Path) -> None:
    """With the reason on stderr."""
    assert mllog("query", "select nothing from entries", logs).returncode == 2
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere"):
        shown = mllog("query", "select 1 from entries", path)
        assert (shown.returncode, shown.stdout) == (3, b"")


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    """Spark, as a driver and two executors of their own."""
    if "MLLOG_TEST_SPARK" not in os.environ:
        pytest.skip("MLLOG_TEST_SPARK=1 runs it: pyspark and Java 17 are needed, and a minute")
    pytest.importorskip("pyspark")
    from ask import open_spark  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - of examples/fleet

    session = open_spark("local-cluster[2,1,1024]")
    yield session
    session.stop()


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # Spark's own, of versions of pandas and sockets it leaves
def test_spark_answers_as_duckdb_does(logs: Path, spark: object) -> None:
    """The same SQL, on a cluster of processes."""
    from mllog_callbacks.query._sql import spark_entries  # noqa: PLC0415 - beside its fixture

    logs = logs.rename(logs.with_name("plain"))  # Spark takes a path for a pattern
    entries = spark_entries(spark, str(logs))  # type: ignore[arg-type,unused-ignore]  # typed where it is made
    assert entries.columns == [*FIELDS, "session", "date", "file"]
    for sql in (
        BY_SESSION,
        ORDERED,
    ):
        ours = connect([logs]).execute(sql).fetchall()
        theirs = [tuple(row) for row in spark.sql(sql).collect()]  # type: ignore[attr-defined,unused-ignore]  # as above
        assert theirs == ours


def _mapping(found: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    names = [each[0] for each in found.description or ()]
    (row,) = found.fetchall()
    return dict(zip(names, row, strict=True))


def test_facts_are_columns(tmp_path: Path) -> None:
    """Numbers as numbers; what holds several values as JSON; what is not there is null."""
    with AuditLog(tmp_path, session="s") as log:
        run = Run(log)
        run.record(TrainingStarted(plan=Plan(unit="iteration", most=9)))
        parameters = Parameters(given={"num_leaves": 7}, defaults={"seed": 0})
        run.record(HyperparametersSet(parameters=parameters))
        progress = Progress(unit="iteration", done=4, planned=9)
        run.record(TrainingEnded(progress=progress, stop=Stop(by="hand")))
    drained(tmp_path)
    connection = connect([tmp_path])
    end = _mapping(connection.execute("select * from facts where event = 'TRAINING_STOPPED'"))
    expected = {"run": 1, "unit": "iteration", "done": 4, "planned": 9, "stop_by": "hand"}
    assert {name: end[name] for name in expected} == expected
    assert isinstance(end["seconds"], float)
    assert end["severity"] is None
    given = "select parameters from facts where event = 'HYPERPARAMETERS_SET'"
    assert connection.execute(given).fetchall() == [('{"num_leaves":7}',)]


def test_runs_are_rows_with_verdict_score_and_parameters(tmp_path: Path) -> None:
    """A row a run, as it is compared; only where it is asked for."""
    write(tmp_path, lines(training()), "one")
    write(tmp_path, lines(training(12, "TRAINING_FAILED")), "two")
    sql = "select id, verdict, metric, score, parameters->>'num_leaves' as leaves from runs"
    found = connect([tmp_path], runs=True).execute(f"{sql} order by id").fetchall()
    assert found == [
        ("one", "broken", "valid loss", 0.5, "63"),
        ("two", "broken", "valid loss", 0.5, "63"),
    ]
    with pytest.raises(duckdb.CatalogException):
        connect([tmp_path]).execute(sql)
    shown = mllog("query", f"{sql} where id = 'one'", tmp_path, "--json")
    assert json.loads(shown.stdout)["leaves"] == "63"
