"""What a trail records: its runs, their ends, what was kept, what went wrong, what is missing."""

from typing import Any

import pytest

from mllog_callbacks.reading import FileAccount, parse_row
from mllog_callbacks.reading import story as narrative
from mllog_callbacks.reading.story import Story, state_of
from mllog_callbacks.report._page import report_page
from mllog_callbacks.schema import LogEntry
from trails import BEGIN, entry, issue, lines, story_of, story_of_bytes, training


def recorded(story: Story) -> str:
    """What happened, in one text."""
    return "\n".join(" ".join(p.text for p in each) for each in narrative.what_happened(story))


def test_a_training_is_recorded_from_its_start_to_what_was_kept() -> None:
    """Who trained how far on what, why it stopped, what is kept, the main finding, its cause."""
    story = story_of(*training())
    assert recorded(story) == (
        "LGBMClassifier trained on credit.v3 for 20 of at most 100 iterations (900 rows). Training "
        "stopped early after iteration 20 of at most 100. The model of iteration 10 is kept. "
        "valid loss last improved at iteration 10 (0.5); 10 iterations without improvement reached "
        "early_stopping(stopping_rounds=10, min_delta=0). Main finding: Overfitting: valid loss "
        "has been getting worse since iteration 10. Probable cause: 14.3 rows a leaf."
    )
    assert [words for _, words in narrative.pills(story)] == [
        "Broken",
        "Stopped early, as configured",
        "1 serious issue",
        "Log readable: 25 of 25 lines valid",
    ]
    assert [tile.figure for tile in narrative.tiles(story)] == ["0.5", "No improvement", "1", "5"]


@pytest.mark.parametrize(
    ("severity", "final", "word"),
    [
        ("error", None, "broken"),
        ("warning", None, "check"),
        ("error", "info", "healthy"),
        ("warning", "error", "broken"),
    ],
)
def test_a_verdict_follows_from_the_consequence_of_issues(
    severity: str, final: str | None, word: str
) -> None:
    """Their severity at the end of the run counts, where it is recorded."""
    issue = {"id": 1, "code": "MLA001", "name": "overfitting", "severity": severity}
    issues = {} if final is None else {"issues": {"1": {**issue, "severity": final}}}
    story = story_of(
        ("TRAINING_STARTED", {}),
        ("TRAINING_PROGRESS", {"metrics_snapshot": {"iteration": 1, "valid": {"loss": 0.5}}}),
        ("ISSUE_DETECTED", {"decision": "Overfitting.", "metrics_snapshot": issue}),
        ("TRAINING_COMPLETED", {"metrics_snapshot": {"stop": {"by": "plan"}, **issues}}),
    )
    verdict = narrative.verdict_of(story)
    assert verdict.word == word
    assert ("Overfitting" in verdict.reason) is (word != "healthy")


def test_a_training_that_broke_down_is_looked_at_whatever_it_keeps() -> None:
    """A checkpoint from before the first infinite loss is no sign of health."""
    issue = {"id": 1, "code": "MLA004", "name": "non_finite", "severity": "error"}
    end = {"stop": {"by": "rule"}, "issues": {"1": {**issue, "severity": "info"}}}
    story = story_of(
        ("TRAINING_STARTED", {}),
        ("TRAINING_PROGRESS", {"metrics_snapshot": {"iteration": 1, "valid": {"loss": 0.5}}}),
        ("ISSUE_DETECTED", {"decision": "Infinite loss.", "metrics_snapshot": issue}),
        ("TRAINING_STOPPED", {"metrics_snapshot": end}),
    )
    assert narrative.verdict_of(story) == ("check", "Infinite loss.")
    assert "good" not in {mood for mood, _ in narrative.pills(story)[:2]}


@pytest.mark.parametrize(
    ("recorded_then", "word"),
    [
        ([("TRAINING_COMPLETED", {"metrics_snapshot": {"stop": {"by": "plan"}}})], "unknown"),
        ([("TRAINING_STOPPED", {"metrics_snapshot": {"stop": {"by": "hand"}}})], "check"),
        ([("TRAINING_FAILED", {})], "broken"),
        ([], "unknown"),
    ],
)
def test_a_verdict_claims_no_more_than_the_log_shows(
    recorded_then: list[tuple[str, dict[str, Any]]], word: str
) -> None:
    """Without a metric or an end nothing is called healthy."""
    assert narrative.verdict_of(story_of(("TRAINING_STARTED", {}), *recorded_then)).word == word


