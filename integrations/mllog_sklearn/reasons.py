"""The sentences of the entries: composed from facts at hand, and from nothing else."""

from collections.abc import Iterable, Mapping
from typing import Final

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count
from mllog_callbacks.schema._phrases import by_label
from mllog_sklearn.algorithm import Algorithm
from mllog_sklearn.data import DataFacts
from mllog_sklearn.parameters import Parameters
from mllog_sklearn.weights import weights_said

__all__ = [
    "FROZEN",
    "NOT_FITTED",
    "NOT_RETURNED",
    "chosen",
    "completed",
    "data_given",
    "hyperparameters",
    "started",
]

NOT_RETURNED: Final = "no fitted model was returned"
"""What follows for the caller when an exception ends a fit."""

NOT_FITTED: Final = "No fitted model was returned."
"""The same as a sentence."""

FROZEN: Final = Reason("Nothing was trained.", "The estimator is frozen: its fit changes nothing.")
"""The end of a fit that is none."""

_NAMED: Final = 10


def started(what: Algorithm, method: str, data: DataFacts, *, nested: bool) -> Reason:
    """A fit starts: of what, on which data."""
    size = f" on {_size(data)}" if data.rows is not None else ""
    part = "It is a part of another audited fit." if nested else f"{method} was called."
    return Reason(f"Training of {what.title} started{size}.", part)


def _a(noun: str) -> str:
    """A noun with its article, as in "a list" and "an ndarray"."""
    return f"{'an' if noun[:1].lower() in 'aeio' or noun == 'ndarray' else 'a'} {noun}"


def _size(data: DataFacts) -> str:
    rows = count(data.rows or 0, "row")
    return rows if data.features is None else f"{rows} of {count(data.features, 'feature')}"


def data_given(data: DataFacts, method: str, weights: Mapping[str, object]) -> Reason:
    """What data a fit was given, and what its rows or classes are weighed by."""
    size = "data of unknown size" if data.rows is None else _size(data)
    recorded = [_types(data), _missing(data), _classes(data), weights_said(weights)]
    return Reason(f"{method} was given {size}, {_a(data.kind)}.", " ".join(filter(None, recorded)))


def _types(data: DataFacts) -> str:
    if not data.dtypes:
        return ""
    recorded = ", ".join(f"{dtype}: {features:,}" for dtype, features in data.dtypes.items())
    dense = "" if data.stored is None else f" {data.stored:.2%} of the values are stored."
    return f"Features by type {recorded}.{dense}"


def _missing(data: DataFacts) -> str:
    if data.not_counted:
        return f"Missing values were not counted: {data.not_counted}."
    if data.missing is None or not data.looked_at:
        return ""
    sampled = data.rows is not None and data.looked_at < data.rows
    where = f"a sample of {count(data.looked_at, 'evenly spaced row')}" if sampled else "all rows"
    if not data.missing:
        return f"No value is missing in {where}."
    verb = "is" if data.missing == 1 else "are"
    return f"{count(data.missing, 'value')} {verb} missing in {where}."


def _classes(data: DataFacts) -> str:
    if not data.classes:
        return ""
    where = f" (in a sample of {data.labels_looked_at:,})" if data.labels_sampled else ""
    return f"Rows by class{where} {by_label(data.classes)}."


def chosen(what: Algorithm, method: str, *, nested: bool) -> Reason:
    """Which algorithm is fitted, and by whose choice."""
    kind = f", {_a(what.kind.replace('_', ' '))}," if what.kind else ""
    by = "It is a part of another audited fit: " if nested else ""
    recorded = [f"{by}{method} was called on an instance of {what.path}."]
    if what.steps:
        steps = ", ".join(f"{name}: {step}" for name, step in what.steps.items())
        recorded.append(f"It has {count(len(what.steps), 'step')}, {steps}.")
    if what.inner:
        asked = f", all that the {what.asked:,} asked for can be drawn from" if what.asked else ""
        searched = f" over {count(what.candidates, 'candidate')}{asked}" if what.candidates else ""
        recorded.append(f"It works with {what.inner}{searched}.")
    return Reason(f"{what.title}{kind} of {what.library} was selected.", " ".join(recorded))


def hyperparameters(found: Parameters, *, nested: bool) -> Reason:
    """Who set which hyperparameter."""
    every = len(found.given) + len(found.defaults)
    if not every:
        return Reason("It has no hyperparameters.")
    verb = "was" if len(found.given) == 1 else "were"
    who = "the fit it is a part of, or by its caller" if nested else "the caller"
    decision = f"{len(found.given)} of {count(every, 'hyperparameter')} {verb} set by {who}"
    given = f": {_first(assigned({name: value}) for name, value in found.given.items())}."
    if not found.defaults:
        return Reason(decision + (given if found.given else "."), "None has its default.")
    one = len(found.defaults) == 1
    others = "one has its default" if one else f"{len(found.defaults)} have the defaults"
    libraries = " and ".join(found.libraries)
    return Reason(
        decision + (given if found.given else "."),
        f"The other {others} of {libraries}: what differs from the default in "
        "the signature of its class counts as set.",
    )


def _first(texts: Iterable[str]) -> str:
    """At most so many texts as a reader takes in."""
    listed = list(texts)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more


def completed(method: str) -> Reason:
    """A fit came to its planned end."""
    return Reason("Training completed.", f"{method} returned without an exception.")
