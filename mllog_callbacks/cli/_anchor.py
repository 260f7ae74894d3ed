"""`mllog anchor`: the heads of chains, to be kept where nobody who writes logs can change them."""

import click

from mllog_callbacks.cli._objects import json_option
from mllog_callbacks.cli._output import say, say_json
from mllog_callbacks.cli._paths import given_or_default

__all__ = ["anchor"]


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@json_option(words="As always here: anchors are JSON.")
@click.pass_context
def anchor(ctx: click.Context, paths: tuple[str, ...], *, as_json: bool) -> None:  # noqa: ARG001 - accepted by every command
    """Print the head of each session's chain in PATH, one JSON object a line.

    PATH is a folder or a file; default MLLOG_DIR, or logs.

    Keep it where whoever can change the logs cannot: in a ticket, a mail, a write-once store.
    `mllog verify --anchor FILE` then also finds what no log shows by itself: that all of it
    was replaced, cut together with its chain, or removed.
    """
    from mllog_callbacks.integrity import anchors_of  # noqa: PLC0415 - loads pydantic: slow

    found = 0
    try:
        for each in anchors_of(given_or_default(paths)):
            say_json(each.to_json())
            found += 1
    except OSError as error:
        say(f"cannot be read: {error}", err=True)
        ctx.exit(3)
    if not found:
        say("no chain here", err=True)
        ctx.exit(3)
