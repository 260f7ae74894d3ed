"""How a sampler changed the rows: before and after, by class."""

from typing import Any

from mllog_callbacks import Reason
from mllog_callbacks.schema import count
from mllog_callbacks.schema._phrases import by_label
from mllog_sklearn.algorithm import title
from mllog_sklearn.data import DataFacts, data_facts

__all__ = ["resampled"]


def resampled(sampler: Any, before: DataFacts, result: object) -> tuple[Reason, dict[str, object]]:
    """What a sampler returned, against what it was given.

    Args:
        sampler: The sampler.
        before: The data that it was given.
        result: What its `fit_resample` returned: features, and labels.
    """
    data, labels, *_ = (*result, None) if isinstance(result, tuple) else (result, None)
    after = data_facts(data, labels, classifying=True)
    snapshot: dict[str, object] = {
        "transformer": title(sampler),
        "rows_before": before.rows,
        "rows_after": after.rows,
        "classes_before": before.classes,
        "classes_after": after.classes,
    }
    recorded = " ".join(
        f"Rows by class {when} {by_label(each.classes)}."
        for when, each in (("before", before), ("after", after))
        if each.classes
    )
    change = f"{count(before.rows or 0, 'row')} became {count(after.rows or 0, 'row')}"
    return Reason(f"{title(sampler)} resampled the data: {change}.", recorded), snapshot
