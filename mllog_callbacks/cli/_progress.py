"""How far a command is: shown on a terminal's stderr, once it takes over a second."""

import sys
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Status"]

_QUIET_S: Final = 1.0
_EVERY_S: Final = 0.1


class Status:
    """One line that replaces itself and is gone at the end; nothing where stderr is no terminal.

    It leaves stdout alone: what is printed there passes unchanged.
    """

    def __init__(self) -> None:
        self._due = time.monotonic() + _QUIET_S if sys.stderr.isatty() else float("inf")
        self._shown: Progress | None = None

    def show(self, text: str, share: float | None = None) -> None:
        """Show `text`, and a bar; cheap enough to be called often, as most calls show nothing.

        Args:
            text: What is being done.
            share: How much of it is done, from 0 to 1; None where that is not known.
        """
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _EVERY_S
        if self._shown is None:
            self._shown = _start()
        total = None if share is None else 1.0
        task = self._shown.task_ids[0]
        self._shown.update(task, description=text, total=total, completed=share or 0.0)

    def stop(self) -> None:
        """Take the line away for good: somebody else writes to the terminal now."""
        self._due = float("inf")
        if self._shown is not None:
            self._shown.stop()
            self._shown = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _start() -> "Progress":
    from rich.console import Console  # noqa: PLC0415 - its import is most of a short command
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - likewise

    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    progress.add_task("", total=None)
    progress.start()
    return progress
