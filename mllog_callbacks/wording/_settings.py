"""The words of an algorithm and of hyperparameters."""

from collections.abc import Iterator

from mllog_callbacks.facts import AlgorithmSelected, HyperparametersSet, ModelSize, Parameters
from mllog_callbacks.schema import Reason, assigned, count, listed, number, shown

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
    which = "" if facts.framework is None else f"{facts.framework} with "
    return Reason(f"Algorithm: {which}{chosen}.", " ".join(said))


def _size(size: ModelSize) -> str:
    trained = size.trainable
    if trained is None or not size.parameters:
        return f"The model has {count(size.parameters, 'parameter')}."
    share = f"{trained / size.parameters:.1%}".replace(".0%", "%")
    return f"{count(size.parameters, 'parameter')}, {trained:,} of them trainable ({share})."


def hyperparameters(facts: HyperparametersSet) -> Reason:
    """Which hyperparameters a training has."""
    found = facts.parameters
    by = "the caller"
    if found.passed_on_by is not None:
        by += f" of {found.passed_on_by}"
    if found.given_through is not None:
        by += f", through {found.given_through}"
    decision = (
        f"{count(len(found.given), 'hyperparameter')} set by {by}: "
        f"{assigned(found.given, found.aliases)}."
        if found.given
        else f"No hyperparameters set by {by}."
    )
    return Reason(decision, " ".join(_others(found)))


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
        yield f"{count(len(found.defaults), 'other parameter')} with defaults{of}."
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
