"""The words of a training's end."""

from collections.abc import Iterator

from mllog_callbacks.facts import Failure, Kept, Progress, Rule, Stop, TrainingEnded, dump
from mllog_callbacks.runs import killed_words
from mllog_callbacks.schema import Reason, count, listed, number
from mllog_callbacks.wording._course import in_force, measured, read
from mllog_callbacks.wording._start import what

__all__ = ["ended"]


def ended(facts: TrainingEnded) -> Reason:
    """A training is over."""
    if facts.stop is not None and facts.stop.by == "killed":
        return Reason(*killed_words(dump(facts)))
    kept = "" if facts.kept is None else _kept(facts.kept)
    left = "" if facts.consequence is None else f"; {facts.consequence}"
    unit = "" if facts.progress is None else facts.progress.unit
    decision = f"{what(facts.folds, unit)} {_how(facts)}{left}.{kept}"
    return Reason(decision, " ".join([*_why(facts), *_state(facts)]))


def _how(facts: TrainingEnded) -> str:
    stop, error = facts.stop, facts.error
    if stop is None:
        return f"failed{_after(facts.progress)}"
    if stop.by == "plan":
        return _completed(facts.progress)
    if stop.by == "error":
        kind = "" if error is None else f" with {error.type}"
        return f"failed{_in(facts.progress, error)}{kind}"
    if stop.by == "hand":
        return f"was stopped by hand{_in(facts.progress, error)}" + (
            "" if error is None else f" ({error.type})"
        )
    return f"stopped early{_after(facts.progress)}"


def _completed(progress: Progress | None) -> str:
    if progress is None or progress.planned is None:
        return f"completed{_after(progress)}"
    if progress.planned == 1:
        return f"completed: the one planned {progress.unit} ran"
    return f"completed: all {progress.planned:,} planned {progress.unit}s ran"


def _after(progress: Progress | None) -> str:
    return "" if progress is None else f" after {progress.unit} {progress.done:,}{_of(progress)}"


def _in(progress: Progress | None, error: Failure | None) -> str:
    """Where an exception came: in the one after those that are done, or between the two."""
    between = error is not None and error.between
    if between or progress is None or progress.done == progress.planned:
        return _after(progress)
    return f" in {progress.unit} {progress.done + 1:,}{_of(progress)}"


def _of(progress: Progress) -> str:
    of = "" if progress.planned is None else f" of {progress.planned:,}"
    return of if progress.total is None else f"{of} ({progress.total:,} with the model continued)"


def _kept(kept: Kept) -> str:
    if kept.at is None or kept.unit is None:
        return ""
    chosen = f", chosen by {kept.chosen_by}" if kept.chosen_by else ""
    held = (
        f"; the model holds {count(kept.holds, kept.unit)}, of which predictions use the first "
        f"{kept.at:,}"
        if kept.holds is not None
        else ""
    )
    return f" Kept: the model of {kept.unit} {kept.at:,}{chosen}{held}."


def _why(facts: TrainingEnded) -> Iterator[str]:
    if facts.stop is None:
        yield (
            "The call ended without a result, by an exception that no callback can see; it was "
            "raised to the caller."
        )
    elif facts.error is not None:
        yield _raised(facts.error, facts.stop)
    elif facts.stop.rule is not None:
        yield _met(facts.stop.rule)
    elif facts.stop.requested_by is not None:
        yield f"{facts.stop.requested_by} ended it."
    if facts.changed:
        yield in_force(facts.changed)
    yield from _rules(facts)


def _rules(facts: TrainingEnded) -> Iterator[str]:
    for each in (facts.rules or {}).values():
        yield _met(each) if each.is_met else _not_met(each)
    rule = None if facts.stop is None else facts.stop.rule
    comparable = facts.kept is not None and rule is not None and facts.kept.unit == rule.unit
    kept = facts.kept.at if comparable and facts.kept is not None else None
    if rule is not None and rule.best_at is not None and kept is not None and kept > rule.best_at:
        later = count(kept - rule.best_at, rule.unit or "check")
        yield f"The kept model is not cut to its best: it includes the {later} after it."


def _raised(error: Failure, stop: Stop) -> str:
    message = f": {error.message}" if error.message else ""
    where = f" {error.where}" if error.where else ""
    if stop.by == "hand":
        return f"{error.type}{message} was raised{where}: a request to stop, not an error."
    place = f" (in {error.raised_in})" if error.raised_in else ""
    return f"{error.type}{message} was raised{where}{place}."


def _met(rule: Rule) -> str:
    """A rule ended a training: on which values."""
    curve = " ".join(filter(None, (rule.set, rule.metric)))
    unit = rule.unit or "check"
    if rule.carried and rule.best is not None and rule.waited is not None:
        return (
            f"{curve} did not improve on {number(rule.best)}, the best value that {rule.name} kept "
            f"from an earlier training. Its count of {unit}s without improvement, also kept, "
            f"reached {rule.waited:,} (patience {rule.patience or 0:,})."
        )
    if rule.best_at is not None and rule.waited is not None:
        margin = f" by more than {rule.min_delta:g}" if rule.min_delta else ""
        best = "" if rule.best is None else f" ({number(rule.best)})"
        delta = f", min_delta {rule.min_delta:g}" if rule.min_delta else ""
        return (
            f"{curve or 'The metric'} last improved{margin} at {unit} {rule.best_at:,}{best}; "
            f"{count(rule.waited, unit)} without improvement reached the patience of {rule.name} "
            f"({count(rule.patience or 0, unit)}{delta})."
        )
    if rule.value is not None and rule.threshold is not None:
        return f"{rule.name}: {curve} {number(rule.value)} met {number(rule.threshold)}."
    trial = None if rule.trial is None else f"trial {rule.trial:,}"
    step = "" if rule.step is None else f" at step {rule.step:,}"
    value = None if rule.value is None else f"value {number(rule.value)}{step}"
    evidence = ", ".join(filter(None, (trial, value)))
    said = f": {rule.message}" if rule.message else ""
    return f"{rule.name} ended it{f' ({evidence})' if evidence else ''}{said}."


def _not_met(rule: Rule) -> str:
    """A rule that was on, and did not end the training."""
    unit = rule.unit or "check"
    said = f"{rule.name} did not end it earlier"
    if rule.best_at is None or rule.waited is None:
        return f"{said}."
    curve = " ".join(filter(None, (rule.set, rule.metric))) or "its metric"
    best = "" if rule.best is None else f" ({number(rule.best)})"
    patience = "" if rule.patience is None else f", of {rule.patience:,} it allows"
    since = (
        "in the last one"
        if not rule.waited
        else f"{count(rule.waited, unit)} before the last{patience}"
    )
    return f"{said}: {curve} was best at {unit} {rule.best_at:,}{best}, {since}."


def _state(facts: TrainingEnded) -> Iterator[str]:
    if facts.results:
        now = None if facts.progress is None else facts.progress.done
        yield from measured(facts.results, None, facts.best, now)
    if facts.readings:
        yield f"{read(facts.readings)}."
    if facts.deleted:
        yield f"Deleted: {listed(facts.deleted)}."
    if facts.importance:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in facts.importance.items())
        yield f"Top features by {facts.importance_by or 'importance'}: {shares}."
