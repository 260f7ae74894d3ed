"""`mllog trace`: from a model file, a data file or a commit to its runs."""

from pathlib import Path

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, UNREADABLE, given_or_default, reason_of
from mllog_callbacks.cli._stories import read

__all__ = ["trace"]


@click.command
@click.argument("target", metavar="FILE")
@click.argument("paths", nargs=-1, metavar="[LOGS]...")
@click.option(
    "--report",
    "page",
    metavar="PAGE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the report of the session where it was found, if that is one.",
)
@json_option(words="Print one JSON object.")
@click.pass_context
def trace(
    ctx: click.Context, target: str, paths: tuple[str, ...], *, page: Path | None, as_json: bool
) -> None:
    """Find the runs that FILE comes from, by its content: who, when, code, data, evaluation.

    FILE is a saved model (a file or folder), a file of data (.csv, .parquet, .npy, .npz), or a git
    commit. LOGS are files and folders; default MLLOG_DIR, or logs. Names and places of files do
    not count, so that it works on another machine with a copy of the logs.

    With --json it is {"target", "found", "matches", "near", "unsound", "compared"}.

    Exits with 0 where it is found in logs that are as they were written; 1 where it is not found,
    or a log is not sound; 2 on wrong usage; 3 where something cannot be read.
    """
    from mllog_callbacks import tracing  # noqa: PLC0415 - loads pydantic: slow
    from mllog_callbacks.reading import seal  # noqa: PLC0415 - likewise

    try:
        sought = tracing.target_of(target)
    except tracing.UnknownTargetError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        say(f"{target}: cannot be read: {reason_of(error)}", err=True)
        ctx.exit(UNREADABLE)
    reading = read(given_or_default(paths))
    seal(reading.stories)
    answer = tracing.trace(sought, reading.stories)
    if as_json:
        print_object(answer.as_object())
    else:
        for line in tracing.lines_of(answer):
            say(line)
    if page is not None and len(answer.stories) != 1:
        say(f"{page}: not written: it was found in {len(answer.stories)} sessions", err=True)
    elif page is not None:
        from mllog_callbacks.files import replace_file  # noqa: PLC0415 - here alone
        from mllog_callbacks.report import render_report  # noqa: PLC0415 - loads pydantic: slow

        replace_file(page, render_report(answer.stories[0]).encode())
    if reading.unreadable:
        ctx.exit(UNREADABLE)
    ctx.exit(0 if answer.is_sound else FINDINGS)
