"""`mllog recover`: complete the files of sessions that were killed."""

from pathlib import Path

import click

from mllog_callbacks import sinks

__all__ = ["recover"]


@click.command
@click.argument(
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("logs"),
    envvar="MLLOG_DIR",
)
@click.option(
    "--everywhere",
    is_flag=True,
    help="Also take sessions of a directory of this path in another container.",
)
@click.pass_context
def recover(ctx: click.Context, directory: Path, *, everywhere: bool) -> None:
    """Complete the files of killed sessions in DIRECTORY.

    What they had emitted is in memory until the machine is restarted. This also happens by
    itself: when the next session starts in the directory, and when its entries are read. Exit
    code 3: something could not be written; it is kept, for another try.
    """
    found = sinks.recover(directory, everywhere=everywhere)
    for each in found:
        click.echo(_told(each))
    if not found:
        click.echo(f"Nothing to recover in {directory}.", err=True)
    if any(each.error for each in found):
        ctx.exit(3)


def _told(recovered: sinks.Recovered) -> str:
    if recovered.error:
        return f"{recovered.session}: {recovered.error}; its entries are kept"
    if not recovered.entries:
        return f"{recovered.session}: complete"
    return f"{recovered.session}: {recovered.entries:,} entries written"
