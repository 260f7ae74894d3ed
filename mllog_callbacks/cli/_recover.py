"""`mllog recover`: complete the files of sessions that were killed."""

from dataclasses import asdict
from glob import glob
from pathlib import Path

import click

from mllog_callbacks import sinks
from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import UNREADABLE, given_or_default, report_unreadable
from mllog_callbacks.schema import count

__all__ = ["recover"]


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--everywhere",
    is_flag=True,
    help="Also take sessions of a directory of this path in another container.",
)
@json_option("session")
@click.pass_context
def recover(ctx: click.Context, paths: tuple[str, ...], *, everywhere: bool, as_json: bool) -> None:
    """Complete the files of killed sessions in the folders that paths mean.

    PATH is a folder, a file in it, or a glob; default MLLOG_DIR, or logs. What killed sessions
    had emitted is in memory until the machine is restarted. Each run whose process was gone before
    its end gets one, which says how that process ended, where that is known. This also happens by
    itself: when the next session starts in the directory, and when its entries are read.

    Exits with 0; 2 on wrong usage; 3 where a path does not exist, or something could not be
    written: it is kept, for another try.
    """
    failed = False
    for path in given_or_default(paths):
        directories = _directories(path)
        if not directories:
            failed = True
            report_unreadable(path, FileNotFoundError(0, "no such file or directory"))
        for directory in directories:
            failed |= _recover(directory, everywhere=everywhere, as_json=as_json)
    if failed:
        ctx.exit(UNREADABLE)


def _directories(path: str) -> list[Path]:
    """The directories a path means; none where there is no such path."""
    # pathlib's own takes no absolute patterns
    matches = sorted(glob(path, recursive=True)) if not Path(path).exists() else [path]  # noqa: PTH207
    return [*dict.fromkeys(each if each.is_dir() else each.parent for each in map(Path, matches))]


def _recover(directory: Path, *, everywhere: bool, as_json: bool) -> bool:
    """Complete the files of one directory; says whether something could not be written."""
    found = sinks.recover(directory, everywhere=everywhere, by="command mllog recover")
    for each in found:
        if as_json:
            print_object(asdict(each))
        else:
            say(_shown(each))
    if not found:
        say(f"Nothing to recover in {directory}.", err=True)
    return any(each.error for each in found)


def _shown(recovered: sinks.Recovered) -> str:
    if recovered.error:
        return f"{recovered.session}: {recovered.error}; its entries are kept"
    done = []
    if recovered.entries:
        done.append(f"{count(recovered.entries, 'entry')} written")
    if recovered.ends:
        done.append(f"end of {count(recovered.ends, 'run')} recorded")
    return f"{recovered.session}: {', '.join(done) or 'complete'}"
