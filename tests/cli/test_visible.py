"""What others wrote is text: no terminal is commanded, no line forged, whatever entries hold."""

import csv
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import run
from mllog_callbacks import AuditLog
from mllog_callbacks.schema import plain, plain_json, plain_lines
from processes import drained
from sealed import mllog

COMMANDS = (
    "\x1b[2J\x1b[H\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x9b31m\x08\x7f\u202egpj\u202c\u2066\u200b"
)
FORGED = "\r\n== forged session\nforged: sound (16 entries; integrity sound)\u2028forged\x85forged"
EVIL = COMMANDS + FORGED

UNSAFE_BYTES = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
UNSAFE_TEXT = re.compile("[\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff]")
UNNAMED = os.fsdecode(b"ml-platform-2026-01-30.no\xfftext.jsonl")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with commands in every text, and files with them in their names."""
    logs = tmp_path_factory.mktemp("visible") / "logs"
    names: dict[str, Any] = {"dataset": "ds" + EVIL, "model": "mo" + EVIL}
    with AuditLog(logs, session="evil") as log:
        log.emit(
            "TRAINING_STARTED",
            decision="dec" + EVIL,
            reasoning="rea" + EVIL,
            metrics_snapshot={
                "run": 1,
                "k" + EVIL: "v" + EVIL,
                "parameters": {"given": {EVIL: EVIL}},
            },
            **names,
        )
        for n in range(12):
            log.emit(
                "MODEL_EVALUATED",
                decision="d",
                reasoning="r",
                metrics_snapshot={
                    "run": 1,
                    "results": {"valid" + EVIL: {"loss" + EVIL: 1 / (n + 1)}},
                },
                **names,
            )
        issue = {"code": "MLA001" + EVIL, "name": EVIL, "severity": "error", "state": "open"}
        log.emit(
            "ISSUE_DETECTED",
            decision="MLA001" + EVIL,
            reasoning="why" + EVIL,
            metrics_snapshot={"run": 1, "issue": issue},
            **names,
        )
        error = {"type": "E" + EVIL, "message": "m" + EVIL, "where": EVIL}
        log.emit(
            "TRAINING_FAILED",
            decision="=cmd|'/c calc'!A1" + EVIL,
            reasoning="ValueError" + EVIL,
            metrics_snapshot={"run": 1, "stop": {"by": "error"}, "error": error},
            **names,
        )
        path = log.path
    drained(logs)
    forged = FORGED.replace("\r", "").encode().replace(b"/", b"")
    for name in b"ml-platform-2026-01-30.x\x1b[2J" + forged + b".jsonl", os.fsencode(UNNAMED):
        shutil.copy(os.fsencode(path), os.fsencode(logs) + b"/" + name)
    manifest = logs / "_integrity" / f"x\x1b[2J{forged.decode()}.json"
    manifest.write_text(json.dumps({"parent": EVIL, "job": EVIL, "rank": 0, "host": EVIL}))
    return logs


READING: dict[str, list[str]] = {
    "tail": ["-n", "90"],
    "summary": [],
    "validate": [],
    "verify": [],
    "anchor": [],
    "recover": [],
    "prune": ["--older-than", "200", "--dry-run"],
}


def is_safe(shown: bytes) -> None:
    """No byte of an output commands anything, and no line is one that an entry forged."""
    assert not UNSAFE_BYTES.search(shown), UNSAFE_BYTES.search(shown)
    text = shown.decode()
    assert not UNSAFE_TEXT.search(text)
    assert not [each for each in text.splitlines() if each.startswith(("== forged", "forged"))]


@pytest.mark.parametrize("json_", [False, True])
@pytest.mark.parametrize("command", READING)
def test_every_command_prints_text(logs: Path, command: str, *, json_: bool) -> None:
    """On both streams; JSON has the same values as ever."""
    shown = mllog(command, *READING[command], *(["--json"] if json_ else []), logs)
    is_safe(shown.stdout)
    is_safe(shown.stderr)
    if json_:
        for each in shown.stdout.splitlines():
            json.loads(each)


def test_json_means_the_same(logs: Path) -> None:
    """To a program the text is as it was written."""
    (file,) = logs.glob("*.evil.jsonl")
    first = mllog("tail", "--json", "-n", "90", file).stdout.splitlines()[0]
    assert json.loads(first)["decision"] == "dec" + EVIL
    assert json.loads(first) == json.loads(file.read_bytes().splitlines()[0])


@pytest.mark.parametrize("shape", ["table", "csv", "json"])
def test_a_query_prints_text(logs: Path, shape: str) -> None:
    """Also the names of columns, and what a query itself makes; a cell is one cell."""
    pytest.importorskip("duckdb")
    sql = f"""select *, chr(27) || '[2J' as "a{COMMANDS}" from entries"""  # noqa: S608 - our own
    shown = mllog("query", "--format", shape, sql, logs)
    assert shown.returncode == 0, shown
    is_safe(shown.stdout)
    if shape == "csv":
        rows = [*csv.reader(io.StringIO(shown.stdout.decode()))]
        assert {len(each) for each in rows} == {11}


def test_wrong_sql_is_quoted_as_text(logs: Path) -> None:
    """DuckDB repeats it in its message, and entries that it cannot convert."""
    pytest.importorskip("duckdb")
    for asked in f"'{EVIL}', nonsense", "cast(decision as int)":
        shown = mllog("query", f"select {asked} from entries", logs)  # noqa: S608 - as it is asked
        assert shown.returncode == 2
        is_safe(shown.stderr)
    shown = mllog("query", "select '\udcff'", logs)  # bytes of the command line that are no text
    assert (shown.returncode, shown.stderr) == (2, b"the SQL is not text in UTF-8\n")


def test_reconcile_and_prove_print_text(logs: Path) -> None:
    """They name sessions and print lines."""
    is_safe(mllog("reconcile", __file__, logs).stdout)
    (file,) = logs.glob("*.evil.jsonl")
    proof = mllog("prove", file, "1")
    is_safe(proof.stdout)
    checked = mllog("check", "-", stdin=proof.stdout)
    assert checked.returncode == 3  # no root is trusted
    is_safe(checked.stdout)
    is_safe(checked.stderr)
    assert json.loads(checked.stdout)["decision"] == "dec" + EVIL


def test_pages_have_text(logs: Path, tmp_path: Path) -> None:
    """And their names are plain; nothing of an entry is markup."""
    shown = mllog("report", "--json", logs, "-o", tmp_path / "pages")
    is_safe(shown.stdout)
    pages = [*(tmp_path / "pages").iterdir()]
    assert len(pages) == 4  # an index, and a page of each
    for page in pages:
        assert re.fullmatch(r"[A-Za-z0-9._-]+", page.name)
        text = page.read_text()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
        assert not UNSAFE_TEXT.search(text)


def test_columns_of_other_tools_are_text(tmp_path: Path) -> None:
    """Names in a table that is scanned, and in what is wrong with it."""
    table = tmp_path / "curves.csv"
    quoted = [f'"{each}{EVIL}"' for each in ("epoch", "train_loss", "val_loss", "what")]
    rows = [f"{n},{1 / (n + 1)},{n * n},1" for n in range(40)]
    table.write_text("\n".join([",".join(quoted), *rows]), newline="")
    for arguments in [], ["--list"], ["--json"], ["--train", "nonsense"]:
        shown = mllog("scan", table, *arguments)
        is_safe(shown.stdout)
        is_safe(shown.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="its file names are text")
@pytest.mark.parametrize(
    "encoding", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}], ids=str
)
@pytest.mark.parametrize("command", ["summary", "verify"])
def test_narrow_encodings_and_names_that_are_no_text_raise_nothing(
    logs: Path, command: str, encoding: dict[str, Any]
) -> None:
    """What an encoding lacks is an escape too."""
    shown = run(command, logs, **encoding)
    assert b"Traceback" not in shown.stderr
    assert shown.returncode == (3 if command == "verify" else 0)
    assert rb"no\xfftext" in shown.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 中文, é", "plain text, 中文, é"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x9b\x85\x7f\x00", r"\x9b\x85\x7f\x00"),
        ("\u202e\u2066\u2028\ufeff", r"\u202e\u2066\u2028\ufeff"),
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        (Path("logs"), "logs"),
    ],
)
def test_what_commands_a_terminal_is_an_escape(text: object, shown: str) -> None:
    """All else stays."""
    assert plain(text) == shown


def test_lines_of_ones_own_stay_lines() -> None:
    """All else in them is escaped alike."""
    assert plain_lines("a\nb\x1b") == "a\nb\\x1b"
    assert json.loads(plain_json('{"a":"\u202e\U000e0041"}')) == {"a": "\u202e\U000e0041"}
