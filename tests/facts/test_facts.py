"""Facts: their names in entries, their documentation, their schema."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from commands import runner
from mllog_callbacks import AuditLog, Issue, LogEntry, json_schema
from mllog_callbacks.adapter import Run
from mllog_callbacks.cli import main
from mllog_callbacks.detectors import Severity
from mllog_callbacks.facts import (
    GROUPS,
    OF_EVENTS,
    OF_RUNS,
    Group,
    Kept,
    Rule,
    Stop,
    Subject,
    documented,
    dump,
    facts_schema,
)
from mllog_callbacks.schema import EventType, Reason

Read = Callable[[], list[LogEntry]]


def _snapshots(entries: Read) -> list[dict[str, Any]]:
    return [dict(each.metrics_snapshot or {}) for each in entries()]


def test_a_dump_holds_what_is_known_and_nothing_else() -> None:
    """Groups become objects; what is not known has no name."""
    stop = Stop(by="rule", rule=Rule(name="early_stopping", best=0.25, patience=5))
    assert dump(stop) == {
        "by": "rule",
        "rule": {"name": "early_stopping", "best": 0.25, "patience": 5},
    }
    assert dump(Kept()) == {}


@pytest.mark.parametrize("cls", GROUPS, ids=lambda cls: cls.__name__)
def test_every_field_says_what_it_means(cls: type[Group]) -> None:
    """In a sentence's beginning, without its end; numbers of a kind have a type."""
    found = list(documented(cls))
    assert [each.name for each in found] == list(cls.fields_)
    for each in found:
        assert each.fact.meaning[0].isupper()
        assert not each.fact.meaning.endswith(".")
        assert each.type


def test_every_entry_of_a_run_carries_its_number(log: AuditLog, entries: Read) -> None:
    """Runs are numbered in the order of their first entries."""
    first, second = Run(log), Run(log)
    for run in (second, first, second):
        run.emit(EventType.TRAINING_PROGRESS, Reason("A step is done."), {"step": 1})
    first.end(EventType.TRAINING_COMPLETED, Reason("Done."))
    assert [each["run"] for each in _snapshots(entries)] == [1, 2, 1, 2]


def test_copies_of_a_log_number_their_runs_together(log: AuditLog) -> None:
    """`bind` returns a log of the same session."""
    assert [log.next_run(), log.bind(model="m").next_run(), log.next_run()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("error", "by"), [(ValueError("no rows"), "error"), (KeyboardInterrupt(), "hand")]
)
def test_an_exception_ends_a_run_with_its_facts(
    log: AuditLog, entries: Read, error: BaseException, by: str
) -> None:
    """Its type is that of what was raised, whatever its message mentions."""
    error.args = (*error.args, "after KeyError in the loader")
    Run(log).fail(error, "while validating", "in epoch 2", "no model was returned")
    (snapshot,) = _snapshots(entries)
    assert snapshot["stop"] == {"by": by}
    assert snapshot["error"]["type"] == type(error).__name__
    assert "KeyError in the loader" in snapshot["error"]["message"]
    assert snapshot["error"]["where"] == "while validating"


def test_an_issue_is_recorded_with_state_subject_and_cause(log: AuditLog, entries: Read) -> None:
    """Beside its own numbers."""
    issue = Issue(
        "MLA001",
        "overfitting",
        Severity.WARNING,
        11,
        "Overfitting.",
        "It rose.",
        {"best": 0.4},
        "open",
        Subject(set="valid_0", metric="auc"),
        "more features (20) than rows (10)",
    )
    Run(log).record_issues([issue], "iteration")
    (snapshot,) = _snapshots(entries)
    assert snapshot == {
        "run": 1,
        "code": "MLA001",
        "name": "overfitting",
        "severity": "warning",
        "id": 1,
        "state": "open",
        "subject": {"set": "valid_0", "metric": "auc"},
        "cause": "more features (20) than rows (10)",
        "best": 0.4,
        "iteration": 11,
    }


def test_the_schema_of_facts_accepts_what_is_recorded(log: AuditLog, entries: Read) -> None:
    """And refuses facts of another shape under the documented names."""
    stop = Stop(by="rule", rule=Rule(name="early_stopping", set="valid_0", best=0.4, best_at=4))
    kept = Kept(at=4, unit="iteration", chosen_by="early_stopping")
    Run(log).end(
        EventType.TRAINING_STOPPED, Reason("Stopped."), {"stop": dump(stop), "kept": dump(kept)}
    )
    (entry,) = (json.loads(each.model_dump_json()) for each in entries())
    validator = jsonschema_rs.validator_for(facts_schema(json_schema()))
    assert validator.is_valid(entry)
    entry["metrics_snapshot"]["stop"]["by"] = "magic"
    assert not validator.is_valid(entry)


def test_the_command_prints_the_schema_of_facts() -> None:
    """`mllog schema --facts` describes what `mllog schema` leaves open."""
    printed = json.loads(runner().invoke(main, ["schema", "--facts"]).stdout)
    assert printed == facts_schema(json_schema())
    assert {*OF_RUNS} <= printed["allOf"][0]["properties"]["metrics_snapshot"]["properties"].keys()
    for events, described in zip(OF_EVENTS, printed["allOf"][1:], strict=True):
        assert described["if"]["properties"]["event"]["enum"] == [*events]
        snapshot = described["then"]["properties"]["metrics_snapshot"]["properties"]
        assert snapshot.keys() == set(OF_EVENTS[events].fields_)
