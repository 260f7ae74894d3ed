"""The fifteen event types and their levels; without pydantic, whose import is most of a command."""

from enum import IntEnum, StrEnum
from typing import Final

__all__ = ["RUN_ENDS", "EventType", "Level"]


class Level(IntEnum):
    """How much a log records; the numbers are those of the standard library's `logging`.

    ``ERROR`` keeps failures and issues; ``INFO`` adds decisions, the life cycle, evaluations and
    progress at a rate a person reads; ``DEBUG`` adds every iteration or epoch.
    """

    DEBUG = 10
    INFO = 20
    ERROR = 40


_URGENT: Final = frozenset(
    {
        "ISSUE_DETECTED",
        "MODEL_SAVED",
        "TRAINING_COMPLETED",
        "TRAINING_FAILED",
        "TRAINING_STOPPED",
    }
)


class EventType(StrEnum):
    """The fifteen things an entry can record.

    A run begins with ``TRAINING_STARTED`` and has exactly one end: ``TRAINING_COMPLETED`` (all
    that was planned), ``TRAINING_STOPPED`` (earlier: by a rule such as early stopping, or by
    hand) or ``TRAINING_FAILED`` (an exception, or an end that was not seen).
    """

    DATASET_UPLOADED = "DATASET_UPLOADED"
    DATASET_VALIDATED = "DATASET_VALIDATED"
    DATASET_PREPROCESSED = "DATASET_PREPROCESSED"
    ALGORITHM_SELECTED = "ALGORITHM_SELECTED"
    HYPERPARAMETERS_SET = "HYPERPARAMETERS_SET"
    TRAINING_STARTED = "TRAINING_STARTED"
    TRAINING_PROGRESS = "TRAINING_PROGRESS"
    TRAINING_COMPLETED = "TRAINING_COMPLETED"
    TRAINING_STOPPED = "TRAINING_STOPPED"
    TRAINING_FAILED = "TRAINING_FAILED"
    MODEL_EVALUATED = "MODEL_EVALUATED"
    MODEL_COMPARED = "MODEL_COMPARED"
    MODEL_SAVED = "MODEL_SAVED"
    MODEL_DOWNLOADED = "MODEL_DOWNLOADED"
    ISSUE_DETECTED = "ISSUE_DETECTED"

    level: Level
    """The level at which entries of this type are recorded."""

    urgent: bool
    """Whether an entry of this type is to be in the file at once: issues, ends and saves."""

    def __init__(self, name: str) -> None:
        self.urgent = name in _URGENT
        self.level = Level.ERROR if name in {"TRAINING_FAILED", "ISSUE_DETECTED"} else Level.INFO


RUN_ENDS: Final = frozenset(
    {EventType.TRAINING_COMPLETED, EventType.TRAINING_STOPPED, EventType.TRAINING_FAILED}
)
"""The event types that end a run."""
