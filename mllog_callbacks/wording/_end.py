"""The words of a training's end."""

import math
from collections.abc import Iterator

from mllog_callbacks.facts import (
    CallFailed,
    Checkpoint,
    Failure,
    Kept,
    Progress,
    Rule,
    Stop,
    TrainingEnded,
    dump,
)
from mllog_callbacks.runs import killed_words
from mllog_callbacks.schema import Reason, assigned, count, listed, number, shown
from mllog_callbacks.wording._course import (
    call_named,
    in_force,
    measured,
    part_done,
    read,
    with_deviation,
)
from mllog_callbacks.wording._start import what

__all__ = ["call_failed", "ended"]


def ended(facts: TrainingEnded) -> Reason:
    """A training is over."""
    if facts.stop is not None and facts.stop.by == "killed":
        return Reason(*killed_words(dump(facts)))
    kept = "" if facts.kept is None else _kept(facts.kept, facts.folds)
    left = "" if facts.consequence is None else f"; {facts.consequence}"
    unit = "" if facts.progress is None else facts.progress.unit
    decision = f"{what(facts.folds, unit)} {_how(facts)}{left}.{kept}"
    return Reason(decision, " ".join([*_why(facts), *_state(facts)]))


def _how(facts: TrainingEnded) -> str:
    stop, error = facts.stop, facts.error
    if stop is None:
        return f"failed{_first(facts) or _after(facts.progress)}"
    if stop.by == "plan":
        if facts.first_begun is False:
            return "completed without a batch"
        return f"completed: {_done(facts)}" if _done(facts) else _completed(facts.progress)
    if stop.by == "error":
        where = _first(facts) or _in(facts.progress, error) + _steps(facts)
        return f"failed{where}" + ("" if error is None else f" with {error.type}")
    if stop.by == "hand":
        where = _first(facts) or _in(facts.progress, error) + _steps(facts)
        return f"was stopped by hand{where}" + ("" if error is None else f" ({error.type})")
    if facts.consequence is not None:  # nothing was returned: it was left by an exception
        by = "" if stop.rule is None else f" by {stop.rule.name}"
        return f"was stopped{_first(facts) or _in(facts.progress, error)}{by}"
    return f"stopped early{f' after {_done(facts)}' if _done(facts) else _after(facts.progress)}"


def _done(facts: TrainingEnded) -> str:
    """How far it came in epochs and steps; empty where it does not count steps as well."""
    if facts.progress is None or facts.step is None:
        return ""
    return part_done(facts.batches, facts.progress.done, facts.step)


def _steps(facts: TrainingEnded) -> str:
    return "" if facts.step is None else f", after {count(facts.step, 'step')}"


def _first(facts: TrainingEnded) -> str:
    """Where it ended before anything began; empty where something had begun."""
    if facts.begun is False:
        return " before it began"
    if facts.first_begun is False:
        unit = "step" if facts.progress is None else facts.progress.unit
        return f" before its first {unit}"
    return ""


def _completed(progress: Progress | None) -> str:
    if progress is None or progress.planned is None:
        return f"completed{_after(progress)}"
    before = (
        f" ({progress.before:,} of them in the model that it continues)" if progress.before else ""
    )
    if progress.planned == 1:
        return f"completed: the one planned {progress.unit} ran"
    return f"completed: all {progress.planned:,} planned {progress.unit}s ran{before}"


def _after(progress: Progress | None) -> str:
    return "" if progress is None else f" after {progress.unit} {progress.done:,}{_of(progress)}"


def _in(progress: Progress | None, error: Failure | None) -> str:
    """Where an exception came: in the one after those that are done, or between the two."""
    between = error is not None and error.between
    if between or progress is None or _is_over(progress):
        return _after(progress)
    return f" in {progress.unit} {progress.done + 1:,}{_of(progress)}"


def _is_over(progress: Progress) -> bool:
    return progress.planned is not None and progress.done >= progress.planned


def _of(progress: Progress) -> str:
    of = "" if progress.planned is None else f" of {progress.planned:,}"
    if progress.before:
        return f"{of} ({progress.before:,} in the model that it continues)"
    return of if progress.total is None else f"{of} ({progress.total:,} with the model continued)"


def _kept(kept: Kept, folds: int | None) -> str:
    if kept.at is None or kept.unit is None:
        return ""
    chosen = f", chosen by {kept.chosen_by}" if kept.chosen_by else ""
    held = ""
    if kept.holds is not None and kept.holds < kept.at:
        held = f"; it holds trees of {count(kept.holds, kept.unit)} only"
    elif kept.holds is not None:
        held = (
            f"; the model holds {count(kept.holds, kept.unit)}, of which predictions use the first "
            f"{kept.at:,}"
        )
    which = "the model" if folds is None else "the results"
    return f" Kept: {which} of {kept.unit} {kept.at:,}{chosen}{held}."


