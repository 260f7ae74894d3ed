"""The facts of hyperparameters: who gave which, and what became of them."""

from collections.abc import Mapping
from typing import Annotated

from mllog_callbacks.facts._fact import Fact, Group

__all__ = [
    "Carried",
    "Choice",
    "Compared",
    "Derived",
    "Effect",
    "GroupsJoined",
    "ModelSize",
    "ParameterChange",
    "Parameters",
    "Replaced",
    "Scheduler",
]


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


class Carried(Group):
    """The state from before a training that a callback of the caller's begins with."""

    callback: Annotated[str, Fact("Its class", "EarlyStopping")]
    metric: Annotated[str | None, Fact("What it compares", "val_loss")] = None
    waited: Annotated[int | None, Fact("Its checks without improvement", 3)] = None
    best: Annotated[float | None, Fact("Its best value", 0.0087)] = None
    path: Annotated[str | None, Fact("Its best checkpoint", "epoch=3.ckpt")] = None
    restored_from: Annotated[
        str | None, Fact("The checkpoint it is of; absent where an earlier training left it")
    ] = None


class Scheduler(Group):
    """What sets a learning rate on a schedule, or by a metric."""

    name: Annotated[str, Fact("Its class", "StepLR")]
    of: Annotated[str | None, Fact("The optimizer whose rate it sets", "SGD")] = None
    settings: Annotated[Mapping[str, object] | None, Fact("Its settings", {"gamma": 0.1})] = None
    each: Annotated[
        str | None, Fact("What it steps after; absent where code of the module calls it", "epoch")
    ] = None
    metric: Annotated[str | None, Fact("The metric that decides", "val_loss")] = None
    patience: Annotated[int | None, Fact("Checks without improvement it allows", 10)] = None
    best: Annotated[float | None, Fact("The best value it has seen", 0.164495)] = None


class ParameterChange(Group):
    """A parameter that was set while a training ran."""

    name: Annotated[str, Fact("The parameter", "learning rate")]
    of: Annotated[str | None, Fact("What has it", "SGD")] = None
    group: Annotated[
        int | None, Fact("Which group of parameters, from 0, where there are several", 1)
    ] = None
    before: Annotated[object, Fact("Its value before", 0.1)] = None
    now: Annotated[object, Fact("Its value now", 0.05)]
    by: Annotated[str | None, Fact("What set it, where that is known", "LearningRateFinder")] = None
    settings: Annotated[Mapping[str, object] | None, Fact("Settings of that")] = None
    tried: Annotated[int | None, Fact("How many values it tried", 100)] = None
    schedulers: Annotated[
        Mapping[str, Scheduler] | None, Fact("The schedulers that may set it, by name")
    ] = None
    by_hand: Annotated[
        tuple[float, ...] | None,
        Fact("From which to which value code changed it that is no scheduler", [0.1, 0.01]),
    ] = None


class GroupsJoined(Group):
    """Groups of parameters that an optimizer trains from now on."""

    optimizer: Annotated[str, Fact("The optimizer", "SGD")]
    rates: Annotated[tuple[float, ...], Fact("The learning rate of each", [0.001])]
    groups: Annotated[int, Fact("How many the optimizer has now", 2)]


class Compared(Group):
    """One validation whose value a scheduler compared several times."""

    validated_at: Annotated[int, Fact("The epoch of the validation", 10)]
    times: Annotated[int, Fact("How often its value was compared", 10)]


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
    of: Annotated[
        tuple[str, ...] | None,
        Fact(
            "The things whose parameters these are, where there are several: `given` and "
            "`defaults` have those of each under its name",
            ["Trainer", "SGD"],
        ),
    ] = None
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
