"""Reading a trail back: lines, what is wrong with them, and the entries they hold."""

import json
import logging
import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mllog_callbacks.exceptions import InvalidEntryError
from mllog_callbacks.files import open_stream
from mllog_callbacks.schema import HARD_CAP, Finding, LogEntry
from mllog_callbacks.sinks import find_logs, recover

__all__ = ["Finding", "Line", "check_line", "find_logs", "read_entries", "read_lines"]

_logger = logging.getLogger("mllog_callbacks")
_FIELDS: Final = list(LogEntry.model_fields)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LINE_BREAKS: Final = tuple(char.encode() for char in "\r\x85\u2028\u2029")
_PLAIN: Final = re.compile(r"[\w.-]{1,60}")
_DEPTH: Final = 100  # DuckDB takes 128
_TOO_DEEP: Final = f"nested deeper than {_DEPTH} levels"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        path: The file.
        number: The line's number, from 1.
        entry: What it holds; None where it is no entry.
        findings: What is wrong with it.
        unfinished: Whether its newline is missing: it is being written, or its writer was killed.
    """

    path: Path
    number: int
    entry: LogEntry | None
    findings: tuple[Finding, ...]
    unfinished: bool = False


def read_lines(
    path: str | os.PathLike[str], stream: BinaryIO | None = None, *, complete: bool = True
) -> Iterator[Line]:
    """Read a file line by line, with what is wrong with each; of a line, 64 KiB are held at most.

    Args:
        path: The file.
        stream: What is read in its stead, such as ``sys.stdin.buffer``; `path` then is its name.
        complete: Whether what killed sessions left is written to the files of its folder first:
            once is enough for all of them.

    Raises:
        OSError: The file cannot be read.
    """
    file = Path(path)
    with ExitStack() as stack:
        if stream is None and complete:
            recover(file.parent)
        source = stack.enter_context(open_stream(file)) if stream is None else stream
        last: datetime | None = None
        for number, (raw, size) in enumerate(_raw_lines(source), 1):
            if not raw.endswith(b"\n"):
                unfinished = Finding("line", "unfinished: it has no newline at its end")
                yield Line(file, number, None, (unfinished,), unfinished=True)
                return
            entry, findings = check_line(raw, size)
            if entry is not None:
                findings += _check_order(entry.timestamp, last)
                last = entry.timestamp
            yield Line(file, number, entry, tuple(findings))


def read_entries(path: str | os.PathLike[str]) -> Iterator[LogEntry]:
    """Read the entries of a file, or of all files of a directory in the order of their names.

    A last line without its newline is left out, with a warning: it is being written just now, or
    its writer was killed.

    Raises:
        FileNotFoundError: There is no such path.
        InvalidEntryError: A line is not an entry; `mllog validate` lists all such lines.
    """
    completed: set[Path] = set()
    for file in find_logs(path):
        complete = file.parent not in completed
        completed.add(file.parent)
        for line in read_lines(file, complete=complete):
            if line.unfinished:
                _logger.warning("%s:%d: the last line is unfinished", file, line.number)
            elif line.findings:
                finding = line.findings[0]
                raise InvalidEntryError(file, line.number, finding.field, finding.reason)
            elif line.entry is not None:
                yield line.entry


def _raw_lines(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Lines and their sizes; of one beyond the cap, such as a hole of zeros, the last part."""
    while raw := stream.readline(HARD_CAP + 1):
        size = len(raw)
        while len(raw) > HARD_CAP and not raw.endswith(b"\n"):
            rest = stream.readline(HARD_CAP + 1)
            if not rest:
                break
            size += len(rest)
            raw = rest
        yield raw, size


def check_line(raw: bytes, size: int) -> tuple[LogEntry | None, list[Finding]]:
    """Hold one complete line against the schema and against what all readers take."""
    if size > HARD_CAP:
        return None, [Finding("line", f"{size:,} bytes long; at most {HARD_CAP:,} are allowed")]
    try:
        fields = _loads(raw.decode())
        _check_depth(raw, fields)
        entry = LogEntry.model_validate(fields)
    except ValidationError as error:
        return None, [_finding(each) for each in error.errors(include_url=False)]
    except UnicodeDecodeError as error:
        return None, [Finding("line", f"not UTF-8 at byte {error.start}")]
    except json.JSONDecodeError as error:
        return None, [Finding("line", f"not a JSON object: {error.msg} at column {error.colno}")]
    except RecursionError:
        return None, [Finding("line", _TOO_DEEP)]
    except ValueError as error:
        return None, [Finding("line", f"not strict JSON: {error}")]
    return entry, [*_check_form(raw, fields)]


def _check_depth(raw: bytes, fields: object) -> None:
    if raw.count(b"[") + raw.count(b"{") <= _DEPTH:
        return
    level, depth = [fields], 0
    while level:
        if depth > _DEPTH:
            raise ValueError(_TOO_DEEP)
        level, depth = [child for each in level for child in _children(each)], depth + 1


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_form(raw: bytes, fields: dict[str, object]) -> Iterator[Finding]:
    if list(fields) != _FIELDS:
        yield Finding("line", f"fields in another order than {', '.join(_FIELDS)}")
    if b"\\ud" in raw.lower() and _SURROGATE.search(json.dumps(fields, ensure_ascii=False)):
        yield Finding("line", "holds a lone surrogate, which is not Unicode text")
    if any(char in raw for char in _LINE_BREAKS):
        yield Finding("line", "holds an unescaped line break: U+000D, U+0085, U+2028 or U+2029")


def _check_order(timestamp: datetime, last: datetime | None) -> list[Finding]:
    if last is None or timestamp > last:
        return []
    return [Finding("timestamp", "not later than that of the entry before")]


def _finding(error: ErrorDetails) -> Finding:
    where = ".".join(map(str, error["loc"])) or "line"
    if not _PLAIN.fullmatch(where):  # a name of any text: it may not break the finding's own line
        where = ascii(where[:60])
    if error["type"] == "missing":
        return Finding(where, "missing; all seven fields are always there, null where unknown")
    if error["type"] == "extra_forbidden":
        return Finding(where, f"not a field of an entry; these are {', '.join(_FIELDS)}")
    if error["type"] == "value_error":  # our own, which shows what it found
        return Finding(where, error["msg"].removeprefix("Value error, "))
    found = repr(error["input"])
    shown = found if len(found) <= 60 else found[:60] + "…"  # noqa: PLR2004 - fits a terminal
    return Finding(where, f"{error['msg']}; found {shown}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        msg = f"the name {next(each for each in names if names.count(each) > 1)!r} occurs twice"
        raise ValueError(msg)
    return result


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= 20 else None  # noqa: PLR2004 - 64 bits have 19
    if number is None or not -(2**63) <= number < 2**63:
        msg = f"the integer {digits[:30]} is beyond 64 bits"
        raise ValueError(msg)
    return number


def _real(digits: str) -> float:
    if math.isfinite(number := float(digits)):
        return number
    msg = f"the number {digits[:30]} is beyond the range of floats"
    raise ValueError(msg)


def _constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON value"
    raise ValueError(msg)


_loads: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_real,
    parse_constant=_constant,
).decode
