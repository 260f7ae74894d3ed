"""The sentences of the entries: composed from facts at hand, and from nothing else."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, failed
from mllog_lightning.facts import LoaderFacts, ModelFacts
from mllog_lightning.settings import Settings

__all__ = [
    "accumulates",
    "algorithm",
    "data",
    "described",
    "evaluated",
    "failed_after",
    "hyperparameters",
    "planned",
    "position",
    "progressed",
    "resumed",
    "started",
    "vanished",
    "where",
]

_STAGES: Final = {
    "train": "while training",
    "validate": "while validating",
    "sanity_check": "in the sanity check before the training",
    "test": "while testing",
    "predict": "while predicting",
}
_PREPARED: Final = {
    "while training": "while the training was prepared",
    "while validating": "while the validation was prepared",
    "while testing": "while the test was prepared",
    "while predicting": "while the prediction was prepared",
}
_WORKER: Final = re.compile(r"Caught \S+ in DataLoader worker process \d+")


def planned(trainer: Any) -> dict[str, int]:
    """The limits of a training, as far as there are any."""
    limits = {"epochs": trainer.max_epochs, "steps": trainer.max_steps}
    return {name: value for name, value in limits.items() if value is not None and value >= 0}


def started(trainer: Any, source: object, *, rank: int | None, trained: bool) -> Reason:
    """A training starts: how far it is to go, and from where.

    Args:
        trainer: The trainer.
        source: The checkpoint that it resumes; None where it does not.
        rank: This process's rank; None where it is none, and only launches them.
        trained: Whether it is under way already: a rank tells its start with its failure.
    """
    limits = planned(trainer)
    told = " or ".join(count(value, name.removesuffix("s")) for name, value in limits.items())
    limit = f" of at most {told}" if told else " without limit" if trainer.max_epochs == -1 else ""
    decision = f"Training{limit} started."
    reasons = []
    if trainer.world_size > 1:
        who = "the process that launches the ranks" if rank is None else f"rank {rank}"
        reasons.append(f"This is {who}, of {trainer.world_size}.")
    if source:
        reasons.append(f"It is resumed from {source}.")
    elif trainer.global_step and not trained:
        reasons.append(f"It goes on after an earlier fit of {count(trainer.global_step, 'step')}.")
    return Reason(decision, " ".join(reasons))


def resumed(trainer: Any, source: object) -> Reason:
    """A training has taken up the state of a checkpoint."""
    done = f"{count(trainer.current_epoch, 'epoch')} and {count(trainer.global_step, 'step')}"
    return Reason(
        f"Training goes on after {done}.",
        f"The state of {source} was restored: weights, optimisers, loops, callbacks.",
    )


def algorithm(model: ModelFacts, optimizers: Sequence[Any], schedulers: Sequence[Any]) -> Reason:
    """Which model is trained by which optimiser."""
    names = " and ".join(type(each).__name__ for each in optimizers) or "no optimiser"
    told = [f"{model.name}.configure_optimizers returned {names}."] if optimizers else []
    if model.parameters is not None:
        told.append(f"{model.trainable:,} of {model.parameters:,} parameters ask for gradients.")
    told += [
        f"{type(each.scheduler).__name__} sets the learning rate each {each.interval}."
        for each in schedulers
    ]
    return Reason(f"{model.name} is trained with {names}.", " ".join(told))


def hyperparameters(
    settings: Sequence[Settings],
    resolved: Mapping[str, object],
    callbacks: Sequence[str],
    version: str,
) -> Reason:
    """Who set which hyperparameter, and what Lightning made of where and how to compute.

    Args:
        settings: The settings of each thing that has some.
        resolved: What Lightning made of where and how to compute.
        callbacks: The classes of all callbacks.
        version: Lightning's.
    """
    given = sum(len(each.given) for each in settings)
    told = "; ".join(f"{each.of}({assigned(each.given)})" for each in settings if each.given)
    decision = f"{count(given, 'hyperparameter')} set by the caller"
    defaults = sum(len(each.defaults) for each in settings)
    otherwise = "; ".join(
        f"{each.of}({assigned(each.in_force)})" for each in settings if each.in_force
    )
    in_force = f" Other values are in force by now: {otherwise}." if otherwise else ""
    return Reason(
        f"{decision}: {told}." if told else f"{decision}.",
        f"The other {defaults} are as Lightning {version}, PyTorch {torch.__version__} and the "
        f"module's own signature have them by default.{in_force} Resolved: {assigned(resolved)}. "
        f"Callbacks: {', '.join(callbacks)}.",
    )


def accumulates(trainer: Any, before: int) -> Reason:
    """Over how many batches gradients are accumulated was changed, and by whom as far as known."""
    kind = "GradientAccumulationScheduler"
    ours = (each for each in trainer.callbacks if type(each).__name__ == kind)
    by = next((f"{kind}(scheduling={each.scheduling})" for each in ours), "A callback or user code")
    return Reason(
        f"accumulate_grad_batches was set from {before:,} to {trainer.accumulate_grad_batches:,}.",
        f"{by} did it; the training is {position(trainer)}.",
    )


def data(training: Sequence[LoaderFacts], validation: Sequence[LoaderFacts]) -> Reason:
    """What there is to train and to validate on."""
    told = [*map(described, training)]
    if validation:
        told += [f"Validation: {described(each)}" for each in validation]
    else:
        told.append("There is no validation.")
    loaders = count(len(training) + len(validation), "data loader")
    return Reason(f"Lightning accepted {loaders} for training.", " ".join(told))


def described(facts: LoaderFacts) -> str:
    """A data loader, in words."""
    told = facts.dataset or facts.loader
    if facts.rows is not None:
        told += f" of {count(facts.rows, 'item')}"
    if facts.batch_size is not None:
        told += f" in batches of {facts.batch_size:,}"
    if facts.batches is None:
        return f"{told}, without a known end."
    return f"{told}: {count(facts.batches, 'batch')} an epoch."


def position(trainer: Any) -> str:
    """How far a training is, as in "in epoch 3 of 10, after 120 steps"."""
    done, limit = trainer.current_epoch, planned(trainer).get("epochs")
    over = limit is not None and done >= limit
    where = f"after epoch {done:,}" if over else f"in epoch {done + 1:,}"
    of = "" if limit is None else f" of {limit:,}"
    return f"{where}{of}, after {count(trainer.global_step, 'step')}"


def progressed(
    epoch: int, last: int | None, standings: Sequence[str], rate: str, *, whole: bool
) -> Reason:
    """An epoch is done: how its metrics stand against the best so far.

    Args:
        epoch: Which.
        last: How many are planned.
        standings: What is told of each metric.
        rate: What is told of the learning rate.
        whole: Whether its last batch was reached.
    """
    of = "" if last is None else f" of {last:,}"
    told = list(standings) or ["No metric was logged."]
    end = "is done" if whole else "ended before its last batch"
    return Reason(f"Epoch {epoch:,}{of} {end}.", " ".join([*told, rate]).strip())


def evaluated(epoch: int, standings: Sequence[str]) -> Reason:
    """The model as it is at the end of the training was measured."""
    return Reason(
        f"The model of epoch {epoch:,} was evaluated on the validation data.", " ".join(standings)
    )


def where(trainer: Any, error: BaseException, *, begun: bool) -> str:
    """What was under way when an exception was raised, as in "while validating".

    Args:
        trainer: The trainer.
        error: The exception.
        begun: Whether the training, or the evaluation, was under way already.
    """
    stage = getattr(trainer.state, "stage", None)
    told = _STAGES.get(str(getattr(stage, "value", stage)), "")
    if not begun:
        told = _PREPARED.get(told, told)
    message = str(error).strip()
    worker = _WORKER.match(message)
    if worker is None:
        return told
    last = message.rsplit("\n", 1)[-1].strip()
    return f"{told} in a worker of the data loader ({last})".strip()


def failed_after(error: BaseException) -> Reason:
    """An exception was raised when the end of the training had been told."""
    told = failed(error, "after the training, while Lightning tore down", "after its end", "")
    return Reason(
        f"{type(error).__name__} was raised after the end of the training.", told.reasoning
    )


def vanished() -> Reason:
    """The training ended, and how was not seen."""
    return Reason(
        "Training ended in a way that was not seen.",
        "Another fit began with the same trainer, and no end of this one had been told: an "
        "exception was raised that no callback was told of.",
    )
