"""The loggers that `benchmarks.sink` measures, each as one function that logs the same entry."""

import json
import logging
import logging.handlers
import os
import queue
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

__all__ = ["METRICS", "PEERS", "REASONING", "Logger"]

METRICS = {
    "train_loss": 0.2345678912,
    "valid_loss": 0.3456789123,
    "learning_rate": 0.05,
    "iteration": 137,
    "gain": 12.125,
    "leaves": 31,
    "best_iteration": 87,
    "best_score": 0.09123,
}
REASONING = (
    "valid_0 binary_logloss last improved at iteration 137 (0.0912); 13 of 50 iterations without "
    "improvement."
)


@dataclass
class Logger:
    """A logger that is ready.

    Attributes:
        emit: Log the entry.
        finish: Wait until all is in the file.
        helper: The process that writes for it; 0 where there is none.
        close: Let go of the file; else ours would be made again where its folder is removed.
    """

    emit: Callable[[], object]
    finish: Callable[[], object]
    helper: Callable[[], int] = lambda: 0
    close: Callable[[], object] = lambda: None


def _entry() -> dict[str, object]:
    return {
        "timestamp": datetime.now(UTC).isoformat(),
        "event": "TRAINING_PROGRESS",
        "dataset": "credit.v3",
        "model": "LGBMClassifier",
        "decision": None,
        "reasoning": REASONING,
        "metrics_snapshot": METRICS,
    }


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat()
        return json.dumps({"timestamp": stamp, **record.__dict__["entry"]})


_FIELDS = {name: value for name, value in _entry().items() if name != "timestamp"}


def deque_append(_: Path) -> Logger:
    """The floor of what a call can cost: nothing is written."""
    kept: deque[object] = deque(maxlen=100_000)
    return Logger(lambda: kept.append(METRICS), kept.clear)


def os_write(directory: Path) -> Logger:
    """The floor of what writing can cost: bytes that were made before."""
    line = json.dumps(_entry()).encode() + b"\n"
    file = os.open(directory / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    return Logger(lambda: os.write(file, line), lambda: None)


def direct_write(directory: Path) -> Logger:
    """Make the line and write it, in the calling thread and with nothing around it."""
    file = os.open(directory / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    return Logger(
        lambda: os.write(file, json.dumps(_entry()).encode() + b"\n"),
        lambda: None,
    )


def mllog_callbacks(directory: Path) -> Logger:
    """This package."""
    from mllog_callbacks import AuditLog, EventType  # noqa: PLC0415 - each peer is optional
    from mllog_callbacks.sinks.spool._control import Control  # noqa: PLC0415 - as above

    log = AuditLog(directory, dataset="credit.v3", model="LGBMClassifier")
    event, emit = EventType.TRAINING_PROGRESS, log.emit
    sink = log._session.sink  # noqa: SLF001 - to count its helper's time as well
    place = getattr(sink, "place", None)
    return Logger(
        lambda: emit(event, reasoning=REASONING, metrics_snapshot=METRICS),
        log.flush,
        lambda: Control(place.folder).pid if place else 0,
        log.close,
    )


def _logger(handler: logging.Handler) -> logging.Logger:
    logger = logging.getLogger(f"benchmark.{id(handler)}")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return logger


def stdlib_file(directory: Path) -> Logger:
    """The standard library's FileHandler with JSON."""
    handler = logging.FileHandler(directory / "log")
    handler.setFormatter(_Json())
    logger = _logger(handler)
    return Logger(lambda: logger.info("entry", extra={"entry": _FIELDS}), handler.flush)


def stdlib_queue(directory: Path) -> Logger:
    """The standard library's QueueHandler and QueueListener with JSON."""
    target = logging.FileHandler(directory / "log")
    target.setFormatter(_Json())
    entries: queue.Queue[object] = queue.Queue()
    handler = logging.handlers.QueueHandler(entries)
    listener = logging.handlers.QueueListener(entries, target)
    listener.start()
    logger = _logger(handler)
    return Logger(lambda: logger.info("entry", extra={"entry": _FIELDS}), entries.join)


def loguru(directory: Path) -> Logger:
    """Loguru, in the calling thread."""
    return _loguru(directory, enqueue=False)


def loguru_enqueue(directory: Path) -> Logger:
    """Loguru, through its queue."""
    return _loguru(directory, enqueue=True)


def _loguru(directory: Path, *, enqueue: bool) -> Logger:
    from loguru import logger  # noqa: PLC0415 - optional

    with suppress(ValueError):
        logger.remove(0)  # the one that writes to the terminal
    name = str(directory)
    logger.add(
        directory / "log",
        serialize=True,
        enqueue=enqueue,
        filter=lambda record: record["extra"].get("to") == name,
    )
    bound = logger.bind(to=name, **_FIELDS)
    return Logger(lambda: bound.info("entry"), logger.complete)


def structlog(directory: Path) -> Logger:
    """Structlog on bytes, with orjson: its fastest way."""
    import orjson  # noqa: PLC0415 - optional
    import structlog as library  # noqa: PLC0415 - optional

    stream = (directory / "log").open("ab")
    logger = library.wrap_logger(
        library.BytesLogger(stream),
        processors=[  # as its documentation has it under "Performance"
            library.contextvars.merge_contextvars,
            library.processors.add_log_level,
            library.processors.format_exc_info,
            library.processors.TimeStamper(fmt="iso", utc=True),
            library.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=library.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    ).bind()
    fields = {name: value for name, value in _FIELDS.items() if name != "event"}
    return Logger(lambda: logger.info("TRAINING_PROGRESS", **fields), stream.flush)


def opentelemetry(directory: Path) -> Logger:
    """OpenTelemetry's batch processor for logs, with its JSON exporter."""
    logs = import_module("opentelemetry.sdk._logs")  # optional, and not typed
    export = import_module("opentelemetry.sdk._logs.export")
    provider = logs.LoggerProvider()
    exporter = export.ConsoleLogExporter(out=(directory / "log").open("a"))
    provider.add_log_record_processor(export.BatchLogRecordProcessor(exporter))
    logger = _logger(logs.LoggingHandler(logger_provider=provider))
    flat = {f"field.{name}": value for name, value in METRICS.items()}
    return Logger(lambda: logger.info(REASONING, extra=flat), provider.force_flush)


PEERS: dict[str, Callable[[Path], Logger]] = {
    "floor: deque append": deque_append,
    "floor: os.write": os_write,
    "mllog-callbacks": mllog_callbacks,
    "json + os.write": direct_write,
    "structlog on bytes": structlog,
    "stdlib FileHandler": stdlib_file,
    "stdlib QueueHandler": stdlib_queue,
    "loguru": loguru,
    "loguru, enqueue": loguru_enqueue,
    "OpenTelemetry batch": opentelemetry,
}
