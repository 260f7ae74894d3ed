"""What the page shows, section by section, bounded so that no log makes a page of any length."""

import shlex
from typing import TYPE_CHECKING, Any, Final

from mllog_callbacks._version import __version__
from mllog_callbacks.detectors import KINDS
from mllog_callbacks.reading import FileAccount
from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import Finding, Run, Story, cut, moment, state_of, value
from mllog_callbacks.report._candidates import candidates_of
from mllog_callbacks.report._charts import charts_of, recorded_once
from mllog_callbacks.report._comparison import beside
from mllog_callbacks.report._decisions import decisions
from mllog_callbacks.report._origin import origin_rows
from mllog_callbacks.schema import count

if TYPE_CHECKING:
    from mllog_callbacks.report._drawing import Chart

__all__ = ["index_page", "report_page"]

_ISSUES: Final = 20
_RUNS: Final = 40
_CHARTS: Final = 8
_CHART_GROUPS: Final = 6
_COMPARISONS: Final = 6
_SETTINGS_GROUPS: Final = 4
_GIVEN: Final = 60
_DEFAULTS: Final = 150
_SETS: Final = 12
_FACTS: Final = 6
_FILES: Final = 10
_FINDINGS: Final = 20
_TEXT: Final = 700
_SEVERITY_WORDS: Final = {"error": "Serious", "warning": "Warning", "info": "Info"}
_SECTIONS: Final = {
    "story": "What happened",
    "issues": "Issues",
    "curves": "Curves",
    "candidates": "Candidates",
    "decisions": "Decisions",
    "settings": "Settings",
    "data": "Data",
    "integrity": "Integrity",
    "remake": "Remake",
}
_ENVIRONMENT: Final = {
    "host": "Host",
    "platform": "Platform",
    "python": "Python",
    "mllog_callbacks": "mllog-callbacks",
    "program": "Program",
    "user": "User",
    "pid": "Process",
    "rank": "Rank",
    "parent": "Parent session",
}


def report_page(story: Story) -> dict[str, Any]:
    """All that the template of a report asks for."""
    numbered = list(enumerate(narrative.findings(story), 1))
    compared = _candidates(story)
    return {
        "version": __version__,
        "title": narrative.title(story),
        "session": cut(story.session, 140),
        "about": [each for each in (moment(story.span[0]), narrative.took(story)) if each],
        "unverified": narrative.verification_of(story),
        "pills": narrative.pills(story),
        "verdict": narrative.verdict_of(story),
        "sections": [each for each in _SECTIONS.items() if compared or each[0] != "candidates"],
        "paragraphs": narrative.what_happened(story),
        "tiles": narrative.tiles(story),
        "beside": beside(story),
        "runs": _runs(story) if len(story.runs) > max(len(story.members), 1) else None,
        "issues": [_issue(story, at, each) for at, each in numbered[:_ISSUES]],
        "issues_left_out": _more(len(numbered) - _ISSUES, "issue"),
        "quiet": _quiet(story),
        "curves": _curves(story, numbered),
        "candidates": compared,
        "decisions": decisions(story),
        "settings": _settings(story),
        "data": _data(story),
        "environment": _environment(story),
        "origin": list(origin_rows(story)),
        "integrity": _integrity(story),
        "remake": f"mllog report {_paths(story)}",
    }


def index_page(stories: list[tuple[str, Story]]) -> dict[str, Any]:
    """All that the template of an index asks for.

    Args:
        stories: The name of each report's file, and its story.
    """
    newest = sorted(stories, key=lambda pair: pair[1].span[0] or "", reverse=True)
    return {
        "version": __version__,
        "title": count(len(stories), "training log"),
        "about": f"{count(sum(story.entries for _, story in stories), 'entry')} in all",
        "logs": [
            {
                "href": href,
                "title": narrative.title(story),
                "session": cut(story.session, 140),
                "when": moment(story.span[0]),
                "took": narrative.took(story),
                "entries": count(story.entries, "entry"),
                "unverified": narrative.verification_of(story),
                "pills": narrative.pills(story),
            }
            for href, story in newest
        ],
    }


