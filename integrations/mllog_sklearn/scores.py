"""A call of `score`, recorded as an evaluation."""

from collections.abc import Container, Mapping
from typing import Any

from mllog_callbacks import EventType, Reason, Run, guarded
from mllog_callbacks.schema import count, number
from mllog_sklearn.algorithm import algorithm, inner
from mllog_sklearn.data import data_facts
from mllog_sklearn.issues import warning_issues
from mllog_sklearn.parameters import parts
from mllog_sklearn.warned import Audience

__all__ = ["Score"]


_PLACEHOLDERS = {"warn", "deprecated"}
"""Defaults that scikit-learn gives to what it is about to change."""


class Score:
    """One call of score.

    Args:
        run: What it is recorded with.
        method: Its name.
        nested: Whether it is a part of a fit; it makes no difference to what a score records.
    """

    def __init__(self, run: Run, method: str, *, nested: bool) -> None:  # noqa: ARG002 - as in Fit
        self._run = run
        self._method = method
        self.loaded: Container[object] = ()
        self._rows: int | None = None

    def begin(self, estimator: object, arguments: Mapping[str, Any]) -> None:
        """Take what is scored on."""
        what = algorithm(estimator)
        self._run.name(model=what.title)
        self._rows = data_facts(next(iter(arguments.values()), None)).rows

    @guarded
    def end(self, estimator: object, result: object, warned: Audience) -> None:
        """Record the score."""
        issues = warning_issues(warned, estimator)
        ignores = self._run.detectors.ignores
        self._run.record_issues(issue for issue in issues if not ignores(issue))
        metric = _metric(estimator)
        rows = "" if self._rows is None else f" on {count(self._rows, 'row')}"
        try:
            value = float(result)  # type: ignore[arg-type]  # what is no number has no such entry
        except (TypeError, ValueError):
            return
        self._run.emit(
            EventType.MODEL_EVALUATED,
            Reason(
                f"The model scored {number(value)}{f' ({metric})' if metric else ''}{rows}.",
                f"{type(estimator).__name__}.score computed it on the data that its caller gave.",
            ),
            {"results": {"scored": {metric or "score": value}}, "rows": self._rows},
        )

    def fail(self, estimator: object, error: BaseException, warned: Audience) -> None:
        """An exception of `score` is its caller's, and changes nothing of the model."""


def _metric(estimator: Any) -> str:
    """What `score` means, where the estimator says it; empty where it does not."""
    # of the mixins, and not of an estimator with a score of its own; theirs knows of no `scoring`
    owner = getattr(type(estimator).score, "__qualname__", "").partition(".")[0]
    known = {"ClassifierMixin": "accuracy", "RegressorMixin": "R2"}.get(owner, "")
    scoring = getattr(estimator, "scoring", None)
    if scoring is not None and not isinstance(scoring, str):
        scoring = getattr(estimator, "refit", "")  # of several, a search uses that of its refit
    if known or scoring is not None:
        named = scoring if isinstance(scoring, str) and scoring not in _PLACEHOLDERS else ""
        return known or named
    part = next(iter([step for _, step in parts(estimator)][-1:]), inner(estimator))
    return _metric(part) if part is not None and hasattr(type(part), "score") else ""
