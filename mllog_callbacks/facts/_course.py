"""The facts of a training's course: what is planned, how far it is, what was measured."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["Attempt", "Batches", "Best", "Change", "Continued", "Plan", "Progress", "Results"]

Results: TypeAlias = Mapping[str, Mapping[str, float]]
"""Values by data set and metric."""


class Plan(Group):
    """What a training is to do."""

    unit: Annotated[str, Fact("What is counted", "iteration")]
    most: Annotated[int | None, Fact("How many at most", 200)] = None
    folds: Annotated[int | None, Fact("Folds of a cross-validation", 5)] = None
    epochs: Annotated[
        float | None, Fact("Passes over the training data, where steps follow from them", 3.0)
    ] = None
    unlimited: Annotated[
        bool | None, Fact("Whether it has no limit by the caller's own word", example=True)
    ] = None


class Batches(Group):
    """A part of an epoch."""

    epoch: Annotated[int, Fact("The epoch, from 1", 3)]
    done: Annotated[int, Fact("Batches of it that are done", 3)]
    planned: Annotated[int | None, Fact("Batches it has", 8)] = None


class Continued(Group):
    """The model that a training continues."""

    at: Annotated[int | None, Fact("How far it was", 50)] = None
    unit: Annotated[str | None, Fact("What that counts", "iteration")] = None
    path: Annotated[str | None, Fact("Its file, where it was loaded from one", "m.json")] = None


class Attempt(Group):
    """An attempt of a call that trains again by itself when one has failed."""

    number: Annotated[int, Fact("Which it is, from 1", 2)]
    after: Annotated[
        str | None, Fact("What ended the attempt before", "OutOfMemoryError: CUDA out of memory")
    ] = None
    changed: Annotated[
        Mapping[str, object] | None, Fact("What is different now", {"train_batch_size": 32})
    ] = None


class Progress(Group):
    """How far a training is."""

    unit: Annotated[str, Fact("What is counted", "iteration")]
    done: Annotated[int, Fact("The last that is done, as the framework counts", 20)]
    planned: Annotated[
        int | None, Fact("The last that is planned, as the framework counts", 200)
    ] = None
    before: Annotated[
        int | None,
        Fact("How many of these the model had that it continues, where they count on", 50),
    ] = None
    total: Annotated[
        int | None,
        Fact("How many with those of the model that it continues, where they count anew", 70),
    ] = None


class Best(Group):
    """The best value of a metric so far."""

    value: Annotated[float, Fact("The value", 0.164495)]
    at: Annotated[int, Fact("Where it was measured", 26)]
    waited: Annotated[
        int | None, Fact("Steps without a new best before it, where there were ten or more", 30)
    ] = None


class Change(Group):
    """How a parameter changed while the training ran."""

    first: Annotated[object, Fact("Its value at the start, where that is known", 0.1)] = None
    last: Annotated[object, Fact("Its value in force", 0.05)]
    times: Annotated[int, Fact("How often it changed", 3)]
    at: Annotated[
        tuple[int, ...] | None,
        Fact("The first steps with each value, where it is no number; the curve has numbers", [5]),
    ] = None
    to: Annotated[tuple[str, ...] | None, Fact("Those values, as text", ["True"])] = None
