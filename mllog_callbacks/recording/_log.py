"""The log: takes entries from callers, and owns a session."""

import _thread
import contextvars
import copy
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from mllog_callbacks.exceptions import UnknownEventError
from mllog_callbacks.locks import ProcessLock
from mllog_callbacks.recording._context import Scope
from mllog_callbacks.recording._current import current
from mllog_callbacks.recording._guards import report_failure
from mllog_callbacks.recording._naming import checked_name, plain_name
from mllog_callbacks.recording._session import Session
from mllog_callbacks.schema import EventType, Level, encode, shown
from mllog_callbacks.sinks import SinkStats

__all__ = ["AuditLog", "get_log", "log_in"]

_EVENTS: Final = {event.value: event for event in EventType}


class AuditLog:
    """One session of an audit trail: takes entries, and writes them while the training goes on.

    Thread-safe. A forked child, and a copy unpickled in another process, go on in a session of
    their own. The log is closed when the process exits.

    Args:
        directory: Where the files are made; default `MLLOG_DIR`, or ``logs``.
        dataset: Name of the data set, for entries that name none, by the context neither; default
            `MLLOG_DATASET`.
        model: Name of the model, likewise; default `MLLOG_MODEL`.
        level: Least level recorded: ``"INFO"``, ``"DEBUG"``, ``"ERROR"``; default `MLLOG_LEVEL`,
            or ``"INFO"``.
        session: Name of the session, a part of the file's name; default `MLLOG_SESSION`, or a
            name made of start, host and process. Where it is taken, ``-2`` and so on is added.

    Raises:
        LogDirectoryError: The directory cannot be created or written.
        SettingsError: The level, the session's name or an environment variable cannot be used, or
            the key that should sign the log.
        TypeError: `dataset` or `model` is no name, but the data or the model itself.

    Example:
        >>> with AuditLog("logs", dataset="credit.v3") as log:
        ...     log.emit("DATASET_VALIDATED", decision="Accepted.", reasoning="No value missing.")
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        dataset: str | None = None,
        model: str | None = None,
        level: str | Level | None = None,
        session: str | None = None,
    ) -> None:
        names = checked_name(dataset, "dataset"), checked_name(model, "model")
        self._enter(Session(directory, level, session), *names)

    @classmethod
    def _of_process(cls) -> Self:
        """The default log: a signing key that cannot be used is a warning, and the log unsigned."""
        log = cls.__new__(cls)
        log._enter(Session(None, None, None, unsigned=True), None, None)  # noqa: SLF001 - our own
        return log

    def _enter(self, session: Session, dataset: str | None, model: str | None) -> None:
        self._session = session
        named_dataset, named_model = session.names
        self._dataset = named_dataset if dataset is None else dataset
        self._model = named_model if model is None else model
        self._bound: tuple[str | None, str | None] = (None, None)

    def emit(  # noqa: C901 - in one piece: it also runs where no further call can be made
        self,
        event: EventType | str,
        *,
        dataset: str | None = None,
        model: str | None = None,
        decision: str | None = None,
        reasoning: str | None = None,
        metrics_snapshot: Mapping[str, object] | None = None,
    ) -> None:
        """Record what happened. Returns at once: the disk is written later, by another process.

        Values are copied now. What JSON cannot hold is written as near as it can be, and the
        entry's reasoning says so.

        Args:
            event: One of the fifteen types, or its name.
            dataset: Name of the data set; default the one the log was bound to, that of the
                context (see `audit_context`), the log's. Of the data itself its type is recorded.
            model: Name of the model; default in the same order.
            decision: What was decided or done, and by whom or what.
            reasoning: On which evidence, with what consequence.
            metrics_snapshot: The numbers and settings behind it, by name.

        Raises:
            UnknownEventError: There is no such event type. Nothing else is raised.
        """
        session = self._session
        try:
            kind = event if type(event) is EventType else _event(event)
            if kind.level < session.level:
                return
            if session.closed:
                session.warn_closed()
            if (scope := current.get()) is not None:
                dataset, model = self._names_in(scope, dataset, model)
                metrics_snapshot = scope.snapshot(metrics_snapshot)
            dataset = self._dataset if dataset is None else plain_name(dataset)
            model = self._model if model is None else plain_name(model)
            line = encode(
                kind,
                dataset,
                model,
                decision,
                reasoning,
                metrics_snapshot,
                recursion_is_theirs=False,
            )
            sink = session.opened or session.sink
            sink.put(line)
        except UnknownEventError:
            raise
        except RecursionError:
            # Nothing here may make a call that needs a frame of Python: there may be none left
            try:
                done = _thread.allocate_lock()
                done.acquire()
                texts = (dataset, model, decision, reasoning, metrics_snapshot)
                run = contextvars.copy_context().run
                _thread.start_new_thread(run, (_emit_in_thread, self, event, texts, done))
                opened = session.opened
                # Else a handler interrupted `put`: the entry waits for that one to go on
                if opened is None or not opened.lock._is_owned():  # type: ignore[attr-defined]  # noqa: SLF001 - as of Condition
                    done.acquire(True, 1.0)  # noqa: FBT003 - by position: as its signature is
            except Exception:  # noqa: BLE001 - it is counted, and recorded as soon as that can be
                session.unrecorded = session.unrecorded + 1
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the training
            report_failure(error, "AuditLog.emit")
        else:  # apart: the entry is recorded, and nothing that fails here may record it again
            if kind.urgent or session.unrecorded:
                try:  # noqa: SIM105 - `suppress` would need frames itself
                    session.follow_up(urgent=kind.urgent)
                except RecursionError:  # the drainer looks by itself soon
                    pass

    def _emit_plainly(self, event: EventType | str, texts: tuple[Any, Any, Any, Any, Any]) -> None:
        """Record what `emit` had no stack for; the values that themselves recurse are noted."""
        kind = event if type(event) is EventType else _event(event)
        if kind.level < self.level:
            return
        dataset, model, decision, reasoning, snapshot = texts
        if (scope := current.get()) is not None:
            dataset, model = self._names_in(scope, dataset, model)
            snapshot = scope.snapshot(snapshot)
        dataset = self._dataset if dataset is None else plain_name(dataset)
        model = self._model if model is None else plain_name(model)
        line = encode(kind, dataset, model, decision, reasoning, snapshot)
        self._session.sink.put(line)
        self._session.follow_up(urgent=kind.urgent)

    def bind(self, *, dataset: str | None = None, model: str | None = None) -> Self:
        """Return this log with names that go before those of the context and its own defaults.

        Both write to the same session.
        """
        dataset, model = plain_name(dataset), plain_name(model)
        bound = copy.copy(self)
        bound._dataset = self._dataset if dataset is None else dataset  # noqa: SLF001 - our own
        bound._model = self._model if model is None else model  # noqa: SLF001 - our own
        was_dataset, was_model = self._bound
        bound._bound = (  # noqa: SLF001 - our own
            was_dataset if dataset is None else dataset,
            was_model if model is None else model,
        )
        return bound

    @property
    def dataset(self) -> str | None:
        """Name of the data set, for entries emitted here and now that name none."""
        scope = current.get()
        named = None if scope is None else self._names_in(scope, None, None)[0]
        return self._dataset if named is None else named

    @property
    def model(self) -> str | None:
        """Name of the model, for entries emitted here and now that name none."""
        scope = current.get()
        named = None if scope is None else self._names_in(scope, None, None)[1]
        return self._model if named is None else named

    def _names_in(
        self, scope: Scope, dataset: str | None, model: str | None
    ) -> tuple[str | None, str | None]:
        bound_dataset, bound_model = self._bound
        return scope.names(
            bound_dataset if dataset is None else dataset, bound_model if model is None else model
        )

    @property
    def level(self) -> Level:
        """The least level recorded."""
        return self._session.level

    @property
    def path(self) -> Path:
        """The file that is written now; a new one begins with each UTC day."""
        return self._session.sink.path

    @property
    def session(self) -> str:
        """The name of the session."""
        return self._session.sink.session

    def next_run(self) -> int:
        """Number a run of this session, from 1: its entries carry it in their snapshot as ``run``.

        Adapters and platform hooks number the runs that they record.
        """
        return next(self._session.runs)

    @property
    def stats(self) -> SinkStats:
        """How many entries were emitted, written, are pending, were dropped."""
        return self._session.stats

    @property
    def closed(self) -> bool:
        """Whether the log was closed."""
        return self._session.closed

    def flush(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds until all emitted so far is in the file.

        Returns:
            Whether it is there.
        """
        return self._session.sink.flush(timeout)

    def close(self) -> None:
        """Write what is pending, waiting at most 2 seconds for the disk; then take no more.

        Where the disk answered in that time, it has confirmed all entries, and nobody touches the
        directory any more: it may be removed.
        """
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: where the log is, and its last entries."""
        from mllog_callbacks.report import render_log  # noqa: PLC0415 - jinja2 is slow to import

        stats = self.stats
        counts = f"{stats.emitted:,} emitted, {stats.pending:,} pending, {stats.dropped:,} dropped"
        return render_log(self.path, self.session, counts)


_default: AuditLog | None = None
_default_lock: Final = ProcessLock()


def get_log() -> AuditLog:
    """Return the process's default log, made from the environment at first use.

    Raises:
        LogDirectoryError: Its directory cannot be created or written.
        SettingsError: An environment variable cannot be used.
    """
    global _default  # noqa: PLW0603 - the one default of the process
    with _default_lock:
        if _default is None or _default.closed:
            _default = AuditLog._of_process()  # noqa: SLF001 - our own
        return _default


_by_folder: dict[str, AuditLog] = {}


def log_in(directory: str | os.PathLike[str]) -> AuditLog:
    """Return the process's log in a directory, made at first use: one for all who name it.

    Args:
        directory: The directory, as `AuditLog` takes it.

    Raises:
        LogDirectoryError: It cannot be created or written.
        SettingsError: An environment variable cannot be used.
    """
    folder = os.path.abspath(directory)  # noqa: PTH100 - of bytes, too
    with _default_lock:
        found = _by_folder.get(folder)
        if found is None or found.closed:
            found = _by_folder[folder] = AuditLog(directory)
        return found


def _event(name: object) -> EventType:
    if isinstance(name, str):
        if (event := _EVENTS.get(name)) is not None:
            return event
        near = get_close_matches(name.upper(), list(EventType), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
    else:
        hint = f" Expected an EventType or its name, got {type(name).__name__}."
    msg = f"{shown(name)} is no event type.{hint} The types are: {', '.join(EventType)}."
    raise UnknownEventError(msg)


def _emit_in_thread(
    log: AuditLog,
    event: EventType | str,
    texts: tuple[Any, Any, Any, Any, Any],
    done: _thread.LockType,
) -> None:
    """Emit from a thread whose stack is empty, for one whose stack is full."""
    try:
        log._emit_plainly(event, texts)  # noqa: SLF001 - our own
    except UnknownEventError:  # its caller had no stack to learn of it
        pass
    except Exception as error:  # noqa: BLE001 - nothing of ours may reach the training
        report_failure(error, "AuditLog.emit")
    finally:
        done.release()
