"""The words of an algorithm and of hyperparameters."""

from collections.abc import Iterator

from mllog_callbacks.facts import AlgorithmSelected, HyperparametersSet, ModelSize, Parameters
from mllog_callbacks.schema import Reason, assigned, count, listed, shown

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
        said += _beside(facts.parameters)
    return Reason(f"Algorithm: {chosen}.", " ".join(said))


def _size(size: ModelSize) -> str:
    trained = size.trainable
    if trained is None or not size.parameters:
        return f"The model has {count(size.parameters, 'parameter')}."
    share = f"{trained / size.parameters:.1%}".replace(".0%", "%")
    return f"{count(size.parameters, 'parameter')}, {trained:,} of them trainable ({share})."


def hyperparameters(facts: HyperparametersSet) -> Reason:
    """Which hyperparameters a training has."""
    found = facts.parameters
    decision = (
        f"{count(len(found.given), 'hyperparameter')} set by the caller: "
        f"{assigned(found.given, found.aliases)}."
        if found.given
        else "The caller set no hyperparameters."
    )
    return Reason(decision, " ".join(_beside(found)))


def _beside(found: Parameters) -> Iterator[str]:
    """What became of parameters, other than those that the caller set."""
    if found.passed_on:
        yield f"Set by {found.passed_on_by or 'a caller in between'}: {assigned(found.passed_on)}."
    for name, each in (found.derived or {}).items():
        yield f"{name}={shown(each.value)} is derived from {each.source}."
    for name, why in (found.without_effect or {}).items():
        yield f"{name} has no effect: {why}."
    of = f" of {found.framework}" if found.framework else ""
    if found.unknown:
        yield f"Given, and not a parameter in use{of}: {listed(found.unknown)}."
    if found.defaults is not None:
        yield f"{count(len(found.defaults), 'other parameter')} with defaults{of}."
    elif found.framework is not None:
        yield f"All others have the defaults{of}."
