"""Ranks, workers and folds of one training give one report, beside each other."""

import json
import os
from pathlib import Path
from typing import Any

import joblib
import pytest

from launching import launch
from markup import Reader
from mllog_callbacks import AuditLog
from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import Story, join, read_stories
from mllog_callbacks.report import render_report
from processes import drained, emit_one
from sealed import mllog
from trails import lines, training, write


def reported(folder: Path, page: Path) -> tuple[list[dict[str, Any]], str]:
    """What `mllog report --json` prints of a folder, and the page."""
    recorded = mllog("report", folder, "-o", page, "--json").stdout
    text = page.read_text()
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return [*map(json.loads, recorded.splitlines())], text


def recorded_by(story: Story) -> str:
    """All that is recorded of what happened."""
    return "\n".join(" ".join(p.text for p in each) for each in narrative.what_happened(story))


def test_ranks_are_one_training_each_with_its_own_end(tmp_path: Path) -> None:
    """One page of both, which names them and says why the whole stopped."""
    logs = tmp_path / "logs"
    launch(logs, "complete", "fail")
    (recorded,), page = reported(logs, tmp_path / "page.html")
    assert (len(recorded["sessions"]), recorded["entries"]) == (2, 4)
    assert recorded["state"] == "Log intact: 4 of 4 lines valid"
    for words in (
        "Ranked on credit.v3, in 2 sessions",
        "2 runs: 1 completed, 1 failed",
        "Rank 0: completed; rank 1: failed.",
        '<td class="bad">Failed: ValueError</td>',
        '<td class="note">Completed as planned</td><td>3 epochs</td>',  # no metric, so no verdict
        "rank 1: how far it came is not recorded",
        "rank 1, line 2",
    ):
        assert words in page
    files = [file.name for file in logs.glob("*.jsonl")]
    assert all(page.count(name) >= 3 for name in files)  # in facts and both commands


def test_a_page_on_standard_output_takes_a_family(tmp_path: Path) -> None:
    """It is one training; with another beside it, it is not."""
    launch(tmp_path, "complete", "complete")
    assert mllog("report", tmp_path, "-o", "-").stdout.startswith(b"<!DOCTYPE html>")
    write(tmp_path, lines(training()), "alone")
    assert mllog("report", tmp_path, "-o", "-").returncode == 2
    (index, *pages), shown = reported(tmp_path, tmp_path / "index.html")
    assert "2 training logs" in shown
    assert (Path(index["page"]).name, len(pages)) == ("index.html", 2)


def test_folds_of_a_pool_are_recorded_with_the_session_they_come_from(tmp_path: Path) -> None:
    """Also workers that record no run; the parent's story leads."""
    logs = tmp_path / "logs"
    with AuditLog(logs, session="main") as log:
        log.emit("TRAINING_STARTED", model="Search")
        joblib.Parallel(n_jobs=2)(joblib.delayed(emit_one)(log, n) for n in range(4))
        log.emit("TRAINING_COMPLETED", model="Search")
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    drained(logs)
    (recorded,), page = reported(logs, tmp_path / "page.html")
    assert (recorded["session"], recorded["sessions"][0]) == ("main", "main")
    assert f"Parent process {os.getpid()}: completed" in page
    assert "records no run" in page


def member(
    folder: Path, session: str, end: str | None, start: int = 0, **facts: object
) -> tuple[str, Path]:
    """A log of one training, and what its manifest says."""
    raw = lines([("DATASET_VALIDATED", {})] * start + training(5, end, model=session))
    sidecar = folder / "_integrity" / f"{session}.json"
    sidecar.parent.mkdir(exist_ok=True)
    sidecar.write_text(json.dumps({"pid": 1, "host": "h"} | facts))
    return session, write(folder, raw, session)


def joined(*members: tuple[str, Path]) -> Story:
    """The story of these together, as sessions of the first."""
    return join(members[0][0], read_stories([path for _, path in members]))


def test_a_workers_run_is_within_the_one_it_began_in(tmp_path: Path) -> None:
    """That of a rank is beside it, though its process was started within."""
    main = member(tmp_path, "main", "TRAINING_COMPLETED")
    worker = member(tmp_path, "worker", "TRAINING_COMPLETED", start=2)
    late = member(tmp_path, "late", "TRAINING_COMPLETED", start=40)
    ranked = member(tmp_path, "ranked", "TRAINING_COMPLETED", start=2, local_rank=1)
    story = joined(main, worker, late, ranked)
    assert [(run.number, run.parent) for run in story.runs] == [
        (1, None),
        (2, 1),
        (3, None),
        (4, None),
    ]
    assert "1 run went on within it." in recorded_by(story)


def test_of_many_ranks_those_that_failed_are_named(tmp_path: Path) -> None:
    """In the sentences and in the table, which both are bounded; the first to fail is recorded."""
    ends = {13: "TRAINING_FAILED", 57: "TRAINING_FAILED", 58: None}
    ranks = [
        member(tmp_path, f"r{n}", ends.get(n, "TRAINING_COMPLETED"), start=n == 13, rank=n)
        for n in range(60)
    ]
    story = joined(*ranks)
    text = recorded_by(story)
    assert "57 completed; 2 failed (rank 13, rank 57); 1 without an end (rank 58)" in text
    assert "The first to fail was rank 57, at 09:14:" in text
    recorded = [each for each, _ in story.members if f"{each.capitalize()}: " in text]
    assert recorded == ["rank 0", "rank 1", "rank 13", "rank 57"]
    page = render_report(story)
    assert page.count('<td class="bad">Failed') == 2
    assert "20 more sessions in the logs." in page
    assert len(page.encode()) < 150_000


@pytest.mark.parametrize("facts", [{"rank": 0}, {}])
def test_members_of_the_same_name_are_distinguished(tmp_path: Path, facts: dict[str, int]) -> None:
    """By their sessions; a manifest may be missing as well."""
    one = member(tmp_path, "one", "TRAINING_COMPLETED", parent="gone", **facts)
    other = member(tmp_path, "other", "TRAINING_COMPLETED", parent="gone", **facts)
    (bare,) = read_stories([write(tmp_path, lines(training(3)), "bare")])
    story = join("gone", [*read_stories([one[1], other[1]]), bare])
    labels = [label for label, _ in story.members]
    assert len(set(labels)) == 3
    assert labels[0].endswith("session one")
    assert labels[2] == "session bare"
