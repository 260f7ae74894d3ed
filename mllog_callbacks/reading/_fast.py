"""Reading a trail quickly: each line as plain values, checked as strictly as the reader does.

What is beyond doubt is taken on a short way; anything else goes the reader's own way, which finds
what is wrong with it. A line costs a third of what a `LogEntry` does.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, TypeAlias

from pydantic_core import from_json

from mllog_callbacks.files import open_stream
from mllog_callbacks.schema import (
    HARD_CAP,
    EventType,
    Finding,
    as_written,
    format_timestamp,
    parse_timestamp,
)
from mllog_callbacks.sinks import recover

if TYPE_CHECKING:
    from mllog_callbacks.schema import LogEntry

__all__ = ["FileAccount", "Row", "parse_row", "read_rows"]

Fields: TypeAlias = dict[str, Any]

_NAMES: Final = [
    "timestamp",
    "event",
    "dataset",
    "model",
    "decision",
    "reasoning",
    "metrics_snapshot",
]
_EVENTS: Final = frozenset(EventType)
_DEPTH: Final = 100
_FINDINGS_KEPT: Final = 50
_CHUNK: Final = 1 << 18
_as_written: Final = as_written()
_LINE_BREAKS: Final = tuple(char.encode() for char in "\x85\u2028\u2029")


class Row(NamedTuple):
    """One line of a file.

    Attributes:
        number: The line's number, from 1.
        fields: The seven fields; None where the line is no entry.
        findings: What is wrong with it; an entry may be out of order and still be one.
        unfinished: Whether its newline is missing.
    """

    number: int
    fields: Fields | None
    findings: tuple[Finding, ...] = ()
    unfinished: bool = False


@dataclass(slots=True)
class FileAccount:
    """What reading a file has shown of it.

    Attributes:
        path: The file.
        lines: Its lines, the unfinished one included.
        entries: How many of them are entries.
        bytes: Its size, as far as it was read.
        bad_lines: How many lines are no entries, the unfinished one left out.
        disordered: How many entries are not later than the one before.
        unfinished: Whether its last line has no newline.
        first: Timestamp of its first entry.
        last: Timestamp of its last entry.
        findings: The first 50 findings, with the numbers of their lines.
        sha256: Hash of what was read, in hexadecimal.
        error: Why it could not be read to its end; None where it could.
    """

    path: Path
    lines: int = 0
    entries: int = 0
    bytes: int = 0
    bad_lines: int = 0
    disordered: int = 0
    unfinished: bool = False
    first: str | None = None
    last: str | None = None
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    sha256: str = ""
    error: str | None = None

    @property
    def name(self) -> str:
        """The file's name, as text that any output takes."""
        name = self.path.name.encode("utf-8", "replace").decode()
        return "standard input" if name == "-" else name

    def take(self, row: Row) -> None:
        """Count a line."""
        self.lines += 1
        if row.fields is not None:
            self.entries += 1
            self.last = row.fields["timestamp"]
            self.first = self.first or self.last
        elif not row.unfinished:
            self.bad_lines += 1
        if not row.findings:
            return
        self.disordered += row.fields is not None and row.findings[-1].field == "timestamp"
        for finding in row.findings[: _FINDINGS_KEPT - len(self.findings)]:
            self.findings.append((row.number, finding))


def read_rows(
    account: FileAccount, stream: BinaryIO | None = None, *, complete: bool = True
) -> Iterator[Row]:
    """Read the file of an account line by line, and keep the account.

    Args:
        account: Of the file; it is complete when the iterator is exhausted.
        stream: What is read instead of the file.
        complete: Whether what killed sessions left is written to the files of its folder first.

    Where the file cannot be read, or not to its end, the account says so; nothing is raised.
    """
    digest = hashlib.sha256()
    try:
        with ExitStack() as stack:
            if stream is None:
                if complete:
                    recover(account.path.parent)
                stream = stack.enter_context(open_stream(account.path))
            yield from _rows(stream, account, digest.update)
    except OSError as error:
        account.error = error.strerror or str(error)
    account.sha256 = digest.hexdigest()


def _rows(
    stream: BinaryIO, account: FileAccount, hashed: Callable[[bytes], object]
) -> Iterator[Row]:
    last, number = "", 0
    for number, (raw, size) in enumerate(_lines(stream, account, hashed), 1):
        row = parse_row(raw, number, size)
        if row.fields is not None:
            stamp = row.fields["timestamp"]
            if stamp <= last:
                late = Finding("timestamp", "not later than that of the entry before")
                row = row._replace(findings=(*row.findings, late))
            last = stamp
        account.take(row)
        yield row
    if account.unfinished:
        unfinished = Finding("line", "unfinished: it has no newline at its end")
        row = Row(number + 1, None, (unfinished,), unfinished=True)
        account.take(row)
        yield row


