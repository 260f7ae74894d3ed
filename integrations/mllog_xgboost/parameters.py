"""The parameters of a training: who gave which, and which XGBoost has in force."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import xgboost

from mllog_callbacks.facts import AlgorithmSelected, Choice, Derived, Parameters
from mllog_xgboost.call import Call

__all__ = ["algorithm", "given", "learning_rate"]

_CALLER: Final = "the caller"
_FRAMEWORK: Final = f"XGBoost {xgboost.__version__}"
_ALIASES: Final = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
    "n_jobs": "nthread",
    "random_state": "seed",
}
"""XGBoost's other names of parameters, by its documentation."""

_CHOICES: Final[tuple[str, ...]] = ("booster", "objective", "tree_method", "updater", "device")
_NOT_IN_CONFIGURATION: Final = frozenset({"eval_metric", "verbosity", "obj"})
"""What XGBoost takes, and its configuration does not show under that name."""

_OF_DATA: Final = frozenset({"num_feature", "num_class", "num_target", "num_trees", "base_score"})
_INTERNAL: Final = frozenset({"updater_seq", "debug_synchronize", "max_cached_hist_node"})
_UNSET_SCORES: Final = (0, 0.5)
_LARGEST: Final = 2**63 - 1
"""Larger ones stand for "no limit"."""


def given(call: Call) -> Parameters:
    """The parameters that reached XGBoost, by who gave them."""
    if not call.estimator:
        return Parameters(given=call.params)
    passed = {n: v for n, v in call.params.items() if n not in call.settings}
    return Parameters(given=call.settings, passed_on=passed, passed_on_by=call.estimator)


def learning_rate(params: Mapping[str, object]) -> float | None:
    """The learning rate among parameters, under either name; None where it is not there."""
    rate = params.get("eta", params.get("learning_rate"))
    return float(rate) if isinstance(rate, int | float) else None


def algorithm(call: Call, booster: xgboost.Booster) -> AlgorithmSelected:
    """What XGBoost has in force after its first iteration, by its own configuration.

    Before that iteration it has none; to ask for one then would make it warn of parameters that
    it does not use, at a place of ours.
    """
    config = dict(_flat(json.loads(booster.save_config())["learner"]))
    choices = {
        name: Choice(value=config[name], by=_by(name, call)) for name in _CHOICES if name in config
    }
    reached = {_ALIASES.get(name, name) for name in call.params}
    unknown = [n for n in call.params if n not in config and n not in _NOT_IN_CONFIGURATION]
    defaults = {
        name: value
        for name, value in config.items()
        if name not in reached | _ALIASES.keys() | _OF_DATA | _INTERNAL | choices.keys()
        and not (isinstance(value, int) and value > _LARGEST)
    }
    found = Parameters(
        given={},
        derived=_derived(config, reached),
        defaults=defaults,
        unknown=tuple(unknown),
        framework=_FRAMEWORK,
    )
    return AlgorithmSelected(choices=choices, parameters=found)


def _by(name: str, call: Call) -> str:
    if name in call.settings or (not call.estimator and name in call.params):
        return _CALLER
    return call.estimator if name in call.params else f"the defaults of {_FRAMEWORK}"


def _derived(config: Mapping[str, object], reached: set[str]) -> dict[str, Derived]:
    """The score that predictions start from, which XGBoost estimates of the labels."""
    score = config.get("base_score")
    values = score if isinstance(score, list) else [score]
    known = [value for value in values if isinstance(value, int | float)]
    if "base_score" in reached or all(round(value, 6) in _UNSET_SCORES for value in known):
        return {}
    return {"base_score": Derived(value=score, source="the labels of the training data")}


def _flat(config: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - a JSON document
    """Names and values of a configuration, which is nested by what they are for."""
    if isinstance(config, list):
        for each in config:
            yield from _flat(each)
        return
    for name, value in config.items():
        if isinstance(value, dict | list):
            yield from _flat(value) if not _is_plain(value) else [(name, value)]
        elif name != "name":
            yield name, _literal(value)


def _is_plain(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(each, dict | list) for each in value)


def _literal(value: object) -> object:
    """A value that XGBoost writes as text; its floats are of single precision."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return float(f"{found:.8g}") if isinstance(found, float) else found
