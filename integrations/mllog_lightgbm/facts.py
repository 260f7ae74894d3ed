"""What is known of a training before it begins: its data and its parameters."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import lightgbm
import numpy as np
from lightgbm import Booster, Dataset

__all__ = ["DataFacts", "Parameters", "data_facts", "parameters"]

_CLASSIFYING: Final = frozenset({"binary", "multiclass", "multiclassova"})
_CLASSES_LISTED: Final = 20
_PARAMETER: Final = re.compile(r"^\[([a-z0-9_]+): (.*)\]$", re.MULTILINE)


class DataFacts(NamedTuple):
    """What a constructed data set says of itself.

    Attributes:
        rows: Number of rows.
        features: Number of features.
        classes: Rows of each class, by label; None where labels are no classes, or are not known.
    """

    rows: int
    features: int
    classes: dict[str, int] | None


def data_facts(data: Dataset, objective: object) -> DataFacts:
    """Read the facts of a data set that LightGBM has constructed, leaving it as it is.

    Args:
        data: The data set.
        objective: The objective as resolved by LightGBM: it tells whether labels are classes.
    """
    classes = _classes(data) if objective in _CLASSIFYING else None
    return DataFacts(data.num_data(), data.num_feature(), classes)


def _classes(data: Dataset) -> dict[str, int] | None:
    # `get_field` reads LightGBM's own copy; `get_label` would leave one more on the data set
    labels = data.get_field("label")
    if labels is None or not len(labels):
        return None
    counts = np.bincount(labels.astype(np.int64))
    present = np.flatnonzero(counts)
    if len(present) > _CLASSES_LISTED:
        return None
    return {str(label): int(counts[label]) for label in present}


class Parameters(NamedTuple):
    """The parameters of a training, by their main names.

    Attributes:
        given: What the caller of `lightgbm.train` or `lightgbm.cv` gave.
        resolved: What the training uses, as the booster says; empty where it did not.
        aliases: The caller's name of each parameter given under another name than the main one.
    """

    given: dict[str, object]
    resolved: dict[str, object]
    aliases: dict[str, str]

    @property
    def defaults(self) -> dict[str, object]:
        """What LightGBM chose, the caller having said nothing; empty values left out."""
        return {
            name: value
            for name, value in self.resolved.items()
            if name not in self.given and value != ""
        }

    def get(self, name: str) -> object:
        """The value the training uses; else the one given, else None."""
        return self.resolved.get(name, self.given.get(name))


def parameters(given: Mapping[str, Any], booster: Booster | None = None) -> Parameters:
    """Tell the caller's parameters from LightGBM's own.

    LightGBM writes its arguments' defaults among the caller's parameters: an objective of None,
    and its default number of iterations. These are not counted as given.

    Args:
        given: The parameters as they reached LightGBM, under any of their aliases.
        booster: The booster of the training; no tree need have been grown.
    """
    main_names = _main_names()
    given = {name: value for name, value in given.items() if value is not None}
    if given.get("num_iterations") == _default_iterations():
        del given["num_iterations"]
    named = {main_names.get(name, name): value for name, value in given.items()}
    aliases = {main_names[name]: name for name in given if main_names.get(name, name) != name}
    text = "" if booster is None else booster.model_to_string(num_iteration=1)
    section = text[text.rfind("\nparameters:") :]
    resolved = {name: _literal(value) for name, value in _PARAMETER.findall(section)}
    return Parameters(named, resolved, aliases)


def _default_iterations() -> object:
    return inspect.signature(lightgbm.train).parameters["num_boost_round"].default


def _main_names() -> dict[str, str]:
    """Each alias and its parameter's main name; empty where LightGBM no longer tells them so."""
    known = getattr(lightgbm.basic, "_ConfigAliases", None)
    if known is None or not hasattr(known, "get"):
        return {}
    known.get("objective")  # loads the table
    table = getattr(known, "aliases", None) or {}
    return {alias: name for name, names in table.items() for alias in names}


def _literal(value: str) -> object:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
