"""Styled text for a terminal, made of what others wrote: see `_output`. Loads rich."""

from typing import Self

from rich.text import Text

from mllog_callbacks.schema import plain

__all__ = ["Styled"]


class Styled(Text):
    """A text on one line, in which nothing commands the terminal.

    Args:
        text: The text.
        style: Its style, as rich names it.
    """

    def __init__(self, text: object = "", style: str = "") -> None:
        super().__init__(plain(text), style)

    def below(self, text: object, style: str = "") -> Self:
        """Add a line below."""
        super().append("\n" + plain(text), style)
        return self
