"""The words of a search: its trials, and which candidate is chosen."""

from collections.abc import Iterator

from mllog_callbacks.facts import (
    Failure,
    Method,
    ModelCompared,
    Rule,
    Study,
    TrainingProgress,
    Trial,
)
from mllog_callbacks.schema import Reason, assigned, count, number

__all__ = ["compared", "of_study", "trial_ended"]

_ENDS = {
    "complete": "is complete",
    "pruned": "was pruned",
    "failed": "failed",
    "running": "is running",
    "waiting": "is waiting",
}


def of_study(study: Study) -> Iterator[str]:
    """What a search decides by, and how it runs."""
    ways = ", ".join(f"{name} ({mode})" for name, mode in study.directions.items())
    yield f"Study {study.name} optimises {ways}."
    yield f"Sampler: {_method(study.sampler)}. Pruner: {_method(study.pruner)}."
    if study.trials_before:
        yield f"The study had {count(study.trials_before, 'trial')} before."
    if study.timeout is not None:
        yield f"Time limit: {study.timeout:g} s."
    if study.jobs is not None and study.jobs != 1:
        yield f"{study.jobs} trials at the same time."


def _method(method: Method) -> str:
    return method.name + (f" ({assigned(method.parameters)})" if method.parameters else "")


def trial_ended(facts: TrainingProgress, trial: Trial) -> Reason:
    """A trial of a search ended."""
    values = ", ".join(f"{name} {number(value)}" for name, value in (trial.values or {}).items())
    decision = f"Trial {trial.number} {_ENDS[trial.state]}{f': {values}' if values else ''}."
    return Reason(decision, " ".join(_why(facts, trial)))


def _why(facts: TrainingProgress, trial: Trial) -> Iterator[str]:
    if trial.best_so_far:
        yield "It is the best so far."
    if trial.parameters:
        yield f"Parameters: {assigned(trial.parameters)}."
    if trial.rule is not None:
        yield _pruned(trial.rule)
    if trial.error is not None:
        yield _failed(trial.error)
    of = "" if facts.progress.planned is None else f" of {facts.progress.planned:,}"
    yield f"Trials done in this call: {facts.progress.done:,}{of}."


def _failed(error: Failure) -> str:
    place = f" (in {error.raised_in})" if error.raised_in else ""
    what = ": ".join(filter(None, (error.type, error.message)))
    where = f"{error.where[:1].upper()}{error.where[1:]}" if error.where else ""
    return f"{what or where}{place}."


def _pruned(rule: Rule) -> str:
    if rule.value is None:
        return f"{rule.name} ended it."
    compared = f"its value {number(rule.value)} at step {rule.step}"
    if rule.threshold is None:
        return f"{rule.name} ended it, by {compared}."
    sign = "above" if rule.mode == "min" else "below"
    return f"{rule.name} ended it: {compared} is {sign} {number(rule.threshold)}."


def compared(facts: ModelCompared) -> Reason:
    """Which candidate a search chose."""
    found, metric = facts.candidates, next(iter(facts.candidates.mean), "")
    if found.chosen is None:
        return Reason(f"No one of {count(found.candidates, 'candidate')} was chosen.", "")
    at = found.number.index(found.chosen)
    value = found.mean[metric][at]
    shown = "" if value is None else f" with {metric} {number(value)}"
    parameters = {name: values[at] for name, values in found.parameters.items()}
    decision = f"Trial {found.chosen} of {found.candidates:,} is the best{shown}."
    said = [f"Parameters: {assigned(parameters)}."] if parameters else []
    if (other := facts.runner_up) is not None:
        said.append(
            f"Runner-up: trial {other.number} with {number(other.value)}, "
            f"{number(other.margin)} worse."
        )
    return Reason(decision, " ".join(said))
