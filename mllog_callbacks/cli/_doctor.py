"""`mllog doctor`: which promises hold for logs made here, and why."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, given_or_default

__all__ = ["doctor"]

_VITAL: Final = "log directory"
_SIGNED: Final = "chains are signed"


@click.command
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@json_option("promise")
@click.pass_context
def doctor(ctx: click.Context, directory: Path | None, *, as_json: bool) -> None:
    """Show which promises hold for logs made here in DIRECTORY (default MLLOG_DIR, or logs).

    Looks at the surroundings of this process: run it where the training runs, as its user, and
    as the training is started (in a container, as its command). Nothing is written.

    Exits with 0; 1 where logs cannot be written or MLLOG_REQUIRE_SIGNING cannot be met; 2 on
    wrong usage or a setting that cannot be used.
    """
    from mllog_callbacks.exceptions import MLLogError  # noqa: PLC0415 - as below
    from mllog_callbacks.recording import log_directory, signing_required  # noqa: PLC0415 - slow
    from mllog_callbacks.sinks import prospects  # noqa: PLC0415 - likewise

    try:
        required = signing_required()
        found = prospects(log_directory(directory or given_or_default(())[0]))
    except MLLogError as error:
        raise click.UsageError(str(error)) from error
    for each in found:
        if as_json:
            print_object(asdict(each))
        else:
            say(f"{each.holds:<8} {each.promise}: {each.reason}")
    signed = any(each.promise == _SIGNED and each.holds == "yes" for each in found)
    usable = not any(each.promise == _VITAL and each.holds == "no" for each in found)
    if not usable or (required and not signed):
        ctx.exit(FINDINGS)