def _why(facts: TrainingEnded) -> Iterator[str]:
    if facts.stop is None:
        yield (
            "The call ended without a result, by an exception that no callback can see; it was "
            "raised to the caller."
        )
    elif facts.error is not None:
        yield _raised(facts.error, facts.stop)
    elif facts.stop.rule is not None:
        yield _met(facts.stop.rule, f" {facts.stop.where}" if facts.stop.where else "")
    elif facts.stop.requested_by is not None:
        yield f"{facts.stop.requested_by} ended it."
    elif facts.stop.by == "request":
        yield "Code asked for the end."
    if facts.stop is not None:
        yield from _reached(facts, facts.stop)
    yield from _changes(facts)
    yield from _rules(facts)


def _reached(facts: TrainingEnded, stop: Stop) -> Iterator[str]:
    """The limits that were reached, and what kept it going before or after."""
    if stop.limits:
        before = " had been reached before it began" if facts.first_begun is False else ""
        more = ""
        if stop.extra_epoch_by is not None:
            more = (
                f", and one more epoch by which {stop.extra_epoch_by} updates the statistics of "
                "batch normalisation,"
            )
        yield f"{assigned(stop.limits)}{more}{before or ' was reached'}."
    if stop.evidence is not None:
        yield f"{stop.evidence}."
    if stop.held_until and stop.rule is not None and stop.rule.met_at is not None:
        held = assigned(stop.held_until)
        yield f"That was after epoch {stop.rule.met_at:,}; {held} had to be reached."


def _changes(facts: TrainingEnded) -> Iterator[str]:
    """Parameters that changed on the way; of some only the last value is known."""
    for name, each in (facts.changes or {}).items():
        first = "" if each.first is None else f", from {_setting(each.first)}"
        to = f" to {_setting(each.last)}"
        yield f"{name} changed {count(each.times, 'time')}{first}{to}."
    others = {
        name: value
        for name, value in (facts.changed or {}).items()
        if name not in (facts.changes or {})
    }
    if others:
        yield in_force(others)


def _setting(value: object) -> str:
    return number(value) if isinstance(value, float) else shown(value)


def _rules(facts: TrainingEnded) -> Iterator[str]:
    for each in (facts.rules or {}).values():
        if each.off is not None:
            yield f"{each.name} was off: {each.off}."
        else:
            yield _met(each) if each.is_met else _not_met(each)
        yield from _hidden_best(each, facts)
    if facts.stop is not None and facts.stop.rule is not None:
        yield from _hidden_best(facts.stop.rule, facts)
    rule = None if facts.stop is None else facts.stop.rule
    comparable = facts.kept is not None and rule is not None and facts.kept.unit == rule.unit
    kept = facts.kept.at if comparable and facts.kept is not None else None
    if rule is not None and rule.best_at is not None and kept is not None and kept > rule.best_at:
        later = count(kept - rule.best_at, rule.unit or "check")
        yield f"The kept model is not cut to its best: it includes the {later} after it."


def _hidden_best(rule: Rule, facts: TrainingEnded) -> Iterator[str]:
    """What `min_delta` hides: a better value that was not better by enough."""
    best = (facts.best or {}).get(rule.set or "", {}).get(rule.metric or "")
    if rule.passed_over is not None:
        yield (
            f"A better value, {number(rule.passed_over.value)} at {rule.best_unit or 'check'} "
            f"{rule.passed_over.at:,}, did not count: it is within min_delta={rule.min_delta:g}."
        )
        return
    if not rule.min_delta or best is None or best.at == rule.best_at:
        return
    yield (
        f"A better value, {number(best.value)} at {rule.unit or 'check'} {best.at:,}, did not "
        f"count: it is within min_delta={rule.min_delta:g}."
    )


def _raised(error: Failure, stop: Stop) -> str:
    message = f": {error.message}" if error.message else ""
    where = f" {error.where}" if error.where else ""
    if stop.by == "hand":
        return f"{error.type}{message} was raised{where}: a request to stop, not an error."
    place = f" (in {error.raised_in})" if error.raised_in else ""
    return f"{error.type}{message} was raised{where}{place}."