def _lines(
    stream: BinaryIO, account: FileAccount, hashed: Callable[[bytes], object]
) -> Iterator[tuple[bytes, int]]:
    """Lines without their newlines, and their sizes; of one beyond the cap the last part."""
    rest, dropped = b"", 0
    while chunk := stream.read(_CHUNK):
        hashed(chunk)
        account.bytes += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line, dropped + len(line) + 1
            dropped = 0
        if len(rest) > HARD_CAP:
            dropped += len(rest) - HARD_CAP
            rest = rest[-HARD_CAP:]
    account.unfinished = bool(rest)


def parse_row(raw: bytes, number: int, size: int | None = None) -> Row:
    """Read one line; whatever it holds, this raises nothing.

    Args:
        raw: The line without its newline; of one beyond 64 KiB the last part will do.
        number: Its number, from 1.
        size: Its size in bytes with the newline, where `raw` is only its last part.
    """
    size = size or len(raw) + 1
    fields = _quickly(raw) if size <= HARD_CAP else None
    if fields is not None:
        return Row(number, fields)
    from mllog_callbacks.reading._strict import check_line  # noqa: PLC0415 - pydantic, for doubtful lines only

    entry, findings = check_line(raw + b"\n", size)
    if entry is None:
        return Row(number, None, tuple(findings))
    return Row(number, _plain(entry), tuple(findings))


def _plain(entry: "LogEntry") -> Fields:
    """An entry's fields; a lone surrogate, which no output takes, becomes a question mark."""
    fields = entry.model_dump()
    fields["timestamp"] = format_timestamp(entry.timestamp)
    fields["event"] = entry.event.value
    text = json.dumps(fields, ensure_ascii=False)
    plain: Fields = json.loads(text.encode("utf-8", "replace"))
    return plain


def _quickly(raw: bytes) -> Fields | None:
    """The fields of a line that is certainly an entry; None of any other."""
    # Not judged here: escapes, among them surrogates; odd line breaks
    if b"\\u" in raw or b"\r" in raw:
        return None
    if not raw.isascii() and any(each in raw for each in _LINE_BREAKS):
        return None
    try:
        if raw.count(b"{") + raw.count(b"[") < _DEPTH:
            return _checked(_as_written(raw))
    except (TypeError, ValueError, RecursionError):
        pass  # it may be written another way
    return _otherwise(raw)


def _otherwise(raw: bytes) -> Fields | None:
    """The same of a line that may be nested deeply, or written in another way than ours."""
    if b'" ' in raw or b'"\t' in raw:  # spaces before a colon: names could not be counted
        return None
    try:
        fields = _checked(from_json(raw, allow_inf_nan=False))
        if fields is None:
            return None
        names = len(_NAMES) + _count_names(fields["metrics_snapshot"] or {}, 1)
        return fields if names == raw.count(b'":') else None
    except (TypeError, ValueError, RecursionError):
        return None


def _checked(fields: Any) -> Fields | None:  # noqa: ANN401 - any value of JSON
    """The seven fields, where a value is an object of them, each of its type; else None.

    Raises:
        ValueError: The timestamp is none.
        TypeError: Likewise.
    """
    if type(fields) is not dict or list(fields) != _NAMES or fields["event"] not in _EVENTS:
        return None
    stamp, _, dataset, model, decision, reasoning, snapshot = fields.values()
    for text in (dataset, model, decision, reasoning):
        if text is not None and type(text) is not str:
            return None
    parse_timestamp(stamp)
    return fields if snapshot is None or type(snapshot) is dict else None


def _count_names(value: dict[str, Any] | list[Any], depth: int) -> int:
    """How many names objects hold: one less than in the text where one occurs twice.

    Raises:
        ValueError: A number is beyond what every reader takes, or the nesting too deep.
    """
    if depth > _DEPTH:
        raise ValueError
    named = isinstance(value, dict)
    count = len(value) if named else 0
    items: Iterable[Any] = value.values() if isinstance(value, dict) else value
    for item in items:
        kind = type(item)
        if kind is float:
            if not isfinite(item):
                raise ValueError
        elif kind is int:
            if not -(2**63) <= item < 2**63:
                raise ValueError
        elif kind is dict or kind is list:
            count += _count_names(item, depth + 1)
    return count
