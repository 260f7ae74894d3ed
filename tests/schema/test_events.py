"""The schema: fifteen events, seven fields in order, one form of timestamps, one shipped file."""

import json
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clocks import set_clock
from lines import FIELDS
from mllog_callbacks import RUN_ENDS, EventType, Level, LogEntry, json_schema
from mllog_callbacks.schema import Clock, format_timestamp, parse_timestamp
from readers import SCHEMA

EVENTS = """
DATASET_UPLOADED DATASET_VALIDATED DATASET_PREPROCESSED ALGORITHM_SELECTED HYPERPARAMETERS_SET
TRAINING_STARTED TRAINING_PROGRESS TRAINING_COMPLETED TRAINING_STOPPED TRAINING_FAILED
MODEL_EVALUATED MODEL_COMPARED MODEL_SAVED MODEL_DOWNLOADED ISSUE_DETECTED
"""

YEAR_2, YEAR_9998 = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)

ORDER = ["timestamp", "event", "dataset", "model", "decision", "reasoning", "metrics_snapshot"]

BAD_TIMESTAMPS = [
    "2025-01-30T10:42:11Z",
    "2025-01-30T10:42:11.123Z",
    "2025-01-30T10:42:11.1234567Z",
    "2025-01-30T10:42:11.123456+00:00",
    "2025-01-30T12:42:11.123456+02:00",
    "2025-01-30T10:42:11.123456",
    "2025-01-30 10:42:11.123456Z",
    "2025-01-30t10:42:11.123456z",
    "2025-13-30T10:42:11.123456Z",
    "2025-01-32T10:42:11.123456Z",
    "2025-01-30T24:00:00.000000Z",
    "2025-01-30T10:42:60.000000Z",
    "2025-01-30T10:42:11.123456Z\n",
    "٢٠٢٥-01-30T10:42:11.123456Z",
    " 2025-01-30T10:42:11.123456Z",
    "",
]

BAD_FIELDS = [
    {"event": "TRAINING_EXPLODED"},
    {"event": "model_saved"},
    {"event": None},
    {"dataset": 5},
    {"model": ["a"]},
    {"decision": True},
    {"reasoning": {}},
    {"metrics_snapshot": []},
    {"metrics_snapshot": "text"},
    {"session": "extra"},
    {"timestamp": 1738233731},
    {"timestamp": None},
]


def test_there_are_exactly_fifteen_events() -> None:
    """Their names are their values; three of them end a run."""
    assert [event.value for event in EventType] == EVENTS.split()
    assert [event.name for event in EventType] == EVENTS.split()
    assert {event for event in EventType if event.value in RUN_ENDS} == RUN_ENDS


def test_failures_and_issues_are_recorded_at_every_level() -> None:
    """They alone have the level ERROR."""
    urgent = {event for event in EventType if event.level is Level.ERROR}
    assert urgent == {EventType.TRAINING_FAILED, EventType.ISSUE_DETECTED}


def test_an_entry_has_seven_fields_in_order() -> None:
    """In the model, in what it writes, and in the schema."""
    assert list(LogEntry.model_fields) == ORDER
    assert list(json.loads(LogEntry.model_validate(FIELDS).model_dump_json())) == ORDER
    assert list(json_schema()["properties"]) == json_schema()["required"] == ORDER


def test_an_entry_is_frozen() -> None:
    """What was recorded is not edited."""
    entry = LogEntry.model_validate(FIELDS)
    with pytest.raises(ValidationError, match="frozen"):
        entry.model = "other"  # type: ignore[misc]  # the type checker knows it as well


@pytest.mark.parametrize("changed", BAD_FIELDS, ids=str)
def test_what_is_no_entry_is_refused_by_model_and_schema(changed: dict[str, Any]) -> None:
    """Wrong types and further fields; nothing is converted."""
    with pytest.raises(ValidationError):
        LogEntry.model_validate(FIELDS | changed)
    assert not SCHEMA.is_valid(FIELDS | changed)


