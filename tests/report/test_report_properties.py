"""Whatever a log holds, it gives a report: any entries in any order, and any damage to a file."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lines import good
from markup import Reader
from mllog_callbacks import LogEntry, read_lines
from mllog_callbacks.reading import FileAccount, parse_row, read_rows
from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import as_object, join
from mllog_callbacks.report import render_card, render_index, render_report
from mllog_callbacks.schema import format_timestamp
from trails import any_recorded, lines, story_of_bytes, training


def check(raw: bytes) -> None:
    """Everything that is made of a log is made of this one."""
    story = story_of_bytes(raw)
    for each in (story, join("both", [story, story])):
        page = render_report(each)
        reader = Reader()
        reader.feed(page)
        assert reader.open == []
        assert not reader.elements & {"img", "iframe", "link", "object", "form", "input"}
        assert page.count("<script>") == 1
        assert len(page.encode()) < 150_000
    assert len(render_card([story]).encode()) <= 20_000
    assert "NaN" not in json.dumps(as_object(story), allow_nan=False)
    assert render_index([("a.html", story)])
    assert narrative.what_happened(story)


@settings(max_examples=50)
@given(any_recorded())
def test_any_sequence_of_entries_gives_a_report(recorded: list[tuple[str, dict[str, Any]]]) -> None:
    """Starts without ends, ends without starts, snapshots of any form."""
    check(lines(recorded))


@settings(max_examples=50)
@given(st.data())
def test_any_mutilation_of_a_file_gives_a_report(data: st.DataObject) -> None:
    """Bytes changed, parts cut out, doubled or moved."""
    raw = bytearray(lines(training(12)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 400)))
        raw[start:end] = data.draw(
            st.one_of(
                st.just(b""),
                st.binary(max_size=40),
                st.just(bytes(raw[start:end]) * 2),
                st.just(b"\n" * 3),
                st.just(b"\0" * 70_000),
            )
        )
    check(bytes(raw))


def test_a_file_cut_anywhere_gives_a_report() -> None:
    """As a killed writer, or a copy under way, leaves it."""
    raw = lines(training(3))
    for cut in range(0, len(raw), 7):
        assert render_report(story_of_bytes(raw[:cut]))


@pytest.mark.parametrize("raw", [b"", b"\n", b"\0" * 200_000, b"[" * 70_000 + b"\n", b"{}"])
def test_what_is_no_log_at_all_gives_a_report(raw: bytes) -> None:
    """And says so."""
    check(raw)


def _as_recorded(raw: bytes) -> list[tuple[int, str | None, list[str]]]:
    return [
        (
            line.number,
            _as_text(line.entry) if line.entry else None,
            [f"{each.field}: {each.reason}" for each in line.findings],
        )
        for line in read_lines("some", io.BytesIO(raw))
    ]


def _as_text(entry: LogEntry) -> str:
    fields = entry.model_dump() | {"timestamp": format_timestamp(entry.timestamp)}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def _as_rows(raw: bytes) -> list[tuple[int, str | None, list[str]]]:
    account = FileAccount(Path("some"))
    return [
        (
            row.number,
            json.dumps(row.fields, ensure_ascii=False, separators=(",", ":"))
            if row.fields
            else None,
            [f"{each.field}: {each.reason}" for each in row.findings],
        )
        for row in read_rows(account, io.BytesIO(raw))
    ]


ODD = [
    good(metrics_snapshot={"a": 2**70}),
    good(metrics_snapshot={"a": [1, {"b": 2**64}]}),
    good(metrics_snapshot=[1]),
    good(metrics_snapshot={"a": {"b": {}}}, reasoning='say "x": "y" '),
    good().replace(b'"auc": 0.9', b'"auc": 0.9, "auc": 1'),
    good().replace(b'"auc": 0.9', b'"auc": 0.9, "auc" : 1'),
    good().replace(b"0.9", b"1e999"),
    good().replace(b"0.9", b"NaN"),
    good(dataset="\ud800"),
    good(dataset="é\u2028"),
    good(dataset="é\u2028").decode("unicode_escape").encode(),
    good(timestamp="2025-02-30T10:42:11.123456Z"),
    good(timestamp=1),
    good(event="X"),
    good(event=[]),
    good(decision=1),
    b" " + good(),
    good()[:-2] + b',"x":1}\n',
    b"[1,2]\n",
    b"\xff\n",
    b"\n",
    b'{"a":' * 200 + b"1" + b"}" * 200 + b"\n",
    good(metrics_snapshot={"a": "x" * 66_000}),
    good(),
]


@pytest.mark.parametrize("raw", ODD, ids=range(len(ODD)))
def test_the_quick_reader_finds_what_the_strict_one_finds(raw: bytes) -> None:
    """Line by line, with the same words."""
    assert _as_rows(raw) == _as_recorded(raw)
    assert parse_row(raw[:-1], 1).findings == tuple(_findings(raw))


def _findings(raw: bytes) -> list[Any]:
    return [each for line in read_lines("some", io.BytesIO(raw)) for each in line.findings]


@settings(max_examples=100)
@given(st.data())
def test_the_two_readers_agree_on_damaged_files(data: st.DataObject) -> None:
    """Also where bytes were changed at random."""
    raw = bytearray(good() + good(timestamp="2025-01-31T00:00:00.000000Z", dataset="é") + good())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert _as_rows(bytes(raw)) == _as_recorded(bytes(raw))
