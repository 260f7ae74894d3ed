"""What a detector sees and says: observations, issues, and the protocol between them."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from mllog_callbacks._record import Record
from mllog_callbacks.facts import IssueFacts, IssueState, Subject, dump

__all__ = ["LARGEST", "Detector", "Issue", "Observation", "Severity", "Unit"]

Unit: TypeAlias = Literal["epoch", "iteration", "step"]
"""What is counted: epochs (and validation checks), boosting iterations, or optimiser steps."""

LARGEST: Final = 1e100
"""Losses are cut to this size, so that no sum or product of a few overflows."""


_WHOLE, _LONG = 1e4, 1e9


class Severity(StrEnum):
    """How much an issue matters: to know, to look at, or the training is lost as it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Observation(NamedTuple):
    """One metric at one time, on the training data, on one validation set, or on both.

    Attributes:
        step: Index of the epoch, iteration or step; it grows within a run, gaps are allowed.
        unit: What `step` counts, and thereby how much a value may vary.
        metric: Name of the metric.
        dataset: Name of the validation set.
        train: Value on the training data; None where it was not measured now.
        validation: Value on the validation set; None where it was not measured now.
        higher_is_better: The metric's direction; None where it is not known.
        learning_rate: The learning rate now; None where it is not known.
        seconds: Reading of a monotonic clock; None where there is none.
        called: What a reader calls the unit, where it is another: validation checks at "step 250",
            and the rows of a file, are judged as epochs.
    """

    step: int
    unit: Unit = "epoch"
    metric: str = "loss"
    dataset: str = "validation"
    train: float | None = None
    validation: float | None = None
    higher_is_better: bool | None = False
    learning_rate: float | None = None
    seconds: float | None = None
    called: str = ""

    def losses(self) -> tuple[float | None, float | None]:
        """Both values, turned so that less is better; None where missing or not finite."""
        train, validation = self.train, self.validation
        if (
            not self.higher_is_better
            and (train is None or -LARGEST < train < LARGEST)
            and (validation is None or -LARGEST < validation < LARGEST)
        ):
            return train, validation  # nearly always, and many times an observation
        if train is not None:
            train = self._loss(train)
        if validation is not None:
            validation = self._loss(validation)
        return train, validation

    def _loss(self, value: float) -> float | None:
        if -LARGEST < value < LARGEST:
            return -value if self.higher_is_better else value
        if not math.isfinite(value):
            return None
        return math.copysign(LARGEST, -value if self.higher_is_better else value)

    def shown(self, loss: float) -> str:
        """A value turned by `losses`, as the metric's own, with four digits that count."""
        value = self.own(loss)
        return f"{value:,.0f}" if _WHOLE <= abs(value) < _LONG else f"{value:.4g}"

    def own(self, loss: float) -> float:
        """The same as a number."""
        return -loss if self.higher_is_better else loss

    @property
    def counted(self) -> str:
        """The word for what `step` counts, as in "epoch"."""
        return self.called or self.unit

    @property
    def at(self) -> str:
        """When, as in "epoch 12"."""
        return f"{self.counted} {self.step:,}"

    def subject(self, *, train: bool) -> str:
        """Which values, as in "validation loss"."""
        return f"{'training' if train else self.dataset} {self.metric}"

    def curve(self, *, train: bool) -> Subject:
        """The same as facts."""
        return Subject(set="training" if train else self.dataset, metric=self.metric)


class Issue(Record):
    """What a detector found.

    Attributes:
        code: Its stable code, as in "MLA001".
        name: Its name, as in "overfitting".
        severity: How much it matters.
        step: The step of the observation at which it fired.
        decision: What is said to be the case.
        reasoning: On which evidence, with numbers and steps.
        metrics: The numbers behind it.
        state: Whether it is open or closed.
        subject: The curve it is about; None where it is about none.
        cause: The probable cause; empty where facts show none.
        since: The step from which on its evidence goes, such as that of the best value; None
            where it is the step itself.
        closed_by: What closed it, as in "a new best"; empty while it is open.
        id: Its number in the run, the same when it is closed; 0 where none was given.
        also: Other curves with the same issue.
    """

    code: str
    name: str
    severity: Severity
    step: int
    decision: str
    reasoning: str
    metrics: Mapping[str, float | str]
    state: IssueState = "open"
    subject: Subject | None = None
    cause: str = ""
    since: int | None = None
    closed_by: str = ""
    id: int = 0
    also: tuple[Subject, ...] = ()

    def snapshot(self) -> dict[str, object]:
        """What an entry holds of it: its facts, and the numbers behind them."""
        return {**dump(self.facts()), **self.metrics}

    def facts(self) -> IssueFacts:
        """Its facts, without the numbers behind them."""
        also: dict[str, tuple[str, ...]] = {}
        for each in self.also:
            known = also.get(each.set or "", ())
            also[each.set or ""] = (*known, each.metric or "")
        return IssueFacts(
            id=self.id or None,
            code=self.code,
            name=self.name,
            severity=self.severity.value,
            state=self.state,
            subject=self.subject,
            also=also,
            since=self.since,
            cause=self.cause or None,
            closed_by=self.closed_by or None,
        )


class Detector(Protocol):
    """Watches one metric on one validation set: deterministic, picklable, of constant size.

    An instance that has seen nothing serves as the pattern of those that watch.
    """

    @property
    def name(self) -> str:
        """Name of the issues it raises."""
        ...

    def observe(self, observation: Observation) -> Issue | None:
        """Take the next observation; constant time. Returns an issue where one begins or ends."""
