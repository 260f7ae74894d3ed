"""The words of hyperparameters that change while a training runs."""

from collections.abc import Mapping
from typing import Final

from mllog_callbacks.facts import (
    Compared,
    GroupsJoined,
    HyperparametersSet,
    ParameterChange,
    Scheduler,
)
from mllog_callbacks.schema import Reason, assigned, count, number, shown

__all__ = ["changed"]

_OTHERS: Final = "code of the module or of a callback"
_RATE: Final = "learning rate"


def changed(facts: HyperparametersSet) -> Reason:
    """A parameter was set, groups joined an optimizer, or parameters became trainable."""
    if facts.joined is not None:
        return _joined(facts.joined)
    if facts.unfrozen is not None or facts.frozen is not None:
        return _trainable(facts)
    change = facts.change
    if change is None:
        return Reason("Hyperparameters changed.")
    decision = _decision(change)
    if change.name == _RATE and change.by is None:
        return _scheduled(change, decision, facts.compared)
    if change.tried is not None:
        return Reason(decision, f"It is the suggestion of a search of {change.tried:,} values.")
    who = f"{_with(change.by, change.settings)}" if change.by else _OTHERS.capitalize()
    return Reason(decision, f"{who} did it{_when(facts)}.")


def _decision(change: ParameterChange) -> str:
    what = f"The {change.name}" if " " in change.name else change.name
    of = "" if change.of is None else f" of {change.of}"
    group = "" if change.group is None else f", group {change.group},"
    before = "" if change.before is None else f" from {_value(change.before)}"
    by = ""
    if change.schedulers is not None and len(change.schedulers) == 1 and change.by_hand is None:
        (only,) = change.schedulers.values()
        by = f" by {only.name}"
    elif change.by is not None:
        by = f" by {change.by}"
    return f"{what}{of}{group} was set{before} to {_value(change.now)}{by}."


def _value(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shown(value)
    return number(value)


def _when(facts: HyperparametersSet) -> str:
    """How far the training was."""
    progress, step = facts.progress, facts.step
    if progress is None or step is None:
        return ""
    of = "" if progress.planned is None else f" of {progress.planned:,}"
    return f" in {progress.unit} {progress.done + 1:,}{of}, after {count(step, 'step')}"


def _scheduled(change: ParameterChange, decision: str, compared: Compared | None) -> Reason:
    """A learning rate changed that schedulers may set."""
    schedulers = [*(change.schedulers or {}).values()]
    if not schedulers:
        return Reason(decision, f"No scheduler that is known did it: {_OTHERS} did.")
    if change.by_hand is not None:
        before, now = map(number, change.by_hand)
        recorded = " and ".join(_with(each.name, each.settings) for each in schedulers)
        return Reason(
            decision,
            f"It went from {before} to {now} by no step of {recorded}: {_OTHERS} changed it.",
        )
    if len(schedulers) > 1:
        recorded = " and ".join(
            f"{_with(each.name, each.settings)} {_each(each)}" for each in schedulers
        )
        return Reason(decision, f"Its schedulers step by turns: {recorded}.")
    (only,) = schedulers
    again = "" if compared is None else f" {_again(compared)}"
    return Reason(decision, f"{_why(only)}{again}")


def _why(scheduler: Scheduler) -> str:
    recorded = _with(scheduler.name, scheduler.settings)
    if scheduler.metric is None or scheduler.patience is None:
        return f"{recorded} steps {_each(scheduler)}."
    best = "" if scheduler.best is None else f"; its best was {number(scheduler.best)}"
    waited = count(scheduler.patience, "check")
    return (
        f"{scheduler.metric} did not improve for more than {waited}{best}: "
        f"{recorded} reduces the rate then."
    )


def _each(scheduler: Scheduler) -> str:
    if scheduler.each is None:
        return "when code of the module calls it"
    return f"each {scheduler.each}"


def _with(name: str, settings: Mapping[str, object] | None) -> str:
    return f"{name}({assigned(settings)})" if settings else name


def _again(compared: Compared) -> str:
    return (
        f"It compared the value of one validation, after epoch {compared.validated_at:,}, "
        f"{compared.times:,} times."
    )


def _joined(found: GroupsJoined) -> Reason:
    what, at = count(len(found.rates), "group"), " and ".join(map(number, found.rates))
    return Reason(
        f"{what} of parameters joined {found.optimizer}, with a learning rate of {at}.",
        f"{_OTHERS.capitalize()} did it; it has {count(found.groups, 'group')} now.",
    )


def _trainable(facts: HyperparametersSet) -> Reason:
    many, what = facts.frozen, "were frozen"
    if facts.unfrozen is not None:
        many, what = facts.unfrozen, "became trainable"
    before = "" if facts.epoch is None else f" before epoch {facts.epoch:,}"
    by = "" if facts.by is None else f" {facts.by} did it."
    now = f"{facts.trainable or 0:,} of {facts.parameters_of_model or 0:,} parameters are trainable"
    return Reason(f"{count(many or 0, 'parameter tensor')} {what}{before}.", f"{now} now.{by}")
