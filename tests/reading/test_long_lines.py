"""A line of 100 MB, as somebody may write it, costs no command minutes or much memory."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bounded import run_bounded
from mllog_callbacks.reading import Followed, last_lines
from processes import ended, forked
from sealed import mllog
from trails import lines, training, write

LONG = 100_000_000
RAW = lines(training()).splitlines(keepends=True)

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log with such a line between its entries, and another without an end."""
    folder = tmp_path_factory.mktemp("long")
    path = write(folder, b"", "one")
    with path.open("wb") as stream:
        stream.writelines(RAW[:10])
        _write_long(stream.write)
        stream.write(b"\n")
        stream.writelines(RAW[10:])
        _write_long(stream.write)
    yield folder
    path.unlink()


def _write_long(write_: Callable[[bytes], int]) -> None:
    for _ in range(LONG // 1_000_000):
        write_(b"x" * 1_000_000)


@pytest.mark.parametrize(
    "command",
    [
        ["tail", "-n", "90"],
        ["tail", "-n", "3"],
        ["summary"],
        ["validate"],
        ["verify"],
        ["report", "-o", "page.html"],
        ["reconcile", "LOGS"],
        ["anchor"],
    ],
    ids=" ".join,
)
def test_a_line_of_100_mb_is_read_past(logs: Path, tmp_path: Path, command: list[str]) -> None:
    """In five seconds of the processor and 200 MB."""

    def call() -> None:
        os.chdir(tmp_path)
        run_bounded([*(each.replace("LOGS", str(logs)) for each in command), logs])

    assert ended(forked(call), 60) == 0


def test_the_entries_around_it_are_all_there(logs: Path) -> None:
    """To tail from the end, to summary and to reconcile; the line itself is a finding."""
    (path,) = logs.glob("*.jsonl")
    shown = mllog("tail", "--json", "-n", "90", path)
    assert shown.stdout == b"".join(RAW)
    (summary,) = map(json.loads, mllog("summary", "--json", path).stdout.splitlines())
    assert summary["entries"] == len(RAW)
    found = last_lines(path, lambda _: True, 90)
    assert [each.row.fields is None for each in found].count(True) == 1
    assert max(len(each.raw) for each in found) <= 1 << 17
    shipped = path.with_name("shipped")
    shipped.write_bytes(b"".join(RAW[:5] + RAW[6:]))
    reconciled = mllog("reconcile", shipped, path)
    assert reconciled.stdout.decode().splitlines() == [
        f"{path.name}:6: missing",
        f"{path.name}:11: missing",
        f"{path.name}:{len(RAW) + 2}: missing",
    ]
    shipped.unlink()


def test_such_a_line_is_followed_as_it_grows(tmp_path: Path) -> None:
    """It is given up as it comes, and the entries behind it are not."""
    path = write(tmp_path, RAW[0], "one")
    followed = Followed([path])
    assert len(followed.new()) == 1

    def follow() -> None:
        with path.open("ab") as stream:
            for _ in range(20):
                stream.write(b"x" * 2_000_000)
                stream.flush()
                assert followed.new() == []
            stream.write(b"\n" + RAW[1])
        long, entry = followed.new()
        assert long.row.fields is None
        assert len(long.raw) <= 1 << 17
        assert entry.raw + b"\n" == RAW[1]

    assert ended(forked(follow), 60) == 0
