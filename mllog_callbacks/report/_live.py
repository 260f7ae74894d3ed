"""A view in a notebook that shows a training's story while it runs, in one output of its cell."""

import os
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self

from mllog_callbacks.files import session_of
from mllog_callbacks.reading import FileAccount, Followed, observe
from mllog_callbacks.reading.story import StoryBuilder, read_sidecar
from mllog_callbacks.recording import AuditLog, get_log, guarded
from mllog_callbacks.report._render import render_card

if TYPE_CHECKING:
    from mllog_callbacks.reading import Seen

__all__ = ["LiveView"]

_EVERY_S: Final = 0.5
_FLUSH_S: Final = 2.0
_SILENT_S: Final = 60.0


class LiveView:
    """Show the story of a log while it is written, in one output of the cell that runs.

    Reads what reaches the file in a thread of its own, at most twice a second: the training does
    not wait for it. The last state stays in the notebook.

    Args:
        log: The log, or its file; default `get_log()`.

    Raises:
        ImportError: IPython is missing: this is no notebook.

    Example:
        >>> with LiveView(log):
        ...     lgb.train(params, train, valid_sets=[valid], callbacks=[MLAuditCallback(log)])
    """

    def __init__(self, log: AuditLog | str | os.PathLike[str] | None = None) -> None:
        self._log = get_log() if log is None else log
        self._path = self._log.path if isinstance(self._log, AuditLog) else Path(self._log)
        session = session_of(self._path)
        self._builder = StoryBuilder(session, read_sidecar(self._path.parent, session))
        self._accounts: dict[Path, FileAccount] = {}
        self._followed = Followed([self._path])
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mllog-live-view", daemon=True)
        self._handle: Any = None
        self._shown_at = monotonic()

    def __enter__(self) -> Self:
        from IPython.display import display  # noqa: PLC0415 - only in a notebook

        self._look()
        self._handle = display(self._shown(), display_id=True)  # type: ignore[no-untyped-call] # IPython's own
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._finish()

    @guarded
    def _finish(self) -> None:
        if isinstance(self._log, AuditLog):
            self._log.flush(_FLUSH_S)
        if self._look():
            self._update()

    def _run(self) -> None:
        while not self._done.wait(_EVERY_S):
            self._show_new()

    @guarded
    def _show_new(self) -> None:
        if self._look() or self._is_due():
            self._update()

    def _is_due(self) -> bool:
        """Whether a minute passed without a line: that the training is silent is shown then."""
        return monotonic() - self._shown_at >= _SILENT_S

    def _look(self) -> bool:
        """Take what is new; says whether there was something."""
        seen = self._followed.new()
        for each in seen:
            self._take(each)
        return bool(seen)

    def _take(self, seen: "Seen") -> None:
        account = self._accounts.get(seen.path)
        if account is None:
            account = self._accounts[seen.path] = FileAccount(seen.path)
            self._builder.begin_file(account)
        row = seen.row._replace(number=account.lines + 1)
        account.take(row)
        self._builder.take(row)

    def _update(self) -> None:
        if self._handle is not None:  # without a front end there is none
            self._handle.update(self._shown())

    def _shown(self) -> Any:  # noqa: ANN401 - IPython's own
        from IPython.display import HTML  # noqa: PLC0415 - only in a notebook

        story = self._builder.story()
        observe([story])
        self._shown_at = monotonic()
        return HTML(render_card([story]))  # type: ignore[no-untyped-call] # IPython's own
