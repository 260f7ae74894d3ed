"""The command line, in real processes: what it prints where, and how it exits."""

import json
import os
import pty
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from commands import MLLOG, run
from lines import good
from mllog_callbacks import AuditLog, __version__


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two files: one good, one with two bad lines and an unfinished one."""
    folder = tmp_path / "logs"
    with AuditLog(folder, session="good") as log:
        log.emit("TRAINING_STARTED")
        log.emit("TRAINING_COMPLETED")
        assert log.flush(30)
    (folder / "sub").mkdir()
    (folder / "sub" / "bad.jsonl").write_bytes(
        good() + good(event="X", timestamp="2025-01-31T00:00:00.000000Z") + b"{}\n" + good()[:50]
    )
    return folder


BAD = ["2: event: ", *["3: " + name + ": missing; " for name in json.loads(good())], "4: line: unf"]


def test_validate_is_content_with_a_good_log(logs: Path) -> None:
    """Exit 0, nothing on stdout, the count on stderr."""
    shown = run("validate", next(logs.glob("*.jsonl")))
    assert (shown.returncode, shown.stdout) == (0, b"")
    assert shown.stderr == b"no findings in 1 file, 2 lines\n"


def test_validate_lists_findings_as_file_line_field_reason(logs: Path) -> None:
    """Exit 1; one line a finding, and the count on stderr."""
    shown = run("validate", logs)
    assert shown.returncode == 1
    found = shown.stdout.decode().splitlines()
    expected = [f"{logs}/sub/bad.jsonl:{each}" for each in BAD]
    assert [line[: len(start)] for line, start in zip(found, expected, strict=True)] == expected
    assert shown.stderr == b"9 findings in 1 of 2 files, 6 lines\n"


def test_validate_prints_json(logs: Path) -> None:
    """One object a finding, and the summary last."""
    shown = run("validate", "--json", logs)
    *found, last = [json.loads(line) for line in shown.stdout.splitlines()]
    assert (shown.returncode, shown.stderr) == (1, b"")
    assert [set(each) for each in found] == [{"file", "line", "field", "reason"}] * 9
    first: dict[str, Any] = found[0]
    assert (first["file"], first["line"]) == (f"{logs}/sub/bad.jsonl", 2)
    assert last == {
        "summary": {
            "findings": 9,
            "files": 2,
            "files_with_findings": 1,
            "lines": 6,
            "unreadable": 0,
        }
    }


def test_validate_reads_standard_input() -> None:
    """As `-`."""
    assert run("validate", "-", stdin=good()).returncode == 0
    shown = run("validate", "-", stdin=good() + b"\n")
    assert shown.returncode == 1
    assert shown.stdout.startswith(b"-:2: line: not a JSON object")


@pytest.mark.parametrize("pattern", ["logs/**/*.jsonl", "logs", "{root}/logs/sub/../*/*.jsonl"])
def test_validate_takes_globs_and_folders(pattern: str, logs: Path) -> None:
    """Also where no shell expanded them."""
    shown = run("validate", pattern.format(root=logs.parent), folder=logs.parent)
    assert shown.returncode == 1
    assert b"9 findings in 1 of " in shown.stderr


def test_validate_reads_a_file_named_twice_once(logs: Path) -> None:
    """The count is of files, not of names."""
    shown = run("validate", "sub/bad.jsonl", "sub/bad.jsonl", "sub", folder=logs)
    assert shown.stderr == b"9 findings in 1 of 1 file, 4 lines\n"


def test_a_name_with_glob_characters_is_that_file(logs: Path) -> None:
    """Where it exists."""
    (logs / "a[1].jsonl").write_bytes(good())
    assert run("validate", logs / "a[1].jsonl").returncode == 0


@pytest.mark.parametrize("path", ["none.jsonl", "none/*.jsonl", "empty"])
def test_what_cannot_be_read_is_exit_3(path: str, logs: Path) -> None:
    """A path that means no log; the others are validated all the same."""
    (logs / "empty").mkdir()
    shown = run("validate", path, "sub", folder=logs)
    assert shown.returncode == 3
    assert shown.stderr.startswith(f"{path}: cannot be read: no ".encode())
    assert shown.stderr.endswith(b"9 findings in 1 of 1 file, 4 lines\n")
    as_json = [
        json.loads(line)
        for line in run("validate", "--json", path, folder=logs).stdout.splitlines()
    ]
    assert as_json[0]["file"] == path
    assert as_json[0]["error"].startswith("no ")
    assert as_json[1]["summary"]["unreadable"] == 1


def test_an_error_while_reading_is_exit_3() -> None:
    """Here of the operating system: a process's memory is no file to read from its start."""
    shown = run("validate", "/proc/self/mem")
    assert shown.returncode == 3
    assert b"mem: cannot be read: Input/output error" in shown.stderr


