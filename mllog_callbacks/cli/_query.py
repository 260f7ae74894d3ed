"""`mllog query`: all logs of a folder as a table, asked in SQL."""

import csv
import sys
from collections.abc import Iterable, Sequence

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._paths import given_or_default

__all__ = ["query"]


@click.command
@click.argument("sql")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="How rows are printed; json is what --json prints.",
)
@json_option("row")
@click.pass_context
def query(
    ctx: click.Context, sql: str, paths: tuple[str, ...], *, shape: str, as_json: bool
) -> None:
    """Ask the logs in PATH (folders or files; default MLLOG_DIR, or logs) in SQL, by DuckDB.

    The view `entries` has the seven fields of an entry, and `session`, `date` and `file` of the
    file's name. As in

    \b
        mllog query "select session, count(*) from entries group by all"
        mllog query "select model, get_json_object(metrics_snapshot, '$.auc')
                     from entries where event = 'MODEL_EVALUATED'" logs

    Exits with 2 where the SQL is wrong, and with 3 where there is no log.
    """  # noqa: D301 - click looks for the character itself
    try:
        import duckdb  # noqa: PLC0415 - of the extra `query`

        from mllog_callbacks.query import connect  # noqa: PLC0415 - as above
    except ImportError:
        click.echo('a query needs: pip install "mllog-callbacks[query]"', err=True)
        ctx.exit(3)
    try:
        found = connect(given_or_default(paths)).execute(sql)
        names = [each[0] for each in found.description or ()]
        _print(names, iter(found.fetchone, None), "json" if as_json else shape)
    except FileNotFoundError as error:
        click.echo(f"cannot be read: {error}", err=True)
        ctx.exit(3)
    except duckdb.Error as error:
        click.echo(str(error), err=True)
        ctx.exit(2)


def _print(names: Sequence[str], rows: Iterable[Sequence[object]], shape: str) -> None:
    if shape == "json":
        for row in rows:
            print_object(dict(zip(names, row, strict=True)))
    elif shape == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    else:
        _print_table([names, *([_shown(each) for each in row] for row in rows)])


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = (each.ljust(width) for each, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
        if number == 0:
            click.echo("  ".join("-" * width for width in widths))
