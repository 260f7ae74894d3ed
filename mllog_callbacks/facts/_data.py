"""The facts of data sets."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["DataSet", "Fingerprint", "GroupSizes", "Range", "Role"]

_MOST_OF_MEDIAN: Final = 65_536

Role: TypeAlias = Literal["training", "validation", "test"]


class Range(Group):
    """The range of numbers such as labels or weights."""

    least: Annotated[float, Fact("The least value", 25.0)]
    largest: Annotated[float, Fact("The largest value", 346.0)]
    mean: Annotated[float | None, Fact("The arithmetic mean", 151.9)] = None
    deviation: Annotated[float | None, Fact("The standard deviation", 77.0)] = None
    absolute_deviation: Annotated[
        float | None,
        Fact("The mean distance from the median, of 65,536 evenly spaced at most", 65.1),
    ] = None

    @classmethod
    def of_labels(cls, labels: Any) -> "Range":  # noqa: ANN401 - an array of numpy, which is not needed here
        """The range of labels with their spread, by which predictions can be judged.

        Args:
            labels: A one-dimensional array of numpy with an element at least.
        """
        some = sorted(labels[:: -(-len(labels) // _MOST_OF_MEDIAN)].tolist())
        median = some[len(some) // 2]
        return cls(
            least=float(labels.min()),
            largest=float(labels.max()),
            mean=float(labels.mean(dtype="float64")),
            deviation=float(labels.std(dtype="float64")),
            absolute_deviation=sum(abs(each - median) for each in some) / len(some),
        )


class GroupSizes(Group):
    """Groups of rows, such as the queries of a ranking."""

    groups: Annotated[int, Fact("How many there are", 40)]
    least: Annotated[int, Fact("Rows of the smallest", 20)]
    largest: Annotated[int, Fact("Rows of the largest", 20)]


class Fingerprint(Group):
    """What data is known again by; docs/records.md describes the form that is hashed."""

    sha256: Annotated[str | None, Fact("SHA-256 over that form", "9f86d081...")] = None
    form: Annotated[str | None, Fact("The name of that form", "mllog-table-1")] = None
    rows: Annotated[int | None, Fact("Rows of the data", 285)] = None
    columns: Annotated[int | None, Fact("Columns of the data", 30)] = None
    names: Annotated[
        tuple[str, ...] | None, Fact("Names of its first 100 columns that have one", ["age"])
    ] = None
    sampled_rows: Annotated[
        int | None, Fact("Rows that were hashed, evenly spaced, where these are not all", 200_000)
    ] = None
    labels_sha256: Annotated[str | None, Fact("The fingerprint of the labels", "2c26b46b...")] = (
        None
    )
    not_known: Annotated[
        str | None, Fact("Why there is none", "data of the class Sequence is not read")
    ] = None


class DataSet(Group):
    """One data set, as the framework has it."""

    role: Annotated[Role | None, Fact("What the training uses it for", "validation")] = None
    rows: Annotated[int | None, Fact("Rows", 285)] = None
    features: Annotated[int | None, Fact("Features", 30)] = None
    dataset: Annotated[str | None, Fact("Its class", "TensorDataset")] = None
    loader: Annotated[str | None, Fact("The class of its loader", "DataLoader")] = None
    batch_size: Annotated[int | None, Fact("Rows a batch", 8)] = None
    batches: Annotated[int | None, Fact("Batches of it that an epoch takes", 36)] = None
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
    fingerprint: Annotated[Fingerprint | None, Fact("What it is known again by")] = None
    rows_compared: Annotated[
        int | None, Fact("Rows that were looked for in the training data", 143)
    ] = None
    rows_in_training: Annotated[int | None, Fact("Those of them that are there", 0)] = None
    same_as: Annotated[str | None, Fact("The set that it is, under another name", "training")] = (
        None
    )
