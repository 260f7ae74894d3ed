"""The sentences with which a training begins: its data, its algorithm, its hyperparameters."""

from collections.abc import Iterable

import lightgbm

from mllog_callbacks import EventType, Reason
from mllog_callbacks.schema import assigned, count, number, shown
from mllog_callbacks.schema._phrases import by_label
from mllog_lightgbm.choices import ALGORITHM, decided
from mllog_lightgbm.data import DataFacts, FeatureFacts
from mllog_lightgbm.effects import without_effect
from mllog_lightgbm.opening import Opening
from mllog_lightgbm.parameters import Function, Parameters

__all__ = ["opened", "started"]

Told = tuple[EventType, Reason, dict[str, object]]

_NAMED = 10


def started(planned: int, opening: Opening) -> Reason:
    """A training starts: over how many iterations, on which data, alone or with others."""
    what = f"Cross-validation over {count(opening.folds, 'fold')}" if opening.folds else "Training"
    told = [f"{found}." for found in (_size(name, each) for name, each in opening.sets.items())]
    if opening.continued:
        told.append(f"It continues a model of {count(opening.continued, 'iteration')}.")
    if opening.machines:
        told.append(
            f"It is one part of a training on several machines: {opening.machines['machines']}."
        )
    if opening.found.estimator:
        by = ", for lightgbm.dask" if opening.found.on_dask else ""
        told.append(f"{opening.found.estimator}.fit called lightgbm.train{by}.")
    return Reason(f"{what} of at most {count(planned, 'iteration')} started.", " ".join(told))


def _size(name: str, facts: DataFacts) -> str:
    return f"{name}: {count(facts.rows, 'row')}, {count(facts.features, 'feature')}"


def opened(opening: Opening) -> Iterable[Told]:
    """What follows the start; the data only where LightGBM has taken it."""
    if opening.sets:
        yield _data(opening)
    if any(opening.found.get(name) is not None for name in ALGORITHM):
        yield _algorithm(opening.found)
    yield _hyperparameters(opening)


def _data(opening: Opening) -> Told:
    sets, features = opening.sets, opening.features
    by = f"{opening.found.estimator}'s code" if opening.coded else "label"
    told = [_described(name, facts, by) for name, facts in sets.items()]
    snapshot: dict[str, object] = {name: facts.as_snapshot() for name, facts in sets.items()}
    if features is not None:
        told.append(_features(features))
        snapshot["categorical_features"] = len(features.categorical)
        snapshot["unused_features"] = features.unused
    if opening.class_weight is not None:
        told.append(
            f"{opening.found.estimator} turned class_weight={shown(opening.class_weight)} into "
            "weights of rows."
        )
    data = opening.data
    sizes = f": {count(data.rows, 'row')}, {count(data.features, 'feature')}" if data else " loaded"
    validating = len(sets) - len(opening.of_training)
    others = f"Validation sets: {validating or 'none'}"
    if opening.folds:
        others = f"Folds: {opening.folds}"
    return (
        EventType.DATASET_VALIDATED,
        Reason(f"Training data{sizes}. {others}.", " ".join(told)),
        snapshot,
    )


def _described(name: str, facts: DataFacts, by: str) -> str:
    told = [count(facts.rows, "row")]
    if facts.classes:
        told.append(f"by {by} {by_label(facts.classes)}")
    if facts.unlabelled:
        told.append(f"{count(facts.unlabelled, 'label')} given as NaN or infinite")
    if facts.labels is not None:
        least, largest, mean = map(number, facts.labels[:3])
        told.append(f"target range {least} to {largest}, mean {mean}")
    if facts.weights is not None:
        told.append(
            f"weights of rows from {number(facts.weights[0])} to {number(facts.weights[1])}"
        )
    if facts.init_score:
        told.append("with initial scores (init_score)")
    if facts.same_as is not None:
        told.append(f"the same rows and labels as {facts.same_as}")
    if facts.groups is not None:
        groups, least_rows, most_rows = facts.groups
        told.append(f"{count(groups, 'group')} of {least_rows:,} to {most_rows:,} rows")
    return f"{name}: {'; '.join(told)}."


def _features(features: FeatureFacts) -> str:
    told = "No categorical features."
    if features.categorical:
        names = ", ".join(features.categorical[:_NAMED])
        more = len(features.categorical) - _NAMED
        names += f" and {more} more" if more > 0 else ""
        told = f"Categorical features: {names}."
    if features.unused:
        told += f" {count(features.unused, 'feature')} left out: no split of the rows is possible."
    return told


def _algorithm(found: Parameters) -> Told:
    named = {name: found.given.get(name) for name in ALGORITHM if name in found.given}
    chosen = {name: found.chosen[name] for name in ALGORITHM if name in found.chosen}
    rest = {name: found.resolved[name] for name in ALGORITHM if name in found.defaults}
    told = []
    if named:
        chose = "lightgbm.dask passed on" if found.on_dask else "The caller chose"
        told.append(f"{chose} {assigned(named, found.aliases)}.")
    if chosen:
        told.append(f"Defaults of {found.estimator}: {assigned(chosen)}.")
    if rest:
        told.append(f"Defaults of LightGBM: {assigned(rest)}.")
    used = {name: found.get(name) for name in ALGORITHM if found.get(name) is not None}
    if isinstance(named.get("objective"), Function):
        used["objective"] = named["objective"]
    return (
        EventType.ALGORITHM_SELECTED,
        Reason(f"LightGBM {lightgbm.__version__} with {assigned(used)}.", " ".join(told)),
        {"lightgbm": lightgbm.__version__, **used},
    )


def _hyperparameters(opening: Opening) -> Told:
    found = opening.found
    given = assigned(found.given, found.aliases)
    by = f"the caller of {found.estimator or 'LightGBM'}"
    by = f"lightgbm.dask, {by}" if found.on_dask else by
    decision = f"{count(len(found.given), 'hyperparameter')} set by {by}"
    told = [*_unknown(found), *_others(found), *decided(opening)]
    snapshot: dict[str, object] = {"set_by_caller": found.given}
    effects = {"unknown": [*found.unknown], "without_effect": without_effect(found)}
    if any(effects.values()):
        snapshot["parameters"] = {name: each for name, each in effects.items() if each}
    if found.estimator:
        snapshot["set_by_estimator"] = found.chosen
    snapshot["defaults"] = found.defaults
    return (
        EventType.HYPERPARAMETERS_SET,
        Reason(f"{decision}: {given}." if given else f"{decision}.", " ".join(told)),
        snapshot,
    )


def _unknown(found: Parameters) -> Iterable[str]:
    if found.unknown:
        yield (
            f"{count(len(found.unknown), 'name')} LightGBM does not know, and ignores: "
            f"{assigned(found.unknown)}."
        )


def _others(found: Parameters) -> Iterable[str]:
    if found.on_dask:
        yield (
            "lightgbm.dask sets num_machines and num_threads itself; tree_learner, machines and "
            "local_listen_port where its user gives none."
        )
    if found.chosen:
        yield (
            f"{len(found.chosen)} more come from {found.estimator} (defaults, or derived from data "
            f"and hardware): {assigned(found.chosen)}."
        )
    others = len(found.resolved.keys() - found.given.keys() - found.chosen.keys())
    if others:
        rest = "remaining" if found.chosen else "other"
        yield (
            f"The {rest} {others} parameters are LightGBM {lightgbm.__version__} defaults or "
            "derived from the above."
        )
    elif not found.resolved:
        yield "The values of the other parameters could not be read from the booster."
