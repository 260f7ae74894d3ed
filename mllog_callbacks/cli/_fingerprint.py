"""`mllog fingerprint`: what data in a file is known again by."""

from pathlib import Path

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import UNREADABLE, reason_of

__all__ = ["fingerprint"]


@click.command
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--columns", help="Names of the columns that count, with commas; default all.")
@json_option("table")
@click.pass_context
def fingerprint(ctx: click.Context, file: Path, columns: str | None, *, as_json: bool) -> None:
    """Print the fingerprint of the data in FILE: .csv, .parquet, .npy or .npz.

    It is that of `mllog_callbacks.fingerprint` for what pandas or numpy read there, and that of
    entries of DATASET_VALIDATED for a training with the same values, names and types.

    With --json each table is {"table", "sha256", "form", "rows", "columns", "names",
    "sampled_rows"}.

    Exits with 0, 2 on wrong usage, and 3 where FILE cannot be read.
    """
    from mllog_callbacks import fingerprints  # noqa: PLC0415 - slow
    from mllog_callbacks.facts import dump  # noqa: PLC0415 - likewise

    try:
        for name, table in fingerprints.read_table(file).items():
            part = table[columns.split(",")] if columns and hasattr(table, "columns") else table
            found = fingerprints.fingerprint(part)
            if as_json:
                print_object({"table": name, **dump(found)})
            else:
                sampled = f", {found.sampled_rows:,} rows hashed" if found.sampled_rows else ""
                size = f"{found.rows:,} rows, {found.columns:,} columns{sampled}"
                say(f"{found.sha256}  {name or file} ({size})")
    except KeyError as error:
        raise click.UsageError(f"no column of this name: {error}") from None  # noqa: TRY003, EM102 - one place
    except (OSError, ImportError, fingerprints.UnreadableDataError) as error:
        say(f"{file}: cannot be read: {reason_of(error)}", err=True)
        ctx.exit(UNREADABLE)
