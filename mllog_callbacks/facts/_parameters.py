"""The facts of hyperparameters: who gave which, and what became of them."""

from collections.abc import Mapping
from typing import Annotated

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["Choice", "Derived", "Effect", "ModelSize", "Parameters", "Replaced"]


class Derived(Group):
    """A parameter whose value follows from something else."""

    value: Annotated[object, Fact("Its value", 4)]
    source: Annotated[str, Fact("What it follows from", "the labels")]


class Replaced(Group):
    """A parameter that is in force with another value than the one given."""

    given: Annotated[object, Fact("The value given", "mse")]
    used: Annotated[object, Fact("The value in force", "l2")]


class Effect(Group):
    """What a parameter in force does in this training."""

    value: Annotated[object, Fact("Its value", 3.0)]
    effect: Annotated[str, Fact("What it does", "rows of the positive class are weighted")]
    factor: Annotated[float | None, Fact("How many times", 3.0)] = None


class Choice(Group):
    """What was chosen, and by whom."""

    value: Annotated[object, Fact("What was chosen", "hist")]
    by: Annotated[str, Fact("Who chose it", "the caller")]


class ModelSize(Group):
    """How large a model is."""

    parameters: Annotated[int, Fact("Its parameters, shared ones once", 6_090)]
    trainable: Annotated[int | None, Fact("How many of them are trainable", 6_090)] = None


class Parameters(Group):
    """The parameters of a training, by their main names."""

    given: Annotated[Mapping[str, object], Fact("What the caller set", {"max_depth": 3})]
    given_through: Annotated[
        str | None, Fact("What passed them on for the caller", "lightgbm.dask")
    ] = None
    set_on_the_way: Annotated[
        tuple[str, ...] | None,
        Fact("Those among `given` that it may have set itself", ["num_threads"]),
    ] = None
    passed_on: Annotated[
        Mapping[str, object] | None,
        Fact("What a caller in between set, such as an estimator", {"num_class": 4}),
    ] = None
    passed_on_by: Annotated[str | None, Fact("That caller", "XGBClassifier")] = None
    derived: Annotated[
        Mapping[str, Derived] | None, Fact("What follows from other parameters or the data")
    ] = None
    replaced: Annotated[
        Mapping[str, Replaced] | None,
        Fact("Given, and in force with another value"),
    ] = None
    effects: Annotated[
        Mapping[str, Effect] | None, Fact("What parameters in force do in this training")
    ] = None
    defaults: Annotated[
        Mapping[str, object] | None, Fact("The framework's defaults in force", {"max_bin": 256})
    ] = None
    without_effect: Annotated[
        Mapping[str, str] | None,
        Fact("Given, and without effect: why", {"scale_pos_weight": "multiclass objective"}),
    ] = None
    unknown: Annotated[
        tuple[str, ...] | None, Fact("Given under names the framework does not use", ["objetive"])
    ] = None
    aliases: Annotated[
        Mapping[str, str] | None, Fact("The caller's name of a parameter", {"num_leaves": "leaves"})
    ] = None
    framework: Annotated[
        str | None, Fact("Whose defaults hold for all others, with its version", "XGBoost 3.1.0")
    ] = None
