"""`mllog report`: HTML pages of the stories of logs."""

import re
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import STDIN, UNREADABLE, given_or_default, reason_of
from mllog_callbacks.cli._stories import read
from mllog_callbacks.files import replace_file

if TYPE_CHECKING:
    from mllog_callbacks.reading.story import Story

__all__ = ["report"]

_DEFAULT: Final = "mllog-report"
_UNPLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write: a file, - for standard output, or, of several logs, a folder.  "
    "[default: mllog-report.html, or the folder mllog-report]",
)
@click.option("--open", "in_browser", is_flag=True, help="Open the page in a browser.")
@json_option("page")
@click.pass_context
def report(
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    output: str | None,
    in_browser: bool,
    as_json: bool,
) -> None:
    """Make a page of the story of a log: offline, printable, in one HTML file.

    PATH is a file, a folder, a glob, or - for standard input; default MLLOG_DIR, or logs. The
    files of one session make one page, and so do sessions that belong together: the ranks,
    workers and folds of one training. Several trainings make a folder of pages, with an index.
    What was written is printed on stdout.

    With --json each page is {"page", "session", "entries", "state"}, and of several sessions
    "sessions", their names; that of an index has only "page".

    Exits with 0; with 1 where lines are no entries, or entries are missing (the page says so
    first); 2 on wrong usage; 3 where a path cannot be read or the page cannot be written.
    """
    from mllog_callbacks.reading import (  # noqa: PLC0415 - loads pydantic: slow
        observe,
        seal,
        trainings,
    )

    reading = read(given_or_default(paths))
    seal(reading.stories)
    observe(reading.stories)
    stories = trainings(reading.stories)
    if not stories:
        ctx.exit(reading.exit_code or UNREADABLE)
    if output == STDIN:
        _print_page(stories)
        ctx.exit(reading.exit_code)
    try:
        written = _write(stories, output)
    except OSError as error:
        name = error.filename or output or _DEFAULT
        say(f"{name}: cannot be written: {reason_of(error)}", err=True)
        ctx.exit(UNREADABLE)
    for page, story in written:
        if as_json:
            print_object(_as_object(page, story))
        else:
            say(page)
    if in_browser:
        webbrowser.open(written[0][0].absolute().as_uri())
    ctx.exit(reading.exit_code)


def _print_page(stories: "list[Story]") -> None:
    from mllog_callbacks.report import render_report  # noqa: PLC0415 - loads pydantic: slow

    if len(stories) > 1:
        msg = f"standard output takes one page, and there are {len(stories)} trainings"
        raise click.UsageError(msg)
    click.echo(render_report(stories[0]))


def _write(stories: "list[Story]", output: str | None) -> "list[tuple[Path, Story | None]]":
    """Write the pages; the first returned is the one to look at first.

    Raises:
        OSError: A page cannot be written.
    """
    from mllog_callbacks.report import render_index, render_report  # noqa: PLC0415 - as above

    target = Path(output or (_DEFAULT if len(stories) > 1 else f"{_DEFAULT}.html"))
    is_page = target.suffix in {".html", ".htm"}
    if output is None or is_page:  # a folder that is named as one may be a link
        _refuse_link(target)
    is_folder = target.is_dir() or (len(stories) > 1 and not is_page)
    if len(stories) == 1:
        page = target / f"{_plain(stories[0].session)}.html" if is_folder else target
        page.parent.mkdir(parents=True, exist_ok=True)
        _replace(page, render_report(stories[0]))
        return [(page, stories[0])]
    index = target / "index.html" if is_folder else target
    folder = target
    if not is_folder:
        folder = target.with_suffix("")
        _refuse_link(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pages = _named(stories, folder, taken={index.name} if is_folder else set())
    for page, story in pages:
        _replace(page, render_report(story))
    links = [(page.relative_to(index.parent).as_posix(), story) for page, story in pages]
    _replace(index, render_index(links))
    return [(index, None), *pages]


def _refuse_link(path: Path) -> None:
    """Raise an error where a link to a folder is in the place of what is to be written."""
    if path.is_symlink() and path.is_dir():
        raise OSError(0, "is a link to a folder; name another one with --output", str(path))


def _named(stories: "list[Story]", folder: Path, taken: set[str]) -> "list[tuple[Path, Story]]":
    """A name for each page, of its session; no two the same."""
    named: list[tuple[Path, Story]] = []
    for story in stories:
        stem = plain = _plain(story.session)
        copy = 2
        while f"{stem}.html".lower() in taken:
            stem, copy = f"{plain}-{copy}", copy + 1
        taken.add(f"{stem}.html".lower())
        named.append((folder / f"{stem}.html", story))
    return named


def _plain(session: str) -> str:
    """A session's name as part of a file's name and of a link."""
    return _UNPLAIN.sub("-", session.removesuffix(".jsonl"))[:100].strip("-.") or "log"


def _replace(path: Path, page: str) -> None:
    """Write a page at once: who reads it meanwhile sees the old one or the new."""
    replace_file(path, page.encode())


def _as_object(page: Path, story: "Story | None") -> dict[str, object]:
    from mllog_callbacks.reading.story import state_of  # noqa: PLC0415 - as above

    if story is None:
        return {"page": str(page)}
    state = state_of(story).pill
    about = {"page": str(page), "session": story.session, "entries": story.entries, "state": state}
    sessions = [each.session for _, each in story.members]
    return {**about, **({"sessions": sessions} if sessions else {})}
