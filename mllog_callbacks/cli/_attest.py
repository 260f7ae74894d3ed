"""`mllog attest`: a statement on a model's file, to go with it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, UNREADABLE, given_or_default, reason_of
from mllog_callbacks.cli._stories import read

if TYPE_CHECKING:
    from mllog_callbacks.tracing import Answer

__all__ = ["attest"]


@click.command
@click.argument("model", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.argument("paths", nargs=-1, metavar="[LOGS]...")
@json_option(words="As always here: statements are JSON.")
@click.pass_context
def attest(
    ctx: click.Context,
    model: Path,
    paths: tuple[str, ...],
    *,
    as_json: bool,  # noqa: ARG001 - accepted by every command
) -> None:
    """State what LOGS say of the model in FILE: an in-toto statement, to go with the file.

    Its subject is FILE, a file or a folder, by SHA-256. It says who trained it, when, on which
    code, data and machine, with which parameters, evaluation, issues and verdict, and names the
    head of the log's chain. It is signed (DSSE) with the key that MLLOG_SIGNING_KEY names, if that
    is set. `mllog check` checks it. LOGS are files and folders; default MLLOG_DIR, or logs.

    Exits with 0; with 1 where FILE is not found in LOGS, or a log of it was tampered with; 2 on
    wrong usage, or where a log is incomplete; 3 where something cannot be read or signed.
    """
    from mllog_callbacks import attestation, tracing  # noqa: PLC0415 - loads pydantic: slow
    from mllog_callbacks.integrity import Status, exit_code_of_status  # noqa: PLC0415 - likewise
    from mllog_callbacks.reading import seal  # noqa: PLC0415 - likewise

    reading = read(given_or_default(paths))
    seal(reading.stories)
    try:
        answer = tracing.trace(tracing.target_of(str(model)), reading.stories)
        if code := _why_not(answer):
            ctx.exit(UNREADABLE if reading.unreadable else code)
        found, key = attestation.sealed(attestation.attested(answer))
        print_object(found)
    except attestation.NoChainError as error:
        say(error, err=True)
        ctx.exit(exit_code_of_status(Status.UNSEALED))
    except attestation.SigningError as error:
        say(f"cannot be signed: {error}", err=True)
        ctx.exit(UNREADABLE)
    except OSError as error:
        say(f"{error.filename or model}: cannot be read: {reason_of(error)}", err=True)
        ctx.exit(UNREADABLE)
    say(f"signed by {key}" if key else "not signed: MLLOG_SIGNING_KEY names no key", err=True)
    ctx.exit(UNREADABLE if reading.unreadable else 0)


def _why_not(answer: "Answer") -> int:
    """The exit code where nothing can be attested, and why on stderr; else 0."""
    from mllog_callbacks.integrity import Status, exit_code_of_status  # noqa: PLC0415 - slow

    saved = [each for each in answer.matches if each["found_as"] == "model"]
    if not saved:
        say(f"{answer.target.given}: no log given says that a model was saved to it", err=True)
        for near in answer.near:
            say(f"near: {near}", err=True)
        return FINDINGS
    for each in saved:
        log = each["log"]
        status = Status(log["status"]) if log["status"] in {*Status} else Status.NOT_CHECKABLE
        if status not in {Status.SOUND, Status.UNSEALED}:
            why = "; ".join(log["reasons"]) or "it has no chain"
            say(f"the log of {each['session']} is {status}: {why}", err=True)
            return exit_code_of_status(status)
    return 0
