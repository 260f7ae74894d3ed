"""All that is known of a training when it begins, as facts; the training is left as it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import lightgbm
from lightgbm import Booster, CVBooster, Dataset
from lightgbm.callback import CallbackEnv

from mllog_callbacks import guarded
from mllog_callbacks.facts import (
    AlgorithmSelected,
    Choice,
    Continued,
    DataSet,
    DatasetValidated,
    EventFacts,
    HyperparametersSet,
    Parameters,
    Plan,
    TrainingStarted,
)
from mllog_callbacks.schema import shown
from mllog_lightgbm.batches import first_free
from mllog_lightgbm.data import NOTHING, Features, Raw, data_set, read_features
from mllog_lightgbm.effects import derived, effects, is_goss, replaced, without_effect
from mllog_lightgbm.estimator import Estimator
from mllog_lightgbm.model import boosters_of
from mllog_lightgbm.parameters import NONE, Function, ModelText, Sources, sources
from mllog_lightgbm.stopping import NOT_KNOWN, Stopping, stopping

__all__ = ["TRAINING", "Opening", "open_training"]

_T = TypeVar("_T")

TRAINING: Final = "training"
"""The training data's role, and its name among the sets where it is not evaluated."""

VALIDATION: Final = "validation"

_FRAMEWORK: Final = f"LightGBM {lightgbm.__version__}"
_DASK: Final = "lightgbm.dask"

_ALGORITHM: Final[tuple[str, ...]] = ("boosting", "objective", "tree_learner", "device_type")
"""The parameters that make up the algorithm."""

_SET_BY_DASK: Final = (
    *("num_machines", "num_threads", "tree_learner", "machines", "local_listen_port"),
)
"""What `lightgbm.dask` sets itself, of some only where its user gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known of a training at its start.

    Attributes:
        found: The parameters.
        sets: The facts of its data sets, by name.
        training: What the sets and results call the training data.
        stopping: What may stop it.
        folds: Number of folds of a cross-validation; 0 for a training.
        rows: Rows to train on; in a cross-validation, those of the fold with the fewest. None
            where not known.
        continued: Iterations of the model that the training continues.
        begun: Whether a first iteration began.
    """

    found: Sources
    sets: Mapping[str, DataSet] = field(default_factory=dict)
    training: str = TRAINING
    stopping: Stopping = NOT_KNOWN
    folds: int = 0
    rows: int | None = None
    continued: int = 0
    begun: bool = False

    @property
    def data(self) -> DataSet | None:
        """The facts of the training data; None where they are not known."""
        return self.sets.get(self.training)

    @property
    def of_training(self) -> list[str]:
        """The sets that are the training data, copies among them."""
        return [name for name, each in self.sets.items() if each.role == TRAINING]

    def started(self, planned: int) -> TrainingStarted:
        """Its start.

        Args:
            planned: The last iteration that is planned, as LightGBM counts.
        """
        found = self.found
        machines = tuple(str(found.get("machines") or "").split(","))
        several = len(machines) > 1
        by = f"{found.estimator}.fit" if found.estimator else None
        return TrainingStarted(
            plan=Plan(unit="iteration", most=planned, folds=self.folds or None),
            data={
                name: DataSet(role=each.role, rows=each.rows, features=each.features)
                for name, each in self.sets.items()
                if each.same_as is None
            },
            continues=Continued(at=self.continued, unit="iteration") if self.continued else None,
            rules=self.stopping.rules,
            callbacks=self.stopping.callbacks,
            called_by=f"{by} for {_DASK}" if by and found.on_dask else by,
            machines=len(machines) if several else None,
            addresses=machines if several else None,
        )

    def others(self) -> Iterator[EventFacts]:
        """What follows the start; the data only where LightGBM has loaded it."""
        if self.sets:
            yield DatasetValidated(data=self.sets, folds=self.folds or None)
        if any(self.found.get(name) is not None for name in _ALGORITHM):
            yield self._algorithm()
        yield HyperparametersSet(parameters=self._parameters())

    def _algorithm(self) -> AlgorithmSelected:
        found = self.found
        choices = {}
        for name in _ALGORITHM:
            value, given = found.get(name), found.given.get(name)
            if isinstance(given, Function):
                value = given
            if value is not None:
                choices[name] = Choice(value=value, by=self._by(name))
        if is_goss(found):
            by = self._by("boosting")
            choices["boosting"] = Choice(value=found.resolved["boosting"], by="LightGBM, with goss")
            choices["data_sample_strategy"] = Choice(value="goss", by=f"{by}, as boosting=goss")
        return AlgorithmSelected(choices=choices, framework=_FRAMEWORK)

    def _by(self, name: str) -> str:
        found = self.found
        if name in found.given:
            return f"the caller, through {_DASK}" if found.on_dask else "the caller"
        if name in found.chosen:
            return f"the defaults of {found.estimator}"
        return f"the defaults of {_FRAMEWORK}"

    def _parameters(self) -> Parameters:
        found = self.found
        from_others = derived(found)
        defaults = {name: each for name, each in found.defaults.items() if name not in from_others}
        return Parameters(
            given={**found.given, **found.unknown},
            aliases=found.aliases,
            given_through=_DASK if found.on_dask else None,
            set_on_the_way=tuple(name for name in _SET_BY_DASK if name in found.given)
            if found.on_dask
            else None,
            passed_on=found.chosen,
            passed_on_by=found.estimator or None,
            derived=from_others,
            replaced=replaced(found),
            effects=effects(found, self.data, continued=bool(self.continued)),
            without_effect=without_effect(found),
            unknown=tuple(found.unknown),
            defaults=defaults if found.resolved else None,
            framework=_FRAMEWORK if found.resolved else None,
        )

    def causes(self) -> dict[str, object]:
        """What may make the cause of an issue probable, beside its data and rules."""
        found, data = self.found, self.data
        by_class = data is not None and data.weights is not None
        scaled = found.get("scale_pos_weight") not in {None, 1}
        return {
            "rows": self.rows,
            "sets": None if self.folds else self.sets,
            "weighted": by_class or scaled or found.get("is_unbalance") == 1,
            "num_leaves": _whole(found.get("num_leaves")),
            "min_data_in_leaf": _whole(found.get("min_data_in_leaf")),
        }


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


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
    if env is None:
        return Opening(found=_tried(sources, given, None, estimator) or NONE)
    known = known or {}
    boosters = boosters_of(env.model)
    text = _tried(ModelText, boosters[0])
    found = _tried(sources, given, text.parameters if text else None, estimator) or NONE
    features = None if text is None else _tried(read_features, text.head)
    training = known["train_data_name"] if known.get("is_valid_contain_train") else TRAINING
    sets = _sets(env.model, known.get("train_set"), training)
    names = None if estimator is None else estimator.classes
    facts = {
        name: _tried(data_set, each, found.get("objective"), names or ())
        for name, each in sets.items()
    }
    callbacks, dart = known.get("callbacks_after_iter"), found.get("boosting") == "dart"
    rules = None if callbacks is None else _tried(stopping, env.model, callbacks, known, dart)
    return Opening(
        found=found,
        sets={
            name: _described(each, name, training, raw, estimator, features)
            for name, each in facts.items()
            if each is not None
        },
        training=training,
        stopping=rules or NOT_KNOWN,
        folds=len(boosters) if isinstance(env.model, CVBooster) else 0,
        rows=_tried(_rows, boosters),
        continued=env.begin_iteration,
        begun=True,
    )