def _runs(story: Story) -> dict[str, Any]:
    rows = [narrative.run_facts(run) | {"of": story.whose(run)} for run in story.runs[:_RUNS]]
    return {"rows": rows, "left_out": _more(len(story.runs) - _RUNS, "run")}


def _issue(story: Story, at: int, finding: Finding) -> dict[str, Any]:
    found = finding.found
    text = narrative.issue_text(found)
    run = _run_title(story, finding.run)
    return {
        "number": at,
        "severity": found.severity,
        "word": _SEVERITY_WORDS[found.severity],
        "run": f"{run}, and so {finding.shared}" if finding.shared else run,
        "text": text._replace(**{name: cut(each, _TEXT) for name, each in text._asdict().items()}),
    }


def _run_title(story: Story, run: Run) -> str:
    """Which of several a run is; empty where there is but one."""
    if len(story.runs) < 2 and not story.members:  # noqa: PLR2004 - one run, or none
        return ""
    named = f"Run {run.number}: {narrative.title_of_run(run)}" if run.number else "Beside the runs"
    return " · ".join(filter(None, [cut(story.whose(run), 60).capitalize(), named]))


def _quiet(story: Story) -> str:
    """Which checks ran and found nothing, and why others did not run."""
    found = {each.code for _, each in story.issues}
    runs = [each for each in map(narrative.checks, story.runs) if each is not None]
    if not runs:
        return "Which checks ran is not recorded."
    names = {each.code: f"{each.name.replace('_', ' ')} ({each.code})" for each in KINDS}
    ran = [code for code in names if any(code in each.ran for each in runs)]
    quiet = [names[code] for code in ran if code not in found]
    not_run = {code: why for each in runs for code, why in each.not_run.items() if code not in ran}
    said = []
    if quiet:
        said.append(f"Checks that ran and found nothing: {', '.join(quiet)}.")
    if not_run:
        whys: dict[str, list[str]] = {}
        for code, why in not_run.items():
            whys.setdefault(why, []).append(names.get(code, code))
        listed = "; ".join(f"{', '.join(each)}: {why}" for why, each in whys.items())
        said.append(f"Checks that did not run: {listed}.")
    return " ".join(said)


def _curves(story: Story, numbered: list[tuple[int, Finding]]) -> list[dict[str, Any]]:
    with_curves = [run for run in story.all_runs() if len(run.curves)]
    groups = []
    left = _CHARTS
    for run in with_curves[:_CHART_GROUPS]:
        own = ((at, each.of(run)) for at, each in numbered[:_ISSUES] if run in each.runs)
        issues = [(at, found) for at, found in own if found is not None]
        drawn: list[Chart] = charts_of(run, issues)
        shown, left = drawn[: max(left, 1)], left - len(drawn)
        unlisted = f"Further metrics have {count(run.curves.unlisted, 'value')} in the log."
        more = _more(len(drawn) - len(shown), "metric")
        groups.append(
            {
                "id": run.number,
                "title": _run_title(story, run),
                "charts": shown,
                "once": cut("; ".join(recorded_once(run)), _TEXT),
                "left_out": f"{more} {unlisted if run.curves.unlisted else ''}".strip(),
            }
        )
    if groups and len(with_curves) > _CHART_GROUPS:
        groups[-1]["left_out"] = (
            f"{_more(len(with_curves) - _CHART_GROUPS, 'run')} {groups[-1]['left_out']}"
        )
    return groups


def _candidates(story: Story) -> list[dict[str, Any]]:
    """What was compared, and by which run."""
    found = [
        {"title": _run_title(story, run), "id": f"{run.number}-{place}"} | each
        for run in story.all_runs()
        for place, each in enumerate(candidates_of(run), 1)
    ]
    return found[:_COMPARISONS]


def _settings(story: Story) -> list[dict[str, Any]]:
    with_settings = [run for run in story.all_runs() if run.settings]
    groups = [_settings_of(story, run) for run in with_settings[:_SETTINGS_GROUPS]]
    if groups and len(with_settings) > _SETTINGS_GROUPS:
        groups[-1]["left_out"] = _more(len(with_settings) - _SETTINGS_GROUPS, "run")
    return groups


