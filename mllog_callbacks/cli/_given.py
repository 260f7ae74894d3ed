"""Texts that are given as files: statements, proofs and anchors."""

import io
import sys
from collections.abc import Iterator
from typing import Final, TextIO

import click

from mllog_callbacks.cli._paths import STDIN
from mllog_callbacks.files import open_given

__all__ = ["limited_lines", "limited_text", "text_file"]

_LONGEST: Final = 1 << 17
"""Characters of a line that are read; an anchor has some 400, the lines of logs at most 65,536."""

_LARGEST: Final = 1 << 24
"""Characters of a text that are read; a statement has some 100,000 for each run."""


def text_file(path: str) -> TextIO:
    """Open a file of text, or - for standard input; a FIFO that nobody writes to is empty.

    It is closed with the command's context.

    Raises:
        click.BadParameter: It cannot be opened.
    """
    if path == STDIN:
        return sys.stdin
    try:
        stream = io.TextIOWrapper(open_given(path), encoding="utf-8")
    except OSError as error:
        msg = f"{path!r}: {error.strerror}"
        raise click.BadParameter(msg) from None
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(stream.close)
    return stream


def limited_text(stream: TextIO) -> str:
    """The text of a file; of a longer one than any statement the begin."""
    return stream.read(_LARGEST)


def limited_lines(stream: TextIO) -> Iterator[str]:
    """The lines of a file; of a longer one than any anchor a part, which is none."""
    return iter(lambda: stream.readline(_LONGEST), "")
