"""The facts of each event of a training: their dump is the entry's ``metrics_snapshot``."""

from collections.abc import Mapping
from typing import Annotated, Final

from mllog_callbacks.facts._course import (
    Attempt,
    Batches,
    Best,
    Change,
    Continued,
    Plan,
    Progress,
    Results,
)
from mllog_callbacks.facts._data import DataSet
from mllog_callbacks.facts._ending import Checkpoint, Failure, Kept, Stop, Weights
from mllog_callbacks.facts._fact import Fact, Group
from mllog_callbacks.facts._issue import Checks
from mllog_callbacks.facts._parameters import (
    Carried,
    Choice,
    Compared,
    GroupsJoined,
    ModelSize,
    ParameterChange,
    Parameters,
    Scheduler,
)
from mllog_callbacks.facts._rule import Rule
from mllog_callbacks.facts._saved import Saved
from mllog_callbacks.facts._search import Candidates, RunnerUp, Study, Trial
from mllog_callbacks.facts._witness import Witness
from mllog_callbacks.runs import STOPPING
from mllog_callbacks.schema import EventType

__all__ = [
    "EVENTS",
    "AlgorithmSelected",
    "CallFailed",
    "DatasetValidated",
    "EventFacts",
    "HyperparametersSet",
    "ModelCompared",
    "ModelEvaluated",
    "ModelSaved",
    "TrainingEnded",
    "TrainingProgress",
    "TrainingStarted",
    "event_of",
]


class EventFacts(Group):
    """The facts of one event."""


class TrainingStarted(EventFacts):
    """A training begins."""

    plan: Annotated[Plan, Fact("What it is to do")]
    data: Annotated[Mapping[str, DataSet] | None, Fact("The data sets, by name")] = None
    continues: Annotated[Continued | None, Fact("The model it continues")] = None
    rules: Annotated[
        Mapping[str, Rule] | None,
        Fact("The rules that may stop it, with the state they begin with"),
    ] = None
    callbacks: Annotated[
        tuple[str, ...] | None,
        Fact("Other callbacks of the caller's, which may stop it too", ["limit"]),
    ] = None
    called_by: Annotated[str | None, Fact("What called the framework", "XGBClassifier.fit")] = None
    machines: Annotated[int | None, Fact("Machines or workers that train together", 2)] = None
    addresses: Annotated[
        tuple[str, ...] | None, Fact("Their addresses, the same for each", ["10.0.0.1:12400"])
    ] = None
    study: Annotated[Study | None, Fact("The search, where it is one of trials")] = None
    rank: Annotated[int | None, Fact("Which of them this process is, from 0", 1)] = None
    attempt: Annotated[
        Attempt | None, Fact("Which attempt of a call that trains again by itself, from the second")
    ] = None
    trial: Annotated[int | None, Fact("Number of the trial of a search", 3)] = None
    most_steps: Annotated[
        int | None, Fact("How many steps at most, where the plan counts something else", 1_200)
    ] = None
    steps_before: Annotated[
        int | None, Fact("Steps that an earlier training with the same trainer did", 48)
    ] = None
    launches: Annotated[
        bool | None, Fact("Whether this process only launches those that train", example=True)
    ] = None


class DatasetValidated(EventFacts):
    """The framework has loaded the data."""

    data: Annotated[Mapping[str, DataSet], Fact("The data sets, by name")]
    folds: Annotated[int | None, Fact("Folds of a cross-validation", 5)] = None


class AlgorithmSelected(EventFacts):
    """Which algorithm trains."""

    choices: Annotated[Mapping[str, Choice], Fact("What was chosen, and by whom")]
    framework: Annotated[str | None, Fact("What trains, with its version", "LightGBM 4.6.0")] = None
    size: Annotated[ModelSize | None, Fact("How large the model is")] = None
    parameters: Annotated[Parameters | None, Fact("The parameters in force")] = None
    optimizers: Annotated[
        tuple[str, ...] | None,
        Fact("What trains it; those of one class by number and by what they train", ["SGD"]),
    ] = None
    learning_rates: Annotated[
        Mapping[str, tuple[float, ...]] | None,
        Fact("The learning rates of their groups of parameters, each value once", {"SGD": [0.1]}),
    ] = None
    schedulers: Annotated[
        Mapping[str, Scheduler] | None,
        Fact("What sets the learning rates while it trains, by name"),
    ] = None
    dropout: Annotated[float | None, Fact("The probability of all its dropout layers", 0.5)] = None
    by_hand: Annotated[
        bool | None, Fact("Whether code of the module calls the optimizers", example=True)
    ] = None