def _settings_of(story: Story, run: Run) -> dict[str, Any]:
    found = narrative.settings(run)
    given = [each for each in found if each.by_caller is not False]
    defaults = [each for each in found if each.by_caller is False]
    known = any(each.by_caller for each in given)
    return {
        "title": _run_title(story, run),
        "caption": f"{'Set by the caller' if known else 'As recorded'} ({len(given)})",
        "given": [
            {
                "name": cut(each.name, 80),
                "value": value(each.value, 120),
                "default": narrative.NOT_RECORDED if each.default is None else value(each.default),
            }
            for each in given[:_GIVEN]
        ],
        "defaults_known": any(each.default is not None for each in given),
        "defaults_title": f"{count(len(defaults), 'setting')} that the caller left alone",
        "defaults": [
            {"name": cut(each.name, 60), "value": value(each.value, 40)}
            for each in defaults[:_DEFAULTS]
        ],
        "left_out": _more(
            max(len(given) - _GIVEN, 0) + max(len(defaults) - _DEFAULTS, 0), "setting"
        ),
    }


def _data(story: Story) -> dict[str, Any] | None:
    runs = [run for run in story.all_runs() if run.data]
    sets = {
        name: each
        for run in reversed(runs)
        for name, each in narrative.data_facts(story, run).items()
    }
    columns = list(dict.fromkeys(name for each in sets.values() for name in each))[:_FACTS]
    if not columns:
        return None
    rows = [
        {
            "name": cut(name, 60),
            "cells": [
                value(each[column], 200) if column in each else narrative.NOT_RECORDED
                for column in columns
            ],
        }
        for name, each in list(sets.items())[:_SETS]
    ]
    return {"columns": [cut(each, 40) for each in columns], "rows": rows}


def _environment(story: Story) -> list[tuple[str, str]]:
    if not story.sidecar:
        return [("Environment", narrative.NOT_RECORDED)]
    return [
        (label, value(story.sidecar[key], 120))
        for key, label in _ENVIRONMENT.items()
        if story.sidecar.get(key) is not None
    ]


def _integrity(story: Story) -> dict[str, Any]:
    return {
        "sentences": state_of(story).sentences,
        "files": [_file(story, each) for each in story.files[:_FILES]],
        "left_out": _more(len(story.files) - _FILES, "file"),
        "command": f"mllog verify {_paths(story)}\nmllog validate {_paths(story)}",
    }


def _file(story: Story, file: FileAccount) -> dict[str, Any]:
    broken = file.bad_lines + file.unfinished
    recorded = {
        "File": cut(file.name, 200),
        "Lines": f"{file.lines:,}, of which {count(file.entries, 'entry')}",
        "Size": count(file.bytes, "byte"),
        "First": moment(file.first),
        "Last": moment(file.last),
        "Schema": "every line is an entry of the seven fields"
        if not broken
        else f"{count(broken, 'line')} of {file.lines:,} no entry",
        "Order": "each later than the one before"
        if not file.disordered
        else f"{count(file.disordered, 'entry')} not later than the one before",
        "Dropped": f"{story.dropped:,} in the session, by its own account",
        "SHA-256": file.sha256 or narrative.NOT_RECORDED,
    }
    if file.error:
        recorded["Not read to its end"] = file.error
    findings = [
        f"line {line:,}: {finding.field}: {cut(finding.reason, 200)}"
        for line, finding in file.findings[:_FINDINGS]
    ]
    hidden = len(file.findings) > len(findings) or file.bad_lines > len(findings)
    title = f"Findings ({len(findings)}{' or more' if hidden else ''})"
    return {"facts": recorded.items(), "findings": findings, "findings_title": title}


def _paths(story: Story) -> str:
    paths = [file.path for file in story.files]
    if len(paths) > _FILES:
        paths = list(dict.fromkeys(path.parent for path in paths))
    shown = [str(path).encode("utf-8", "replace").decode() for path in paths]
    return cut(shlex.join(shown), 2_000)


def _more(many: int, noun: str) -> str:
    return f"{count(many, f'more {noun}')} in the log." if many > 0 else ""
