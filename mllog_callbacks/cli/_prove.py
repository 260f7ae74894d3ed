"""`mllog prove`: the proof that one entry is in a log."""

from pathlib import Path

import click

from mllog_callbacks.cli._objects import json_option
from mllog_callbacks.cli._output import say, say_json

__all__ = ["prove"]


@click.command
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("line", type=click.IntRange(min=1))
@json_option(words="As always here: a proof is JSON.")
@click.pass_context
def prove(ctx: click.Context, file: Path, line: int, *, as_json: bool) -> None:  # noqa: ARG001 - accepted by every command
    """Print the proof that LINE (from 1) of FILE is in its session's log.

    It holds the entry and some twenty hashes, and nothing of any other entry: `mllog check`, or
    any program that knows RFC 6962, checks it without the log.
    """
    from mllog_callbacks import integrity  # noqa: PLC0415 - loads pydantic: slow

    try:
        say_json(integrity.prove(file, line).to_json())
    except (OSError, ValueError) as error:
        say(f"cannot be proved: {error}", err=True)
        ctx.exit(3)
