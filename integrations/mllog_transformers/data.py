"""The data sets of a training, as the trainer has them."""

from collections.abc import Iterator, Mapping, Sized
from typing import Any, Final

from transformers import Trainer

from mllog_callbacks.facts import DataSet, Role

__all__ = ["data_sets", "evaluation_sets"]

TRAINING: Final = "training"
_EVAL: Final = "eval"


def evaluation_sets(trainer: Trainer) -> dict[str, Any]:
    """The data that is evaluated, by the prefix that the trainer gives to its metrics."""
    given = trainer.eval_dataset
    if given is None:
        return {}
    if isinstance(given, Mapping) and type(given).__name__ == "dict":
        return {f"{_EVAL}_{name}": each for name, each in given.items()}
    return {_EVAL: given}


def data_sets(trainer: Trainer) -> dict[str, DataSet]:
    """The facts of the training data and of each set that is evaluated."""
    return {name: _described(each, role) for name, each, role in _all(trainer)}


def _all(trainer: Trainer) -> Iterator[tuple[str, Any, Role]]:
    yield TRAINING, trainer.train_dataset, "training"
    for name, each in evaluation_sets(trainer).items():
        yield name, each, "validation"


def _described(data: Any, role: Role) -> DataSet:
    return DataSet(role=role, rows=len(data) if isinstance(data, Sized) else None)
