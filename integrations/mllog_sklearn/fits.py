"""One fit, recorded as a run: from its data and who set what to its one end."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from sklearn.exceptions import FitFailedWarning

from mllog_callbacks import EventType, Issue, Level, RawData, Reason, Run, guarded, trained_by
from mllog_sklearn import reasons, search
from mllog_sklearn.algorithm import Algorithm, algorithm
from mllog_sklearn.choice import compared
from mllog_sklearn.chosen import choices
from mllog_sklearn.curves import curves, facts_for_causes, keep, summary, watch
from mllog_sklearn.data import DataFacts, data_facts
from mllog_sklearn.earlier import NOTHING, earlier
from mllog_sklearn.errors import Place, failure, place
from mllog_sklearn.issues import data_issues, warning_issues
from mllog_sklearn.parameters import (
    NONE,
    is_frozen,
    last_step,
    parameters,
    subestimators,
    trained,
)
from mllog_sklearn.repeated import unrepeated
from mllog_sklearn.samples import resampled
from mllog_sklearn.steps import preprocessed
from mllog_sklearn.stops import INTERRUPTED, Circumstances, Outcome, outcome
from mllog_sklearn.trials import trials
from mllog_sklearn.warned import Audience
from mllog_sklearn.weights import weights_given
from mllog_sklearn.workers import unheard

__all__ = ["Fit"]


def _raw(arguments: Mapping[str, Any]) -> RawData:
    """The data of a fit as its caller gave it."""
    return RawData(next(iter(arguments.values()), None), arguments.get("y"))


class Fit:
    """One call of fit, fit_transform, fit_predict or fit_resample.

    Args:
        run: What it is recorded as.
        method: Which of them.
        nested: Whether it is a part of another fit.

    Attributes:
        loaded: The estimators that came from a cache.
    """

    def __init__(self, run: Run, method: str, *, nested: bool) -> None:
        self.run = run
        self.method = method
        self.nested = nested
        self.data = DataFacts("")
        self.loaded: Container[object] = ()
        self._monitored = False
        self._before = NOTHING

    def begin(self, estimator: object, arguments: Mapping[str, Any]) -> None:
        """Record the start: the data, the algorithm, and who set which hyperparameter."""
        what = algorithm(estimator)
        self.run.name(model=what.title)
        self.data = self._facts(what, arguments)
        self._monitored = arguments.get("monitor") is not None
        self._before = earlier(last_step(estimator))
        recorded = reasons.started(what, self.method, self.data, nested=self.nested)
        self.run.emit(EventType.TRAINING_STARTED, recorded, {"method": self.method})
        found = guarded(parameters)(estimator) or NONE
        weights = guarded(weights_given)(estimator, arguments, found.given) or {}
        if not self.nested:
            self.run.examine({"training": _raw(arguments)})
        self.run.emit(
            EventType.DATASET_VALIDATED,
            reasons.data_given(self.data, self.method, weights),
            {
                "data": {"training": {"role": "training", **self.data.as_snapshot()}},
                **({"weights": weights} if weights else {}),
            },
        )
        self.run.emit(
            EventType.ALGORITHM_SELECTED,
            reasons.chosen(what, self.method, nested=self.nested),
            what.as_snapshot(),
        )
        if found is not NONE:
            self.run.emit(
                EventType.HYPERPARAMETERS_SET,
                reasons.hyperparameters(found, nested=self.nested),
                {"parameters": found.as_snapshot()},
            )
        self._record_issues(data_issues(self.data, weights))

    def end(self, estimator: object, result: object, warned: Audience) -> None:
        """Record what came of it, now that the method has returned."""
        if is_frozen(estimator):
            self._end(EventType.TRAINING_COMPLETED, reasons.FROZEN, {})
            return
        self._remember(estimator)
        found = guarded(search.found)(estimator) or []
        self._record_steps(estimator, result)
        self._record_curves(estimator)
        for each in found:
            self._record_search(each, warned)
        self._record_choices(estimator)
        self._record_warnings(estimator, warned, None)
        ended = self._outcome(estimator, found, warned)
        if ended is None:  # an estimator that cannot be read has been fitted all the same
            self._end(EventType.TRAINING_COMPLETED, reasons.completed(self.method), {})
        else:
            event, reason, snapshot = ended
            self._end(event, *unheard(estimator, reason, snapshot))

    @guarded
    def _remember(self, estimator: object) -> None:
        """Know the model, and its parts, when they are saved."""
        if not self.nested:
            trained_by(self.run, estimator, dict(subestimators(estimator)))

    @guarded
    def _end(self, event: EventType, reason: Reason, snapshot: Mapping[str, object]) -> None:
        self.run.end(event, reason, snapshot)

    @guarded
    def _record_steps(self, estimator: object, result: object) -> None:
        for recorded, snapshot in preprocessed(estimator, self.loaded):
            self.run.emit(EventType.DATASET_PREPROCESSED, recorded, snapshot)
        if self.method == "fit_resample":
            self.run.emit(EventType.DATASET_PREPROCESSED, *resampled(estimator, self.data, result))

    @guarded
    def _record_curves(self, estimator: object) -> None:
        part, _ = trained(estimator)
        self.run.detectors.facts = facts_for_causes(self.data, part)
        stated = self.run.detectors.stated
        found = [each.directed(stated) for each in curves(part, self._before)]
        if self.run.detectors.watches:
            watch(self.run, found)
        for curve in found:
            keep(self.run, curve)
            self.run.emit(EventType.TRAINING_PROGRESS, *summary(curve))

    @guarded
    def _outcome(self, estimator: object, found: list[search.Found], warned: Audience) -> Outcome:
        did = {id(part) for _, part in subestimators(estimator)}
        for each in found:
            if id(each.search) in did:  # and is not one of the parts of an ensemble
                return Outcome(EventType.TRAINING_COMPLETED, *search.completed(each))
        part, where = trained(estimator)
        around = Circumstances(self.method, where, warned, self._monitored, self._before)
        return outcome(part, around)

    @guarded
    def _record_search(self, results: search.Found, warned: Audience) -> None:
        for recorded, snapshot in search.rounds(results.search):
            self.run.emit(EventType.TRAINING_PROGRESS, recorded, snapshot)
        if self.run.level <= Level.DEBUG:
            for index in range(len(results.params)):
                recorded, snapshot = search.candidate_recorded(results, index)
                self.run.emit(EventType.MODEL_EVALUATED, recorded, snapshot)
        failures = [key for key in warned if key[0] is FitFailedWarning]
        failed = list(search.failed_fits(results, "\n".join(each[1] for each in failures)))
        self._record_issues(failed)
        if failed:  # what else is warned of it has the same cause
            failures += [key for key in warned if search.NOT_FINITE in key[1]]
        for key in failures if failed else ():
            del warned[key]
        self.run.emit(EventType.MODEL_COMPARED, *compared(results))

    @guarded
    def _record_choices(self, estimator: object) -> None:
        for recorded, snapshot in (*trials(estimator), *choices(estimator, self.data.names)):
            self.run.emit(EventType.MODEL_COMPARED, recorded, snapshot)

    @guarded
    def _record_warnings(
        self, estimator: object, warned: Audience, error: BaseException | None
    ) -> None:
        heard = Audience({key: times for key, times in warned.items() if key[1] != INTERRUPTED})
        if self.run.level > Level.DEBUG:
            heard = unrepeated(last_step(estimator), heard)
        self._record_issues(warning_issues(heard, estimator, but=error))

    @guarded
    def fail(self, estimator: object, error: BaseException, warned: Audience) -> None:
        """Record the end that an exception makes; the exception is read, and not kept."""
        self._record_warnings(estimator, warned, error)
        failed = list(search.all_failed(error))
        self._record_issues(failed)
        where = guarded(place)(estimator, error) or Place()
        if isinstance(error, Exception):
            by = "; ".join(str(each.metrics["raised"]) for each in failed)
            recorded, snapshot = failure(error, where, self.method, reasons.NOT_FITTED, by)
            self.run.end(EventType.TRAINING_FAILED, recorded, snapshot)
        else:
            self.run.fail(error, "", where.said(self.method), reasons.NOT_RETURNED)

    def _record_issues(self, issues: Iterable[Issue]) -> None:
        """Record issues that are about the whole fit."""
        ignores = self.run.detectors.ignores
        self.run.record_issues(issue for issue in issues if not ignores(issue))

    def _facts(self, what: Algorithm, arguments: Mapping[str, Any]) -> DataFacts:
        data = next(iter(arguments.values()), None)
        classifying = what.kind == "classifier" or self.method == "fit_resample"
        return data_facts(data, arguments.get("y"), classifying=classifying)
