"""Facts about a training, and what they make probable: causes, and what the framework will do."""

import math
from collections.abc import Collection, Mapping
from typing import Final

from mllog_callbacks._record import Record, replace
from mllog_callbacks.detectors._protocol import Issue
from mllog_callbacks.detectors._rates import Rates, much_lower
from mllog_callbacks.facts import DataSet, Range
from mllog_callbacks.schema import count

__all__ = ["Facts", "explained"]

_ROWS_A_LEAF: Final = 20
"""LightGBM's own default of min_data_in_leaf."""

_LEARNED: Final = 0.2
"""Share of the start from which on something is learned, as for `Oscillation`."""


class Facts(Record):
    """What an adapter knows of a training; what it does not know is None, and never guessed.

    Attributes:
        rows: Rows of the training data.
        features: Features of the training data.
        num_leaves: Most leaves of a tree.
        min_data_in_leaf: Least rows in a leaf.
        learning_rate: The learning rate at the start; what it is later, observations carry.
        dropout: Share of units dropped.
        classes: Training rows of each class.
        early_stopping: Whether early stopping is on.
        patience: Its number of checks without improvement.
        watched: Set and metric of each curve that it looks at; None where it looks at all.
        labels: The labels of the training data, where they are no classes.
        sets: The data sets by the names that observations have, as far as they are known.
        weighted: Whether rows or classes are weighted: then the class shares alone do not give a
            log loss.
        baselines: Losses where nothing was learned, and what that is in words, by the metric's key:
            what the framework's own loss shows.
        known_as: Metrics that have another usual name, by their keys.
    """

    rows: int | None = None
    features: int | None = None
    num_leaves: int | None = None
    min_data_in_leaf: int | None = None
    learning_rate: float | None = None
    dropout: float | None = None
    classes: Mapping[str, int] | None = None
    early_stopping: bool | None = None
    patience: int | None = None
    watched: Collection[tuple[str, str]] | None = None
    labels: Range | None = None
    sets: Mapping[str, DataSet] | None = None
    weighted: bool = False
    baselines: Mapping[str, tuple[float, str]] | None = None
    known_as: Mapping[str, str] | None = None


def explained(issue: Issue, facts: Facts, rates: Rates | None = None) -> Issue:
    """Add to an issue's reasoning its probable cause and what follows, where facts show them.

    Args:
        issue: What a detector found.
        facts: What is known of the training.
        rates: What the learning rate did up to the issue's step; None where that is not known.
    """
    if issue.state == "closed":
        return issue
    cause, remark = _cause(issue, facts, rates)
    probable = f"Probable cause: {cause}." if cause else ""
    reasons = [issue.reasoning, probable, remark, _consequence(issue, facts)]
    reasoning = " ".join(filter(None, reasons))
    return (
        issue if reasoning == issue.reasoning else replace(issue, reasoning=reasoning, cause=cause)
    )


def _cause(issue: Issue, facts: Facts, rates: Rates | None) -> tuple[str, str]:
    """The probable cause, and what is to be said where there is none; both may be empty."""
    match issue.name:
        case "overfitting" | "generalisation_gap":
            return _capacity(facts), ""
        case "non_finite" | "divergence" | "spike" | "oscillation" | "exploding_gradient":
            return _by_rate(issue, facts.learning_rate, rates)
        case "no_convergence":
            return _prior_only(issue, facts), ""
        case _:
            return "", ""


def _capacity(facts: Facts) -> str:
    rows, leaves, least = facts.rows, facts.num_leaves, facts.min_data_in_leaf
    if rows and leaves and max(rows / leaves, least or 0) < _ROWS_A_LEAF:
        recorded = "" if least is None else f" (min_data_in_leaf={least})"
        return (
            f"up to num_leaves={leaves} leaves for {rows:,} training rows, about "
            f"{rows / leaves:.1f} rows a leaf{recorded}"
        )
    if rows and facts.features and facts.features > rows:
        return f"more features ({facts.features:,}) than training rows ({rows:,})"
    if facts.dropout == 0 and rows is not None:
        return f"no dropout (dropout=0), and {rows:,} training rows"
    return ""


def _by_rate(issue: Issue, start: float | None, rates: Rates | None) -> tuple[str, str]:
    """What the learning rate has to do with an issue: that of its step, not of the start."""
    rise = None if rates is None else rates.risen(issue.step)
    if rates is not None and rise is not None:
        since = "" if rates.now == rise.after else f", and has come to {rates.now:.6g} since"
        return f"the learning rate {rise}{since}", ""
    if issue.name == "non_finite" and "gained" not in issue.metrics:
        return "", ""  # it never was a number, or is no loss: nothing says that it was driven away
    if rates is None:
        return _too_high(issue, start, ", as it was at the start,"), ""
    if math.isnan(rates.now):
        return "the learning rate is NaN", ""
    began, peak = rates.start if start is None else start, rates.peak(start)
    if much_lower(rates.now, peak):
        return "", f"The learning rate was {rates.now:.6g} by then, down from {peak:.6g}."
    changed = "" if began == rates.now else f" ({began:.6g} at the start)"
    return _too_high(issue, rates.now, changed), ""


def _too_high(issue: Issue, rate: float | None, more: str) -> str:
    """The rate as a cause: only where the training loss itself shows it.

    A validation loss alone may rise by overfitting, by other data or by its noise.
    """
    of_training = issue.subject is None or issue.subject.set == "training"
    if rate is None or rate <= 0 or not of_training or _goes_well(issue):
        return ""
    return f"a learning rate of {rate:.6g}{more} is too high for this training"


def _goes_well(issue: Issue) -> bool:
    """Whether the loss had come well below its start, or was about its best.

    Then nothing shows that the rate is too high: other data, a division by zero or the noise of
    small batches do as much to a training whose rate is right, and a validation loss may rise far
    by overfitting.
    """
    start, gained, most = (
        float(issue.metrics.get(each, otherwise))
        for each, otherwise in (
            ("start", 0.0),
            ("gained", -math.inf),
            ("gained_at_best", math.inf),
        )
    )
    return gained >= _LEARNED * abs(start) or gained >= (1 - _LEARNED) * most > 0


def _prior_only(issue: Issue, facts: Facts) -> str:
    """A cross-entropy no better than that of the class shares says that nothing else is learned."""
    best, counts = issue.metrics.get("best"), [n for n in (facts.classes or {}).values() if n > 0]
    if isinstance(best, float) and len(counts) > 1:
        shares = [count / sum(counts) for count in counts]
        entropy = -sum(share * math.log(share) for share in shares)
        if abs(best - entropy) <= 0.02 * entropy:
            return (
                f"only the class shares are learned, whose entropy is {entropy:.4g} (the largest "
                f"class has {max(shares):.0%} of the rows)"
            )
    return ""


def _consequence(issue: Issue, facts: Facts) -> str:
    if issue.name not in {"overfitting", "plateau", "no_convergence"}:
        return ""
    if facts.early_stopping is None:
        return ""
    if not facts.early_stopping:
        return "Early stopping is off; the training will run to its planned end."
    about = None if issue.subject is None else (issue.subject.set, issue.subject.metric)
    if facts.watched is not None and about not in facts.watched:
        return "Early stopping is on, and does not look at this curve."
    if facts.patience is None:
        return "Early stopping is on."
    return (
        f"Early stopping is on: it ends the training after {count(facts.patience, 'check')} "
        "without improvement."
    )
