"""The frameworks that can be audited without a line of code, and where each is hooked."""

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["FRAMEWORKS", "SKLEARN", "Framework", "Place", "by_name"]


class Place(NamedTuple):
    """A function that trains.

    Attributes:
        name: Its name in its module; of a method with its class before it.
        parameter: The parameter that takes callbacks, or all arguments given by name.
    """

    name: str
    parameter: str = "callbacks"


class Framework(NamedTuple):
    """A framework.

    Attributes:
        name: What it is called in settings, such as ``lightgbm``.
        packages: Its import packages.
        adapter: Our package that audits it.
        oldest: The oldest version that is supported.
        places: The functions that get a callback, by their module.
        means: How it is hooked, for people.
    """

    name: str
    packages: tuple[str, ...]
    adapter: str
    oldest: tuple[int, int]
    places: Mapping[str, tuple[Place, ...]]
    means: str


SKLEARN: Final = Framework(
    "sklearn",
    ("sklearn",),
    "mllog_sklearn",
    (1, 6),
    {},
    "the outermost fit of every estimator derived from BaseEstimator",
)

FRAMEWORKS: Final = (
    Framework(
        "lightgbm",
        ("lightgbm",),
        "mllog_lightgbm",
        (4, 5),
        {
            "lightgbm.engine": (Place("train"), Place("cv")),
            "lightgbm.dask": (Place("_train", "kwargs"),),
        },
        "a callback in every call of train and cv, also those of estimators and Dask",
    ),
    Framework(
        "lightning",
        ("lightning.pytorch", "pytorch_lightning"),
        "mllog_lightning",
        (2, 4),
        {},
        "a callback in every Trainer, by the entry points of Lightning",
    ),
    Framework(
        "optuna",
        ("optuna",),
        "mllog_optuna",
        (4, 0),
        {"optuna.study._optimize": (Place("_optimize"),)},
        "a callback in every call of Study.optimize",
    ),
    SKLEARN,
    Framework(
        "transformers",
        ("transformers",),
        "mllog_transformers",
        (5, 24),
        {"transformers.trainer": (Place("Trainer.__init__"),)},
        "a callback in every Trainer, also those derived from it",
    ),
    Framework(
        "xgboost",
        ("xgboost",),
        "mllog_xgboost",
        (2, 1),
        {"xgboost.training": (Place("train"), Place("cv"))},
        "a callback in every call of train and cv, also those of estimators",
    ),
)


def by_name(name: str) -> Framework:
    """The framework of a name.

    Raises:
        KeyError: There is none.
    """
    return _BY_NAME[name]


_BY_NAME: Final = {each.name: each for each in FRAMEWORKS}
