"""The facts of data sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["DataSet", "GroupSizes", "Range", "Role"]

Role: TypeAlias = Literal["training", "validation", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Group):
    """The range of numbers such as labels or weights."""

    least: Annotated[float, Fact("The least value", 25.0)]
    largest: Annotated[float, Fact("The largest value", 346.0)]
    mean: Annotated[float | None, Fact("The arithmetic mean", 151.9)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSizes(Group):
    """Groups of rows, such as the queries of a ranking."""

    groups: Annotated[int, Fact("How many there are", 40)]
    least: Annotated[int, Fact("Rows of the smallest", 20)]
    largest: Annotated[int, Fact("Rows of the largest", 20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet(Group):
    """One data set, as the framework has it."""

    role: Annotated[Role | None, Fact("What the training uses it for", "validation")] = None
    rows: Annotated[int | None, Fact("Rows", 285)] = None
    features: Annotated[int | None, Fact("Features", 30)] = None
    classes: Annotated[Mapping[str, int] | None, Fact("Rows by class", {"0": 106, "1": 179})] = None
    labels: Annotated[Range | None, Fact("The labels, where they are no classes")] = None
    weights: Annotated[Range | None, Fact("The weights of rows")] = None
    groups: Annotated[GroupSizes | None, Fact("Groups of rows")] = None
    missing: Annotated[int | None, Fact("Missing values", 12)] = None
    categorical: Annotated[tuple[str, ...] | None, Fact("The categorical features", ["region"])] = (
        None
    )
    init_scores: Annotated[
        bool | None, Fact("Whether rows have scores to start from", example=True)
    ] = None
    unused: Annotated[int | None, Fact("Features that no split of the rows can use", 1)] = None
    unlabelled: Annotated[int | None, Fact("Labels given as NaN or infinite", 60)] = None
    coded_by: Annotated[
        str | None,
        Fact("What gave the codes that classes have, where their names are not known", "LGBM"),
    ] = None
    weighted_by: Annotated[
        str | None, Fact("What made the weights of rows", "class_weight=balanced")
    ] = None
    same_as: Annotated[str | None, Fact("The set that it is, under another name", "training")] = (
        None
    )
