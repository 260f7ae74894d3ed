"""From when on entries are shown, and up to where they were shown before."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from mllog_callbacks.files import read_regular, replace_file

__all__ = ["Cursor", "Since"]

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO: Final = re.compile(rf"(\d+)([{''.join(_UNITS)}])")
_LARGEST: Final = 1 << 24  # bytes of a cursor's file


class Since(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3 alone
    """A time: ISO 8601, UTC unless it says otherwise, or so long ago, as in 90s, 15m, 2h or 3d."""

    name = "TIME"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """The time as entries have it."""
        from mllog_callbacks.schema import format_timestamp  # noqa: PLC0415 - loads pydantic: slow

        text = str(value)
        if found := _AGO.fullmatch(text):
            ago = timedelta(**{_UNITS[found[2]]: int(found[1])})
            return format_timestamp(datetime.now(UTC) - ago)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{text!r} is neither a time, such as 2026-11-30T14:05, nor as 15m", param, ctx
            )
        return format_timestamp((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))


class Cursor:
    """A file that keeps up to where logs were shown.

    Args:
        path: The file; it need not exist yet.

    Attributes:
        positions: Where the last line shown ends in each log, by its absolute path.

    Raises:
        click.BadParameter: The file is no cursor.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.positions: dict[str, int] = {}
        try:
            found = json.loads(read_regular(self._path, _LARGEST))["positions"]
            self.positions = {str(name): int(end) for name, end in found.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"{path} is no cursor of mllog tail"
            raise click.BadParameter(msg, param_hint="--cursor") from error

    def keep(self, positions: dict[str, int]) -> None:
        """Keep up to where logs were shown.

        Raises:
            OSError: The file cannot be written.
        """
        if positions != self.positions:
            self.positions = dict(positions)
            replace_file(self._path, json.dumps({"positions": positions}).encode())
