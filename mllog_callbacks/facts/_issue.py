"""The facts of an issue: what it is, of which curve, whether it is open, and which checks ran."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["Checks", "IssueFacts", "IssueState", "Subject"]

IssueState: TypeAlias = Literal["open", "closed"]


class Subject(Group):
    """The curve that an issue is about."""

    set: Annotated[str | None, Fact("The data set", "valid_0")] = None
    metric: Annotated[str | None, Fact("The metric", "binary_logloss")] = None


class IssueFacts(Group):
    """One issue; the numbers it rests on are in the same snapshot, by their own names."""

    id: Annotated[int | None, Fact("Its number in the run, the same when it is closed", 1)] = None
    code: Annotated[str, Fact("Its stable code", "MLA001")]
    name: Annotated[str, Fact("Its name", "overfitting")]
    severity: Annotated[str, Fact("How much it matters: info, warning or error", "warning")]
    state: Annotated[
        IssueState,
        Fact("Whether it is open or closed", "open"),
    ] = "open"
    subject: Annotated[Subject | None, Fact("The curve it is about")] = None
    also: Annotated[
        Mapping[str, tuple[str, ...]] | None,
        Fact("Other curves that show it, metrics by data set", {"valid_0": ["auc"]}),
    ] = None
    since: Annotated[
        int | None, Fact("The step its evidence begins at, such as that of the best value", 26)
    ] = None
    cause: Annotated[
        str | None,
        Fact("The probable cause, where facts show one", "the learning rate rose to 1 at step 5"),
    ] = None
    closed_by: Annotated[str | None, Fact("What closed it", "early_stopping kept iteration 26")] = (
        None
    )
    times: Annotated[
        int | None, Fact("At the end of a run: how often it was found, where more than once", 2)
    ] = None
    explains: Annotated[
        tuple[str, ...] | None,
        Fact("At the end of a run: codes that were not reported because of it", ["MLA003"]),
    ] = None


class Checks(Group):
    """Which checks ran in a training, by the codes of the issues they find, and which could not."""

    ran: Annotated[tuple[str, ...], Fact("Codes of those that ran", ["MLA001"])] = ()
    not_run: Annotated[
        Mapping[str, str], Fact("Why others could not, by code", {"MLA003": "6 checks, needs 9"})
    ] = MappingProxyType({})
