"""The sentences of the entries: composed from facts at hand, and from nothing else."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, failed, number
from mllog_lightning.facts import LoaderFacts, ModelFacts
from mllog_lightning.settings import Settings

__all__ = [
    "accumulates",
    "algorithm",
    "checked",
    "data",
    "described",
    "evaluated",
    "failed_after",
    "hyperparameters",
    "is_whole",
    "planned",
    "position",
    "progressed",
    "resumed",
    "started",
    "vanished",
    "where",
    "with_state",
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
        trained: Whether it is under way already: a rank records its start with its failure.
    """
    limits = planned(trainer)
    recorded = " or ".join(count(value, name.removesuffix("s")) for name, value in limits.items())
    limit = (
        f" of at most {recorded}"
        if recorded
        else " without limit"
        if trainer.max_epochs == -1
        else ""
    )
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
    batches, planned = trainer.fit_loop.epoch_loop.batch_progress, trainer.num_training_batches
    ready, within = batches.current.ready, trainer.fit_loop.epoch_progress.current
    part = ""
    if within.ready > within.completed and 0 < ready < planned:
        epoch, of = trainer.current_epoch + 1, f" of {planned:,}" if planned < math.inf else ""
        part = (
            f" {ready:,}{of} batches of epoch {epoch:,} were done before: what the training logs "
            "of that epoch is of the others alone."
        )
    return Reason(
        f"Training continues after {done}.",
        f"The state of {source} was restored: weights, optimizers, loops, callbacks.{part}",
    )


def algorithm(
    model: ModelFacts, optimizers: Sequence[Any], names: Sequence[str], schedulers: Sequence[Any]
) -> Reason:
    """Which model is trained by which optimizer.

    Args:
        model: The model.
        optimizers: The optimizers.
        names: Their names.
        schedulers: The configurations of the schedulers.
    """
    listed = " and ".join(map(_with_rate, names, optimizers)) or "no optimizer"
    words = []
    if model.parameters_of_model is not None and model.trainable is not None:
        share = model.trainable / model.parameters_of_model if model.parameters_of_model else 1
        of = "" if share == 1 else f" of {model.parameters_of_model:,}"
        words.append(
            f"{model.trainable:,}{of} trainable parameters ({share:.3g} of all)."
            if of
            else f"{count(model.trainable, 'trainable parameter')} (100%)."
        )
    for each in schedulers:
        of = next(
            (
                name
                for name, one in zip(names, optimizers, strict=True)
                if getattr(each.scheduler, "optimizer", None) is one
            ),
            "",
        )
        kind = type(each.scheduler).__name__
        when = "when code of the module calls it" if model.by_hand else f"each {each.interval}"
        words.append(f"{kind} sets the learning rate{f' of {of}' if of else ''} {when}.")
    return Reason(f"{model.name} is trained with {listed}.", " ".join(words))


def _with_rate(name: str, optimizer: Any) -> str:
    """An optimizer with its rates: those of its groups of parameters."""
    at = [
        number(float(group["lr"]))
        for group in getattr(optimizer, "param_groups", ())
        if isinstance(group.get("lr"), (int, float))
    ]
    return f"{name} (lr {', '.join(dict.fromkeys(at))})" if at else name


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
    recorded = "; ".join(f"{each.of}({assigned(each.given)})" for each in settings if each.given)
    decision = f"{count(given, 'hyperparameter')} set by the caller"
    defaults = sum(len(each.defaults) for each in settings)
    otherwise = "; ".join(
        f"{each.of}({assigned(each.in_force)})" for each in settings if each.in_force
    )
    in_force = f" Other values are in force by now: {otherwise}." if otherwise else ""
    return Reason(
        f"{decision}: {recorded}." if recorded else f"{decision}.",
        f"The other {defaults} are as Lightning {version}, PyTorch {torch.__version__} and the "
        f"module's own signature have them by default.{in_force} Resolved: {assigned(resolved)}. "
        f"Callbacks: {', '.join(callbacks)}.",
    )


