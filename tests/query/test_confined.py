"""A query reads the logs that were named and nothing else, unless it is made unsafe."""

import os
from pathlib import Path

import pytest

from hostile import make_outside, replace, seen
from mllog_callbacks.query import connect
from sealed import mllog, seal
from trails import lines, training, write

duckdb = pytest.importorskip("duckdb")

LONG = 100_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of five lines, and a file of others."""
    folder = tmp_path_factory.mktemp("confined")
    seal(folder / "logs", 5)
    (folder / "secret.csv").write_text("user,password\nadmin,hunter2\n")
    return folder


SQL = {
    "a table elsewhere": "select * from read_csv('FOLDER/secret.csv')",
    "a text elsewhere": "select content from read_text('FOLDER/secret.csv')",
    "bytes elsewhere": "select content from read_blob('FOLDER/secret.csv')",
    "a table by its name": "select * from 'FOLDER/secret.csv'",
    "sidecars": "select content from read_text('FOLDER/logs/_integrity/run.json')",
    "names of files": "select * from glob('FOLDER/*')",
    "the system": "select content from read_text('/proc/self/environ')",
    "the network": "select * from read_csv('http://127.0.0.1:1/a.csv')",
    "the environment": "select getenv('HOME')",
    "copy": "copy (select 'x') to 'FOLDER/written.csv'",
    "copy over the log": "copy (select 1) to 'LOG'",
    "copy of a database": "copy from database memory to other",
    "attach": "attach 'FOLDER/made.db' as other",
    "export": "export database 'FOLDER/exported'",
    "import": "import database 'FOLDER/logs'",
    "install": "install httpfs",
    "load": "load 'FOLDER/made.duckdb_extension'",
    "a setting": "set enable_external_access = true",
    "a pragma": "pragma enable_external_access = true",
    "a pragma that logs": "pragma profiling_output = 'FOLDER/written.json'",
    "reset": "reset lock_configuration",
    "several": "select 1; copy (select 2) to 'FOLDER/written.csv'",
    "drop": "drop view entries",
    "create": "create table t as select 1",
    "insert": "insert into lines_beside_long_ones values ('{}', 'x')",
    "a secret": "create secret s (type s3, key_id 'a', secret 'b')",
    "explain analyze of a copy": "explain analyze copy (select 1) to 'FOLDER/written.csv'",
    "with a copy": "with a as (select 1) copy a to 'FOLDER/written.csv'",
    "none": "",
}


@pytest.mark.parametrize("asked", SQL)
def test_sql_reaches_the_logs_alone(folder: Path, asked: str) -> None:
    """Whatever else it asks for is refused, and nothing is written."""
    (log,) = (folder / "logs").glob("*.jsonl")
    before = seen(folder)
    sql = SQL[asked].replace("FOLDER", str(folder)).replace("LOG", str(log))
    shown = mllog("query", sql, folder / "logs")
    assert shown.returncode == 2
    assert (b"hunter2" in shown.stdout, shown.stderr != b"") == (False, True)
    assert seen(folder) == before


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from entries",
        "with a as (select * from entries) select count(*) from a",
        "from entries select count(*)",
        "explain select * from entries",
        "select file, line from (select file, 1 as line from entries) order by all",
    ],
)
def test_what_only_reads_is_allowed(folder: Path, sql: str) -> None:
    """In whatever form."""
    shown = mllog("query", sql, folder / "logs")
    assert (shown.returncode, shown.stderr) == (0, b"")


def test_unsafe_lifts_it(folder: Path, tmp_path: Path) -> None:
    """For those who mean to, by their own choice."""
    sql = f"copy (select count(*) from entries) to '{tmp_path / 'written.csv'}'"  # noqa: S608 - our own
    assert mllog("query", sql, folder / "logs").returncode == 2
    assert mllog("query", "--unsafe", sql, folder / "logs").returncode == 0
    assert (tmp_path / "written.csv").read_text().splitlines()[1] == "5"


def test_a_connection_of_a_program_is_confined_too(folder: Path) -> None:
    """It stays so, whatever is done with it."""
    connection = connect([folder / "logs"])
    for sql in "set enable_external_access = true", f"from read_csv('{folder / 'secret.csv'}')":
        with pytest.raises(duckdb.Error):
            connection.execute(sql)
    assert connection.execute("select count(*) from entries").fetchall() == [(5,)]
    unsafe = connect([folder / "logs"], unsafe=True)
    assert len(unsafe.execute(f"from read_csv('{folder / 'secret.csv'}')").fetchall()) == 1


@pytest.mark.parametrize(
    "name",
    ["it's", "a[b]*?", 'q"uote', "semi; drop view entries; --", "new\nline", "日本", "-dash"],
)
def test_a_path_is_a_path_whatever_its_name(tmp_path: Path, name: str) -> None:
    """It is no SQL, and no pattern: what it would match as one is not read."""
    write(tmp_path / name, lines(training()), "one")
    write(tmp_path / "abc", lines(training()), "other")
    connection = connect([tmp_path / name])
    ((file,),) = connection.execute("select distinct file from entries").fetchall()
    assert Path(file).parent == tmp_path / name


def test_a_name_that_is_no_text_is_shown_with_escapes(tmp_path: Path) -> None:
    """DuckDB takes no such path: its lines are given to it."""
    folder = tmp_path / os.fsdecode(b"bad\xff")
    write(folder, lines(training()), "one")
    ((file, many),) = (
        connect([folder]).execute("select file, count(*) from entries group by all").fetchall()
    )
    assert (r"bad\xff" in file, many > 1) == (True, True)


def test_a_long_line_fails_no_query(tmp_path: Path) -> None:
    """Neither one of 2 MB nor one of 100 MB, between entries or without an end."""
    path = write(tmp_path, lines(training()), "one")
    whole = path.read_bytes().splitlines(keepends=True)
    many = len(whole)
    with path.open("wb") as stream:
        stream.writelines(whole[:2])
        stream.write(b'{"timestamp":"' + b"x" * 2_000_000 + b'"}\n')
        stream.writelines(whole[2:])
        for _ in range(LONG // 1_000_000):
            stream.write(b"y" * 1_000_000)
    shown = mllog("query", "select count(*), count(distinct timestamp) from entries", tmp_path)
    assert shown.returncode == 0
    assert shown.stdout.split()[-2:] == [str(many).encode()] * 2
    ((session, day),) = (
        connect([tmp_path]).execute("select distinct session, date::text from entries").fetchall()
    )
    assert (session, len(day)) == ("one", 10)


@pytest.mark.parametrize(
    "kind", ["link to a log", "link to zeros", "FIFO", "folder", "hole", "NULs", "hello"]
)
def test_what_is_no_log_is_left_out(tmp_path: Path, kind: str) -> None:
    """A link in a log's place makes no other file readable, and nobody waits."""
    make_outside(tmp_path / "outside")
    write(tmp_path / "logs", lines(training()), "one")
    replace(tmp_path / "logs" / "ml-platform-2026-01-30.x.jsonl", tmp_path / "outside", kind)
    rows = connect([tmp_path / "logs"]).execute("select distinct session from entries").fetchall()
    assert rows == [("one",)]
