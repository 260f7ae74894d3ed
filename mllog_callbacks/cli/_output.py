"""Printing text that others wrote: what could command a terminal is shown as an escape.

Entries, names of files and messages of libraries may hold anything: escape sequences, line breaks
that begin a forged line, marks that turn the direction of text. Every command prints through here.
"""

import sys

import click

from mllog_callbacks.schema import plain, plain_json

__all__ = ["make_streams_robust", "say", "say_json", "say_lines"]


def say(text: object, *, err: bool = False, dim: bool = False) -> None:
    """Print one line.

    Args:
        text: The line.
        err: Whether to stderr.
        dim: Whether a terminal shows it dimmed.
    """
    click.secho(plain(text), err=err, dim=dim or None)


def say_lines(text: object, *, err: bool = False) -> None:
    """Print a text whose line breaks are its own, such as a parser's message.

    It may quote an entry: what follows the first line is indented, so that it begins no line.
    """
    for number, line in enumerate(str(text).splitlines()):
        say(f"  {line}".rstrip() if number else line, err=err)


def say_json(text: str) -> None:
    """Print JSON on one line; to a program it means the same."""
    click.echo(plain_json(text))


def make_streams_robust() -> None:
    """Have a narrow encoding of a stream show what it lacks as escapes, instead of raising."""
    for stream in sys.stdout, sys.stderr:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
