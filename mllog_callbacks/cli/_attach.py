"""`mllog attach --explain`: what of a platform would be audited, before anything is."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say

if TYPE_CHECKING:
    from mllog_callbacks.platform import Recognised

__all__ = ["attach"]


@click.command
@click.argument("target")
@click.option("--explain", is_flag=True, help="Show what would be hooked; nothing is.")
@json_option(words="Print one JSON object for each role.")
@click.pass_context
def attach(ctx: click.Context, target: str, *, explain: bool, as_json: bool) -> None:
    """Show which classes of TARGET audit_platform would hook, and what to name by hand.

    TARGET is a module, as in `company.platform`, or a class or function of one, as in
    `company.platform.training:Trainer`. It is imported, and nothing of it is called.

    With --json each line is {"role", "target", "methods", "records", "proposed", "missing"}.

    Exits with 0; with 1 where no role was recognised; with 3 where TARGET cannot be imported.
    """
    if not explain:
        msg = "attach only explains: add --explain. A platform is audited by audit_platform(...)."
        raise click.UsageError(msg)
    from mllog_callbacks.platform import explain as recognise  # noqa: PLC0415 - it needs wrapt

    try:
        found = recognise(_imported(target))
    except (ImportError, AttributeError, ValueError) as error:
        say(f"{target} cannot be imported: {error}", err=True)
        ctx.exit(3)
    for each in found:
        if as_json:
            print_object({**each._asdict(), "records": each.records})
        else:
            for line in _explained(each):
                say(line)
    if not as_json and found:
        say("")
        say(_call(found))
    if not found:
        say(f"{target}: no class with methods of a role was recognised", err=True)
        ctx.exit(1)


def _imported(target: str) -> Any:  # noqa: ANN401 - a module or class
    """The module or class; where a function is named, its module."""
    if (here := os.getcwd()) not in sys.path:  # noqa: PTH109 - as `python -m` does
        sys.path.insert(0, here)
    name, _, inner = target.partition(":")
    try:
        found: Any = import_module(name)
    except ModuleNotFoundError:
        name, _, last = name.rpartition(".")
        if not name:
            raise
        found, inner = import_module(name), inner or last
    for each in inner.split(".") if inner else ():
        found = getattr(found, each)
    if callable(found) and not isinstance(found, type):
        return import_module(found.__module__)
    return found


def _explained(each: "Recognised") -> list[str]:
    lines = [f"{each.role}: {each.target}"]
    for name in each.methods.values():
        events = ", ".join(each.records[name]) or "the end that it shows"
        lines.append(f"  {name:20} {events}")
    lines += [
        f"  {' or '.join(names):20} perhaps {method}: name it by hand"
        for method, names in each.proposed.items()
    ]
    if each.missing:
        lines.append(f"  not found: {', '.join(each.missing)}")
    return lines


def _call(found: "list[Recognised]") -> str:
    """The call that would audit all this."""
    roles = ", ".join(f"{each.role}={each.target.rpartition('.')[2]}" for each in found)
    names = {method: names[0] for each in found for method, names in each.proposed.items()}
    if not names:
        return f"audit_platform({roles})"
    recorded = ", ".join(f'"{method}": "{name}"' for method, name in names.items())
    return f"audit_platform({roles}, names={{{recorded}}})"
