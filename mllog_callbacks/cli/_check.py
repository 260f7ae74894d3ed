"""`mllog check`: whether a proof shows that its entry is in a log."""

from typing import TYPE_CHECKING, TextIO

import click

from mllog_callbacks.cli._given import limited_lines, limited_text, text_file
from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say, say_json
from mllog_callbacks.schema import count

if TYPE_CHECKING:
    from mllog_callbacks.integrity import Anchor, Proof

__all__ = ["check"]


@click.command
@click.argument("proof", type=text_file)
@click.option("--root", help="The root that is trusted, as hex.")
@click.option(
    "--anchor",
    type=text_file,
    metavar="FILENAME",
    help="What `mllog anchor` printed, kept elsewhere.",
)
@json_option(words="Print one JSON object, instead of the entry alone.")
@click.pass_context
def check(
    ctx: click.Context,
    proof: TextIO,
    *,
    root: str | None,
    anchor: TextIO | None,
    as_json: bool,
) -> None:
    """Check PROOF, which `mllog prove` printed (- for standard input), and print its entry.

    It shows that the entry is in the log whose root is trusted: give that with --root or
    --anchor. Without either it is only checked in itself, which proves nothing to anyone.

    With --json it is {"holds", "trusted", "session", "entry", "entries", "root", "line"}: whether
    the proof leads from the entry to that root, whether that root is one to trust, the number of
    the entry from 1, and its line.

    Exits with 0 where the entry is in that log, 1 where the proof is wrong or of another log,
    and 3 where there is no root to trust or no proof to read.
    """
    from mllog_callbacks.integrity import read_anchors, read_proof  # noqa: PLC0415 - slow

    try:
        given = read_proof(limited_text(proof))
        trusted = _trusted(given, root, read_anchors(limited_lines(anchor)) if anchor else [])
    except ValueError as error:
        say(f"cannot be checked: {error}", err=True)
        ctx.exit(3)
    holds = given.holds() and trusted in {"", given.root}
    if as_json:
        print_object(_as_dict(given, holds=holds, trusted=bool(trusted)))
    if not holds:
        say("wrong: the proof does not lead from this entry to that root", err=True)
        ctx.exit(1)
    if not as_json:
        say_json(given.line)
    where = f"entry {given.index + 1:,} of {given.entries:,} in the session {given.session}"
    say(where if trusted else f"{where}, if you trust the root {given.root}", err=True)
    ctx.exit(0 if trusted else 3)


def _as_dict(proof: "Proof", *, holds: bool, trusted: bool) -> dict[str, object]:
    return {
        "holds": holds,
        "trusted": holds and trusted,
        "session": proof.session,
        "entry": proof.index + 1,
        "entries": proof.entries,
        "root": proof.root,
        "line": proof.line,
    }


def _trusted(proof: "Proof", root: str | None, anchors: "list[Anchor]") -> str:
    if root is not None:
        return root.strip().lower()
    named = [each for each in anchors if each.session == proof.session]
    exact = [each.root for each in named if each.entries == proof.entries]
    if named and not exact:
        msg = f"the anchor covers {count(named[-1].entries, 'entry')}, the proof {proof.entries:,}"
        raise ValueError(msg)
    if anchors and not named:
        msg = f"no anchor names the session {proof.session}"
        raise ValueError(msg)
    return exact[-1] if exact else ""
