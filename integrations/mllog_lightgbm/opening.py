"""All that is known of a training when it begins: read once, and the training left as it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from lightgbm import Booster, CVBooster, Dataset
from lightgbm.callback import CallbackEnv

from mllog_callbacks import guarded
from mllog_lightgbm.data import DataFacts, FeatureFacts, data_facts, feature_facts
from mllog_lightgbm.estimator import Estimator
from mllog_lightgbm.model import boosters_of
from mllog_lightgbm.names import first_free
from mllog_lightgbm.parameters import NONE, ModelText, Parameters, parameters
from mllog_lightgbm.raw import NOTHING, Raw
from mllog_lightgbm.stopping import NOT_KNOWN, Stopping, stopping

__all__ = ["TRAINING", "Opening", "open_training"]

_T = TypeVar("_T")

TRAINING: Final = "training"
"""The training data's role, and its name among the sets where it is not evaluated."""

VALIDATION: Final = "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known of a training at its start.

    Attributes:
        found: The parameters.
        sets: What the data sets say of themselves, by name.
        features: What LightGBM made of the features; None where it is not known.
        training: What the sets and results call the training data.
        stopping: What may stop it.
        folds: Number of folds of a cross-validation; 0 for a training.
        rows: Rows to train on; in a cross-validation, those of the fold with the fewest. None
            where not known.
        continued: Iterations of the model that the training continues.
        class_weight: The estimator's weights of classes; None without.
        coded: Whether classes are told by codes that the estimator gave them.
        begun: Whether a first iteration began.
    """

    found: Parameters
    sets: Mapping[str, DataFacts] = field(default_factory=dict)
    features: FeatureFacts | None = None
    training: str = TRAINING
    stopping: Stopping = NOT_KNOWN
    folds: int = 0
    rows: int | None = None
    continued: int = 0
    class_weight: object = None
    coded: bool = False
    begun: bool = False

    @property
    def data(self) -> DataFacts | None:
        """The facts of the training data; None where they are not known."""
        return self.sets.get(self.training)

    @property
    def of_training(self) -> set[str]:
        """The sets that are the training data, copies among them."""
        return {name for name, each in self.sets.items() if each.role == TRAINING}

    @property
    def machines(self) -> dict[str, object]:
        """The machines that train together, as each of them was told; empty for one alone."""
        machines = self.found.get("machines")
        return {"machines": machines} if "," in str(machines) else {}


def open_training(
    env: CallbackEnv | None,
    given: Mapping[str, object],
    estimator: Estimator | None,
    known: Mapping[str, Any] | None = None,
    raw: Raw = NOTHING,
) -> Opening:
    """Read what is known; what cannot be read is left out, and the failure reported.

    Args:
        env: What LightGBM gives a callback in the first iteration; None where there was none.
        given: The parameters as they reached LightGBM.
        estimator: The estimator that called LightGBM, where one did.
        known: The variables of LightGBM's call.
        raw: What was seen of the data before LightGBM constructed it.
    """
    known = known or {}
    boosters = [] if env is None else boosters_of(env.model)
    booster = boosters[0] if boosters else None
    text = None if booster is None else _tried(ModelText, booster)
    found = _tried(parameters, given, text.parameters if text else None, estimator) or NONE
    training = known["train_data_name"] if known.get("is_valid_contain_train") else TRAINING
    sets = {} if env is None else _sets(env.model, known.get("train_set"), training)
    objective = found.get("objective")
    names = None if estimator is None else estimator.classes
    facts = {name: _tried(data_facts, each, objective, names or ()) for name, each in sets.items()}
    callbacks = known.get("callbacks_after_iter")
    dart = found.get("boosting") == "dart"
    return Opening(
        found=found,
        sets={
            name: _with_role(each, name, training, raw)
            for name, each in facts.items()
            if each is not None
        },
        training=training,
        stopping=NOT_KNOWN
        if env is None or callbacks is None
        else _tried(stopping, env.model, callbacks, known, dart) or NOT_KNOWN,
        features=None if text is None else _tried(feature_facts, text.head),
        folds=len(boosters) if env is not None and isinstance(env.model, CVBooster) else 0,
        rows=_tried(_rows, boosters),
        continued=0 if env is None else env.begin_iteration,
        class_weight=None if estimator is None else estimator.class_weight,
        coded=names is not None and not names,
        begun=env is not None,
    )


def _with_role(facts: DataFacts, name: str, training: str, raw: Raw) -> DataFacts:
    facts = facts._replace(unlabelled=raw.unlabelled.get(name, 0))
    if name == training:
        return facts._replace(role=TRAINING)
    same = training if name in raw.copies else None
    return facts._replace(role=TRAINING if same else VALIDATION, same_as=same)


def _sets(model: Booster | CVBooster, data: Dataset | None, training: str) -> dict[str, Dataset]:
    first = boosters_of(model)[0]
    sets = {training: first.train_set if data is None else data}
    if not isinstance(model, CVBooster):
        for name, each in zip(first.name_valid_sets, first.valid_sets, strict=False):
            sets[first_free(name, {*sets})] = each
    return sets


def _rows(boosters: Sequence[Booster]) -> int | None:
    return min((each.train_set.num_data() for each in boosters), default=None)


def _tried(function: Callable[..., _T], *args: Any) -> _T | None:  # noqa: ANN401 - passed on
    return guarded(function)(*args)
