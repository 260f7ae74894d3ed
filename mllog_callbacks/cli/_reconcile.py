"""`mllog reconcile`: what shipping lost, doubled or made up, by session."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, UNREADABLE, report_unreadable
from mllog_callbacks.cli._progress import Status
from mllog_callbacks.schema import count, plain

if TYPE_CHECKING:
    from mllog_callbacks.shipping import Place, Reconciled

__all__ = ["reconcile"]


@click.command
@click.argument("shipped", type=click.Path(exists=True, path_type=Path))
@click.argument("local", nargs=-1, type=click.Path(exists=True, path_type=Path), required=True)
@json_option()
@click.pass_context
def reconcile(ctx: click.Context, shipped: Path, local: tuple[Path, ...], *, as_json: bool) -> None:
    """Hold SHIPPED, lines as they arrived (a file or a folder), against the logs in LOCAL.

    Names each line of the logs that did not arrive, or arrived more than once, by session, file
    and line; and each line that arrived and is none of theirs, such as one that was cut. What is
    missing can be sent again from the logs: they are the record. Whether these are whole is what
    `mllog verify` says.

    With --json each is {"what", "file", "first", "last"}, and "session" where it is known.

    Exits with 0 where each line arrived once, 1 where not, 3 where something cannot be read.
    """
    from mllog_callbacks.shipping import reconcile as held_against  # noqa: PLC0415 - slow

    try:
        with Status() as status:
            found = held_against(
                [shipped],
                local,
                lambda name, many: status.show(f"{plain(name)}: {count(many, 'line')}"),
            )
    except OSError as error:
        say(f"cannot be read: {error}", err=True)
        ctx.exit(UNREADABLE)
    for path, why in found.unreadable.items():
        report_unreadable(path, OSError(0, why))
    for each in _recorded(found):
        if as_json:
            print_object(each)
        else:
            say(_as_text(each))
    say(
        f"{count(sum(found.lines.values()), 'line')} of {count(len(found.lines), 'session')}: "
        f"{len(found.missing):,} missing, {len(found.doubled):,} doubled, "
        f"{len(found.extra):,} extra",
        err=True,
    )
    ctx.exit(UNREADABLE if found.unreadable else 0 if found.complete else FINDINGS)


def _recorded(found: "Reconciled") -> Iterator[dict[str, object]]:
    for kind, places in (("missing", found.missing), ("doubled", found.doubled)):
        for first, last in _ranges(places):
            yield {
                "what": kind,
                "session": first.session,
                "file": first.file,
                "first": first.line,
                "last": last.line,
            }
    for each in found.extra:
        yield {"what": "extra", "file": each.file, "first": each.line, "last": each.line}


def _ranges(places: "Sequence[Place]") -> "Iterator[tuple[Place, Place]]":
    """Adjacent lines, by their first and last."""

    def run(numbered: "tuple[int, Place]") -> tuple[str, int]:
        number, place = numbered
        return place.file, place.line - number

    groups: Iterable[list[tuple[int, Place]]]
    groups = (list(group) for _, group in groupby(enumerate(places), key=run))
    return ((group[0][1], group[-1][1]) for group in groups)


def _as_text(each: dict[str, object]) -> str:
    lines = str(each["first"])
    if each["last"] != each["first"]:
        lines += f"-{each['last']}"
    return f"{each['file']}:{lines}: {each['what']}"
