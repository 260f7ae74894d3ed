"""`mllog schema`: the published JSON Schema, as it is shipped."""

from importlib.resources import files

import click

from mllog_callbacks.cli._objects import json_option

__all__ = ["schema"]


@click.command
@json_option(words="As always here: the schema is JSON.")
def schema(*, as_json: bool) -> None:  # noqa: ARG001 - accepted by every command
    """Print the JSON Schema (draft 2020-12) that every line of a log is valid against."""
    shipped = files("mllog_callbacks").joinpath("entry.schema.json").read_bytes()
    click.echo(shipped, nl=False)