def with_state(reason: Reason, carried: Sequence[str], source: object) -> Reason:
    """The same, with the callbacks that come with a state.

    Args:
        reason: What was said so far.
        carried: What each comes with.
        source: The checkpoint that is resumed; None where an earlier fit left the state.
    """
    if not carried:
        return reason
    of = f"restored from {source}" if source else "from an earlier fit"
    return Reason(reason.decision, f"{reason.reasoning} {'; '.join(carried)} ({of}).")


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
    recorded = [*map(described, training)]
    if validation:
        recorded += [f"Validation: {described(each)}" for each in validation]
    else:
        recorded.append("There is no validation.")
    loaders = count(len(training) + len(validation), "data loader")
    return Reason(f"Lightning accepted {loaders} for training.", " ".join(recorded))


def described(facts: LoaderFacts) -> str:
    """A data loader, in words."""
    recorded = facts.dataset or facts.loader
    if facts.rows is not None:
        recorded += f" of {count(facts.rows, 'item')}"
    if facts.batch_size is not None:
        recorded += f" in batches of {facts.batch_size:,}"
    if facts.batches is None:
        return f"{recorded}, without a known end."
    return f"{recorded}: {count(facts.batches, 'batch')} an epoch."


def position(trainer: Any) -> str:
    """How far a training is, as in "in epoch 3 of 10, after 120 steps"."""
    done, limit = trainer.current_epoch, planned(trainer).get("epochs")
    over = limit is not None and done >= limit
    where = f"after epoch {done:,}" if over else f"in epoch {done + 1:,}"
    of = "" if limit is None else f" of {limit:,}"
    return f"{where}{of}, after {count(trainer.global_step, 'step')}"


def is_whole(trainer: Any) -> str:
    """How an epoch ended, in words: with its last batch, or before."""
    batches = trainer.fit_loop.epoch_loop.batch_progress
    ready, planned = batches.current.ready, trainer.num_training_batches
    if batches.is_last_batch or ready == planned:
        return "is done"
    of = f" of {planned:,}" if isinstance(planned, int) else ""
    return f"ended after {ready:,}{of} batches"


def checked(epoch: int, step: int, standings: Sequence[str]) -> Reason:
    """A validation within an epoch."""
    words = " ".join(standings) or "No metric was logged."
    return Reason(f"Validated in epoch {epoch:,}, after step {step:,}.", words)


def progressed(
    epoch: int, last: int | None, standings: Sequence[str], rate: str, *, whole: str
) -> Reason:
    """An epoch is done: how its metrics stand against the best so far.

    Args:
        epoch: Which.
        last: How many are planned.
        standings: What is said of each metric.
        rate: What is said of the learning rate.
        whole: How it ended.
    """
    of = "" if last is None else f" of {last:,}"
    words = list(standings) or ["No metric was logged."]
    return Reason(f"Epoch {epoch:,}{of} {whole}.", " ".join([*words, rate]).strip())


def evaluated(epoch: int, step: int, standings: Sequence[str], since: int) -> Reason:
    """The last validation of a training.

    Args:
        epoch: In which epoch it was.
        step: After which step.
        standings: What is said of each metric.
        since: How many steps the training has done since.
    """
    words = " ".join(standings)
    more = f" The model was trained for {count(since, 'step')} more since." if since > 0 else ""
    return Reason(f"Last validation: epoch {epoch:,}, after step {step:,}.", f"{words}{more}")


def where(trainer: Any, error: BaseException, *, begun: bool) -> str:
    """What was under way when an exception was raised, as in "while validating".

    Args:
        trainer: The trainer.
        error: The exception.
        begun: Whether the training, or the evaluation, was under way already.
    """
    stage = getattr(trainer.state, "stage", None)
    recorded = _STAGES.get(str(getattr(stage, "value", stage)), "")
    if not begun:
        recorded = _PREPARED.get(recorded, recorded)
    first = error.args[0] if error.args else None
    if isinstance(first, str) and _WORKER.match(first):
        return f"{recorded} in a worker of the data loader".strip()
    return recorded


def failed_after(error: BaseException) -> Reason:
    """An exception was raised when the end of the training had been recorded."""
    recorded = failed(error, "after the training, while Lightning tore down", "after its end", "")
    return Reason(
        f"{type(error).__name__} was raised after the end of the training.", recorded.reasoning
    )


def vanished() -> Reason:
    """The training ended, and how was not seen."""
    return Reason(
        "Training ended in a way that was not seen.",
        "Another fit began with the same trainer, and no end of this one had been recorded: an "
        "exception was raised of which no callback was notified.",
    )
