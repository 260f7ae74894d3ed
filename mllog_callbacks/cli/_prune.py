"""`mllog prune`: remove sessions that were kept long enough, and keep a record of it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, UNREADABLE, given_or_default, reason_of
from mllog_callbacks.schema import count

if TYPE_CHECKING:
    from mllog_callbacks.integrity import Session

__all__ = ["prune"]

_STAYS: Final = "was tampered with, and stays"
_FAILED: Final = "cannot be removed"


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
    logs are kept at least (183, or MLLOG_RETENTION_DAYS) is refused. What is removed is recorded in
    _integrity/pruned.log, so that `mllog verify` knows that it was no loss. A session that was
    tampered with is evidence, and stays.

    With --json each is {"session", "directory", "outcome"}: "removed", "would be removed",
    "was tampered with, and stays", or "cannot be removed" with the reason.

    Exits with 1 where some stayed for that, and with 3 where some cannot be removed.
    """
    from mllog_callbacks.integrity import find_sessions, least_days  # noqa: PLC0415 - slow

    try:
        least = least_days()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if older_than < least:
        msg = f"logs are kept for {count(least, 'day')} at least (MLLOG_RETENTION_DAYS)"
        raise click.BadParameter(msg, param_hint="--older-than")
    try:
        given = given_or_default(paths)
        sessions = find_sessions(given)
        evidence = _tampered(given)
    except OSError as error:
        say(f"cannot be read: {error}", err=True)
        ctx.exit(UNREADABLE)
    outcomes = []
    for each in sessions:
        outcome = _treat(each, older_than, evidence, dry_run=dry_run)
        if outcome:
            outcomes.append(outcome)
            _report(each, outcome, as_json=as_json)
    if not outcomes:
        say("Nothing is that old.", err=True)
    failed = any(each.startswith(_FAILED) for each in outcomes)
    ctx.exit(UNREADABLE if failed else FINDINGS if _STAYS in outcomes else 0)


def _report(session: "Session", outcome: str, *, as_json: bool) -> None:
    if as_json:
        directory = str(session.directory)
        print_object({"session": session.name, "directory": directory, "outcome": outcome})
    else:
        say(f"{session.name}: {outcome}", err=outcome == _STAYS or outcome.startswith(_FAILED))


def _tampered(paths: tuple[str, ...]) -> set[tuple[str, str]]:
    """The sessions that `mllog verify` calls tampered: also what only others show of them."""
    from mllog_callbacks.integrity import Status, verify  # noqa: PLC0415 - slow

    folders = dict.fromkeys(each if each.is_dir() else each.parent for each in map(Path, paths))
    return {
        (str(Path(each.directory).resolve()), each.session)
        for each in verify(folders)
        if each.status == Status.TAMPERED
    }


def _treat(session: "Session", days: int, evidence: set[tuple[str, str]], *, dry_run: bool) -> str:
    """Remove a session if it is old enough and not evidence; say what became of it, if anything."""
    from mllog_callbacks.integrity import is_older, remove  # noqa: PLC0415 - slow

    try:
        if not is_older(session, days):
            return ""
        if (str(session.directory.resolve()), session.name) in evidence:
            return _STAYS
        if not dry_run:
            remove(session, days)
    except OSError as error:
        return f"{_FAILED}: {reason_of(error)}"
    return "would be removed" if dry_run else "removed"
