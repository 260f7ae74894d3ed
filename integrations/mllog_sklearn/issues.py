"""What can go wrong in a fit, beside what detectors see in curves: in its data, and as warnings."""

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
from mllog_sklearn.parameters import subestimators
from mllog_sklearn.warned import Audience

__all__ = ["data_issues", "issue", "warning_issues"]

_MESSAGE_CHARS: Final = 300
_NAMED: Final = 10
_IMBALANCED, _EXTREME = 10, 100
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
_NAMES: Final[Mapping[type[Warning], str]] = {
    ConvergenceWarning: "not_converged",
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


def data_issues(data: DataFacts, estimator: object) -> Iterator[Issue]:
    """What the training data shows before the fit."""
    if data.classes and len(data.classes) > 1:
        least, most = min(data.classes.values()), max(data.classes.values())
        if most >= _IMBALANCED * least:
            yield _imbalance(data, data.classes, least, most, estimator)
    if data.constant:
        yield _constant(data)


def _imbalance(
    data: DataFacts, classes: Mapping[str, int], least: int, most: int, estimator: object
) -> Issue:
    smallest = min(classes, key=classes.__getitem__)
    sample = f"a sample of {count(data.labels_looked_at, 'row')}"
    where = sample if data.labels_sampled else "the training rows"
    return issue(
        "class_imbalance",
        f"Classes are imbalanced: {least:,} of {data.labels_looked_at:,} rows are of {smallest}.",
        f"In {where} the classes are {by_label(classes)}; the largest has {most / least:.1f} times "
        f"the rows of the smallest. {_weights(estimator)}",
        {"smallest_class": smallest, "rows_smallest": least, "rows_largest": most},
        Severity.WARNING if most >= _EXTREME * least else Severity.INFO,
    )


def _weights(estimator: object) -> str:
    """What the estimator does about it, as its parameters say."""
    for where, part in subestimators(estimator):
        weight = getattr(part, "class_weight", None)
        if weight is not None:
            told = "class_weight='balanced'" if isinstance(weight, str) else "class_weight"
            return f"{told}{f' of {where}' if where else ''} weighs rows by class."
    weighs = any(hasattr(part, "class_weight") for _, part in subestimators(estimator))
    return "class_weight=None: all rows weigh the same." if weighs else ""


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
        "tells no row from another.",
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
    text = " ".join(message.split())
    text = text if len(text) <= _MESSAGE_CHARS else text[:_MESSAGE_CHARS] + "…"
    often = "" if times == 1 else f" {times:,} times"
    evidence = f" {used_up(estimator)}".rstrip() if kind is ConvergenceWarning else ""
    return issue(
        _NAMES.get(kind, "framework_warning"),
        f"{_said(kind, text)} ({kind.__name__}{often}).",
        f"The warning{' was made' + often + ', first' if often else ''}: {text}{evidence}",
        {"warning": kind.__name__, "times": times},
    )


def _said(kind: type[Warning], text: str) -> str:
    if kind is ConvergenceWarning:
        doubt = "did not converge" if "conver" in text.lower() else "warned of its convergence"
        return f"The solver {doubt}"
    if kind is UndefinedMetricWarning:
        return "A metric is not defined on the data it was computed on"
    if kind is FitFailedWarning:
        return "Some fits of the search failed"
    if kind is LinAlgWarning:
        return "The computation is ill-conditioned"
    return "The framework warned"
