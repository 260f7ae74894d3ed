"""`mllog check`: whether a statement, or a proof, holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from mllog_callbacks.cli._given import limited_lines, limited_text, text_file
from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say, say_json
from mllog_callbacks.cli._paths import UNREADABLE, reason_of
from mllog_callbacks.cli._usage import VerdictCommand, VerdictUsageError
from mllog_callbacks.schema import count

if TYPE_CHECKING:
    from mllog_callbacks.attestation import Finding
    from mllog_callbacks.integrity import Anchor, Proof

__all__ = ["check"]

_PROOFS: Final = 1 << 18
"""Characters of a proof that are read."""


@click.command(cls=VerdictCommand)
@click.argument("given", type=text_file, metavar="STATEMENT")
@click.argument("paths", nargs=-1, metavar="[LOGS]...")
@click.option(
    "--model",
    type=click.Path(exists=True, path_type=Path),
    help="The file or folder of the model, to compare with the statement's subject.",
)
@click.option(
    "--key", type=click.Path(path_type=Path), help="The public key that must have signed."
)
@click.option("--root", help="Of a proof: the root that is trusted, as hex.")
@click.option(
    "--anchor",
    type=text_file,
    metavar="FILENAME",
    help="Of a proof: what `mllog anchor` printed, kept elsewhere.",
)
@json_option(words="Print one JSON object; of a proof instead of the entry alone.")
@click.pass_context
def check(
    ctx: click.Context,
    given: TextIO,
    paths: tuple[str, ...],
    *,
    model: Path | None,
    key: Path | None,
    root: str | None,
    anchor: TextIO | None,
    as_json: bool,
) -> None:
    """Check STATEMENT, which `mllog attest` printed, or a proof of `mllog prove` (- for stdin).

    Of a statement each claim is checked by itself, offline: its signature (with --key of that
    key), the model's file against its subject, and with LOGS the head of the log's chain and what
    it says of who, when, code, data, parameters, evaluation, issues and verdict. What nothing was
    given for is not checked. With --json it is {"status", "findings"}, each of these {"claim",
    "status", "reason", "run"}.

    A proof shows that its entry, which is printed, is in the log whose root is trusted: give that
    with --root or --anchor. Without either it is only checked in itself, which proves nothing to
    anyone. With --json it is {"holds", "trusted", "session", "entry", "entries", "root", "line"}:
    whether the proof leads from the entry to that root, whether that root is one to trust, the
    number of the entry from 1, and its line.

    Exits with 0 where all that is checked holds; 1 where something was changed, or is of another
    file, key or log; 2 where the log is incomplete or unsealed; 3 where there is nothing to read,
    or nothing that vouches for it.
    """
    from mllog_callbacks.attestation import is_statement  # noqa: PLC0415 - loads pydantic: slow

    try:
        text = limited_text(given)
    except (OSError, ValueError) as error:
        say(f"cannot be checked: {error}", err=True)
        ctx.exit(UNREADABLE)
    if is_statement(text):
        if root is not None or anchor is not None:
            msg = "--root and --anchor are for proofs; a statement is checked with LOGS"
            raise VerdictUsageError(msg)
        ctx.exit(_check_statement(text, paths, model=model, key=key, as_json=as_json))
    if paths or model is not None or key is not None:
        msg = "LOGS, --model and --key are for statements, and this is none"
        raise VerdictUsageError(msg)
    ctx.exit(_check_proof(text[:_PROOFS], root=root, anchor=anchor, as_json=as_json))


def _check_statement(
    text: str, paths: tuple[str, ...], *, model: Path | None, key: Path | None, as_json: bool
) -> int:
    from mllog_callbacks import attestation  # noqa: PLC0415 - as above
    from mllog_callbacks.cli._stories import read  # noqa: PLC0415 - here alone
    from mllog_callbacks.integrity import read_public_key  # noqa: PLC0415 - as above

    reading = read(paths) if paths else None
    try:
        envelope = attestation.read_statement(text)
        public = None if key is None else read_public_key(key)
        stories = None if reading is None else reading.stories
        trusted = attestation.Trusted(model, public, stories)
        findings = attestation.check(envelope, trusted)
    except (OSError, ImportError, ValueError) as error:
        say(f"cannot be checked: {reason_of(error)}", err=True)
        return UNREADABLE
    _show(findings, as_json=as_json)
    if reading is not None and reading.unreadable:
        return UNREADABLE
    return attestation.exit_code_of(findings)


def _show(findings: "list[Finding]", *, as_json: bool) -> None:
    from mllog_callbacks.attestation import status_of  # noqa: PLC0415 - as above

    status = str(status_of(findings))
    if as_json:
        found = [each.as_object() for each in findings]
        print_object({"status": status, "findings": found})
        return
    for each in findings:
        say(each)
    say(status, err=True)


def _check_proof(text: str, *, root: str | None, anchor: TextIO | None, as_json: bool) -> int:
    from mllog_callbacks.integrity import read_anchors, read_proof  # noqa: PLC0415 - slow

    try:
        proof = read_proof(text)
        trusted = _trusted(proof, root, read_anchors(limited_lines(anchor)) if anchor else [])
    except ValueError as error:
        say(f"cannot be checked: {error}", err=True)
        return UNREADABLE
    holds = proof.holds() and trusted in {"", proof.root}
    if as_json:
        print_object(_as_dict(proof, holds=holds, trusted=bool(trusted)))
    if not holds:
        say("wrong: the proof does not lead from this entry to that root", err=True)
        return 1
    if not as_json:
        say_json(proof.line)
    where = f"entry {proof.index + 1:,} of {proof.entries:,} in the session {proof.session}"
    say(where if trusted else f"{where}, if you trust the root {proof.root}", err=True)
    return 0 if trusted else UNREADABLE


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