class HyperparametersSet(EventFacts):
    """Which hyperparameters a training has, or which changed while it ran."""

    parameters: Annotated[
        Parameters | None, Fact("The parameters; absent where a change alone is recorded")
    ] = None
    changed: Annotated[
        Mapping[str, object] | None,
        Fact("Parameters in force with other values by now", {"SGD": {"lr": 0.01}}),
    ] = None
    resolved: Annotated[
        Mapping[str, object] | None,
        Fact("What the framework made of where and how to compute", {"precision": "32-true"}),
    ] = None
    callbacks: Annotated[
        tuple[str, ...] | None, Fact("The classes of all callbacks", ["EarlyStopping"])
    ] = None
    carried: Annotated[
        Mapping[str, Carried] | None, Fact("Callbacks that begin with a state from before")
    ] = None
    change: Annotated[ParameterChange | None, Fact("The parameter that was set")] = None
    joined: Annotated[
        GroupsJoined | None, Fact("Groups of parameters that joined an optimizer")
    ] = None
    compared: Annotated[
        Compared | None, Fact("The validation that decided, where it was compared several times")
    ] = None
    learning_rate: Annotated[
        object, Fact("The learning rate now, or that of each group of parameters", 0.05)
    ] = None
    batch_size: Annotated[int | None, Fact("The batch size now", 64)] = None
    accumulate_grad_batches: Annotated[
        int | None, Fact("Over how many batches gradients are accumulated now", 4)
    ] = None
    found_by: Annotated[str | None, Fact("What searched for it", "LearningRateFinder")] = None
    unfrozen: Annotated[int | None, Fact("Parameter tensors that became trainable", 2)] = None
    frozen: Annotated[int | None, Fact("Parameter tensors that are trainable no more", 2)] = None
    trainable: Annotated[int | None, Fact("Trainable parameters now", 45)] = None
    parameters_of_model: Annotated[int | None, Fact("All parameters of the model", 45)] = None
    by: Annotated[str | None, Fact("What changed that", "BackboneFinetuning")] = None
    epoch: Annotated[int | None, Fact("The epoch before which it changed, from 1", 2)] = None
    progress: Annotated[Progress | None, Fact("How far the training was")] = None
    step: Annotated[int | None, Fact("How many steps of the optimizer were done", 1_200)] = None


class TrainingProgress(EventFacts):
    """A part of the training is done."""

    progress: Annotated[Progress, Fact("How far it is")]
    results: Annotated[Results, Fact("Values by data set and metric", {"valid": {"auc": 0.9}})]
    deviations: Annotated[Results | None, Fact("Standard deviations over folds, as `results`")] = (
        None
    )
    best: Annotated[
        Mapping[str, Mapping[str, Best]] | None,
        Fact("The best value so far of each metric whose direction is known"),
    ] = None
    readings: Annotated[
        Mapping[str, float] | None,
        Fact("Other numbers measured now, which are no metrics of the model", {"grad_norm": 0.8}),
    ] = None
    changed: Annotated[
        Mapping[str, object] | None,
        Fact("Parameters in force that were changed since the start", {"learning_rate": 0.05}),
    ] = None
    trial: Annotated[Trial | None, Fact("The trial of a search that ended")] = None
    restored_from: Annotated[
        str | None, Fact("The checkpoint whose state was restored", "epoch=3.ckpt")
    ] = None
    batches: Annotated[Batches | None, Fact("The part of an epoch that is done")] = None
    epoch: Annotated[int | None, Fact("The epoch, from 1", 3)] = None
    step: Annotated[int | None, Fact("How many steps of the optimizer were done", 1_200)] = None
    learning_rate: Annotated[
        object, Fact("The learning rate now, or that of each group of parameters", 0.05)
    ] = None
    learning_rate_before: Annotated[
        object, Fact("The same when the epoch began, where it was another", 0.1)
    ] = None
    within_epoch: Annotated[
        bool | None, Fact("Whether it is a validation within an epoch", example=True)
    ] = None
    averaged_over: Annotated[
        int | None, Fact("Over how many steps the results are means, where over several", 50)
    ] = None
    curve: Annotated[
        Mapping[str, object] | None, Fact("The steps since the last entry, thinned")
    ] = None


class ModelCompared(EventFacts):
    """A search has chosen from its candidates."""

    candidates: Annotated[Candidates, Fact("What it chose from")]
    runner_up: Annotated[RunnerUp | None, Fact("The next best")] = None


