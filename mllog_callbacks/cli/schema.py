"""`mllog schema`: the published JSON Schema, as it is shipped."""

from importlib.resources import files

import click

__all__ = ["schema"]


@click.command
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) that every line of a log is valid against."""
    shipped = files("mllog_callbacks").joinpath("entry.schema.json").read_bytes()
    click.echo(shipped, nl=False)
