"""One fit, told as a run: from its data and who set what to its one end."""

from collections.abc import Iterable, Mapping
from typing import Any

from sklearn.exceptions import FitFailedWarning

from mllog_callbacks import EventType, Issue, Level, Reason, Run, guarded
from mllog_sklearn import reasons, search
from mllog_sklearn.algorithm import Algorithm, algorithm
from mllog_sklearn.curves import curves, facts_for_causes, summary, watch
from mllog_sklearn.data import DataFacts, data_facts
from mllog_sklearn.issues import data_issues, warning_issues
from mllog_sklearn.parameters import Parameters, parameters, trained
from mllog_sklearn.steps import failed_step, preprocessed
from mllog_sklearn.stops import Outcome, outcome
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

    def end(self, estimator: object, _result: object, warned: Audience) -> None:
        """Tell what came of it, now that the method has returned."""
        found = guarded(search.found)(estimator)
        self._tell_steps(estimator)
        self._tell_curves(estimator)
        if found is not None:
            self._tell_search(found, estimator, warned)
        self._tell_warnings(estimator, warned, None)
        ended = self._outcome(estimator, found)
        if ended is None:  # an estimator that cannot be read has been fitted all the same
            self._end(EventType.TRAINING_COMPLETED, reasons.completed(self.method), {})
        else:
            self._end(*ended)

    @guarded
    def _end(self, event: EventType, reason: Reason, snapshot: Mapping[str, object]) -> None:
        self.run.end(event, reason, snapshot)

    @guarded
    def _tell_steps(self, estimator: object) -> None:
        for told, snapshot in preprocessed(estimator):
            self.run.tell(EventType.DATASET_PREPROCESSED, told, snapshot)

    @guarded
    def _tell_curves(self, estimator: object) -> None:
        part, _ = trained(estimator)
        self.run.detectors.facts = facts_for_causes(self.data, part)
        found = curves(part)
        for curve in found:
            self.run.tell(EventType.TRAINING_PROGRESS, *summary(curve))
        if self.run.detectors.watches:
            watch(self.run, found)

    @guarded
    def _outcome(self, estimator: object, found: search.Found | None) -> Outcome:
        if found is not None:
            return Outcome(EventType.TRAINING_COMPLETED, *search.completed(found))
        part, where = trained(estimator)
        return outcome(part, self.method, where=where)

    @guarded
    def _tell_search(self, results: search.Found, estimator: object, warned: Audience) -> None:
        for told, snapshot in search.rounds(estimator):
            self.run.tell(EventType.TRAINING_PROGRESS, told, snapshot)
        if self.run.level <= Level.DEBUG:
            for index in range(len(results.params)):
                told, snapshot = search.candidate_told(results, index)
                self.run.tell(EventType.MODEL_EVALUATED, told, snapshot)
        failures = [key for key in warned if key[0] is FitFailedWarning]
        self._tell_issues(search.failed_fits(results, "\n".join(each[1] for each in failures)))
        for key in failures:
            del warned[key]
        self.run.tell(EventType.MODEL_COMPARED, *search.compared(results, estimator))

    @guarded
    def _tell_warnings(
        self, estimator: object, warned: Audience, error: BaseException | None
    ) -> None:
        self._tell_issues(warning_issues(warned, estimator, but=error))

    @guarded
    def fail(self, estimator: object, error: BaseException, warned: Audience) -> None:
        """Tell the end that an exception makes; the exception is read, and not kept."""
        self._tell_warnings(estimator, warned, error)
        step = failed_step(estimator, error)
        where = f"in {self.method}" + (f", in step {step}" if step else "")
        self.run.fail(error, "", where, reasons.NOT_FITTED)

    def _tell_issues(self, issues: Iterable[Issue]) -> None:
        """Tell of issues that stand for the whole fit."""
        ignores = self.run.detectors.ignores
        self.run.tell_issues(issue for issue in issues if not ignores(issue))

    def _facts(self, what: Algorithm, arguments: Mapping[str, Any]) -> DataFacts:
        data = next(iter(arguments.values()), None)
        classifying = what.kind == "classifier"
        return data_facts(data, arguments.get("y"), classifying=classifying)

    @guarded
    def _tell_choices(self, estimator: object, what: Algorithm) -> None:
        self.run.tell(EventType.ALGORITHM_SELECTED, reasons.chosen(what), what.as_snapshot())
        found: Parameters = parameters(estimator)
        self.run.tell(
            EventType.HYPERPARAMETERS_SET,
            reasons.hyperparameters(found),
            {"set_by_caller": found.given, "defaults": found.defaults},
        )
