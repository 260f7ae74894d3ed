"""`mllog tail`: the last entries of logs, and those that come."""

import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from mllog_callbacks.cli._objects import json_option
from mllog_callbacks.cli._output import say, say_json
from mllog_callbacks.cli._paths import (
    FINDINGS,
    STDIN,
    UNREADABLE,
    expand,
    given_or_default,
    reason_of,
    report_unreadable,
)
from mllog_callbacks.cli._silence import Silence
from mllog_callbacks.cli._since import Cursor, Since
from mllog_callbacks.files import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mllog_callbacks.reading import Followed, Row, Seen

__all__ = ["tail"]

_POLL_S: Final = 0.2
_LEVELS: Final = ("ERROR", "INFO", "DEBUG")


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("-f", "--follow", is_flag=True, help="Go on with entries as they come.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many of the last entries are shown first.",
)
@click.option("-e", "--event", "events", multiple=True, metavar="EVENT", help="Show only these.")
@click.option(
    "--level",
    type=click.Choice(_LEVELS, case_sensitive=False),
    help="Least level of the events shown; ERROR: failures and issues.",
)
@click.option(
    "--since", type=Since(), help="Show all entries from then on, as in 15m or 2026-11-30."
)
@click.option(
    "--cursor",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Show what came since the last call with this file, which keeps the place.",
)
@json_option(words="Print the lines of the log; control characters as escapes.")
@click.pass_context
def tail(  # noqa: PLR0913 - an option each
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    follow: bool,
    lines: int,
    events: tuple[str, ...],
    level: str | None,
    since: str | None,
    cursor: str | None,
    as_json: bool,
) -> None:
    """Show the last entries of logs, as a story.

    PATH is a file, a folder, a glob, or - for standard input; default MLLOG_DIR, or logs. Entries
    of several sessions are shown in the order of their timestamps. With -f new sessions in a
    folder and the files of new days are followed, until it is interrupted. Of a training that
    records nothing for a minute it is said on stderr that its process is alive, and how far it was.

    For programs: with --since all entries from a time on are shown, and with --cursor FILE those
    that came since the last call, each once. The first call with a new file shows what --since or
    -n say. The place is kept in FILE once the entries were printed.

    Exits with 0; with 1 where lines are no entries (said on stderr); 2 on wrong usage; 3 where a
    path cannot be read.
    """
    showing = _Showing(_filter(events, level), as_json=as_json)
    paths = given_or_default(paths)
    if since is not None or cursor is not None:
        if STDIN in paths:
            msg = "standard input has no --since and no --cursor"
            raise click.UsageError(msg)
        place = None if cursor is None else Cursor(cursor)
        _from_then(paths, showing, _Start(since, place, lines), follow=follow)
        ctx.exit(showing.exit_code)
    files = _expanded(paths, showing, follow=follow)
    if follow and STDIN not in files:
        _follow(paths, files, lines, showing)
    else:
        if follow:
            _stream(showing)
            files = [file for file in files if file != STDIN]
        showing.show(_last(files, lines, showing))
    ctx.exit(showing.exit_code)


class _Showing:
    """Prints entries that pass a filter, and says of lines that are no entries."""

    def __init__(self, wanted: "Callable[[Row], bool]", *, as_json: bool) -> None:
        self.wanted = wanted
        self.exit_code = 0
        self._as_json = as_json
        self._session = ""
        self._record = None if as_json else _storyteller()

    def cannot_read(self, path: str, error: OSError) -> None:
        """Say so; the exit code will as well."""
        self.exit_code = UNREADABLE
        report_unreadable(path, error)

    def show(self, seen: "Iterable[Seen]") -> None:
        """Print what is wanted, in order."""
        for each in seen:
            if each.row.fields is None:
                self._complain(each)
            elif self.wanted(each.row):
                self._print(each)
        sys.stdout.flush()

    def _print(self, each: "Seen") -> None:
        if self._record is None or each.row.fields is None:
            say_json(each.raw.decode("utf-8", "surrogateescape"))
            return
        session = session_of(each.path)
        if session != self._session:
            self._session = session
            say(f"== {session}", dim=True)
        self._record(each.row.fields)

    def _complain(self, each: "Seen") -> None:
        self.exit_code = self.exit_code or FINDINGS
        for finding in each.row.findings[:1]:
            say(f"{each.path}: {finding.field}: {finding.reason}", err=True)


def _storyteller() -> "Callable[[dict[str, object]], None]":
    from mllog_callbacks.cli._narration import storyteller  # noqa: PLC0415 - loads rich: slow

    return storyteller()


class _Start(NamedTuple):
    """Where showing begins: at a time, where it ended before, else with so many last lines."""

    since: str | None
    cursor: Cursor | None
    lines: int


