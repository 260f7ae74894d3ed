"""How commands print for programs: by `--json`, an object a line, and nothing else on stdout."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from mllog_callbacks.cli._output import say_json

__all__ = ["json_option", "print_object"]

_F = TypeVar("_F", bound=Callable[..., Any])


def json_option(what: str = "object", *, words: str = "") -> Callable[[_F], _F]:
    """The option `--json`, as the argument `as_json`.

    Args:
        what: What an object describes, as in "session".
        words: The help, where objects are not what is printed.
    """
    shown = words or f"Print JSON, one {what} a line."
    return click.option("--json", "as_json", is_flag=True, help=shown)


def print_object(found: Mapping[str, object]) -> None:
    """Print an object on a line of its own; a value that JSON does not know, as its text."""
    say_json(json.dumps(found, default=str))