def _met(rule: Rule, where: str = "") -> str:
    """A rule ended a training: on which values, and where it was raised."""
    curve = " ".join(filter(None, (rule.set, rule.metric)))
    unit = rule.unit or "check"
    if rule.carried and rule.best is not None and rule.waited is not None:
        return (
            f"{curve} did not improve on {number(rule.best)}, the best value that {rule.name} kept "
            f"from an earlier training. Its count of {unit}s without improvement, also kept, "
            f"reached {rule.waited:,} (patience {rule.patience or 0:,})."
        )
    if rule.waited is not None and (rule.best_at is not None or rule.condition == "patience"):
        return _waited(rule, curve or "The metric", unit)
    if rule.counts_as is not None:
        return f"{curve} was {rule.counts_as}, and {rule.name} stops at values that are not finite."
    if rule.value is not None and rule.threshold is not None:
        return _beyond(rule, curve)
    trial = None if rule.trial is None else f"trial {rule.trial:,}"
    step = "" if rule.step is None else f" at step {rule.step:,}"
    value = None if rule.value is None else f"value {number(rule.value)}{step}"
    evidence = ", ".join(filter(None, (trial, value)))
    said = f": {rule.message.removesuffix('.')}" if rule.message else ""
    best = "" if rule.best_at is None else f", with {unit} {rule.best_at:,} as the best"
    return f"{rule.name} ended it{where}{f' ({evidence})' if evidence else ''}{best}{said}."


def _beyond(rule: Rule, curve: str) -> str:
    """A value that came to a threshold, or a time that came to a limit."""
    value, threshold = rule.value or 0.0, rule.threshold or 0.0
    if rule.unit == "second":
        limit, passed = number(threshold), number(value)
        return f"{rule.name}: the limit of {limit} seconds was reached ({passed} passed)."
    name = f"{rule.condition}=" if rule.condition else ""
    return f"{rule.name}: {curve} {number(value)} met {name}{number(threshold)}."


def _waited(rule: Rule, curve: str, unit: str) -> str:
    """A metric that did not improve for as long as a rule allows."""
    delta = f", min_delta {rule.min_delta:g}" if rule.min_delta else ""
    first = ", first metric only" if rule.first_metric_only else ""
    set_by = "" if rule.set_by is None else f", set by {rule.set_by}"
    mode = f", mode {rule.mode}" if rule.condition and rule.mode else ""
    if rule.best_at is None:
        improved = "never improved"
        if rule.best is not None:
            improved = f"last improved to {number(rule.best)}"
    elif rule.best is not None and math.isnan(rule.best):
        improved = f"was NaN at {unit} {rule.best_at:,}, which no value is better than"
    else:
        margin = f" by more than {rule.min_delta:g}" if rule.min_delta else ""
        best = "" if rule.best is None else f" ({with_deviation(rule.best, rule.best_deviation)})"
        improved = f"last improved{margin} at {rule.best_unit or unit} {rule.best_at:,}{best}"
    return (
        f"{curve} {improved}; {count(rule.waited or 0, unit)} without improvement reached the "
        f"patience of {rule.name} ({count(rule.patience or 0, unit)}{delta}{mode}{first}{set_by})."
    )


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
        yield from measured(facts.results, facts.deviations, facts.best, now)
    if facts.kept is not None and facts.kept.measured is False and facts.kept.at is not None:
        yield (
            f"The results measured at {facts.kept.unit} {facts.kept.at:,} are not those of the "
            "kept model: later ones rescaled its trees (dart)."
        )
    if facts.weights is not None:
        updates = count(facts.weights.updates, "update")
        by = facts.weights.averaged_by
        yield f"{by} leaves the module with averaged weights ({updates})."
    if facts.best_checkpoint is not None:
        yield from _checkpoint(facts.best_checkpoint)
    if facts.readings:
        yield f"{read(facts.readings)}."
    if facts.deleted:
        yield f"Deleted: {listed(facts.deleted)}."
    if facts.importance:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in facts.importance.items())
        yield f"Top features by {facts.importance_by or 'importance'}: {shares}."


def _checkpoint(found: Checkpoint) -> Iterator[str]:
    """The checkpoint that a callback keeps as the best."""
    by = "" if found.by is None else f" by {found.by}({assigned({'monitor': found.monitor})})"
    of = ", which was not saved in this training"
    if found.epoch is not None:
        of = f" of epoch {found.epoch:,}"
        of += "" if found.step is None else f", step {found.step:,}"
    value = "" if found.score is None else f", with {found.monitor} {number(found.score)}"
    yield f"The best checkpoint{by} is {found.path}{of}{value}."
    if (best := found.better) is not None:
        yield f"The best {found.monitor} was {number(best.value)}, at epoch {best.at:,}."


def call_failed(facts: CallFailed) -> Reason:
    """A call failed that is no training, or what follows a training's end."""
    name = "Training" if facts.call is None else call_named(facts.call)
    after = " after its end" if facts.after_end else ""
    if facts.severity == "error":
        return Reason(
            f"{name} failed{after} with {facts.error.type}.", _raised(facts.error, Stop(by="error"))
        )
    decision = f"{name} was stopped by hand ({facts.error.type}): there is no result."
    return Reason(decision, _raised(facts.error, Stop(by="hand")))