@pytest.mark.parametrize(
    ("end", "facts_then", "mood", "pill", "headline"),
    [
        ("TRAINING_COMPLETED", {}, "good", "Completed as planned", "Completed"),
        (
            "TRAINING_FAILED",
            {"error": {"type": "ValueError"}},
            "bad",
            "Failed: ValueError",
            "ValueError",
        ),
        ("TRAINING_FAILED", {}, "bad", "Failed", "Failed"),
        ("TRAINING_STOPPED", {"stop": {"by": "hand"}}, "unknown", "Stopped by hand", "By hand"),
        (
            "TRAINING_STOPPED",
            {"stop": {"by": "limit"}},
            "good",
            "Stopped at its time limit",
            "Time limit",
        ),
        ("TRAINING_STOPPED", {}, "good", "Stopped before its planned end", "Stopped"),
        (
            "TRAINING_STOPPED",
            {"stop": {"by": "rule", "rule": {"waited": 1200, "unit": "check"}}},
            "good",
            "Stopped early, as configured",
            "No improvement",
        ),
        (
            "TRAINING_STOPPED",
            {"stop": "odd", "error": 3},
            "good",
            "Stopped before its planned end",
            "Stopped",
        ),
    ],
)
def test_each_end_has_its_words(
    end: str, facts_then: dict[str, Any], mood: str, pill: str, headline: str
) -> None:
    """As its event and its facts have them, whatever shape a user's own have."""
    story = story_of(*training(3, None), (end, {"metrics_snapshot": facts_then}))
    found = narrative.ending(story.main)
    assert (found.mood, found.pill, found.headline) == (mood, pill, headline)


def test_what_is_missing_is_not_recorded() -> None:
    """The end, the metric, the settings; and a log without an end is unfinished, said first."""
    story = story_of(("TRAINING_STARTED", {}))
    assert "Its end is not recorded" in recorded(story)
    assert recorded(story).startswith("A training has no end in this log")
    assert narrative.pills(story)[0] == ("unknown", "Log unfinished")
    assert narrative.tiles(story)[0].figure == "Not recorded"
    assert "how far it came is not recorded" in recorded(story)


def test_an_end_without_a_start_is_recorded() -> None:
    """The first lines of the log are gone."""
    story = story_of(*training()[5:])
    assert "No start of a training is recorded" in recorded(story)
    assert "The model of iteration 10 is kept." in recorded(story)


def test_a_log_without_entries_says_so() -> None:
    """It is empty, which is unfinished and not damaged."""
    story = story_of_bytes(b"")
    assert "There is no entry" in recorded(story)
    assert state_of(story).mood == "unknown"


@pytest.mark.parametrize(
    ("damage", "mood", "words"),
    [
        (lambda raw: raw[:-5], "unknown", "has no end"),
        (lambda raw: raw.replace(b"TRAINING_STARTED", b"TRAINING"), "bad", "1 line of 25"),
        (
            lambda raw: raw + raw[-200:].split(b"\n")[-1] + raw.split(b"\n")[3] + b"\n",
            "bad",
            "later",
        ),
        (
            lambda raw: (
                raw
                + lines([("ISSUE_DETECTED", {"metrics_snapshot": {"dropped_entries": 7}})]).replace(
                    b"2026", b"2027"
                )
            ),
            "bad",
            "7 entries could not be kept",
        ),
    ],
)
def test_damage_is_said_first(damage: Any, mood: str, words: str) -> None:
    """Torn, broken, disordered or incomplete: before the story is recorded."""
    story = story_of_bytes(damage(lines(training())))
    state = state_of(story)
    assert state.mood == mood
    assert words in state.sentences[0]
    assert narrative.pills(story)[0] == (mood, state.pill)
    assert recorded(story).startswith(state.sentences[0])


def test_runs_in_parallel_are_distinguished_by_name() -> None:
    """Two models train at the same time in one session."""
    pairs = zip(training(model="a"), training(model="b"), strict=True)
    story = story_of(*[each for pair in pairs for each in pair])
    assert [(run.model, run.parent, len(run.issues)) for run in story.runs] == [
        ("a", None, 1),
        ("b", None, 1),
    ]
    assert [len(curve.points) for run in story.runs for curve in run.curves] == [20] * 4
    assert not story.overlapping