class ModelEvaluated(EventFacts):
    """A model was measured: that which a training leaves, or one by itself."""

    results: Annotated[Results, Fact("Values by data set and metric", {"valid": {"auc": 0.9}})]
    deviations: Annotated[Results | None, Fact("Standard deviations over folds, as `results`")] = (
        None
    )
    kept: Annotated[
        Kept | None, Fact("The model that was measured; absent where that is not known")
    ] = None
    folds: Annotated[
        int | None, Fact("Folds of a cross-validation, whose models were measured", 5)
    ] = None
    computed_by: Annotated[str, Fact("What computed the values", "XGBoost")]
    readings: Annotated[
        Mapping[str, float] | None,
        Fact("Other numbers measured with it", {"samples_per_second": 240.0}),
    ] = None
    progress: Annotated[Progress | None, Fact("Where the values were measured in the training")] = (
        None
    )
    best: Annotated[
        Mapping[str, Mapping[str, Best]] | None, Fact("The best value of each metric by then")
    ] = None
    epoch: Annotated[int | None, Fact("The epoch it was measured in, from 1", 3)] = None
    step: Annotated[int | None, Fact("The step it was measured after", 1_200)] = None
    steps_since: Annotated[int | None, Fact("Steps that the model was trained for since", 12)] = (
        None
    )
    call: Annotated[
        str | None, Fact("The call that measured it, where that was no training", "validate")
    ] = None
    ckpt_path: Annotated[
        str | None, Fact("The checkpoint of the weights; absent where in memory", "epoch=3.ckpt")
    ] = None
    data: Annotated[Mapping[str, DataSet] | None, Fact("The data sets, by name")] = None
    without: Annotated[
        str | None, Fact("Why nothing was measured", "limit_test_batches=0 leaves no batches")
    ] = None


class CallFailed(EventFacts):
    """A call failed that is no training, or what follows a training's end."""

    call: Annotated[str | None, Fact("The call", "validate")] = None
    severity: Annotated[str, Fact("How much it matters: info or error", "error")] = "error"
    error: Annotated[Failure, Fact("What was raised")]
    after_end: Annotated[bool | None, Fact("Whether its end was recorded before", example=True)] = (
        None
    )
    process_peak_bytes: Annotated[
        int | None, Fact("The most memory the process had, where it lacked some", 4_096, "bytes")
    ] = None
    devices: Annotated[
        Mapping[str, Mapping[str, int]] | None,
        Fact("What was allocated on devices then", {"cuda:0": {"allocated_bytes": 4_096}}),
    ] = None


class ModelSaved(EventFacts):
    """A model was saved."""

    saved: Annotated[Saved, Fact("What was saved")]
    deleted: Annotated[
        tuple[str, ...] | None,
        Fact("Models saved before that are deleted by now, each named once", ["epoch=0.ckpt"]),
    ] = None
    progress: Annotated[Progress | None, Fact("How far the training was")] = None
    step: Annotated[int | None, Fact("How many steps of the optimizer were done", 1_200)] = None
    monitor: Annotated[str | None, Fact("The metric that chooses what is kept", "val_loss")] = None
    mode: Annotated[str | None, Fact('Which values of it are better: "min" or "max"', "min")] = None
    save_top_k: Annotated[
        int | None, Fact("How many are kept, by that metric or else the last; -1: all", 1)
    ] = None
    score: Annotated[float | None, Fact("The value of that metric", 0.164495)] = None
    score_before: Annotated[
        float | None, Fact("The value of the best before, where this is the best", 0.19)
    ] = None
    score_counts_as: Annotated[
        str | None, Fact("What the score counts as, where the metric was no number", "inf")
    ] = None
    best_model_path: Annotated[str | None, Fact("The best one so far", "epoch=3.ckpt")] = None
    best_model_score: Annotated[float | None, Fact("The metric's value of that", 0.164495)] = None
    last_model_path: Annotated[str | None, Fact("The copy of the last one", "last.ckpt")] = None


