"""The schema: fifteen event types, their levels, and the entry of exactly seven fields.

Run as a program, it prints the JSON Schema that is shipped as ``entry.schema.json``.
"""

import json
import sys
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from mllog_callbacks.schema._event_types import RUN_ENDS, EventType, Level
from mllog_callbacks.schema._timestamps import PATTERN, format_timestamp, parse_timestamp

__all__ = ["RUN_ENDS", "EventType", "Level", "LogEntry", "json_schema"]


def _read_timestamp(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        try:
            return parse_timestamp(format_timestamp(value))
        except OverflowError:
            msg = f"{value} has no UTC between the years 1 and 9999"
            raise ValueError(msg) from None
    if isinstance(value, str):
        return parse_timestamp(value)
    msg = f"expected an aware datetime or its text in UTC, got {type(value).__name__}"
    raise ValueError(msg)


Timestamp = Annotated[
    datetime,
    BeforeValidator(_read_timestamp),
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": PATTERN}),
]


class LogEntry(BaseModel):
    """One line of the audit trail: exactly these seven fields, in this order, all always there.

    What is not applicable is ``None``; nothing else is ever added. What else is known of a
    session (host, process, versions, counts) stands in its sidecar, never on the line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="mllog-callbacks audit entry")

    timestamp: Timestamp = Field(
        description="When the entry was made: UTC with microseconds, strictly increasing within "
        "a session."
    )
    event: EventType = Field(description="What happened: one of the fifteen event types.")
    dataset: str | None = Field(description="Name of the data set concerned.")
    model: str | None = Field(description="Name of the model or algorithm concerned.")
    decision: str | None = Field(description="What was decided or done, and by whom or what.")
    reasoning: str | None = Field(
        description="Why: the evidence and the consequence. A cause that is a heuristic is "
        "called probable."
    )
    metrics_snapshot: dict[str, JsonValue] | None = Field(
        description="The numbers and settings behind it, by name, as they were then. A value "
        "that was not finite is null, and named in the reasoning."
    )


def json_schema() -> dict[str, Any]:
    """Return the published JSON Schema (draft 2020-12) of one line, generated from `LogEntry`."""
    schema = LogEntry.model_json_schema(mode="serialization")
    schema["description"] = "One line of a training audit trail: exactly these seven fields."
    schema["$defs"]["EventType"].pop("description")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
