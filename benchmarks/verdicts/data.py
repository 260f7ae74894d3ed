"""Small data sets with fixed seeds, split into training and validation rows."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.model_selection import train_test_split

__all__ = ["Split", "classes", "friedman", "leaking", "shuffled", "split", "tiny"]


class Split(NamedTuple):
    """Training and validation data."""

    x: Any
    y: Any
    x_validation: Any
    y_validation: Any


def split(x: Any, y: Any, validation: float = 0.3) -> Split:
    """The rows of a data set, a share of them for validation."""
    x, x_validation, y, y_validation = train_test_split(x, y, test_size=validation, random_state=0)
    return Split(x, y, x_validation, y_validation)


def classes(rows: int = 900, seed: int = 0, **more: Any) -> Split:
    """Two classes, with one label in ten at random, unless said otherwise."""
    asked = {"n_features": 10, "n_informative": 5, "flip_y": 0.1, "random_state": seed} | more
    return split(*make_classification(rows, **asked))


def friedman(rows: int = 600, noise: float = 1.0, seed: int = 0) -> Split:
    """A regression: five features that matter, and five that do not."""
    return split(*make_friedman1(rows, n_features=10, noise=noise, random_state=seed))


def shuffled(data: Split, seed: int = 1) -> Split:
    """The same with labels that belong to other rows."""
    random = np.random.default_rng(seed)
    return data._replace(
        y=random.permutation(data.y), y_validation=random.permutation(data.y_validation)
    )


def leaking(data: Split, seed: int = 2) -> Split:
    """The same with one more feature, which is the label but for a little noise."""
    random = np.random.default_rng(seed)

    def wider(x: Any, y: Any) -> Any:
        return np.column_stack([x, y + random.normal(0, 1e-3 * np.std(y), len(y))])

    return data._replace(
        x=wider(data.x, data.y), x_validation=wider(data.x_validation, data.y_validation)
    )


def tiny(data: Split, rows: int = 8) -> Split:
    """The same with a few validation rows, of every class where there are some."""
    order = np.argsort(data.y_validation, kind="stable")
    few = order[np.linspace(0, len(order) - 1, rows).astype(int)]
    return data._replace(x_validation=data.x_validation[few], y_validation=data.y_validation[few])
