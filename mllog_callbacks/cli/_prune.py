"""`mllog prune`: remove sessions that were kept long enough, and keep a record of it."""

import re
from typing import TYPE_CHECKING, Final

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._paths import given_or_default
from mllog_callbacks.schema import count

if TYPE_CHECKING:
    from mllog_callbacks.integrity import Session

__all__ = ["prune"]

_STAYS: Final = "was tampered with, and stays"


def _days(ctx: click.Context, param: click.Parameter, value: str) -> int:
    found = re.fullmatch(r"(\d{1,6})d?", value)
    if found is None:
        msg = f"{value!r} is no number of days"
        raise click.BadParameter(msg, ctx, param)
    return int(found[1])


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--older-than", callback=_days, required=True, help="Days, as in 200 or 200d.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option("session")
@click.pass_context
def prune(
    ctx: click.Context, paths: tuple[str, ...], *, older_than: int, dry_run: bool, as_json: bool
) -> None:
    """Remove the sessions in PATH that are older than that.

    PATH is a folder or a file; default MLLOG_DIR, or logs.

    A session is as old as its last day, and as its files' last change. Less than the days that
    logs are kept at least (183, or MLLOG_RETENTION_DAYS) is refused. What is removed stands in
    _integrity/pruned.log, so that `mllog verify` knows that it was no loss. A session that was
    tampered with is evidence, and stays.

    With --json each is {"session", "directory", "outcome"}: "removed", "would be removed" or
    "was tampered with, and stays".

    Exits with 1 where some stayed for that, and with 3 where some cannot be removed.
    """
    from mllog_callbacks.integrity import find_sessions, is_older, least_days  # noqa: PLC0415 - slow

    try:
        least = least_days()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if older_than < least:
        msg = f"logs are kept for {count(least, 'day')} at least (MLLOG_RETENTION_DAYS)"
        raise click.BadParameter(msg, param_hint="--older-than")
    try:
        old = [
            each for each in find_sessions(given_or_default(paths)) if is_older(each, older_than)
        ]
        outcomes = []
        for each in old:
            outcomes.append(_remove(each, older_than, dry_run=dry_run))
            _tell(each, outcomes[-1], as_json=as_json)
    except OSError as error:
        click.echo(f"cannot be removed: {error}", err=True)
        ctx.exit(3)
    if not old:
        click.echo("Nothing is that old.", err=True)
    ctx.exit(1 if _STAYS in outcomes else 0)


def _tell(session: "Session", outcome: str, *, as_json: bool) -> None:
    if as_json:
        told = {"session": session.name, "directory": str(session.directory), "outcome": outcome}
        print_object(told)
    else:
        click.echo(f"{session.name}: {outcome}", err=outcome == _STAYS)


def _remove(session: "Session", days: int, *, dry_run: bool) -> str:
    """Remove a session unless it was tampered with; say what became of it."""
    from mllog_callbacks.integrity import Status, remove, verify  # noqa: PLC0415 - slow

    files = session.files or [session.chain]
    if any(each.status == Status.TAMPERED for each in verify(files[:1]) if session.files):
        return _STAYS
    if not dry_run:
        remove(session, days)
    return "would be removed" if dry_run else "removed"
