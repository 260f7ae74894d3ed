"""The facts of a search: how it looks for parameters, what each trial came to, which is chosen."""

from collections.abc import Mapping
from typing import Annotated, Literal

from mllog_callbacks.facts._ending import Failure
from mllog_callbacks.facts._fact import Fact, Group
from mllog_callbacks.facts._rule import Rule

__all__ = ["Candidates", "Method", "RunnerUp", "Study", "Trial"]


class Method(Group):
    """What a search decides by, such as its sampler or its pruner."""

    name: Annotated[str, Fact("Its class", "TPESampler")]
    parameters: Annotated[
        Mapping[str, object] | None, Fact("Its parameters", {"n_startup_trials": 10})
    ] = None


class Study(Group):
    """A search whose trials are chosen one after the other."""

    name: Annotated[str, Fact("Its name", "credit")]
    directions: Annotated[
        Mapping[str, str], Fact('Which values are better, "min" or "max"', {"value": "min"})
    ]
    sampler: Annotated[Method, Fact("What chooses the parameters of a trial")]
    pruner: Annotated[Method, Fact("What stops trials early")]
    storage: Annotated[str | None, Fact("Class of its storage", "RDBStorage")] = None
    jobs: Annotated[int | None, Fact("Trials at the same time in this process", 2)] = None
    timeout: Annotated[float | None, Fact("Its time limit", 600.0, "s")] = None
    trials_before: Annotated[int | None, Fact("Trials it had when this call began", 20)] = None


class Trial(Group):
    """One trial of a search."""

    number: Annotated[int, Fact("Its number in the study, from 0", 3)]
    state: Annotated[
        Literal["complete", "pruned", "failed", "running", "waiting"],
        Fact("How it ended", "pruned"),
    ]
    parameters: Annotated[Mapping[str, object], Fact("What was tried", {"max_depth": 3})]
    values: Annotated[Mapping[str, float] | None, Fact("What it came to", {"value": 0.16})] = None
    best_so_far: Annotated[bool | None, Fact("Whether it is the best so far", example=True)] = None
    reported: Annotated[
        Mapping[str, float] | None, Fact("Its last intermediate value, by its step", {"12": 0.3})
    ] = None
    seconds: Annotated[float | None, Fact("How long it took", 1.25, "s")] = None
    rule: Annotated[Rule | None, Fact("The rule that pruned it")] = None
    error: Annotated[Failure | None, Fact("What it raised")] = None


class Candidates(Group):
    """What was chosen from: a list a fact, with an item a candidate."""

    candidates: Annotated[int, Fact("How many there were", 20)]
    number: Annotated[tuple[int, ...], Fact("The numbers of those that are listed", [0, 1])]
    parameters: Annotated[
        Mapping[str, tuple[object, ...]], Fact("The parameters of each", {"max_depth": [3, 5]})
    ]
    mean: Annotated[
        Mapping[str, tuple[float | None, ...]], Fact("The scores of each", {"value": [0.2, 0.1]})
    ]
    rank: Annotated[
        Mapping[str, tuple[int | None, ...]],
        Fact("The rank of each by a metric", {"value": [2, 1]}),
    ]
    chosen: Annotated[int | None, Fact("The number of the one that is chosen", 1)] = None


class RunnerUp(Group):
    """The next best candidate."""

    number: Annotated[int, Fact("Its number", 7)]
    value: Annotated[float, Fact("Its score", 0.164)]
    margin: Annotated[float, Fact("How much better the one that is chosen is", 0.004)]
    parameters: Annotated[Mapping[str, object], Fact("Its parameters", {"max_depth": 5})]
