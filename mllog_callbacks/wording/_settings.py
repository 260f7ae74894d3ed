"""The words of an algorithm and of hyperparameters."""

from collections.abc import Iterator, Mapping

from mllog_callbacks.facts import (
    AlgorithmSelected,
    Carried,
    HyperparametersSet,
    ModelSize,
    Parameters,
    Scheduler,
)
from mllog_callbacks.schema import Reason, assigned, count, listed, number, shown
from mllog_callbacks.wording._changes import changed

__all__ = ["hyperparameters", "selected"]


def selected(facts: AlgorithmSelected) -> Reason:
    """Which algorithm trains."""
    chosen = ", ".join(f"{name}={shown(each.value)}" for name, each in facts.choices.items())
    by: dict[str, list[str]] = {}
    for name, each in facts.choices.items():
        by.setdefault(each.by, []).append(name)
    said = [f"Chosen by {who}: {listed(names)}." for who, names in by.items()]
    if facts.size is not None:
        said.append(_size(facts.size))
    if facts.parameters is not None:
        said += _others(facts.parameters)
    said += map(_scheduler, (facts.schedulers or {}).values())
    which = "" if facts.framework is None else f"{facts.framework} with "
    return Reason(f"Algorithm: {which}{chosen}{_optimizers(facts)}.", " ".join(said))


def _optimizers(facts: AlgorithmSelected) -> str:
    if facts.optimizers is None:
        return ""
    rates = facts.learning_rates or {}
    each = [
        f"{name} (lr {', '.join(map(number, rates[name]))})" if rates.get(name) else name
        for name in facts.optimizers
    ]
    return f", trained with {' and '.join(each) or 'no optimizer'}"


def _scheduler(found: Scheduler) -> str:
    when = "when code of the module calls it" if found.each is None else f"each {found.each}"
    of = "" if found.of is None else f" of {found.of}"
    return f"{found.name} sets the learning rate{of} {when}."


def _size(size: ModelSize) -> str:
    trained = size.trainable
    if trained is None or not size.parameters:
        return f"The model has {count(size.parameters, 'parameter')}."
    share = f"{trained / size.parameters:.1%}".replace(".0%", "%")
    return f"{count(size.parameters, 'parameter')}, {trained:,} of them trainable ({share})."


def hyperparameters(facts: HyperparametersSet) -> Reason:
    """Which hyperparameters a training has, or which changed."""
    found = facts.parameters
    if found is None:
        return changed(facts)
    by = "the caller"
    if found.passed_on_by is not None:
        by += f" of {found.passed_on_by}"
    if found.given_through is not None:
        by += f", through {found.given_through}"
    decision = (
        f"{count(_many(found, found.given), 'hyperparameter')} set by {by}: {_given(found)}."
        if found.given
        else f"No hyperparameters set by {by}."
    )
    said = [*_others(found)]
    if facts.changed:
        said.append(f"Other values are in force by now: {_by_thing(facts.changed)}.")
    if facts.resolved:
        said.append(f"Resolved: {assigned(facts.resolved)}.")
    if facts.callbacks:
        said.append(f"Callbacks: {', '.join(facts.callbacks)}.")
    said += map(_carried, (facts.carried or {}).values())
    return Reason(decision, " ".join(said))


def _given(found: Parameters) -> str:
    return assigned(found.given, found.aliases) if found.of is None else _by_thing(found.given)


def _by_thing(values: Mapping[str, object]) -> str:
    """The parameters of several things, as in "SGD(lr=0.1); Trainer(max_epochs=3)"."""
    return "; ".join(
        f"{name}({assigned(each)})" if isinstance(each, Mapping) else assigned({name: each})
        for name, each in values.items()
    )


def _many(found: Parameters, values: Mapping[str, object]) -> int:
    """How many parameters these are."""
    if found.of is None:
        return len(values)
    return sum(len(each) if isinstance(each, Mapping) else 1 for each in values.values())


def _carried(found: Carried) -> str:
    best = "" if found.best is None else f" {number(found.best)}"
    if found.path is not None:
        value = f" ({found.metric}{best})" if best else ""
        state = f"{found.path}{value} as its best"
    else:
        value = f", best {found.metric}{best}" if best else ""
        state = f"{count(found.waited or 0, 'check')} without improvement{value}"
    of = "left by an earlier fit"
    if found.restored_from is not None:
        of = f"restored from {found.restored_from}"
    return f"{found.callback} begins with {state}, {of}."


def _others(found: Parameters) -> Iterator[str]:
    """What became of parameters, other than those that the caller set."""
    if found.passed_on:
        yield f"Set by {found.passed_on_by or 'a caller in between'}: {assigned(found.passed_on)}."
    if found.set_on_the_way:
        names = listed(found.set_on_the_way)
        yield f"{found.given_through or 'A caller in between'} may have set {names} itself."
    yield from _effects(found)
    of = f" of {found.framework}" if found.framework else ""
    if found.unknown:
        yield f"Given, and not a parameter in use{of}: {listed(found.unknown)}."
    if found.defaults is not None:
        others = _many(found, found.defaults)
        yield f"{count(others, 'other parameter')} with defaults{of}."
    elif found.framework is not None:
        yield f"All others have the defaults{of}."


def _effects(found: Parameters) -> Iterator[str]:
    """What became of parameters in this training."""
    for name, replaced in (found.replaced or {}).items():
        given, used = shown(replaced.given), shown(replaced.used)
        yield f"{name}={used} is in force where {name}={given} was given."
    sources: dict[str, dict[str, object]] = {}
    for name, derived in (found.derived or {}).items():
        sources.setdefault(derived.source, {})[name] = derived.value
    for source, values in sources.items():
        yield f"Derived from {source}: {assigned(values)}."
    for name, each in (found.effects or {}).items():
        times = "" if each.factor is None else f" {number(each.factor)} times"
        yield f"{name}={shown(each.value)}: {each.effect}{times}."
    for name, why in (found.without_effect or {}).items():
        value = f"={shown(found.given[name])}" if name in found.given else ""
        yield f"{name}{value} has no effect: {why}."
