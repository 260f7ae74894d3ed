"""`mllog schema`: the published JSON Schema, as it is shipped, or with the facts described."""

import json
from importlib.resources import files

import click

from mllog_callbacks.cli._objects import json_option

__all__ = ["schema"]


@click.command
@click.option("--facts", is_flag=True, help="Describe the facts in the snapshots as well.")
@json_option(words="Accepted for consistency: the schema is JSON.")
def schema(*, facts: bool, as_json: bool) -> None:  # noqa: ARG001 - accepted by every command
    """Print the JSON Schema (draft 2020-12) that every line of a log is valid against."""
    shipped = files("mllog_callbacks").joinpath("entry.schema.json").read_bytes()
    if facts:
        from mllog_callbacks.facts import facts_schema  # noqa: PLC0415 - for this option alone

        click.echo(json.dumps(facts_schema(json.loads(shipped)), indent=2))
    else:
        click.echo(shipped, nl=False)
