"""One call of `optimize`, from its start to its end."""

import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from time import monotonic
from typing import Any, Final

import optuna
from optuna.trial import FrozenTrial

from mllog_callbacks import Heard, Run, audit_context, guarded, listen
from mllog_callbacks.detectors import DetectorSet
from mllog_callbacks.facts import (
    Failure,
    Plan,
    Progress,
    Rule,
    Stop,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
    Trial,
    ended_by,
)
from mllog_optuna.choice import chosen
from mllog_optuna.pruning import rule_of
from mllog_optuna.study import Metrics, metrics_of, study_facts
from mllog_optuna.trial import failed_trial, trial_facts

__all__ = ["Search"]

_UNIT: Final = "trial"


class Search:
    """A call of `optimize`. Keeps no reference to the study, which may outlive it or not.

    Args:
        run: Where the entries go.
        study: The study.
        arguments: What `optimize` was called with.
    """

    def __init__(self, run: Run, study: optuna.Study, arguments: Mapping[str, Any]) -> None:
        self._run, self._study = run, weakref.ref(study)
        self._planned = arguments.get("n_trials")
        self._timeout = arguments.get("timeout")
        self._jobs = arguments.get("n_jobs")
        self._name = study.study_name
        self._metrics: Metrics = metrics_of(study)
        self._began = monotonic()
        self._done = 0
        self._best: float | None = None
        self._rules: dict[int, Rule] = {}
        self._failures: dict[int, Failure] = {}
        self._lock = threading.RLock()
        self._here = threading.local()
        self._leave: list[Callable[[], object]] = []

    @guarded
    def begin(self) -> None:
        """Record the study, and listen to its trials."""
        study = self._study()
        if study is None:
            return
        self._run.detectors = DetectorSet([])  # a search has no curves
        self._run.name(model=f"Optuna {type(study.sampler).__name__}")
        facts = study_facts(study, self._metrics, self._jobs, self._timeout)
        self._best = self._best_before(study) if facts.trials_before else None
        plan = Plan(unit=_UNIT, most=self._planned)
        self._run.record(
            TrainingStarted(plan=plan, study=facts, called_by=f"{type(study).__name__}.optimize")
        )
        self._leave.append(listen(study, {"ask"}, self._asked))
        self._leave.append(listen(study.pruner, {"prune"}, self._judged))

    def begin_trial(self) -> Callable[[BaseException | None, bool], object]:
        """A trial begins in this thread; returns what takes its end.

        That is called with what the objective raised, and whether it ends the search.
        """
        self._here.context = context = ExitStack()
        self._here.trial = None

        def ended(error: BaseException | None, is_end: bool) -> None:  # noqa: FBT001 - our own call
            number = getattr(self._here, "trial", None)
            context.close()
            if error is not None and number is not None:
                self._raised(number, error, is_end=is_end)

        return ended

    def _asked(self, heard: Heard) -> None:
        """The study has made the trial that this thread runs."""
        context = getattr(self._here, "context", None)
        if heard.error is None and context is not None and self._here.trial is None:
            self._here.trial = heard.result.number
            names = {"study": self._name, "trial": heard.result.number}
            context.enter_context(audit_context(**names))

    def _judged(self, heard: Heard) -> None:
        """The pruner has decided on a trial."""
        if heard.error is None and heard.result:
            trial, study = heard.arguments["trial"], heard.arguments["study"]
            rule = rule_of(heard.target, study, trial)
            with self._lock:
                self._rules[trial.number] = rule

    @guarded
    def take(self, trial: FrozenTrial) -> None:
        """Record a trial that ended; whatever ended it did not reach the caller."""
        with self._lock:
            rule = self._rules.pop(trial.number, None)
            failure = self._failures.pop(trial.number, None)
            is_best = self._is_best(trial)
            self._record(trial_facts(trial, self._metrics, rule, failure, is_best=is_best))

    @guarded
    def _raised(self, number: int, error: BaseException, *, is_end: bool) -> None:
        """Keep what a trial raised, and record the trial where its exception ends the search."""
        if not is_end:
            _, failure = ended_by(error)
            with self._lock:
                self._failures[number] = failure
            return
        study = self._study()
        if study is not None:
            trials = study.get_trials(deepcopy=False)
            trial = next((each for each in trials if each.number == number), None)
            with self._lock:
                if trial is not None:
                    self._record(failed_trial(trial, error))

    def _record(self, trial: Trial) -> None:
        self._done += 1
        progress = Progress(unit=_UNIT, done=self._done, planned=self._planned)
        self._run.record(TrainingProgress(progress=progress, results={}, trial=trial))

    def _is_best(self, trial: FrozenTrial) -> bool:
        """Whether a trial is better than all before; of one objective alone."""
        if len(self._metrics) != 1 or trial.state != optuna.trial.TrialState.COMPLETE:
            return False
        [mode] = self._metrics.values()
        value = trial.value
        if value is None or (self._best is not None and not _better(value, self._best, mode)):
            return False
        self._best = value
        return True

    def _best_before(self, study: optuna.Study) -> float | None:
        try:
            return float(study.best_value)
        except (ValueError, RuntimeError):  # no trial is complete, or there are several objectives
            return None

    @guarded
    def end(self, error: BaseException | None) -> None:
        """Record the winner, and why the search ended."""
        for leave in self._leave:
            leave()
        study = self._study()
        if study is not None and (found := chosen(study, self._metrics)) is not None:
            self._run.record(found)
        progress = Progress(unit=_UNIT, done=self._done, planned=self._planned)
        if error is not None:
            stop, failure = ended_by(error, "in a trial")
            left = "the trials so far are in the study"
            facts = TrainingEnded(progress=progress, stop=stop, error=failure, consequence=left)
        else:
            facts = TrainingEnded(progress=progress, stop=self._why(study))
        self._run.record(facts)

    def _why(self, study: optuna.Study | None) -> Stop | None:
        """Why a search that raised nothing ended: all trials are done, by request, or by time."""
        if self._planned is not None and self._done >= self._planned:
            return Stop(by="plan")
        if getattr(study, "_stop_flag", False):
            return Stop(by="request", requested_by="Study.stop")
        took = monotonic() - self._began
        return Stop(by="limit") if self._timeout is not None and took >= self._timeout else None


def _better(value: float, best: float, mode: str) -> bool:
    return value > best if mode == "max" else value < best