def test_runs_of_one_name_are_distinguished_by_their_steps() -> None:
    """One is ahead of the other; that this may err is said."""
    ahead, behind = training(20), training(8)
    story = story_of(*ahead[:14], *behind[:2], ahead[14], behind[2], *ahead[15:], *behind[3:])
    assert story.overlapping
    assert "assigned by their steps" in recorded(story)
    found = {max(p.at for p in curve.points) for run in story.runs for curve in run.curves}
    assert found == {20.0, 8.0}


def test_runs_of_one_name_that_have_numbers_are_distinguished_by_these() -> None:
    """All entries of a run have its number, which is no metric."""

    def of(number: int, event: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return event, fields | {"metrics_snapshot": {"run": number} | fields["metrics_snapshot"]}

    start, *first = training(8, "TRAINING_FAILED")
    begin, *second = (of(2, *each) for each in training(8))
    pairs = zip((of(1, *each) for each in first), second, strict=True)
    story = story_of(of(1, *start), begin, *(each for pair in pairs for each in pair))
    assert not story.overlapping
    assert [run.outcome for run in story.runs] == ["failed", "stopped"]
    found = [
        (curve.metric, [p.at for p in curve.points]) for run in story.runs for curve in run.curves
    ]
    assert found == [("loss", [*range(1, 9)])] * 4


def test_a_run_within_another_is_recorded_as_such() -> None:
    """A search, and a fit of each candidate within it."""
    inner = [each for n in range(3) for each in training(4, "TRAINING_COMPLETED", model=f"c{n}")]
    outer = training(0, "TRAINING_COMPLETED", model="GridSearchCV")
    story = story_of(*outer[:2], *inner, *outer[2:])
    assert [run.parent for run in story.runs] == [None, 1, 1, 1]
    assert "3 runs went on within it." in recorded(story)
    assert story.main.end is not None


def test_runs_one_after_the_other_have_their_own_settings() -> None:
    """Also where settings are recorded before the start."""
    first, second = training(3), training(3)
    second[0], second[1] = second[1], second[0]
    second[0] = ("HYPERPARAMETERS_SET", {"metrics_snapshot": {"num_leaves": 7}})
    story = story_of(*first, *second)
    assert [narrative.settings(run)[0].value for run in story.runs] == [63, 7]


@pytest.mark.parametrize(
    ("snapshots", "unit", "curves"),
    [
        ([{"epoch": 0, "train_loss": 1.0, "val_loss": 2.0}], "epoch", ["train loss", "val loss"]),
        (
            [{"epoch": 0, "step": 5, "loss": 1}, {"epoch": 0, "step": 9, "loss": 2}],
            "step",
            ["loss"],
        ),
        ([{"global_step": 5, "train/acc": 0.5}], "step", ["train acc"]),
        ([{"iteration": 1, "valid_0": {"auc": 0.5, "auc_std": 0.1}}], "iteration", ["valid_0 auc"]),
        ([{"epoch": 1, "metrics": {"val_loss": 1.0}, "seconds": 3.0}], "epoch", ["val loss"]),
        ([{"epoch": 1, "learning_rate": {"Adam": 0.1}}], "epoch", ["learning_rate.Adam"]),
        ([{"loss": 1.0}, {"loss": 0.5}], "entry", ["loss"]),
        ([{"epoch": 1, "rows": 10, "best_score": 0.5, "patience": 3}], "entry", []),
        (
            [{"epoch": 9, "training": {"loss": 0.5, "loss_first": 0.9, "loss_best": 0.4}}],
            "epoch",
            ["training loss"],
        ),
        (
            [{"epoch": 1, "training": {"train_loss": 2.0}, "validation": {"val_loss": 1.0}}],
            "epoch",
            ["training loss", "validation loss"],
        ),
        ([{"round": 1, "candidates": 9, "runner_up": {"test": {"f1": 0.4}}}], "entry", []),
        ([{"candidates": 9, "ranked_first": {"mean_test": {"f1": 0.4}}}], "entry", []),
    ],
)
def test_metrics_of_any_shape_become_curves(
    snapshots: list[dict[str, Any]], unit: str, curves: list[str]
) -> None:
    """Flat with the set in the name, or set by set; what is no metric is left out."""
    story = story_of(
        ("TRAINING_STARTED", {}),
        *[("TRAINING_PROGRESS", {"metrics_snapshot": each}) for each in snapshots],
    )
    assert story.main.curves.unit == unit
    assert [curve.name for curve in story.main.curves] == curves


def test_a_value_that_was_not_finite_is_a_gap() -> None:
    """It stands as null in the log."""
    values = [1.0, None, 0.5]
    snapshots = [{"epoch": at, "val_loss": value} for at, value in enumerate(values)]
    recorded = [("TRAINING_PROGRESS", {"metrics_snapshot": each}) for each in snapshots]
    (curve,) = story_of(*recorded).prelude.curves
    assert [point.value for point in curve.points] == values


def test_a_curve_may_be_recorded_at_once() -> None:
    """As an estimator that keeps it, such as an MLP's loss_curve_."""
    story = story_of(
        ("TRAINING_STARTED", {}),
        ("TRAINING_COMPLETED", {"metrics_snapshot": {"loss_curve_": [3.0, 2.0, 1.0]}}),
    )
    (curve,) = story.main.curves
    assert [point.at for point in curve.points] == [1, 2, 3]


def test_an_issue_is_one_from_its_first_word_to_its_last() -> None:
    """Possible, confirmed, resolved: the worst is recorded, and how it went on."""
    resolved = issue("info", 18)
    resolved["decision"] = "Overfitting resolved: valid loss is at a new best."
    resolved["metrics_snapshot"]["state"] = "closed"
    story = story_of(
        *training(11, None),
        ("ISSUE_DETECTED", issue("warning", 12)),
        ("ISSUE_DETECTED", issue("error", 15)),
        ("ISSUE_DETECTED", resolved),
        ("ISSUE_DETECTED", issue("warning", 15, "valid auc")),
    )
    (_, other), (_, found) = story.issues[::-1]
    assert (found.severity, found.count, found.resolved) == ("error", 3, True)
    assert (other.severity, other.subject) == ("warning", "valid auc")
    text = narrative.issue_text(found)
    assert text.evidence == "valid loss was best at iteration 10."
    assert text.cause == "14.3 rows a leaf."
    assert text.course.endswith("Last: Overfitting resolved: valid loss is at a new best.")
    assert text.where == "iterations 12 to 18 · lines 14 and 16 · MLA001 overfitting"


def test_settings_of_the_caller_come_first() -> None:
    """With their defaults, where both are recorded."""
    snapshot = {"defaults": {"a": 1, "b": 2}, "set_by_caller": {"c": 3}, "d": 4}
    also = {"given": {"b": 5}, "default_values": {"b": 2}}
    story = story_of(
        ("TRAINING_STARTED", {}),
        ("HYPERPARAMETERS_SET", {"metrics_snapshot": snapshot}),
        ("HYPERPARAMETERS_SET", {"metrics_snapshot": also}),
    )
    assert [(s.name, s.value, s.default, s.by_caller) for s in narrative.settings(story.main)] == [
        ("b", 5, 2, True),
        ("c", 3, None, True),
        ("d", 4, None, None),
        ("a", 1, None, False),
    ]


def test_the_quick_reader_knows_the_fields_of_the_schema() -> None:
    """It spells them out, because the schema is slow to import."""
    row = parse_row(lines(training(1)).split(b"\n")[0], 1)
    assert row.fields is not None
    assert list(row.fields) == list(LogEntry.model_fields)


def test_a_file_that_cannot_be_read_is_recorded(tmp_path: Any) -> None:
    """In its account, as the reason; nothing is raised."""
    from mllog_callbacks.reading.story import read_stories  # noqa: PLC0415 - beside its only use

    (story,) = read_stories([tmp_path])
    assert isinstance(story.files[0], FileAccount)
    assert "could not be read to its end: is a directory" in recorded(story)
    assert BEGIN.year == int(entry("MODEL_SAVED")["timestamp"][:4])


def test_values_of_more_metrics_than_can_be_kept_are_counted() -> None:
    """The report says how many it does not draw."""
    many = {f"metric{number}": 0.5 for number in range(103)}
    steps = [
        ("TRAINING_PROGRESS", {"metrics_snapshot": {"iteration": at, "valid": many}})
        for at in (1, 2)
    ]
    (curves,) = report_page(story_of(("TRAINING_STARTED", {}), *steps))["curves"]
    assert curves["left_out"].endswith(" Further metrics have 6 values in the log.")