class TrainingEnded(EventFacts):
    """A training is over; which event that is follows from its stop."""

    begun: Annotated[
        bool | None, Fact("False where it has no start: it was refused before", example=False)
    ] = None
    first_begun: Annotated[
        bool | None,
        Fact("False where it ended before its first iteration, epoch or step", example=False),
    ] = None
    seconds: Annotated[float | None, Fact("From its start to its end", 0.975, "s")] = None
    progress: Annotated[Progress | None, Fact("How far it came")] = None
    folds: Annotated[int | None, Fact("Folds of a cross-validation", 5)] = None
    stop: Annotated[Stop | None, Fact("Why it ended; absent where nobody saw it")] = None
    kept: Annotated[Kept | None, Fact("The model it leaves")] = None
    saved: Annotated[
        Saved | None, Fact("The model that was saved last, where its process was gone")
    ] = None
    witness: Annotated[Witness | None, Fact("Who recorded the end, where its process was gone")] = (
        None
    )
    error: Annotated[Failure | None, Fact("What was raised")] = None
    consequence: Annotated[
        str | None, Fact("What its caller got instead of a model", "no model was returned")
    ] = None
    results: Annotated[Results | None, Fact("The last values by data set and metric")] = None
    deviations: Annotated[Results | None, Fact("Standard deviations over folds, as `results`")] = (
        None
    )
    best: Annotated[
        Mapping[str, Mapping[str, Best]] | None, Fact("The best value of each metric")
    ] = None
    readings: Annotated[
        Mapping[str, float] | None,
        Fact("Other numbers of the whole training", {"samples_per_second": 240.0}),
    ] = None
    rules: Annotated[Mapping[str, Rule] | None, Fact("Rules that were on and did not stop it")] = (
        None
    )
    importance: Annotated[
        Mapping[str, float] | None,
        Fact("The most important features, with their shares of all importance", {"age": 0.4}),
    ] = None
    importance_by: Annotated[str | None, Fact("What importance is measured by", "gain")] = None
    changed: Annotated[
        Mapping[str, object] | None,
        Fact("Parameters in force that were changed since the start", {"learning_rate": 0.05}),
    ] = None
    changes: Annotated[Mapping[str, Change] | None, Fact("How these changed on the way")] = None
    issues: Annotated[
        Mapping[str, Mapping[str, object]] | None,
        Fact(
            "Every issue of the run by its number, with its final severity and what closed it; the "
            "names are those of ISSUE_DETECTED",
            {"1": {"code": "MLA001", "severity": "info", "closed_by": "a new best"}},
        ),
    ] = None
    deleted: Annotated[
        tuple[str, ...] | None,
        Fact("Models saved before that are deleted by now, each named once", ["epoch=0.ckpt"]),
    ] = None
    checks: Annotated[Checks | None, Fact("Which checks ran, and why others could not")] = None
    step: Annotated[int | None, Fact("How many steps of the optimizer were done", 1_200)] = None
    epochs_before: Annotated[int | None, Fact("Epochs that were done before it was resumed", 2)] = (
        None
    )
    batches: Annotated[
        Batches | None, Fact("The part of the last epoch that is done, where it is not whole")
    ] = None
    best_checkpoint: Annotated[
        Checkpoint | None, Fact("The checkpoint that a callback keeps as the best")
    ] = None
    weights: Annotated[
        Weights | None, Fact("The weights it leaves, where not those of its last step")
    ] = None
    process_peak_bytes: Annotated[
        int | None, Fact("The most memory the process had, where it lacked some", 4_096, "bytes")
    ] = None
    devices: Annotated[
        Mapping[str, Mapping[str, int]] | None,
        Fact("What was allocated on devices then", {"cuda:0": {"allocated_bytes": 4_096}}),
    ] = None
    curve: Annotated[
        Mapping[str, object] | None, Fact("The steps since the last entry, thinned")
    ] = None


EVENTS: Final[Mapping[EventType, type[EventFacts]]] = {
    EventType.TRAINING_STARTED: TrainingStarted,
    EventType.DATASET_VALIDATED: DatasetValidated,
    EventType.ALGORITHM_SELECTED: AlgorithmSelected,
    EventType.HYPERPARAMETERS_SET: HyperparametersSet,
    EventType.TRAINING_PROGRESS: TrainingProgress,
    EventType.MODEL_EVALUATED: ModelEvaluated,
    EventType.MODEL_COMPARED: ModelCompared,
    EventType.MODEL_SAVED: ModelSaved,
    EventType.TRAINING_COMPLETED: TrainingEnded,
    EventType.TRAINING_STOPPED: TrainingEnded,
    EventType.TRAINING_FAILED: TrainingEnded,
    EventType.ISSUE_DETECTED: CallFailed,
}
"""The class of facts of each event; issues of a training are records of the detectors."""

_OF_STOPS: Final = {
    "plan": EventType.TRAINING_COMPLETED,
    "error": EventType.TRAINING_FAILED,
}


def event_of(facts: EventFacts) -> EventType:
    """The event that facts are of; of an end it follows from the stop.

    A training that nobody saw ending has failed: its call is over without a result. One whose
    process was killed was stopped where the signal is one that asks for it, else it has failed.
    """
    if isinstance(facts, TrainingEnded):
        if facts.stop is None:
            return EventType.TRAINING_FAILED
        if facts.stop.by == "killed" and facts.stop.signal not in STOPPING:
            return EventType.TRAINING_FAILED
        return _OF_STOPS.get(facts.stop.by, EventType.TRAINING_STOPPED)
    return next(event for event, cls in EVENTS.items() if cls is type(facts))
