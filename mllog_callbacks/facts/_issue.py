"""The facts of an issue beside its evidence: what it is, of which curve, and how it stands."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["IssueFacts", "IssueState", "Subject"]

IssueState: TypeAlias = Literal["possible", "open", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Group):
    """The curve that an issue is about."""

    set: Annotated[str | None, Fact("The data set", "valid_0")] = None
    metric: Annotated[str | None, Fact("The metric", "binary_logloss")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFacts(Group):
    """One issue; the numbers it rests on are in the same snapshot, by their own names."""

    code: Annotated[str, Fact("Its stable code", "MLA001")]
    name: Annotated[str, Fact("Its name", "overfitting")]
    severity: Annotated[str, Fact("How much it matters: info, warning or error", "warning")]
    state: Annotated[
        IssueState,
        Fact("How it stands: an early sign, found, or over", "open"),
    ] = "open"
    subject: Annotated[Subject | None, Fact("The curve it is about")] = None
    cause: Annotated[
        str | None,
        Fact("The probable cause, where facts show one", "the learning rate rose to 1 at step 5"),
    ] = None
