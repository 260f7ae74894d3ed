"""Which words an event's facts get."""

from functools import singledispatch

from mllog_callbacks.facts import (
    AlgorithmSelected,
    CallFailed,
    DatasetValidated,
    EventFacts,
    HyperparametersSet,
    ModelCompared,
    ModelEvaluated,
    ModelSaved,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
)
from mllog_callbacks.schema import Reason
from mllog_callbacks.wording._course import evaluated, progressed, saved
from mllog_callbacks.wording._end import call_failed, ended
from mllog_callbacks.wording._search import compared
from mllog_callbacks.wording._settings import hyperparameters, selected
from mllog_callbacks.wording._start import started, validated

__all__ = ["worded"]


@singledispatch
def worded(facts: EventFacts) -> Reason:
    """Decision and reasoning of an entry with these facts.

    Raises:
        TypeError: There are no words for facts of this class.
    """
    msg = f"no words for {type(facts).__name__}"
    raise TypeError(msg)


worded.register(TrainingStarted, started)
worded.register(DatasetValidated, validated)
worded.register(AlgorithmSelected, selected)
worded.register(HyperparametersSet, hyperparameters)
worded.register(TrainingProgress, progressed)
worded.register(ModelEvaluated, evaluated)
worded.register(ModelSaved, saved)
worded.register(ModelCompared, compared)
worded.register(TrainingEnded, ended)
worded.register(CallFailed, call_failed)
