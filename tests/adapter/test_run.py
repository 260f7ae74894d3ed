"""A run records entries, issues, and exactly one end; its steps at a rate a person reads."""

import pickle

import pytest

from clocks import set_clock
from mllog_callbacks import (
    AuditLog,
    Auditor,
    Cadence,
    DetectorSet,
    EventType,
    Issue,
    Level,
    Observation,
    Reason,
)
from recorded import Entries


def test_a_run_ends_once(log: AuditLog, entries: Entries) -> None:
    """Whatever comes after the first end is passed over."""
    run = Auditor(log).new_run()
    run.end(EventType.TRAINING_COMPLETED, Reason("Done.", "All ran."), {"steps": 3})
    run.fail(ValueError("late"), "in a hook", "in step 4", "nothing is kept")
    run.end(EventType.TRAINING_STOPPED, Reason("Again."))
    (only,) = entries()
    assert (only.event, only.decision, only.reasoning) == (
        "TRAINING_COMPLETED",
        "Done.",
        "All ran.",
    )
    assert only.metrics_snapshot is not None
    assert {*only.metrics_snapshot} == {"run", "seconds", "steps", "checks"}
    assert run.ended


def test_what_is_no_end_ends_no_run(log: AuditLog, entries: Entries) -> None:
    """The message says what would be."""
    run = Auditor(log).new_run()
    with pytest.raises(
        ValueError, match="MODEL_SAVED is no end of a run; expected one of TRAINING_"
    ):
        run.end(EventType.MODEL_SAVED, Reason("Saved."))
    assert entries() == []
    assert not run.ended


@pytest.mark.parametrize(
    ("error", "event", "decision"),
    [
        (ValueError("bad"), "TRAINING_FAILED", "Training failed in step 2 with ValueError"),
        (KeyboardInterrupt(), "TRAINING_STOPPED", "Training was stopped by hand in step 2"),
        (SystemExit(3), "TRAINING_STOPPED", "Training was stopped by hand in step 2"),
    ],
)
def test_an_exception_is_a_failure_and_an_interrupt_a_stop(
    error: BaseException, event: str, decision: str, log: AuditLog, entries: Entries
) -> None:
    """Both say what was raised, where, and what follows."""
    Auditor(log).new_run().fail(error, "in the loss", "in step 2", "no weights are kept")
    (only,) = entries()
    assert only.event == event
    assert str(only.decision).startswith(decision)
    assert str(only.decision).endswith("; no weights are kept.")
    assert f"{type(error).__name__}" in str(only.reasoning)
    assert "was raised in the loss" in str(only.reasoning)


def test_names_given_by_the_user_stand(log: AuditLog, entries: Entries) -> None:
    """An adapter's name counts only where the user gave none."""
    run = Auditor(log, dataset="credit.v3").new_run()
    run.name(dataset="found", model="LightGBM gbdt")
    run.emit(EventType.TRAINING_STARTED, Reason("Started."))
    assert [(each.dataset, each.model) for each in entries()] == [("credit.v3", "LightGBM gbdt")]


def test_issues_are_recorded_and_called_back(log: AuditLog, entries: Entries) -> None:
    """Each run has detectors of its own; the user's function gets each issue."""
    seen: list[Issue] = []
    auditor = Auditor(log, detectors=["non_finite"], on_issue=seen.append)
    for _ in range(2):
        auditor.new_run().observe(Observation(4, "step", train=float("nan")))
    recorded = entries()
    assert [each.event for each in recorded] == ["ISSUE_DETECTED"] * 2
    assert [each.step for each in seen] == [4, 4]
    assert recorded[0].metrics_snapshot is not None
    assert recorded[0].metrics_snapshot["step"] == 4
    assert recorded[0].metrics_snapshot["name"] == "non_finite"


def test_an_auditor_travels(log: AuditLog) -> None:
    """To the processes of a pool; the log opens there in a session of its own."""
    auditor = Auditor(log, dataset="d", detectors=DetectorSet(ignore=["MLA003"]))
    assert isinstance(pickle.loads(pickle.dumps(auditor)), Auditor)


def _recorded(cadence: Cadence, steps: int) -> list[int]:
    recorded = []
    for step in range(1, steps + 1):
        if cadence.due(step):
            cadence.recorded(step)
            recorded.append(step)
    return recorded


def test_steps_are_recorded_at_a_rate_a_person_reads() -> None:
    """A few at INFO, with the last where it is known; all at DEBUG."""
    assert _recorded(Cadence(Level.INFO, 70), 70) == [1, 2, 5, 10, 20, 50, 70]
    assert _recorded(Cadence(Level.INFO), 70) == [1, 2, 5, 10, 20, 50]
    assert _recorded(Cadence(Level.INFO, 1), 1) == [1]
    assert _recorded(Cadence(Level.DEBUG, 5), 5) == [1, 2, 3, 4, 5]


def test_a_word_between_steps_ends_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that lasts for long may be recorded on the way; at DEBUG all is."""
    clock = [0.0]
    set_clock(monkeypatch, "monotonic", lambda: clock[0])
    cadence = Cadence(Level.INFO, 100)
    silent = [cadence.silent]
    clock[0] = 31
    silent.append(cadence.silent)
    cadence.spoke()
    silent.append(cadence.silent)
    assert silent == [False, True, False]
    assert Cadence(Level.DEBUG).silent


def test_a_new_best_is_recorded_when_it_ends_a_long_stretch() -> None:
    """Long is ten steps, and a quarter of the run so far: a noisy run does not fill the log."""
    cadence = Cadence(Level.INFO, 1_000)
    cadence.recorded(50)
    assert not cadence.due(60, stretch=9)
    assert cadence.due(60, stretch=15)
    assert not cadence.due(80, stretch=15)
    assert cadence.following == 100


def test_silence_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that take minutes are each recorded."""
    clock = [0.0]
    set_clock(monkeypatch, "monotonic", lambda: clock[0])
    cadence = Cadence(Level.INFO, 100)
    recorded = []
    for step in range(1, 9):
        clock[0] += 31
        if cadence.due(step):
            cadence.recorded(step)
            recorded.append(step)
    assert recorded == list(range(1, 9))
