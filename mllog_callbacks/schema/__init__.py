"""The entry: its seven fields, event types, timestamps, strict JSON; names of metrics."""

from typing import TYPE_CHECKING

from mllog_callbacks._lazy import lazily
from mllog_callbacks.schema._event_types import RUN_ENDS, EventType, Level
from mllog_callbacks.schema._findings import Finding
from mllog_callbacks.schema._interruptions import interruption
from mllog_callbacks.schema._originals import original
from mllog_callbacks.schema._phrases import (
    Reason,
    assigned,
    by_label,
    cause_of,
    count,
    failed,
    listed,
    message_of,
    number,
    place_of,
    root_cause,
    said,
    shown,
    stopped_by_hand,
    stopped_by_rule,
    type_of,
)
from mllog_callbacks.schema._secrets import is_secret, masked, masked_text
from mllog_callbacks.schema._serializers import as_written
from mllog_callbacks.schema._timestamps import Clock, format_timestamp, parse_timestamp
from mllog_callbacks.schema._visible import plain, plain_json, plain_lines

if TYPE_CHECKING:
    from mllog_callbacks.schema._encoding import HARD_CAP, encode
    from mllog_callbacks.schema._entry import LogEntry, json_schema
    from mllog_callbacks.schema._metric_names import (
        MetricName,
        Stage,
        assumed_direction,
        is_learning_rate,
        parse_metric_name,
    )
    from mllog_callbacks.schema._trainer_log import TrainerLog, trainer_log
else:
    # pydantic takes longer to import than all else here, and names are for readers alone
    __getattr__ = lazily(
        __name__,
        {
            "_encoding": ("HARD_CAP", "encode"),
            "_entry": ("LogEntry", "json_schema"),
            "_metric_names": (
                "MetricName",
                "Stage",
                "assumed_direction",
                "is_learning_rate",
                "parse_metric_name",
            ),
            "_trainer_log": ("TrainerLog", "trainer_log"),
        },
    )

__all__ = [
    "HARD_CAP",
    "RUN_ENDS",
    "Clock",
    "EventType",
    "Finding",
    "Level",
    "LogEntry",
    "MetricName",
    "Reason",
    "Stage",
    "TrainerLog",
    "as_written",
    "assigned",
    "assumed_direction",
    "by_label",
    "cause_of",
    "count",
    "encode",
    "failed",
    "format_timestamp",
    "interruption",
    "is_learning_rate",
    "is_secret",
    "json_schema",
    "listed",
    "masked",
    "masked_text",
    "message_of",
    "number",
    "original",
    "parse_metric_name",
    "parse_timestamp",
    "place_of",
    "plain",
    "plain_json",
    "plain_lines",
    "root_cause",
    "said",
    "shown",
    "stopped_by_hand",
    "stopped_by_rule",
    "trainer_log",
    "type_of",
]