def _from_then(paths: tuple[str, ...], showing: _Showing, start: _Start, *, follow: bool) -> None:
    """Show what came since a time or a cursor, and keep the place."""
    from mllog_callbacks.reading import Followed  # noqa: PLC0415 - loads pydantic: slow

    files = _expanded(paths, showing, follow=follow)
    if showing.exit_code:
        return
    before = start.cursor.positions if start.cursor is not None else {}
    followed = Followed(paths, before)
    if start.since is None and not before:
        ends = followed.skip_to_end()
        new = _last(files, start.lines, showing, ends)
    else:
        new = followed.new()
    with suppress(KeyboardInterrupt):
        while True:
            showing.show(each for each in new if _is_since(each, start.since))
            if start.cursor is not None and not _is_kept(start.cursor, followed, showing):
                return
            if not follow:
                return
            time.sleep(_POLL_S)
            new = followed.new()


def _is_since(each: "Seen", since: str | None) -> bool:
    fields = each.row.fields
    return since is None or fields is None or fields["timestamp"] >= since


def _is_kept(cursor: Cursor, followed: "Followed", showing: _Showing) -> bool:
    """Keep the place, once what was read is printed."""
    try:
        cursor.keep(followed.positions)
    except OSError as error:
        say(f"the cursor cannot be kept: {reason_of(error)}", err=True)
        showing.exit_code = UNREADABLE
        return False
    return True


def _filter(events: tuple[str, ...], level: str | None) -> "Callable[[Row], bool]":
    """What is wanted, lines that are no entries among it.

    Raises:
        click.BadParameter: There is no event of a name.
    """
    from mllog_callbacks.schema import EventType, Level  # noqa: PLC0415 - loads pydantic: slow

    unknown = [each for each in events if each.upper() not in set(EventType)]
    if unknown:
        names = ", ".join(EventType)
        msg = f"{unknown[0]!r} is no event type; these are {names}"
        raise click.BadParameter(msg, param_hint="--event")
    least = Level.DEBUG if level is None else Level[level.upper()]
    named = {each.upper() for each in events} or set(EventType)
    passing = {each for each in EventType if each in named and each.level >= least}
    return lambda row: row.fields is None or row.fields["event"] in passing


def _expanded(paths: tuple[str, ...], showing: _Showing, *, follow: bool) -> list[str]:
    """The files there are; while following, a folder may have none yet."""

    def cannot_read(path: str, error: OSError) -> None:
        if not (follow and Path(path).is_dir()):
            showing.cannot_read(path, error)

    return expand(paths, cannot_read)


def _last(
    files: "list[str]", lines: int, showing: _Showing, ends: "dict[Path, int] | None" = None
) -> "list[Seen]":
    """The last entries of all files together, in the order of their timestamps."""
    from mllog_callbacks.reading import last_lines  # noqa: PLC0415 - loads pydantic: slow

    found: list[Seen] = []
    for file in files:
        path = Path(file)
        try:
            if file == STDIN:
                found += deque(filter(lambda each: showing.wanted(each.row), _stdin()), lines)
            else:
                found += last_lines(path, showing.wanted, lines, (ends or {}).get(path))
        except OSError as error:
            showing.cannot_read(file, error)
    found.sort(key=lambda each: (each.row.fields or {}).get("timestamp", ""))
    return found[-lines:] if lines else []


def _stdin() -> "Iterator[Seen]":
    """The whole lines of standard input, as they come."""
    from mllog_callbacks.reading import Seen, parse_row  # noqa: PLC0415 - loads pydantic: slow

    for raw in sys.stdin.buffer:
        if raw.endswith(b"\n"):
            yield Seen(Path(STDIN), raw[:-1], parse_row(raw[:-1], 0))


def _stream(showing: _Showing) -> None:
    with suppress(KeyboardInterrupt):
        for each in _stdin():
            showing.show([each])


def _follow(paths: tuple[str, ...], files: list[str], lines: int, showing: _Showing) -> None:
    """Show what comes, until it is interrupted: that is how one ends it."""
    from mllog_callbacks.reading import Followed  # noqa: PLC0415 - loads pydantic: slow

    if showing.exit_code:
        return
    followed = Followed(paths)
    ends = followed.skip_to_end()
    with suppress(KeyboardInterrupt):
        showing.show(_last(files, lines, showing, ends))
        silence = Silence()
        silence.know(ends)
        while True:
            new = followed.new()
            showing.show(new)
            silence.heard(new)
            for session, words in silence.broken():
                say(f"== {session}: {words}", err=True, dim=True)
            time.sleep(_POLL_S)
