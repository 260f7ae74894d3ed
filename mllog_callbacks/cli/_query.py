"""`mllog query`: all logs of a folder as a table, asked in SQL."""

import csv
import re
import sys
from collections.abc import Iterable, Sequence

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say, say_lines
from mllog_callbacks.cli._paths import given_or_default
from mllog_callbacks.schema import plain

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
@click.option(
    "--unsafe",
    is_flag=True,
    help="Let SQL write, and reach any file, the network and extensions.",
)
@json_option("row")
@click.pass_context
def query(
    ctx: click.Context,
    sql: str,
    paths: tuple[str, ...],
    *,
    shape: str,
    unsafe: bool,
    as_json: bool,
) -> None:
    """Ask the logs in PATH (folders or files; default MLLOG_DIR, or logs) in SQL, by DuckDB.

    The view `entries` has the seven fields of an entry, and `session`, `date` and `file` of the
    file's name. The view `facts` has the facts of the snapshot as columns as well, such as run,
    done, seconds, stop_by, severity, results and parameters; the table `runs` has a row a run:
    verdict, score, parameters and issues as JSON. As in

    \b
        mllog query "select session, count(*) from entries group by all"
        mllog query "select model, get_json_object(metrics_snapshot, '$.auc')
                     from entries where event = 'MODEL_EVALUATED'" logs
        mllog query "select id, score, parameters->>'num_leaves' from runs order by score" logs

    The query reads these logs alone: it is one SELECT, and DuckDB has no access to other files,
    the network or extensions, unless --unsafe is given.

    Exits with 2 where the SQL is wrong or would do more, and with 3 where there is no log.
    """  # noqa: D301 - click looks for the character itself
    try:
        import duckdb  # noqa: PLC0415 - of the extra `query`

        from mllog_callbacks.query import connect, is_query  # noqa: PLC0415 - as above
    except ImportError:
        say('a query needs: pip install "mllog-callbacks[query]"', err=True)
        ctx.exit(3)
    try:
        sql.encode()
    except UnicodeEncodeError:
        say("the SQL is not text in UTF-8", err=True)
        ctx.exit(2)
    try:
        wants_runs = re.search(r"\bruns\b", sql, re.IGNORECASE) is not None
        connection = connect(given_or_default(paths), unsafe=unsafe, runs=wants_runs)
        if not unsafe and not is_query(connection, sql):
            say("only one SELECT is allowed; --unsafe allows any statement", err=True)
            ctx.exit(2)
        found = connection.execute(sql)
        names = [each[0] for each in found.description or ()]
        _print(names, iter(found.fetchone, None), "json" if as_json else shape)
    except OSError as error:
        say(f"cannot be read: {error}", err=True)
        ctx.exit(3)
    except duckdb.Error as error:
        say_lines(error, err=True)
        ctx.exit(2)


def _print(names: Sequence[str], rows: Iterable[Sequence[object]], shape: str) -> None:
    if shape == "json":
        for row in rows:
            print_object(dict(zip(names, row, strict=True)))
    elif shape == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(map(plain, names))
        writer.writerows([plain(_shown(each)) for each in row] for row in rows)
    else:
        shown = ([plain(_shown(each)) for each in row] for row in rows)
        _print_table([[*map(plain, names)], *shown])


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = (each.ljust(width) for each, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())
        if number == 0:
            say("  ".join("-" * width for width in widths))