@pytest.mark.parametrize("name", ORDER)
def test_no_field_may_be_missing(name: str) -> None:
    """Not even one that may be null."""
    fields = {key: each for key, each in FIELDS.items() if key != name}
    with pytest.raises(ValidationError, match="missing"):
        LogEntry.model_validate(fields)
    assert not SCHEMA.is_valid(fields)


@pytest.mark.parametrize("name", ORDER[2:])
def test_all_but_time_and_event_may_be_null(name: str) -> None:
    """Where they are not applicable."""
    assert LogEntry.model_validate(FIELDS | {name: None}).model_dump()[name] is None
    assert SCHEMA.is_valid(FIELDS | {name: None})


@pytest.mark.parametrize("text", BAD_TIMESTAMPS)
def test_timestamps_of_another_form_are_refused_by_model_and_schema(text: str) -> None:
    """One form only: other precisions, zones and digits are not read."""
    with pytest.raises(ValueError, match=r"expected UTC with microseconds"):
        parse_timestamp(text)
    with pytest.raises(ValidationError):
        LogEntry.model_validate(FIELDS | {"timestamp": text})
    assert not SCHEMA.is_valid(FIELDS | {"timestamp": text})


@pytest.mark.parametrize("text", ["2025-02-30T10:42:11.123456Z", "0000-01-01T00:00:00.000000Z"])
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    """Though their form is right."""
    with pytest.raises(ValidationError, match="no day of the calendar"):
        LogEntry.model_validate(FIELDS | {"timestamp": text})


@given(st.datetimes(timezones=st.just(UTC)))
def test_timestamps_are_read_back_as_written(moment: datetime) -> None:
    """To the microsecond, in any year; model and schema agree."""
    text = format_timestamp(moment)
    assert parse_timestamp(text) == moment
    assert LogEntry.model_validate(FIELDS | {"timestamp": text}).timestamp == moment
    assert SCHEMA.is_valid(FIELDS | {"timestamp": text})


@given(
    st.datetimes(min_value=YEAR_2.replace(tzinfo=None), max_value=YEAR_9998.replace(tzinfo=None)),
    st.integers(-23, 23),
)
def test_aware_datetimes_are_written_in_utc(moment: datetime, hours: int) -> None:
    """Whatever their zone; the instant stays."""
    aware = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    entry = LogEntry.model_validate(FIELDS | {"timestamp": aware})
    assert entry.timestamp == aware
    assert entry.model_dump(mode="json")["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "moment",
    [datetime(2025, 1, 30), datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))],  # noqa: DTZ001 - the point of it
)
def test_datetimes_that_have_no_utc_are_refused(moment: datetime) -> None:
    """Naive ones, and those beyond the calendar."""
    with pytest.raises(ValidationError):
        LogEntry.model_validate(FIELDS | {"timestamp": moment})


def test_a_clock_that_stands_or_jumps_back_still_increases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By one microsecond; a system clock is set back in real life."""
    times = iter([5_000_000_000, 5_000_000_000, 1_000_000_000, 9_000_000_000])
    set_clock(monkeypatch, "time_ns", lambda: next(times))
    clock = Clock()
    stamps = [parse_timestamp(clock.stamp().decode()) for _ in range(4)]
    assert [stamp.timestamp() for stamp in stamps] == [5.0, 5.000001, 5.000002, 9.0]


def test_the_shipped_schema_is_the_models() -> None:
    """Remake: python -m mllog_callbacks.schema._entry > mllog_callbacks/entry.schema.json."""
    shipped = files("mllog_callbacks").joinpath("entry.schema.json").read_text("utf-8")
    assert json.loads(shipped) == json_schema(), test_the_shipped_schema_is_the_models.__doc__
    assert shipped == json.dumps(json.loads(shipped), indent=2) + "\n"


def test_the_schema_is_a_schema() -> None:
    """By the meta-schema of its draft; closed, so that nothing else may stand on a line."""
    jsonschema_rs.meta.validate(json_schema())
    assert json_schema()["additionalProperties"] is False
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
