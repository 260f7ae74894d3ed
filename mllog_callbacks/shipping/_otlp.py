"""A live mirror of logs by OTLP, the protocol of OpenTelemetry: an entry is one log record.

It follows the files, as `tail -F` does, in a process of its own: nothing that befalls it, or the
receiver, reaches a training or its log. The files are the record; what the mirror had to drop is
counted, and `mllog reconcile` names it.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time_ns
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from mllog_callbacks._version import __version__
from mllog_callbacks.files import (
    LOGS,
    UnsafeFileError,
    file_order,
    open_stream,
    replace_file,
    session_of,
)
from mllog_callbacks.integrity import Session
from mllog_callbacks.schema import parse_timestamp

__all__ = ["Mirror", "Mirrored"]

_BATCH: Final = 262_144  # bytes of lines in one request
_SCOPE: Final = InstrumentationScope("mllog_callbacks", __version__)
_ERRORS: Final = frozenset({"TRAINING_FAILED", "ISSUE_DETECTED"})

_logger = logging.getLogger("mllog_callbacks")


@dataclass(slots=True)
class Mirrored:
    """What became of the entries so far.

    Attributes:
        sent: Entries the receiver confirmed.
        dropped: Entries given up, as it had not confirmed them for too long, or refused.
    """

    sent: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Place:
    """How far a file was sent.

    Attributes:
        offset: Its bytes up to there.
        sequence: The lines of its session up to there.
        skipped: Bytes read of a line that is longer than a request.
    """

    offset: int
    sequence: int
    skipped: int = 0


class Mirror:
    """Sends the entries of a folder's logs, each once it is complete; used by one thread.

    An entry may arrive twice: where the receiver took a batch and could not say so.

    Args:
        directory: The folder; all below it is sent too.
        exporter: What sends, such as OpenTelemetry's `OTLPLogExporter`.
        give_up_s: Seconds without any success after which a batch is dropped and counted.
        state: A file that keeps how far was sent, for a mirror that is started again.

    Attributes:
        stats: What became of the entries so far.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        exporter: LogRecordExporter,
        *,
        give_up_s: float = 600.0,
        state: str | os.PathLike[str] | None = None,
    ) -> None:
        self.stats = Mirrored()
        self._directory = Path(directory)
        self._exporter = exporter
        self._give_up_s = give_up_s
        self._state = None if state is None else Path(state)
        self._places = self._load()
        self._failing = 0.0  # since when

    def send_new(self) -> bool:
        """Send what was written since; say whether all of it got there or was given up.

        Raises:
            OSError: The folder cannot be read.
        """
        complete = True
        for file in sorted(self._directory.rglob(LOGS), key=file_order):
            with suppress(FileNotFoundError, UnsafeFileError):  # it is pruned now, or no log
                while complete and (lines := self._next_lines(file)):
                    complete = self._send(file, lines)
        return complete

    def _next_lines(self, file: Path) -> list[bytes]:
        place = self._place(file)
        with open_stream(file) as stream:
            while True:
                stream.seek(place.offset + place.skipped)
                data = stream.read(_BATCH)
                end = data.rfind(b"\n")
                if end >= 0 and not place.skipped:
                    return [line + b"\n" for line in data[:end].split(b"\n")]
                if end < 0 and len(data) < _BATCH:  # it is being written
                    return []
                if end < 0:
                    place.skipped += len(data)
                else:
                    self._leave_out(file, place, data.find(b"\n") + 1)

    def _leave_out(self, file: Path, place: _Place, rest: int) -> None:
        """Give up a line that is longer than a request, and than any entry."""
        self.stats.dropped += 1
        _logger.warning("%s: a line of %d bytes is not sent", file, place.skipped + rest)
        place.offset, place.skipped = place.offset + place.skipped + rest, 0
        place.sequence += 1

    def _place(self, file: Path) -> _Place:
        found = self._places.get(str(file))
        if found is None:
            session = session_of(file)
            before = (
                place.sequence
                for name, place in self._places.items()
                if Path(name).parent == file.parent and session_of(Path(name)) == session
            )
            found = self._places[str(file)] = _Place(0, max(before, default=0))
        return found

    def _send(self, file: Path, lines: list[bytes]) -> bool:
        """Send lines; say whether they are done with."""
        place = self._places[str(file)]
        records = list(_records(file, lines, place.sequence))
        if self._exporter.export(records) == LogRecordExportResult.SUCCESS:
            self.stats.sent += len(lines)
            self._failing = 0.0
        else:
            now = monotonic()
            self._failing = self._failing or now
            if now - self._failing < self._give_up_s:
                return False
            self.stats.dropped += len(lines)
            _logger.warning("%s: %d entries could not be sent", file, len(lines))
        place.offset += sum(map(len, lines))
        place.sequence += len(lines)
        self._save()
        return True

    def _load(self) -> dict[str, _Place]:
        if self._state is None or not self._state.exists():
            return {}
        return {name: _Place(*place) for name, place in json.loads(self._state.read_text()).items()}

    def _save(self) -> None:
        if self._state is None:
            return
        places = {name: (each.offset, each.sequence) for name, each in self._places.items()}
        replace_file(self._state, json.dumps(places).encode())


def _records(file: Path, lines: list[bytes], sequence: int) -> Iterator[ReadableLogRecord]:
    session = session_of(file)
    facts = Session(file.parent, session).facts()
    about = {
        "service.name": "mllog",
        "host.name": facts.get("host"),
        "process.pid": facts.get("pid"),
    }
    resource = Resource({name: value for name, value in about.items() if value is not None})
    fixed = {"mllog.session": session, "log.file.name": file.name}
    for name in ("rank", "parent", "job"):
        if facts.get(name) is not None:
            fixed[f"mllog.{name}"] = facts[name]
    for number, line in enumerate(lines, sequence):
        record = _record(line, {**fixed, "mllog.sequence": number})
        yield ReadableLogRecord(record, resource, _SCOPE)


def _record(line: bytes, attributes: dict[str, Any]) -> LogRecord:
    """A line as a log record: its body is the line itself."""
    text = line.rstrip(b"\n").decode("utf-8", "replace")
    entry: dict[str, Any] = {}
    with suppress(ValueError, RecursionError):
        parsed = json.loads(text)
        entry = parsed if isinstance(parsed, dict) else {}
    event = entry.get("event")
    error = isinstance(event, str) and event in _ERRORS
    with suppress(ValueError, TypeError):
        attributes |= {k: entry[k] for k in ("dataset", "model") if isinstance(entry.get(k), str)}
    return LogRecord(
        timestamp=_nanoseconds(entry.get("timestamp")),
        observed_timestamp=time_ns(),
        severity_number=SeverityNumber.ERROR if error else SeverityNumber.INFO,
        severity_text="ERROR" if error else "INFO",
        body=text,
        attributes=attributes,
        event_name=event if isinstance(event, str) else None,
    )


def _nanoseconds(timestamp: object) -> int | None:
    try:
        moment = parse_timestamp(str(timestamp))
    except ValueError:
        return None
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000
