"""What reads a log uses facts alone: with every sentence gone, its verdicts and figures stay."""

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.contract import Case, UserError, Way, cases_in
from mllog_callbacks.reading.story import Story, as_object, read_stories
from mllog_callbacks.report._page import report_page
from paths import SUPPORT

CASES = cases_in(SUPPORT)


def _silent(log: Path, folder: Path) -> Path:
    """A copy of a log in which decision and reasoning of every entry are "x"."""
    recorded = map(json.loads, log.read_text("utf-8").splitlines())
    lines = [json.dumps({**entry, "decision": "x", "reasoning": "x"}) for entry in recorded]
    copy = folder / log.name
    folder.mkdir()
    copy.write_text("".join(f"{each}\n" for each in lines), "utf-8")
    return copy


def _figures(story: Story) -> dict[str, Any]:
    """What summary and report show, without the sentences that they quote."""
    shown = as_object(story)
    page = report_page(story)
    charts = [dataclasses.asdict(chart) for group in page["curves"] for chart in group["charts"]]
    for chart in charts:
        chart["marks"] = [mark._replace(title="") for mark in chart["marks"]]
    issues = [
        {name: each[name] for name in ("code", "name", "severity", "run", "resolved", "cause")}
        for each in shown["issues"]
    ]
    return {
        "verdict": shown["verdict"]["word"],
        "tiles": shown["tiles"],
        "runs": shown["runs"],
        "issues": issues,
        "pills": page["pills"],
        "settings": page["settings"],
        "data": page["data"],
        "charts": charts,
    }


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.name.lower())
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.package)
def test_figures_do_not_depend_on_sentences(case: Case, way: Way, tmp_path: Path) -> None:
    """For each adapter, whichever way its training ends."""
    with AuditLog(tmp_path / "logs") as log:
        with contextlib.suppress(UserError, KeyboardInterrupt):
            case.audited(log, way)
        path = log.path
    (recorded,) = read_stories([path])
    (silent,) = read_stories([_silent(path, tmp_path / "silent")])
    assert _figures(silent) == _figures(recorded)