def _described(
    facts: DataSet,
    name: str,
    training: str,
    raw: Raw,
    estimator: Estimator | None,
    features: Features | None,
) -> DataSet:
    """A set with what it is used for, and what is known of it from elsewhere."""
    same = training if name in raw.copies else None
    facts = replace(
        facts,
        role=TRAINING if name == training or same else VALIDATION,
        same_as=same,
        unlabelled=raw.unlabelled.get(name),
        coded_by=_coded_by(facts, estimator),
    )
    if name != training:
        return facts
    if features is not None:
        facts = replace(facts, categorical=features.categorical, unused=features.unused or None)
    weights = None if estimator is None else estimator.class_weight
    if estimator is None or weights is None:
        return facts
    return replace(facts, weighted_by=f"class_weight={shown(weights)} by {estimator.name}")


def _coded_by(facts: DataSet, estimator: Estimator | None) -> str | None:
    """What gave the codes that classes have instead of their names."""
    if facts.classes is None or estimator is None or estimator.classes is None:
        return None
    return None if estimator.classes else estimator.name


def _sets(model: Booster | CVBooster, data: Dataset | None, training: str) -> dict[str, Dataset]:
    first = boosters_of(model)[0]
    sets = {training: first.train_set if data is None else data}
    if not isinstance(model, CVBooster):
        for name, each in zip(first.name_valid_sets, first.valid_sets, strict=False):
            sets[first_free(name, sets)] = each
    return sets


def _rows(boosters: Sequence[Booster]) -> int | None:
    return min((each.train_set.num_data() for each in boosters), default=None)


def _tried(function: Callable[..., _T], *args: Any) -> _T | None:  # noqa: ANN401 - passed on
    return guarded(function)(*args)
