"""`mllog summary`: what happened in a training, and why, on one screen."""

from typing import TYPE_CHECKING, Any

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._paths import given_or_default
from mllog_callbacks.cli._stories import read
from mllog_callbacks.schema import count, plain

if TYPE_CHECKING:
    from rich.console import Console

    from mllog_callbacks.reading.story import Story

__all__ = ["summary"]

_STYLES = {"good": "green", "bad": "red", "unknown": "yellow", "note": "blue"}
_SIGNS = {"good": "✓", "bad": "▲", "unknown": "◆", "note": "■"}
_SEVERITIES = {"error": "bad", "warning": "unknown", "info": "note"}
_ISSUES = 10
_RUNS = 20


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@json_option("session")
@click.pass_context
def summary(ctx: click.Context, paths: tuple[str, ...], *, as_json: bool) -> None:
    """Show what happened in trainings, why they stopped, and what went wrong.

    PATH is a file, a folder, a glob, or - for standard input; default MLLOG_DIR, or logs. Each
    session is shown once, the newest last.

    With --json each session is one object: {"session", "title", "verdict", "files", "entries",
    "state", "verification", "what_happened", "tiles", "runs", "issues"}.

    Exits with 0; with 1 where lines are no entries, or entries are missing; 3 where a path cannot
    be read.
    """
    from mllog_callbacks.reading import observe, seal  # noqa: PLC0415 - loads pydantic: slow

    reading = read(given_or_default(paths))
    seal(reading.stories)
    observe(reading.stories)
    if as_json:
        from mllog_callbacks.reading.story import as_object  # noqa: PLC0415 - loads pydantic: slow

        for story in reading.stories:
            print_object(as_object(story))
    else:
        _print(reading.stories)
    ctx.exit(reading.exit_code)


def _print(stories: "list[Story]") -> None:
    from rich.console import Console  # noqa: PLC0415 - its import is most of a short command

    from mllog_callbacks.reading import families_of  # noqa: PLC0415 - loads pydantic: slow

    console = Console(highlight=False, markup=False, emoji=False)
    recorded = 0
    for family, members in families_of(stories):
        together = f"{family}: {count(len(members), 'session')} that belong together"
        for number, story in enumerate(members):
            titled = number == 0 and len(members) > 1
            if recorded or titled:
                console.rule(plain(together) if titled else "", style="dim")
            recorded += 1
            _print_one(console, story)


def _print_one(console: "Console", story: "Story") -> None:
    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich
    from mllog_callbacks.reading import story as narrative  # noqa: PLC0415 - loads pydantic: slow
    from mllog_callbacks.reading.story import moment  # noqa: PLC0415 - likewise

    if unverified := narrative.verification_of(story):
        grave = story.seal is not None and story.seal.status == "tampered"
        console.print(Styled(unverified, f"bold {_STYLES['bad' if grave else 'unknown']}"))
    console.print(Styled(narrative.title(story), style="bold"))
    about = [f"Session {story.session}", moment(story.span[0]), narrative.took(story)]
    console.print(Styled(" · ".join(filter(None, about)), style="dim"))
    recorded = Styled("   ").join(
        Styled(f"{_SIGNS[mood]} {words}", style=f"bold {_STYLES[mood]}")
        for mood, words in narrative.pills(story)
    )
    console.print(recorded)
    verdict = narrative.verdict_of(story)
    console.print(Styled(f"Verdict: {verdict.word}. {verdict.reason}", style="bold"))
    for paragraph in narrative.what_happened(story):
        console.print()
        console.print(
            Styled(" ").join(Styled(p.text, style="bold" if p.strong else "") for p in paragraph)
        )
    _print_tiles(console, narrative.tiles(story))
    _print_issues(console, story)
    _print_runs(console, story)


def _print_tiles(console: "Console", tiles: "list[Any]") -> None:
    from rich.table import Table  # noqa: PLC0415 - as above

    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich

    grid = Table.grid(padding=(0, 2))
    for tile in tiles:
        grid.add_row(
            Styled(tile.label, style="dim"), Styled(tile.figure, style="bold"), Styled(tile.detail)
        )
    console.print()
    console.print(grid)


def _print_issues(console: "Console", story: "Story") -> None:
    from rich.table import Table  # noqa: PLC0415 - as above

    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich
    from mllog_callbacks.reading import story as narrative  # noqa: PLC0415 - as above

    issues = narrative.findings(story)
    if not issues:
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    for each in issues[:_ISSUES]:
        found = each.found
        style = _STYLES[_SEVERITIES[found.severity]]
        text = narrative.issue_text(found)
        recorded = Styled(text.title)
        recorded.below(" · ".join(filter(None, (each.shared, text.where))), "dim")
        if text.advice:
            recorded.below(f"Try: {text.advice}", "dim")
        sign = _SIGNS[_SEVERITIES[found.severity]]
        grid.add_row(Styled(f"{sign} {found.severity}", style=f"bold {style}"), recorded)
    console.print()
    console.print(grid)
    if len(issues) > _ISSUES:
        console.print(Styled(f"{len(issues) - _ISSUES:,} more in the log.", style="dim"))


def _print_runs(console: "Console", story: "Story") -> None:
    from rich.table import Table  # noqa: PLC0415 - as above

    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich
    from mllog_callbacks.reading import story as narrative  # noqa: PLC0415 - as above

    if len(story.runs) < 2:  # noqa: PLR2004 - one run is shown above
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("Run", "Model and data", "Came to", "Ended", "Kept"):
        table.add_column(name)
    for run in story.runs[:_RUNS]:
        facts = narrative.run_facts(run)
        cells = [facts[key] for key in ("run", "title", "came_to", "ended", "kept")]
        table.add_row(*(Styled(str(cell)) for cell in cells))
    console.print()
    console.print(table)
    if len(story.runs) > _RUNS:
        console.print(Styled(count(len(story.runs) - _RUNS, "more run") + ".", style="dim"))
