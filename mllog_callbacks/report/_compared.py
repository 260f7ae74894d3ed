"""Runs held against one another on a page: a table, and one chart of all their curves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mllog_callbacks import comparison as words
from mllog_callbacks._version import __version__
from mllog_callbacks.comparison import ComparedRun, Comparison
from mllog_callbacks.facts import thinned
from mllog_callbacks.reading.story import cut, moment, number
from mllog_callbacks.report._drawing import BOTTOM, LEFT, RIGHT, TOP
from mllog_callbacks.report._scales import Scale, scale_of
from mllog_callbacks.schema import count

__all__ = ["comparison_card", "comparison_page", "comparison_section"]

_ROWS: Final = 500
_CARD_ROWS: Final = 25
_CARD_CHARS: Final = 240
_COLUMNS: Final = 10
_GROUPS: Final = 20
_DIFFERENCES: Final = 12
_POINTS: Final = 48
_MOODS: Final = {"healthy": "good", "check": "unknown", "broken": "bad", "unknown": "note"}


def comparison_page(found: Comparison) -> dict[str, Any]:
    """All that the template of a comparison asks for."""
    return {
        "version": __version__,
        "title": words.heading(found),
        "compared": comparison_section(found, {}),
    }


def comparison_card(found: Comparison) -> dict[str, Any]:
    """What a notebook shows of a comparison: few rows, and all in words."""
    names = words.short_names([*found.runs, *found.inner])
    reference = "baseline" if found.baseline is not None else "best"
    rows = []
    for run in found.runs[:_CARD_ROWS]:
        chosen = (each for each in found.differences(run) if each.is_chosen)
        said = "; ".join(words.difference_in_words(each) for each in chosen)
        score = words.score_in_words(run.scores.get(found.metric))
        against = words.against_in_words(found.judgement(run)) or reference
        rows.append([names[run.id], score, against, cut(said, _CARD_CHARS), cut(run.ended, 60)])
    return {
        "heading": words.heading(found),
        "best": "" if found.best is None else names[found.best.id],
        "columns": ["Run", "Score", f"Against {reference}", "Differs in", "Ended"],
        "rows": rows,
        "left_out": _more(len(found.runs) - len(rows), "run"),
    }


def comparison_section(found: Comparison, pages: Mapping[str, str]) -> dict[str, Any]:
    """The comparison as a part of a page.

    Args:
        found: The comparison.
        pages: The page of each session, by its name.
    """
    runs = [*found.runs[:_ROWS]]
    if found.baseline is not None and found.baseline not in runs:
        runs.append(found.baseline)
    names = words.short_names(runs)
    columns = found.columns[:_COLUMNS]
    groups = [each for each in found.groups if each.kind != "candidates"][:_GROUPS]
    of_groups = {
        member.name: [at for at, each in enumerate(groups) if member in each.members]
        for group in groups
        for member in group.members
    }
    best, baseline = (
        "" if each is None else names.get(each.id, each.id) for each in (found.best, found.baseline)
    )
    return {
        "heading": words.heading(found),
        "best": best,
        "baseline": baseline,
        "reference": "baseline" if baseline else "best",
        "columns": [cut(words.plain_name(each), 60) for each in columns],
        "rows": [_row(found, run, names, columns, pages, of_groups) for run in runs],
        "left_out": _more(len(found.runs) - len(runs), "run"),
        "columns_left_out": _more(len(found.columns) - len(columns), "differing fact"),
        "groups": [cut(words.group_in_words(each), 120) for each in found.groups[:_GROUPS]],
        "choices": [cut(words.group_in_words(each), 80) for each in groups],
        "chart": _chart(found, runs, names),
    }


def _more(many: int, noun: str) -> str:
    return f"{count(many, f'more {noun}')} not shown; see mllog compare --json." if many > 0 else ""


def _row(
    found: Comparison,
    run: ComparedRun,
    names: Mapping[str, str],
    columns: Sequence[str],
    pages: Mapping[str, str],
    of_groups: Mapping[str, list[int]],
) -> dict[str, Any]:
    score = run.scores.get(found.metric)
    judged = found.judgement(run)
    parting = found.partings(run).get(found.metric)
    different = [each for each in found.differences(run) if each.is_chosen]
    unlisted = [each for each in different if each.name not in columns]
    changed = {each.name for each in different}
    return {
        "name": names[run.id],
        "id": cut(run.id, 140),
        "title": cut(run.title, 120),
        "href": pages.get(run.session, ""),
        "mark": "best" if run is found.best else "baseline" if run is found.baseline else "",
        "mood": _MOODS[run.verdict],
        "verdict": run.verdict,
        "reason": cut(run.reason, 200),
        "ended": run.ended,
        "score": words.score_in_words(score),
        "score_sorts": "" if score is None else score.value,
        "against": words.against_in_words(judged),
        "against_sorts": "" if judged is None or judged.change is None else judged.change,
        "cells": [
            {
                "words": words.trait_in_words(run.traits.get(name), 60),
                "sorts": _sorts(run, name),
                "changed": name in changed,
            }
            for name in columns
        ],
        "more": [words.difference_in_words(each) for each in unlisted[:_DIFFERENCES]],
        "parts": words.parting_in_words(found, run),
        "parts_sorts": "" if parting is None or parting.at is None else parting.at,
        "issues": words.issues_in_words(found, run),
        "issues_sorts": len(run.issues),
        "seconds": "" if run.seconds is None else f"{run.seconds:.3g}",
        "began": run.began or "",
        "when": moment(run.began) if run.began else "",
        "groups": " ".join(map(str, of_groups.get(run.id, []))),
    }


def _sorts(run: ComparedRun, name: str) -> str:
    """What a cell is sorted by: a number where it is one."""
    trait = run.traits.get(name)
    if trait is None:
        return ""
    return str(trait.key)


def _chart(
    found: Comparison, runs: Sequence[ComparedRun], names: Mapping[str, str]
) -> dict[str, Any] | None:
    """All curves of the metric that is compared, in one drawing."""
    drawn = [run for run in runs if found.metric in run.curves]
    lines = {run.id: _points(run, found.metric) for run in drawn}
    values = [value for line in lines.values() for _, value in line]
    if not values:
        return None
    x = scale_of([at for line in lines.values() for at, _ in line], LEFT, RIGHT)
    y = scale_of(values, BOTTOM, TOP + 10)
    unit = next((run.unit for run in drawn if run.unit), "step")
    behind = [run for run in drawn if run not in (found.best, found.baseline)]
    ahead = [each for each in (found.baseline, found.best) if each is not None and each in drawn]
    return {
        "metric": found.metric,
        "unit": unit,
        "x_ticks": [(round(x.place(each), 1), number(each)) for each in x.ticks(9)],
        "y_ticks": [(round(y.place(each), 1), number(each)) for each in y.ticks(4)],
        "words": f"{found.metric} by {unit} of {count(len(drawn), 'run')}.",
        "series": [
            {
                "name": names[run.id],
                "style": _style(found, run),
                "path": _path(lines[run.id], x, y),
            }
            for run in [*behind, *ahead]
        ],
        "labels": [*_labels(found, ahead, lines, y)],
    }


def _style(found: Comparison, run: ComparedRun) -> str:
    return "v0" if run is found.best else "v3" if run is found.baseline else "others"


def _labels(
    found: Comparison,
    ahead: Sequence[ComparedRun],
    lines: Mapping[str, Sequence[tuple[float, float]]],
    y: Scale,
) -> Iterator[dict[str, Any]]:
    last: float | None = None
    for run in ahead:
        at = y.place(lines[run.id][-1][1])
        if last is not None and abs(at - last) < 15:  # noqa: PLR2004 - a line of text
            at = last + 15 if at >= last else last - 15
        last = at
        word = "best" if run is found.best else "baseline"
        yield {"words": word, "style": _style(found, run), "at": round(at + 4, 1)}


def _points(run: ComparedRun, metric: str) -> list[tuple[float, float]]:
    line = run.curves[metric]
    kept = thinned(line.at, [line.values], _POINTS)
    pairs = ((line.at[at], line.values[at]) for at in kept)
    return [(at, value) for at, value in pairs if value is not None]


def _path(points: Sequence[tuple[float, float]], x: Scale, y: Scale) -> str:
    places = (f"{x.place(at):.1f} {y.place(value):.1f}" for at, value in points)
    return f"M{'L'.join(places)}" if points else ""
