"""Reading: every kind of bad line is found, named and explained; good ones come back equal."""

import io
import json
import logging
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lines import FIELDS, good, read
from mllog_callbacks import AuditLog, InvalidEntryError, read_entries, read_lines
from mllog_callbacks.reading._strict import find_logs
from strategies import plain


def raw(fields: str) -> bytes:
    """A good line with something else as its snapshot."""
    return good().replace(b'{"auc": 0.9}', fields.encode())


BAD_LINES: dict[str, tuple[bytes, str, str]] = {
    "empty line": (b"\n", "line", "not a JSON object: Expecting value at column 1"),
    "a hole of zeros": (bytes(50) + b"\n", "line", "not a JSON object"),
    "a torn line": (good()[:90] + b"\n", "line", "not a JSON object"),
    "two on a line": (good()[:-1] + good(), "line", "not a JSON object: Extra data"),
    "a list": (b"[]\n", "line", "valid dictionary"),
    "a number": (b"5\n", "line", "valid dictionary"),
    "bad UTF-8": (good().replace(b"credit", b"cr\xff"), "line", "not UTF-8 at byte"),
    "NaN": (raw('{"a": NaN}'), "line", "NaN is no JSON value"),
    "Infinity": (raw('{"a": -Infinity}'), "line", "-Infinity is no JSON value"),
    "1e400": (raw('{"a": 1e400}'), "line", "the number 1e400 is beyond the range of floats"),
    "2^63": (raw(f'{{"a": {2**63}}}'), "line", "is beyond 64 bits"),
    "2^70": (raw(f'{{"a": {2**70}}}'), "line", "is beyond 64 bits"),
    "5,000 digits": (raw(f'{{"a": {"9" * 5000}}}'), "line", "is beyond 64 bits"),
    "a name twice": (raw('{"a": 1, "a": 2}'), "line", "the name 'a' occurs twice"),
    "a field twice": (good().replace(b'"model"', b'"dataset"'), "line", "'dataset' occurs twice"),
    "another order": (
        json.dumps(dict(reversed(FIELDS.items()))).encode() + b"\n",
        "line",
        "fields in another order than timestamp, event,",
    ),
    "lone surrogate": (raw('{"a": "\\ud800"}'), "line", "lone surrogate"),
    "lone surrogate in a name": (raw('{"\\uDFFF": 1}'), "line", "lone surrogate"),
    "U+2028": (raw('{"a": "\u2028"}'), "line", "unescaped line break"),
    "U+0085": (raw('{"a": "\x85"}'), "line", "unescaped line break"),
    "CR LF": (good()[:-1] + b"\r\n", "line", "unescaped line break"),
    "control character": (raw('{"a": "\x01"}'), "line", "Invalid control character"),
    "200 levels": (raw('{"a":' + "[" * 200 + "]" * 200 + "}"), "line", "deeper than 100 levels"),
    "30,000 levels": (raw("[" * 30_000 + "]" * 30_000), "line", "deeper than 100 levels"),
    "100 KB": (raw(json.dumps({"a": "x" * 100_000})), "line", "bytes long; at most 65,536"),
    "extra field": (good(host="h"), "host", "not a field of an entry; these are timestamp,"),
    "odd extra field": (good(**{"a\nb\x1b[31m": 1}), r"'a\nb\x1b[31m'", "not a field of an"),
    "unknown event": (good(event="MODEL_SAVD"), "event", "found 'MODEL_SAVD'"),
    "text as number": (good(decision=5), "decision", "valid string; found 5"),
    "snapshot as list": (good(metrics_snapshot=[1]), "metrics_snapshot", "found [1]"),
    "local time": (
        good(timestamp="2025-01-30T10:42:11.123456+02:00"),
        "timestamp",
        "expected UTC with microseconds like 2025-01-30T10:42:11.123456Z, got '2025-01-30T10:42",
    ),
    "30 February": (good(timestamp="2025-02-30T10:42:11.123456Z"), "timestamp", "no day of the"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_found_and_explained(name: str, tmp_path: Path) -> None:
    """By number, field and reason; the lines beside it are read."""
    line, field, reason = BAD_LINES[name]
    before, bad, after = read(
        tmp_path,
        good(timestamp="2025-01-01T00:00:00.000000Z"),
        line,
        good(timestamp="2026-01-01T00:00:00.000000Z"),
    )
    assert (before.findings, after.findings) == ((), ())
    assert before.entry is not None
    assert after.entry is not None
    [finding] = bad.findings
    assert (bad.number, finding.field) == (2, field)
    assert reason in finding.reason
    assert finding.reason.isprintable()


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_named(name: str, tmp_path: Path) -> None:
    """Each of the seven."""
    fields = {key: each for key, each in FIELDS.items() if key != name}
    [line] = read(tmp_path, json.dumps(fields).encode() + b"\n")
    [finding] = line.findings
    assert (line.entry, finding.field) == (None, name)
    assert "missing; all seven fields are always there" in finding.reason


@pytest.mark.parametrize("second", ["2025-01-30T10:42:11.123456Z", "2025-01-30T10:42:11.123455Z"])
def test_a_timestamp_that_does_not_increase_is_found(second: str, tmp_path: Path) -> None:
    """The order of lines is the order of time; the entry itself is readable."""
    _, line = read(tmp_path, good(), good(timestamp=second))
    assert line.entry is not None
    assert [each.field for each in line.findings] == ["timestamp"]


def test_several_findings_on_a_line_are_all_recorded(tmp_path: Path) -> None:
    """So that a writer can be corrected at once."""
    [line] = read(tmp_path, good(event="X", model=5, host="h"))
    assert [each.field for each in line.findings] == ["event", "model", "host"]


def test_read_entries_raises_with_file_line_field_and_reason(tmp_path: Path) -> None:
    """One error that names the place, also after pickling."""
    read(tmp_path, good(), good(event="X"))
    with pytest.raises(InvalidEntryError, match=r"some.jsonl:2: event: .*found 'X'") as raised:
        list(read_entries(tmp_path))
    error = raised.value
    assert (error.path, error.line, error.field) == (tmp_path / "some.jsonl", 2, "event")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_unfinished_last_line_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is being written, or its writer was killed: the entries before it are good."""
    read(tmp_path, good(), good()[:-1])
    with caplog.at_level(logging.WARNING):
        assert len(list(read_entries(tmp_path))) == 1
    assert "some.jsonl:2: the last line is unfinished" in caplog.text


@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 200_000])
def test_an_unfinished_line_of_any_size_is_one_finding(size: int, tmp_path: Path) -> None:
    """Also one beyond the cap."""
    lines = read(tmp_path, good(), b"x" * size)
    assert [line.unfinished for line in lines] == [False] + [True] * bool(size)


@pytest.mark.parametrize("size", [65_536, 65_537, 131_074, 1_000_000])
def test_a_line_too_long_is_one_line(size: int, tmp_path: Path) -> None:
    """Though it is never held as a whole."""
    long, after = read(tmp_path, b"x" * (size - 1) + b"\n", good())
    assert f"{size:,} bytes long" in long.findings[0].reason or size == 65_536
    assert after.entry is not None


def test_all_logs_below_a_directory_are_found(tmp_path: Path) -> None:
    """In the order of their names; neither sidecars nor directories, wherever the root lies."""
    root = tmp_path / "_integrity" / "logs"
    (root / "b" / "_integrity").mkdir(parents=True)
    (root / "c.jsonl").mkdir()
    for name in ("b/2.jsonl", "1.jsonl", "b/_integrity/s.chain.jsonl", "1.json"):
        (root / name).touch()
    assert find_logs(root) == [root / "1.jsonl", root / "b/2.jsonl"]
    assert find_logs(root / "1.json") == [root / "1.json"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """Rather than no entries."""
    with pytest.raises(FileNotFoundError, match="no such file or directory"):
        list(read_entries(tmp_path / "none"))


def test_a_stream_is_read_in_place_of_a_file() -> None:
    """Standard input, or what was unpacked in memory."""
    [line] = read_lines("name", io.BytesIO(good()))
    assert (line.path, line.number, line.findings) == (Path("name"), 1, ())


def test_what_was_written_is_read_back_equal(tmp_path: Path) -> None:
    """From `emit` to `read_entries`, in order."""
    snapshots: list[dict[str, Any]] = []

    @settings(max_examples=200)
    @given(snapshot=plain(), decision=st.none() | st.text(max_size=100))
    def write(snapshot: dict[str, Any], decision: str | None) -> None:
        snapshots.append({"decision": decision, "metrics_snapshot": snapshot})
        log.emit("MODEL_EVALUATED", **snapshots[-1])

    with AuditLog(tmp_path) as log:
        write()
        assert log.flush(60)
    entries = list(read_entries(tmp_path))
    assert [entry.model_dump(include={*snapshots[0]}) for entry in entries] == snapshots


def test_a_file_cut_at_any_byte_is_read_up_to_there(tmp_path: Path) -> None:
    """As many entries as there are newlines, and an unfinished line for what is left over."""
    stamps = [f"2025-01-30T10:42:11.00000{n}Z" for n in range(3)]
    whole = b"".join(
        good(timestamp=stamp, reasoning="é\u2028" * n) for n, stamp in enumerate(stamps)
    )
    for cut in range(len(whole) + 1):
        lines = read(tmp_path, whole[:cut])
        finished = [line for line in lines if not line.unfinished]
        assert len(finished) == whole[:cut].count(b"\n")
        assert all(line.findings == () for line in finished)
        assert len(lines) - len(finished) == (not whole[:cut].endswith(b"\n") and cut > 0)


@settings(max_examples=200)
@given(st.data())
def test_a_flipped_byte_never_raises(data: st.DataObject) -> None:
    """Damaged media give findings, or other values, but no exception."""
    damaged = bytearray(good() + good(timestamp="2025-01-31T00:00:00.000000Z"))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for line in read_lines("damaged", io.BytesIO(bytes(damaged))):
        assert line.entry is not None or line.findings
        assert all(os.linesep not in each.reason for each in line.findings)
