"""How an adapter is described to the contract: what its user gives, and how it trains.

A description is one small module, `NAME_case.py`, with an object `CASE`. It trains something small,
the same each time.
"""

import copy
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from mllog_callbacks import AuditLog, EventType

__all__ = ["ENDS", "ROUNDS", "Case", "Outcome", "UserError", "Way", "cases_in", "raise_in"]

ROUNDS = 40
"""Iterations or epochs that are planned; the faults come in the third."""


class Way(StrEnum):
    """A way out of a training."""

    COMPLETED = "completed"
    STOPPED = "stopped early"
    FAILED = "exception in user code"
    INTERRUPTED = "interrupt"


ENDS = {
    Way.COMPLETED: EventType.TRAINING_COMPLETED,
    Way.STOPPED: EventType.TRAINING_STOPPED,
    Way.FAILED: EventType.TRAINING_FAILED,
    Way.INTERRUPTED: EventType.TRAINING_STOPPED,
}


class UserError(Exception):
    """What the user's own code raises."""


@dataclass
class Outcome:
    """How a training went, as its caller sees it.

    Attributes:
        result: What was learned, so that two trainings can be compared byte for byte.
        facts: All that the caller gave or can read of the framework: arguments, sizes, results
            by iteration, versions. The numbers in the entries are looked for here.
    """

    result: bytes
    facts: list[Any] = field(default_factory=list)


def _pickled(audit: Any) -> Any:
    return pickle.loads(pickle.dumps(audit))


@dataclass(frozen=True)
class Case:
    """An adapter.

    Attributes:
        package: Its import package.
        extra: The extra that installs its framework.
        blocked: The framework's import packages; without them the adapter says what is missing.
        audit: Makes what the user gives to the framework, from a log and the keywords `dataset`
            and `model`. It can be pickled and copied, and be used for many trainings.
        train: Trains once in a way, with what `audit` made, or without any. In the ways that end
            by an exception it raises that of `raise_in`, from code that is the user's.
        shared: Whether what `audit` made may be used by several threads at once.
        stepwise: Whether the framework calls hooks at each step while it trains.
        threaded: Whether the framework itself can train in several threads at once.
        copied_by: The ways to copy what `audit` made, so that copies audit as well.
        typed: Whether its entries are made from typed facts alone: results are then under
            `results`, and each number in a sentence is a fact of the same entry.
        installed_by: What pip installs to bring the framework; default our own extra.
    """

    package: str
    extra: str
    blocked: tuple[str, ...]
    audit: Callable[..., Any]
    train: Callable[[Any | None, Way], Outcome]
    shared: bool = True
    stepwise: bool = True
    threaded: bool = True
    copied_by: tuple[Callable[[Any], Any], ...] = (copy.deepcopy, _pickled)
    typed: bool = True
    installed_by: str = ""

    def audited(self, log: AuditLog | None, way: Way = Way.COMPLETED) -> Outcome:
        """Train once, audited."""
        return self.train(self.audit(log), way)


def raise_in(way: Way, iteration: int) -> None:
    """Raise what the way asks for, in the third iteration, counted from 1."""
    if iteration == 3:
        if way is Way.FAILED:
            msg = "the user's own code failed"
            raise UserError(msg)
        if way is Way.INTERRUPTED:
            raise KeyboardInterrupt


def cases_in(folder: Path) -> list[Case]:
    """The descriptions in a folder, by name; it becomes the first on Python's path.

    Raises:
        FileNotFoundError: There is no module `NAME_case.py`.
    """
    sys.path.insert(0, str(folder))
    modules = sorted(path.stem for path in folder.glob("*_case.py"))
    if not modules:
        msg = f"no description of an adapter in {folder}: expected modules named NAME_case.py"
        raise FileNotFoundError(msg)
    return [import_module(name).CASE for name in modules]
