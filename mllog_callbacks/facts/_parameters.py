"""The facts of hyperparameters: who gave which, and what became of them."""

from collections.abc import Mapping
from typing import Annotated

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["Choice", "Derived", "ModelSize", "Parameters"]


class Derived(Group):
    """A parameter whose value follows from something else."""

    value: Annotated[object, Fact("Its value", 4)]
    source: Annotated[str, Fact("What it follows from", "the labels")]


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
    passed_on: Annotated[
        Mapping[str, object] | None,
        Fact("What a caller in between set, such as an estimator", {"num_class": 4}),
    ] = None
    passed_on_by: Annotated[str | None, Fact("That caller", "XGBClassifier")] = None
    derived: Annotated[
        Mapping[str, Derived] | None, Fact("What follows from other parameters or the data")
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
