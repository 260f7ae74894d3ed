"""`mllog compare`: which run is best, and why others differ."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, STDIN, UNREADABLE, given_or_default, reason_of
from mllog_callbacks.cli._stories import Reading, read_each
from mllog_callbacks.schema import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from mllog_callbacks.comparison import ComparedRun, Comparison

__all__ = ["compare"]

_ROWS: Final = 40
_DIFFERENCES: Final = 4
_USAGE: Final = 2


@click.command
@click.argument("sources", nargs=-1, metavar="[LOGS or RUNS]...")
@click.option("--baseline", metavar="RUN", help="Judge each run against this one.")
@click.option("--metric", metavar="NAME", help="What is compared.  [default: that of most runs]")
@click.option(
    "--mode",
    type=click.Choice(["min", "max"]),
    help="Which values are better.  [default: what the runs record]",
)
@click.option(
    "--slower",
    type=click.FloatRange(1, min_open=True),
    metavar="FACTOR",
    help="A run is worse that takes so many times the baseline's seconds a step, as in 1.2.",
)
@click.option("--html", metavar="FILE", help="Write a page that can be sorted and filtered.")
@json_option(words="Print JSON: what was compared, then a run a line, then a group a line.")
@click.pass_context
def compare(
    ctx: click.Context,
    sources: tuple[str, ...],
    *,
    baseline: str | None,
    metric: str | None,
    mode: Literal["min", "max"] | None,
    slower: float | None,
    html: str | None,
    as_json: bool,
) -> None:
    """Show which run is best, and in what the others differ.

    LOGS are files, folders, globs, or - for standard input; default MLLOG_DIR, or logs. RUNS are
    the names that this command shows: a session, or its end, with the number of the run where it
    has several, as in 53ca2cf9#2. Without RUNS all are compared.

    Each run is shown with its score, what was set in it that is not so in most runs, or in the
    baseline, the first step at which its curve parts from the reference's, and issues that only one
    of both has. The reference is the baseline, else the best run.

    With --baseline it exits with 1 where a run is worse than it by more than the noise: its score
    (twice the noise that folds, seeds or the end of the curve show), its end, or with --slower its
    speed; and as always where lines are no entries. 2 on wrong usage; 3 where a path cannot be
    read or the page cannot be written.
    """
    from mllog_callbacks.comparison import NoSuchRunError  # noqa: PLC0415 - loads pydantic: slow
    from mllog_callbacks.comparison import compare as compared  # noqa: PLC0415 - likewise

    if slower is not None and baseline is None:
        msg = "--slower judges against a baseline: name it by --baseline"
        raise click.UsageError(msg)
    logs = [each for each in sources if _is_log(each)]
    names = [each for each in sources if each not in logs]
    reading = Reading()
    try:
        found = compared(
            read_each(given_or_default(tuple(logs)), reading),
            names=names,
            metric=metric,
            mode=mode,
            baseline=baseline,
            slower=slower,
        )
    except NoSuchRunError as error:
        if reading.unreadable:
            ctx.exit(UNREADABLE)
        say(error, err=True)
        ctx.exit(_USAGE)
    if html is not None and not _write(found, html):
        ctx.exit(UNREADABLE)
    if as_json:
        from mllog_callbacks.comparison import lines_of  # noqa: PLC0415 - as above

        for each in lines_of(found):
            print_object(each)
    elif html is None:
        _print(found)
    ctx.exit(reading.exit_code or (FINDINGS if found.worse else 0))


def _is_log(source: str) -> bool:
    """Whether a source is a path: what is none is the name of a run."""
    return source == STDIN or Path(source).exists() or any(char in source for char in "*?[/")


def _write(found: "Comparison", html: str) -> bool:
    from mllog_callbacks.files import replace_file  # noqa: PLC0415 - only here
    from mllog_callbacks.report import render_comparison  # noqa: PLC0415 - loads pydantic: slow

    page = render_comparison(found)
    if html == STDIN:
        click.echo(page)
        return True
    try:
        Path(html).parent.mkdir(parents=True, exist_ok=True)
        replace_file(Path(html), page.encode())
    except OSError as error:
        say(f"{html}: cannot be written: {reason_of(error)}", err=True)
        return False
    say(html, err=True)
    return True


def _print(found: "Comparison") -> None:
    from rich.console import Console  # noqa: PLC0415 - its import is most of a short command

    from mllog_callbacks import comparison as words  # noqa: PLC0415 - loads pydantic: slow
    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(Styled(words.heading(found), style="bold"))
    names = words.short_names([*found.runs, *found.inner])
    for what, run in (("Best", found.best), ("Baseline", found.baseline)):
        if run is not None:
            score = words.score_in_words(run.scores.get(found.metric))
            console.print(Styled(f"{what}: {names[run.id]}, {run.title}: {score}"))
    _print_runs(console, found, names)
    if len(found.runs) > _ROWS:
        left = count(len(found.runs) - _ROWS, "more run")
        console.print(Styled(f"{left} not shown; see --html and --json.", style="dim"))
    for group in found.groups:
        if group.kind != "script" or len(group.members) < len(found.runs):
            console.print(Styled(words.group_in_words(group), style="dim"))
    if found.worse:
        worse = ", ".join(names[run.id] for run in found.worse[:_ROWS])
        console.print(Styled(f"Worse than the baseline: {worse}", style="bold red"))
    sys.stdout.flush()


def _shown(found: "Comparison") -> "Sequence[ComparedRun]":
    """The best runs, and the baseline wherever it is."""
    shown = [*found.runs[:_ROWS]]
    if found.baseline is not None and found.baseline not in shown:
        shown.append(found.baseline)
    return shown


def _print_runs(console: "Console", found: "Comparison", names: dict[str, str]) -> None:
    """A line a run, and below it what is different."""
    from rich.table import Table  # noqa: PLC0415 - as above

    from mllog_callbacks.cli._styled import Styled  # noqa: PLC0415 - loads rich

    reference = "baseline" if found.baseline is not None else "best"
    shown = _shown(found)
    rows = [_line(found, run, names, reference) for run in shown]
    titles = ("Run", "Score", f"Against {reference}", "Took", "Ended")
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    table = Table.grid(padding=(0, 0))
    for title, *lines in [
        (titles, ""),
        *((row, *_below(found, run)) for row, run in zip(rows, shown, strict=True)),
    ]:
        cells = (cell.ljust(width) for cell, width in zip(title, widths, strict=True))
        table.add_row(Styled("  ".join(cells).rstrip(), style="dim" if title is titles else ""))
        for line in filter(None, lines):
            table.add_row(Styled(f"    {line}", style="dim"))
    console.print()
    console.print(table)


def _line(
    found: "Comparison", run: "ComparedRun", names: dict[str, str], reference: str
) -> tuple[str, ...]:
    from mllog_callbacks import comparison as words  # noqa: PLC0415 - loads pydantic: slow

    return (
        names[run.id],
        words.score_in_words(run.scores.get(found.metric)),
        words.against_in_words(found.judgement(run)) or reference,
        "" if run.seconds is None else f"{run.seconds:.3g} s",
        run.ended,
    )


def _below(found: "Comparison", run: "ComparedRun") -> "Iterator[str]":
    """In what a run differs, a line each."""
    from mllog_callbacks import comparison as words  # noqa: PLC0415 - loads pydantic: slow

    different = [each for each in found.differences(run) if each.is_chosen]
    for each in different[:_DIFFERENCES]:
        yield words.difference_in_words(each)
    if len(different) > _DIFFERENCES:
        yield f"{count(len(different) - _DIFFERENCES, 'more difference')}; see --json"
    parts = words.parting_in_words(found, run)
    if parts not in {"", "nowhere", "not known"}:
        yield f"its curve parts at {parts}"
    if issues := words.issues_in_words(found, run):
        yield f"issues: {issues}"
