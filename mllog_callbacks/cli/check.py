"""`mllog check`: whether a proof shows that its entry is in a log."""

from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from mllog_callbacks.integrity import Anchor, Proof

__all__ = ["check"]


@click.command
@click.argument("proof", type=click.File(encoding="utf-8"))
@click.option("--root", help="The root that is trusted, as hex.")
@click.option(
    "--anchor",
    type=click.File(encoding="utf-8"),
    help="What `mllog anchor` printed, kept elsewhere.",
)
@click.pass_context
def check(
    ctx: click.Context,
    proof: TextIO,
    *,
    root: str | None,
    anchor: TextIO | None,
) -> None:
    """Check PROOF, which `mllog prove` printed (- for standard input), and print its entry.

    It shows that the entry is in the log whose root is trusted: give that with --root or
    --anchor. Without either it is only checked in itself, which proves nothing to anyone.

    Exits with 0 where the entry is in that log, 1 where the proof is wrong or of another log,
    and 3 where there is no root to trust or no proof to read.
    """
    from mllog_callbacks.integrity import read_anchors, read_proof  # noqa: PLC0415 - slow

    try:
        given = read_proof(proof.read())
        trusted = _trusted(given, root, read_anchors(anchor or []))
    except ValueError as error:
        click.echo(f"cannot be checked: {error}", err=True)
        ctx.exit(3)
    if not given.holds() or trusted not in {"", given.root}:
        click.echo("wrong: the proof does not lead from this entry to that root", err=True)
        ctx.exit(1)
    click.echo(given.line)
    where = f"entry {given.index + 1:,} of {given.entries:,} in the session {given.session}"
    click.echo(where if trusted else f"{where}, if you trust the root {given.root}", err=True)
    ctx.exit(0 if trusted else 3)


def _trusted(proof: "Proof", root: str | None, anchors: "list[Anchor]") -> str:
    if root is not None:
        return root.strip().lower()
    named = [each for each in anchors if each.session == proof.session]
    exact = [each.root for each in named if each.entries == proof.entries]
    if named and not exact:
        msg = f"the anchor covers {named[-1].entries:,} entries, the proof {proof.entries:,}"
        raise ValueError(msg)
    if anchors and not named:
        msg = f"no anchor names the session {proof.session}"
        raise ValueError(msg)
    return exact[-1] if exact else ""