@pytest.mark.parametrize("arguments", [["validate"], ["validate", "--no", "x"], ["nothing"]])
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    """With the usage on stderr, and nothing on stdout."""
    shown = run(*arguments)
    assert (shown.returncode, shown.stdout) == (2, b"")
    assert shown.stderr.startswith(b"Usage: mllog")


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    """As in `mllog validate logs | head -1`."""
    (tmp_path / "bad.jsonl").write_bytes(b"bad\n" * 50_000)
    with subprocess.Popen(
        [*MLLOG, "validate", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().endswith(b"at column 1\n")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_names_that_are_no_text_are_shown(tmp_path: Path) -> None:
    """File names are bytes on this system; a field's may hold line breaks and colours."""
    name = os.fsdecode(b"b\xffd.jsonl")
    (tmp_path / name).write_bytes(good(**{"a\n\x1b[31m": 1}))
    shown = run("validate", tmp_path)
    assert shown.returncode == 1
    assert shown.stdout.count(b"\n") == 1
    assert b"\x1b" not in shown.stdout
    assert json.loads(run("validate", "--json", tmp_path).stdout.splitlines()[0])["line"] == 1


@pytest.mark.parametrize("given", [{}, {"NO_COLOR": "1"}])
def test_no_color_is_honoured_on_a_terminal(given: dict[str, str]) -> None:
    """Progress is shown there after a second; with NO_COLOR it has no colour."""
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*MLLOG, "validate", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**plain, **given, "TERM": "xterm-256color", "COLUMNS": "80"},
    ) as process:
        os.close(theirs)
        assert process.stdin is not None
        shown = b""
        while b"lines" not in shown:  # until the progress is there: it reads what we write
            for second in range(2_000):
                process.stdin.write(good(timestamp=f"2025-01-30T10:42:11.{second:06}Z"))
            process.stdin.flush()
            shown += _available(ours)
        process.stdin.close()
        process.wait(60)
    os.close(ours)
    assert (b"\x1b[3" in shown) is (not given)


def _available(terminal: int) -> bytes:
    os.set_blocking(terminal, False)
    try:
        return os.read(terminal, 100_000)
    except BlockingIOError:
        return b""


def test_schema_prints_the_shipped_file_byte_for_byte() -> None:
    """Exit 0, nothing on stderr."""
    shown = run("schema")
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout == files("mllog_callbacks").joinpath("entry.schema.json").read_bytes()


def test_help_lists_every_command_and_the_exit_codes() -> None:
    """Also the short form; each command has a help of its own."""
    shown = run("--help").stdout.decode()
    assert shown == run("-h").stdout.decode()
    assert "0 fine, 1 findings, 2 usage, 3 unreadable" in shown
    names = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()]
    assert names == sorted(names)
    assert {"demo", "schema", "validate"} <= set(names)
    for name in names:
        each = run(name, "--help")
        assert each.returncode == 0
        assert each.stdout.startswith(f"Usage: mllog {name}".encode())


def test_version_is_the_packages() -> None:
    """On stdout."""
    assert run("--version").stdout.decode() == f"mllog, version {__version__}\n"
