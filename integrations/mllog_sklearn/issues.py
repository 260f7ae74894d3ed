"""What can go wrong in a fit apart from its curves: in its data, and as warnings."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, UndefinedMetricWarning

from mllog_callbacks import Issue
from mllog_callbacks.detectors import KINDS, Severity
from mllog_callbacks.schema import count
from mllog_callbacks.schema._phrases import by_label
from mllog_sklearn.data import DataFacts
from mllog_sklearn.iterations import used_up
from mllog_sklearn.warned import Audience
from mllog_sklearn.weights import weights_said

__all__ = ["cut", "data_issues", "issue", "warning_issues"]

_MESSAGE_CHARS: Final = 300
_LINE_CHARS: Final = 160
_NAMED: Final = 10
_IMBALANCED, _EXTREME = 10, 100
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
_UNCONVERGED: Final = re.compile(
    r"conver|terminated early|iterations.* reached|criterion not reached|did not succeed",
    re.IGNORECASE,
)
"""What scikit-learn's warnings of a solver that did not come to its end say."""

_NAMES: Final[Mapping[type[Warning], str]] = {
    UndefinedMetricWarning: "undefined_metric",
    FitFailedWarning: "failed_fits",
}


def issue(
    name: str,
    decision: str,
    reasoning: str,
    metrics: Mapping[str, float | str],
    severity: Severity | None = None,
) -> Issue:
    """An issue of a kind, that stands for a whole fit."""
    kind = _BY_NAME[name]
    return Issue(
        kind.code,
        name,
        kind.severity if severity is None else severity,
        0,
        decision,
        reasoning,
        metrics,
    )


def data_issues(data: DataFacts, weights: Mapping[str, object]) -> Iterator[Issue]:
    """What the training data shows before the fit.

    Args:
        data: The data.
        weights: What rows or classes are weighed by.
    """
    if data.classes and len(data.classes) > 1:
        least, most = min(data.classes.values()), max(data.classes.values())
        if most >= _IMBALANCED * least:
            yield _imbalance(data, data.classes, least, most, weights_said(weights))
    if data.constant:
        yield _constant(data)


def _imbalance(
    data: DataFacts, classes: Mapping[str, int], least: int, most: int, weighed: str
) -> Issue:
    smallest = min(classes, key=classes.__getitem__)
    sample = f"a sample of {count(data.labels_looked_at, 'row')}"
    where = sample if data.labels_sampled else "the training rows"
    return issue(
        "class_imbalance",
        f"Classes are imbalanced: {least:,} of {data.labels_looked_at:,} rows are of {smallest}.",
        f"In {where} the classes are {by_label(classes)}; the largest has {most / least:.1f} times "
        f"the rows of the smallest. {weighed}".rstrip(),
        {"smallest_class": smallest, "rows_smallest": least, "rows_largest": most},
        Severity.WARNING if most >= _EXTREME * least else Severity.INFO,
    )


def _constant(data: DataFacts) -> Issue:
    named = ", ".join(data.constant[:_NAMED])
    more = len(data.constant) - _NAMED
    listed = f"{named} and {more:,} more" if more > 0 else named
    sampled = data.rows is not None and data.looked_at < data.rows
    where = f"a sample of {count(data.looked_at, 'evenly spaced row')}" if sampled else "all rows"
    many = len(data.constant)
    return issue(
        "constant_features",
        f"{count(many, 'feature')} {'has' if many == 1 else 'have'} one value only: {listed}.",
        f"The value is the same in {where} that were looked at, {data.looked_at:,}; such a feature "
        "carries no information.",
        {"constant_features": many, "rows_looked_at": data.looked_at},
    )


def warning_issues(
    warned: Audience, estimator: object, but: BaseException | None = None
) -> Iterator[Issue]:
    """What was warned of during a call.

    Args:
        warned: The warnings.
        estimator: Whose call it was.
        but: The exception that ended it, which may be one of the warnings, raised by a filter.
    """
    for (kind, message), times in warned.items():
        if type(but) is not kind or str(but) != message:
            yield _warned(kind, message, times, estimator)


def _warned(kind: type[Warning], message: str, times: int, estimator: object) -> Issue:
    name = _name(kind, message)
    first = cut(message.strip().partition("\n")[0].rstrip(" :"), _LINE_CHARS)
    often = "" if times == 1 else f" {times:,} times"
    evidence = f" {used_up(estimator)}".rstrip() if name == "not_converged" else ""
    return issue(
        name,
        f"{_said(name, kind)} ({kind.__name__}{often}): {first}",
        f"The warning{' was made' + often + ', first' if often else ''}: "
        f"{cut(' '.join(message.split()), _MESSAGE_CHARS)}{evidence}",
        {"warning": kind.__name__, "message": cut(message, _MESSAGE_CHARS), "times": times},
    )


def _name(kind: type[Warning], message: str) -> str:
    """The kind of issue: scikit-learn gives its ConvergenceWarning also for other things."""
    if issubclass(kind, ConvergenceWarning):
        return "not_converged" if _UNCONVERGED.search(message) else "framework_warning"
    return _NAMES.get(kind, "framework_warning")


def _said(name: str, kind: type[Warning]) -> str:
    if name == "not_converged":
        return "The solver did not converge"
    if name == "undefined_metric":
        return "A metric is not defined on the data it was computed on"
    if name == "failed_fits":
        return "Some fits of the search failed"
    if kind is LinAlgWarning:
        return "The computation is ill-conditioned"
    return "A warning was raised"


def cut(text: str, chars: int) -> str:
    """A text of so many characters at most; one that was cut ends in "…"."""
    return text if len(text) <= chars else text[: chars - 1] + "…"
