"""The facts of a run's end: why it ended, what was raised, which model it leaves."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from mllog_callbacks.facts._control import rule_behind
from mllog_callbacks.facts._course import Best
from mllog_callbacks.facts._fact import Fact, Group
from mllog_callbacks.facts._rule import Rule
from mllog_callbacks.schema import cause_of, message_of, place_of, root_cause, type_of

__all__ = ["Checkpoint", "Failure", "Kept", "Stop", "StoppedBy", "Weights", "ended_by"]

StoppedBy: TypeAlias = Literal[
    "plan", "rule", "limit", "hand", "request", "error", "exit", "killed"
]


class Stop(Group):
    """Why a training ended."""

    by: Annotated[
        StoppedBy,
        Fact(
            "What ended it; plan: all that was planned is done; rule: one such as early "
            "stopping; limit: of time; hand: an interrupt; request: code asked for it; "
            "error: an exception; exit: the process ended, by its own account; killed: the process "
            "was gone before the run had its end, by a witness's account",
            "rule",
        ),
    ]
    rule: Annotated[Rule | None, Fact("The rule")] = None
    requested_by: Annotated[str | None, Fact("Who asked for it", "ModelTrainer.stop")] = None
    where: Annotated[
        str | None, Fact("What was under way, where it was raised", "in the callback Pruning")
    ] = None
    signal: Annotated[
        str | None,
        Fact("The signal that ended the process; or that, or the exception, of a stop by hand"),
    ] = None
    signal_number: Annotated[
        int | None, Fact("Number of the signal that ended the process, as the kernel has it", 9)
    ] = None
    exit_code: Annotated[
        int | None, Fact("What the process exited with, as the kernel has it", 3)
    ] = None
    core_dumped: Annotated[
        bool | None, Fact("Whether the kernel wrote a core dump", example=True)
    ] = None
    limits: Annotated[
        Mapping[str, int] | None, Fact("The limits that were reached", {"max_epochs": 3})
    ] = None
    held_until: Annotated[
        Mapping[str, int] | None,
        Fact("What was to be done before a rule could stop it", {"min_epochs": 5}),
    ] = None
    extra_epoch_by: Annotated[
        str | None,
        Fact("What had one more epoch done than planned", "StochasticWeightAveraging"),
    ] = None
    evidence: Annotated[
        str | None,
        Fact(
            "What the framework's state shows, where no limit and no rule was reached",
            "there were no batches to train on",
        ),
    ] = None
    not_known: Annotated[
        str | None,
        Fact("Why it is not known how the process ended", "no process that saw it end is left"),
    ] = None


class Kept(Group):
    """The model that a training leaves."""

    at: Annotated[int | None, Fact("Where it stood in the training, from 1", 26)] = None
    unit: Annotated[str | None, Fact("What that counts", "iteration")] = None
    chosen_by: Annotated[
        str | None, Fact("What chose it; absent where it is the last", "early_stopping")
    ] = None
    holds: Annotated[
        int | None,
        Fact(
            "How many the model holds, where that is another number: more than predictions use, "
            "or fewer, as no tree could be grown",
            31,
        ),
    ] = None
    path: Annotated[str | None, Fact("Its file, where it is one", "epoch=3.ckpt")] = None
    measured: Annotated[
        bool | None,
        Fact(
            "False where the results measured there are not its own: dart rescales trees later",
            example=False,
        ),
    ] = None


class Checkpoint(Group):
    """The checkpoint that a callback keeps as the best."""

    path: Annotated[str, Fact("Its file", "epoch=3.ckpt")]
    monitor: Annotated[str, Fact("The metric that chose it", "val_loss")]
    by: Annotated[str | None, Fact("The callback", "ModelCheckpoint")] = None
    score: Annotated[float | None, Fact("The value of that metric", 0.164495)] = None
    epoch: Annotated[
        int | None, Fact("The epoch it is of; absent where another training saved it", 4)
    ] = None
    step: Annotated[int | None, Fact("The step it was saved after", 1_200)] = None
    better: Annotated[
        Best | None, Fact("The best value of that metric, where the checkpoint has a worse one")
    ] = None


class Weights(Group):
    """The weights that a training leaves, where they are not those of its last step."""

    averaged_by: Annotated[str, Fact("What averaged them", "StochasticWeightAveraging")]
    updates: Annotated[int, Fact("How many weights were averaged", 5)]


class Failure(Group):
    """What was raised."""

    type: Annotated[
        str | None,
        Fact("Class of the exception; absent where a result reported an error", "ValueError"),
    ] = None
    message: Annotated[str | None, Fact("Its message, cut to 800 characters", "no rows")] = None
    where: Annotated[
        str | None, Fact("What was under way", "in the evaluation on validation data")
    ] = None
    between: Annotated[
        bool | None,
        Fact("Whether it came when the last one was done, as in an evaluation", example=True),
    ] = None
    raised_in: Annotated[
        str | None, Fact("Innermost function, file and line", "recall, train.py line 63")
    ] = None
    cause: Annotated[
        str | None,
        Fact("The first cause that it names", "KeyError: 'age' (in load, data.py line 9)"),
    ] = None


def _cause(error: BaseException) -> str | None:
    """The first cause of an exception, with the line that raised it."""
    cause = root_cause(error)
    if cause is None:
        return None
    place = place_of(cause)
    return f"{cause_of(error)}{f' (in {place})' if place else ''}"


def ended_by(error: BaseException, where: str = "") -> tuple[Stop, Failure]:
    """Why a run ended that an exception ended, and what was raised; the exception is not kept.

    Args:
        error: What was raised: an `Exception` is a failure, an interrupt or exit a stop by hand,
            and what another framework raises to stop a training is its rule.
        where: What was under way, as in "while validating"; may be empty.
    """
    failure = Failure(
        type=type_of(error),
        message=message_of(error) or None,
        where=where or None,
        raised_in=place_of(error) or None,
        cause=_cause(error),
    )
    if (rule := rule_behind(error)) is not None:
        return Stop(by="rule", rule=rule, where=where or None), failure
    return Stop(by="error" if isinstance(error, Exception) else "hand"), failure
