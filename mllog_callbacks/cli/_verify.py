"""`mllog verify`: whether logs are as they were written, all there, and signed."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from mllog_callbacks.cli._given import limited_lines, text_file
from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import UNREADABLE, given_or_default
from mllog_callbacks.cli._progress import Status
from mllog_callbacks.cli._usage import VerdictCommand
from mllog_callbacks.schema import count, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from mllog_callbacks.integrity import Anchor, Session, Verdict

__all__ = ["verify"]

_ASPECTS: Final = ("integrity", "completeness", "authenticity", "life cycle")


@click.command(cls=VerdictCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--key", type=click.Path(path_type=Path), help="The public key that must have signed."
)
@click.option(
    "--anchor",
    type=text_file,
    metavar="FILENAME",
    help="What `mllog anchor` printed, kept elsewhere.",
)
@json_option("session")
@click.pass_context
def verify(
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    key: Path | None,
    anchor: TextIO | None,
    as_json: bool,
) -> None:
    """Report the status of each session in PATH (a folder, or a file; default MLLOG_DIR, or logs).

    Integrity: whether its lines and sidecars are as they were written. Completeness: whether all
    is there, to the session's end. Authenticity: whether it is signed, with --key by that one.
    Life cycle: whether its runs begin and end as runs do. Each problem is shown with its lines.

    Exits with 0 where all is sound, 1 where something was tampered with, 2 where something is
    incomplete or unsealed (its process still lives, or was killed without a witness), 3 where it
    cannot be checked. That a session is not signed is shown, and changes the exit code with --key
    alone. What a sound log does not prove is in docs/integrity.md.
    """
    from mllog_callbacks import integrity  # noqa: PLC0415 - loads pydantic: slow

    try:
        with Status() as status:
            verdicts = integrity.verify(
                given_or_default(paths),
                key=None if key is None else integrity.read_public_key(key),
                anchors=_read_anchors(anchor),
                progress=_reporter(status),
            )
    except (OSError, ImportError, ValueError) as error:
        say(f"cannot be checked: {error}", err=True)
        ctx.exit(UNREADABLE)
    for each in verdicts:
        if as_json:
            print_object(_as_dict(each))
        else:
            for line in _lines(each):
                say(line)
    if not verdicts:
        say("cannot be checked: no log here", err=True)
        ctx.exit(UNREADABLE)
    _summarise(verdicts)
    ctx.exit(integrity.exit_code(verdicts))


def _read_anchors(lines: TextIO | None) -> "list[Anchor]":
    from mllog_callbacks.integrity import read_anchors  # noqa: PLC0415 - as above

    return [] if lines is None else read_anchors(limited_lines(lines))


def _reporter(status: Status) -> "Callable[[Session, int], None]":
    read = {"": 0}

    def report(session: "Session", lines: int) -> None:
        read[session.name] = lines
        if lines:
            status.show(f"{plain(session.name)}: {count(lines, 'line')}")

    return report


def _as_dict(verdict: "Verdict") -> dict[str, object]:
    aspects = {each.replace(" ", "_"): _aspect(verdict, each) for each in _ASPECTS}
    known = asdict(verdict)
    problems = known.pop("problems")
    return {**known, "status": verdict.status, **aspects, "problems": problems}


def _aspect(verdict: "Verdict", name: str) -> str:
    return str(getattr(verdict, name.replace(" ", "_")))


def _lines(verdict: "Verdict") -> list[str]:
    aspects = ", ".join(f"{each} {_aspect(verdict, each)}" for each in _ASPECTS)
    killed = f", {count(verdict.killed, 'run')} killed" if verdict.killed else ""
    entries = f"{count(verdict.entries, 'entry')}{killed}"
    head = f"{verdict.session}: {verdict.status} ({entries}; {aspects})"
    problems = [f"  {each.aspect}: {each.status}: {each}" for each in verdict.problems]
    return [head, *(problems if verdict.status != "sound" else ())]


def _summarise(verdicts: "list[Verdict]") -> None:
    counts: dict[str, int] = {}
    for each in verdicts:
        counts[each.status] = counts.get(each.status, 0) + 1
    found = ", ".join(f"{many:,} {status}" for status, many in sorted(counts.items()))
    entries = sum(each.entries for each in verdicts)
    read = f"{count(len(verdicts), 'session')}, {count(entries, 'entry')}"
    say(f"{read}: {found}", err=True)
