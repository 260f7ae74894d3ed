"""One fit, told as a run: from its data and who set what to its one end."""

from collections.abc import Iterable, Mapping
from typing import Any

from mllog_callbacks import EventType, Issue, Run, guarded
from mllog_sklearn import reasons
from mllog_sklearn.algorithm import Algorithm, algorithm
from mllog_sklearn.data import DataFacts, data_facts
from mllog_sklearn.issues import data_issues, warning_issues
from mllog_sklearn.parameters import Parameters, parameters
from mllog_sklearn.warned import Audience

__all__ = ["Fit"]


class Fit:
    """One call of fit, fit_transform or fit_predict.

    Args:
        run: What it is told as.
        method: Which of them.
        nested: Whether it is a part of another fit.
    """

    def __init__(self, run: Run, method: str, *, nested: bool) -> None:
        self.run = run
        self.method = method
        self.nested = nested
        self.data = DataFacts("")

    def begin(self, estimator: object, arguments: Mapping[str, Any]) -> None:
        """Tell of the start: the data, the algorithm, and who set which hyperparameter."""
        what = algorithm(estimator)
        self.run.name(model=what.title)
        self.data = self._facts(what, arguments)
        weighted = arguments.get("sample_weight") is not None
        told = reasons.started(what, self.method, self.data, nested=self.nested)
        self.run.tell(EventType.TRAINING_STARTED, told, {"method": self.method})
        self.run.tell(
            EventType.DATASET_VALIDATED,
            reasons.data_given(self.data, self.method, weighted=weighted),
            self.data.as_snapshot(),
        )
        self._tell_choices(estimator, what)
        self._tell_issues(data_issues(self.data, estimator))

    @guarded
    def end(self, estimator: object, _result: object, warned: Audience) -> None:
        """Tell what came of it, now that the method has returned."""
        self._tell_issues(warning_issues(warned, estimator))
        self.run.end(EventType.TRAINING_COMPLETED, reasons.completed(self.method))

    @guarded
    def fail(self, estimator: object, error: BaseException, warned: Audience) -> None:
        """Tell the end that an exception makes; the exception is read, and not kept."""
        self._tell_issues(warning_issues(warned, estimator, but=error))
        self.run.fail(error, "", f"in {self.method}", reasons.NOT_FITTED)

    def _tell_issues(self, issues: Iterable[Issue]) -> None:
        """Tell of issues that stand for the whole fit."""
        ignores = self.run.detectors.ignores
        self.run.tell_issues(issue for issue in issues if not ignores(issue))

    def _facts(self, what: Algorithm, arguments: Mapping[str, Any]) -> DataFacts:
        data = next(iter(arguments.values()), None)
        classifying = what.kind == "classifier"
        return data_facts(data, arguments.get("y"), classifying=classifying)

    def _tell_choices(self, estimator: object, what: Algorithm) -> None:
        self.run.tell(EventType.ALGORITHM_SELECTED, reasons.chosen(what), what.as_snapshot())
        found: Parameters = parameters(estimator)
        self.run.tell(
            EventType.HYPERPARAMETERS_SET,
            reasons.hyperparameters(found),
            {"set_by_caller": found.given, "defaults": found.defaults},
        )
