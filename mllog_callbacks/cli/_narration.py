"""Entries as a person reads them on a terminal: when, what, and below it why."""

from collections.abc import Callable
from typing import Any, Final

__all__ = ["storyteller"]

_STYLES: Final = {
    "TRAINING_STARTED": "bold cyan",
    "TRAINING_PROGRESS": "dim",
    "MODEL_EVALUATED": "bold blue",
    "TRAINING_COMPLETED": "bold green",
    "TRAINING_STOPPED": "bold green",
    "TRAINING_FAILED": "bold red",
    "ISSUE_DETECTED": "bold yellow",
}


def storyteller() -> Callable[[dict[str, Any]], None]:
    """A function that prints an entry, given as its seven fields."""
    from rich.console import Console  # noqa: PLC0415 - its import is most of a short command
    from rich.table import Table  # noqa: PLC0415 - likewise

    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich

    console = Console(highlight=False, markup=False, emoji=False)

    def record(fields: dict[str, Any]) -> None:
        what = Styled(fields["decision"] or "")
        if fields["reasoning"]:
            what.below(fields["reasoning"], "dim")
        row = Table.grid(padding=(0, 2), expand=True)
        row.add_column(no_wrap=True, style="dim")
        row.add_column(no_wrap=True, min_width=max(map(len, _STYLES)) + 1)
        row.add_column(ratio=1)
        event = fields["event"]
        row.add_row(
            Styled(fields["timestamp"][11:23]), Styled(event, _STYLES.get(event, "bold")), what
        )
        console.print(row)

    return record
