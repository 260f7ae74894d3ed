"""The facts of a run's end: why it ended, what was raised, which model it leaves."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from mllog_callbacks.facts._fact import Fact, Group
from mllog_callbacks.schema import message_of, place_of

__all__ = ["Failure", "Kept", "Rule", "Stop", "StoppedBy", "ended_by"]

StoppedBy: TypeAlias = Literal["plan", "rule", "limit", "hand", "request", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Group):
    """The rule that stopped a training, with the values it compared."""

    name: Annotated[str, Fact("The rule", "early_stopping")]
    set: Annotated[str | None, Fact("The data set whose metric decided", "valid_0")] = None
    metric: Annotated[str | None, Fact("The metric that decided", "binary_logloss")] = None
    mode: Annotated[str | None, Fact('Which values are better: "min" or "max"', "min")] = None
    best: Annotated[float | None, Fact("The best value by this rule", 0.164495)] = None
    best_at: Annotated[int | None, Fact("Where it was measured", 26)] = None
    waited: Annotated[int | None, Fact("Checks without improvement since", 50)] = None
    patience: Annotated[int | None, Fact("Checks without improvement it allows", 50)] = None
    min_delta: Annotated[float | None, Fact("Least change that counts", 0.0)] = None
    unit: Annotated[str | None, Fact("What a check is", "iteration")] = None
    value: Annotated[float | None, Fact("The value that met it")] = None
    threshold: Annotated[float | None, Fact("The value that it was compared with")] = None
    message: Annotated[str | None, Fact("The framework's own words on it")] = None
    carried: Annotated[
        bool | None, Fact("Whether the best value is of an earlier training", example=True)
    ] = None

    @property
    def is_met(self) -> bool:
        """Whether its patience was reached."""
        return (
            self.waited is not None and self.patience is not None and self.waited >= self.patience
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Group):
    """Why a training ended."""

    by: Annotated[
        StoppedBy,
        Fact(
            "What ended it; plan: all that was planned is done; rule: one such as early "
            "stopping; limit: of time; hand: an interrupt or exit; request: code asked for it; "
            "error: an exception",
            "rule",
        ),
    ]
    rule: Annotated[Rule | None, Fact("The rule")] = None
    requested_by: Annotated[str | None, Fact("Who asked for it", "ModelTrainer.stop")] = None
    signal: Annotated[str | None, Fact("The signal or exception of a stop by hand")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Group):
    """The model that a training leaves."""

    at: Annotated[int | None, Fact("Where it stood in the training, from 1", 26)] = None
    unit: Annotated[str | None, Fact("What that counts", "iteration")] = None
    chosen_by: Annotated[
        str | None, Fact("What chose it; absent where it is the last", "early_stopping")
    ] = None
    holds: Annotated[
        int | None, Fact("How many the model holds, where predictions use fewer", 31)
    ] = None
    path: Annotated[str | None, Fact("Its file, where it is one", "epoch=3.ckpt")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Group):
    """What was raised."""

    type: Annotated[str, Fact("Class of the exception", "ValueError")]
    message: Annotated[str | None, Fact("Its message, cut to 800 characters", "no rows")] = None
    where: Annotated[
        str | None, Fact("What was under way", "in the evaluation on validation data")
    ] = None
    raised_in: Annotated[
        str | None, Fact("Innermost function, file and line", "recall, train.py line 63")
    ] = None


def ended_by(error: BaseException, where: str = "") -> tuple[Stop, Failure]:
    """Why a run ended that an exception ended, and what was raised; the exception is not kept.

    Args:
        error: What was raised: an `Exception` is a failure, an interrupt or exit a stop by hand.
        where: What was under way, as in "while validating"; may be empty.
    """
    failure = Failure(
        type=type(error).__name__,
        message=message_of(error) or None,
        where=where or None,
        raised_in=place_of(error) or None,
    )
    return Stop(by="error" if isinstance(error, Exception) else "hand"), failure
