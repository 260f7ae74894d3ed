"""`mllog tail`: the last entries, and those that come, in real processes."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import MLLOG, run
from mllog_callbacks import AuditLog
from trails import lines, training, write

RAW = lines(training())


def events(shown: bytes) -> list[str]:
    """The events of lines printed as they are."""
    return [json.loads(line)["event"] for line in shown.splitlines()]


def test_the_last_entries_are_shown_as_a_story(tmp_path: Path) -> None:
    """When, what, why; of which session is said once."""
    path = write(tmp_path, RAW, "some")
    shown = run("tail", "-n", "2", path)
    assert (shown.returncode, shown.stderr) == (0, b"")
    text = shown.stdout.decode()
    assert text.startswith("== some\n09:14:26.000  MODEL_EVALUATED")
    assert "TRAINING_STOPPED" in text
    assert text.count("== some") == 1


@pytest.mark.parametrize("many", [0, 1, 3, 25, 1000])
def test_json_prints_the_lines_as_they_stand(tmp_path: Path, many: int) -> None:
    """Byte for byte."""
    path = write(tmp_path, RAW)
    shown = run("tail", "--json", "-n", str(many), path)
    assert shown.stdout == b"".join(RAW.splitlines(keepends=True)[25 - many if many < 25 else 0 :])


def test_a_large_file_is_read_from_its_end(tmp_path: Path) -> None:
    """Over the borders of the blocks it is read in; a torn last line is left out."""
    raw = b"".join(RAW.replace(b"2026", b"%d" % year) for year in range(2000, 2040))
    path = write(tmp_path, raw + b'{"torn')
    assert run("tail", "--json", "-n", "900", path).stdout == b"".join(
        raw.splitlines(keepends=True)[-900:]
    )


def test_entries_of_several_sessions_are_in_order(tmp_path: Path) -> None:
    """By their timestamps."""
    one, two = RAW.splitlines(keepends=True)[::2], RAW.splitlines(keepends=True)[1::2]
    write(tmp_path, b"".join(one), "one")
    write(tmp_path, b"".join(two), "two")
    assert run("tail", "--json", "-n", "25", tmp_path).stdout == RAW


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ["-e", "training_started", "-e", "MODEL_EVALUATED"],
            ["TRAINING_STARTED", "MODEL_EVALUATED"],
        ),
        (["--level", "error"], ["ISSUE_DETECTED"]),
        (["--level", "INFO", "-n", "1"], ["TRAINING_STOPPED"]),
    ],
)
def test_entries_are_chosen_by_event_and_level(
    tmp_path: Path, options: list[str], expected: list[str]
) -> None:
    """Also where they stand far back."""
    assert events(run("tail", "--json", *options, write(tmp_path, RAW)).stdout) == expected


def test_an_event_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    """The types there are, are named."""
    shown = run("tail", "-e", "STOPPED", write(tmp_path, RAW))
    assert shown.returncode == 2
    assert b"TRAINING_STOPPED" in shown.stderr


def test_lines_that_are_no_entries_are_said_on_stderr(tmp_path: Path) -> None:
    """With exit code 1; the others are shown all the same."""
    shown = run("tail", "--json", write(tmp_path, RAW + b"{}\n"))
    assert shown.returncode == 1
    assert len(events(shown.stdout)) == 9
    assert shown.stderr.endswith(
        b"timestamp: missing; all seven fields are always there, null where unknown\n"
    )


def test_standard_input_is_taken_as_it_comes() -> None:
    """Its end, or with -f all of it."""
    assert run("tail", "--json", "-n", "2", "-", stdin=RAW).stdout.count(b"\n") == 2
    assert run("tail", "--json", "-f", "-", stdin=RAW).stdout == RAW


@contextmanager
def following(*arguments: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`mllog tail -f --json`, interrupted at the end, which is a good end."""
    with subprocess.Popen(
        [*MLLOG, "tail", "-f", "--json", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert (process.wait(60), process.stderr.read()) == (0, b"")


def read(process: "subprocess.Popen[bytes]", many: int) -> bytes:
    """So many lines, as they come."""
    assert process.stdout is not None
    return b"".join(process.stdout.readline() for _ in range(many))


def test_a_folder_is_followed_through_midnight_and_into_new_sessions(tmp_path: Path) -> None:
    """Whole lines, each once, none lost; what was there before is not repeated."""
    rows = RAW.splitlines(keepends=True)
    first = write(tmp_path, b"".join(rows[:3]), "one")
    with following("-n", "1", tmp_path) as process:
        assert read(process, 1) == rows[2]
        with first.open("ab") as file:
            file.write(rows[3] + rows[4][:20])
            file.flush()
            assert read(process, 1) == rows[3]
            file.write(rows[4][20:])
            file.flush()
            assert read(process, 1) == rows[4]
        write(tmp_path, rows[5], "one", "2026-11-21")
        assert read(process, 1) == rows[5]
        write(tmp_path / "deeper", rows[6] + rows[7], "two")
        assert read(process, 2) == rows[6] + rows[7]


def test_a_file_is_followed_into_its_next_day(tmp_path: Path) -> None:
    """Other sessions beside it are not."""
    rows = RAW.splitlines(keepends=True)
    first = write(tmp_path, rows[0], "one")
    with following("-n", "1", first) as process:
        assert read(process, 1) == rows[0]
        write(tmp_path, rows[1], "other", "2026-11-21")
        write(tmp_path, rows[2], "one", "2026-11-21")
        assert read(process, 1) == rows[2]


def test_a_log_is_followed_while_it_is_written(tmp_path: Path) -> None:
    """Of a real session that begins after the following did."""
    write(tmp_path, RAW, "early")
    with following("-n", "1", tmp_path) as process, AuditLog(tmp_path, session="late") as log:
        read(process, 1)
        for number in range(50):
            log.emit("MODEL_SAVED", decision=f"{number}")
        assert log.flush(30)
        found = [json.loads(line)["decision"] for line in read(process, 50).splitlines()]
    assert found == [f"{number}" for number in range(50)]


def test_a_file_begun_anew_is_read_anew(tmp_path: Path) -> None:
    """As by a tool that truncates."""
    rows = RAW.splitlines(keepends=True)
    path = write(tmp_path, b"".join(rows[:5]))
    with following("-n", "1", path) as process:
        assert read(process, 1) == rows[4]
        write(tmp_path, rows[6])
        assert read(process, 1) == rows[6]


@pytest.mark.parametrize("arguments", [["tail"], ["tail", "-f"]])
def test_nothing_to_read_is_exit_3(tmp_path: Path, arguments: list[str]) -> None:
    """Said plainly."""
    shown = run(*arguments, folder=tmp_path)
    assert shown.returncode == 3
    assert shown.stderr == b"logs: cannot be read: no such file or directory\n"


def test_a_closed_pipe_ends_the_following_quietly(tmp_path: Path) -> None:
    """As in `mllog tail -f logs | head -1`: at the next line that comes."""
    path = write(tmp_path, RAW)
    with subprocess.Popen(
        [*MLLOG, "tail", "-f", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        with path.open("ab") as file:
            file.write(RAW.splitlines(keepends=True)[0])
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


def test_an_unfinished_line_of_many_blocks_is_no_entry(tmp_path: Path) -> None:
    """Also where it is longer than what is read at once from the end."""
    torn = RAW.splitlines()[-1][:100] + b"x" * 200_000
    path = write(tmp_path, RAW + torn)
    shown = run("tail", "--json", "-n", "1", path)
    assert shown.stdout == RAW.splitlines(keepends=True)[-1]


def test_entries_since_a_time_are_shown_whole(tmp_path: Path) -> None:
    """A time in UTC, in another zone, or so long ago."""
    path = write(tmp_path, RAW)
    rest = b"".join(RAW.splitlines(keepends=True)[5:])
    assert run("tail", "--json", "--since", "2026-11-20T09:14:08", path).stdout == rest
    assert run("tail", "--json", "--since", "2026-11-20T10:14:08+01:00", path).stdout == rest
    assert run("tail", "--json", "--since", "100000d", path).stdout == RAW
    assert run("tail", "--json", "--since", "1s", path).stdout == b""
    assert run("tail", "--since", "yesterday", path).returncode == 2


def test_a_cursor_shows_each_entry_once(tmp_path: Path) -> None:
    """In several sessions, in files that grow, in new ones, and in a line that is not yet whole."""
    logs, cursor = tmp_path / "logs", tmp_path / "cursor.json"
    logs.mkdir()
    whole = RAW.splitlines(keepends=True)
    path = write(logs, b"".join(whole[:3]) + whole[3][:10], "one")
    call = ("tail", "--json", "--cursor", cursor, logs)
    assert run(*call, "--since", "100000d").stdout == b"".join(whole[:3])
    assert run(*call).stdout == b""
    with path.open("ab") as stream:
        stream.write(whole[3][10:] + whole[4])
    write(logs, whole[7], "two")
    assert run(*call).stdout == whole[3] + whole[4] + whole[7]
    assert run(*call).stdout == b""


def test_a_new_cursor_begins_with_the_last_lines(tmp_path: Path) -> None:
    """As without one; what is no cursor is refused, and left as it is."""
    path, cursor = write(tmp_path, RAW), tmp_path / "cursor.json"
    whole = RAW.splitlines(keepends=True)
    assert run("tail", "--json", "--cursor", cursor, "-n", "2", path).stdout == b"".join(whole[-2:])
    assert run("tail", "--json", "--cursor", cursor, "-n", "2", path).stdout == b""
    cursor.write_text("mine")
    assert run("tail", "--cursor", cursor, path).returncode == 2
    assert cursor.read_text() == "mine"
