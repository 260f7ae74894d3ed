"""An audited estimator is its class in all that can be asked of it, and gives the same results."""

import inspect
import re
from abc import ABCMeta
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter
from xgboost import XGBClassifier

from mllog_callbacks import AuditLog, EventType
from mllog_sklearn import audited
from recorded import Entries, of
from sklearn_training import cancer, iris, pipeline, quiet

# One thread each: the tests are many and small
LOGISTIC = LogisticRegression(max_iter=200)
ESTIMATORS: list[Any] = [
    LOGISTIC,
    SGDClassifier(random_state=0, early_stopping=True),
    MLPClassifier(random_state=0, max_iter=20),
    RandomForestClassifier(random_state=0, n_estimators=10),
    HistGradientBoostingClassifier(random_state=0, max_iter=20, early_stopping=True),
    pipeline(),
    GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=3),
    VotingClassifier([("a", LOGISTIC), ("b", DecisionTreeClassifier(random_state=0))]),
    StackingClassifier([("a", LOGISTIC)], cv=3),
    BaggingClassifier(LOGISTIC, random_state=0, n_estimators=3),
    OneVsRestClassifier(LOGISTIC),
    CalibratedClassifierCV(LOGISTIC, cv=3),
    RFE(DecisionTreeClassifier(random_state=0), n_features_to_select=2),
    KMeans(3, random_state=0, n_init=1),
    LGBMClassifier(n_estimators=5, verbosity=-1, random_state=0, n_jobs=1),
    XGBClassifier(n_estimators=5, random_state=0, n_jobs=1),
]


def state(estimator: Any) -> dict[str, Any]:
    """All that a fit left in an estimator, but for how long it took."""
    timed = re.compile(r"time")
    found = dict(vars(estimator))
    results = found.pop("cv_results_", {})
    found |= {f"cv_{name}": value for name, value in results.items() if not timed.search(name)}
    found.pop("refit_time_", None)
    found.pop("_optimizer", None)  # of a network; its values are those of coefs_
    return found


def hashed(value: Any) -> str:
    """A hash of all that is in it."""
    masked = isinstance(value, np.ma.MaskedArray)  # which joblib cannot hash
    return str(joblib.hash(value.tolist() if masked else value))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
def test_fitted_attributes_and_predictions_are_the_same(log: AuditLog, estimator: Any) -> None:
    """Each attribute, and what numpy's generator is asked for."""
    results = []
    features, labels = iris()
    for model in (clone(estimator), audited(clone(estimator), log)):
        np.random.seed(0)  # noqa: NPY002 - what estimators without random_state draw from
        with quiet():
            assert model.fit(features, labels) is model
            predicted = model.predict(features)
        drawn = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002 - likewise
        results.append((state(model), predicted.tolist(), drawn))
    (bare, predicted, drawn), (ours, our_predicted, our_drawn) = results
    assert list(bare) == list(ours)
    assert {name for name in bare if hashed(bare[name]) != hashed(ours[name])} == set()
    assert (predicted, drawn) == (our_predicted, our_drawn)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
def test_what_can_be_asked_of_a_class_is_the_same(log: AuditLog, estimator: Any) -> None:
    """Names, signatures, parameters, text, HTML, tags, methods and requests."""
    bare, ours = clone(estimator), audited(clone(estimator), log)
    for ask in ASKED:
        assert ask(ours) == ask(bare)


def signatures(estimator: Any) -> dict[str, str]:
    """The signatures of all public methods, and of the class."""
    cls = type(estimator)
    names = [name for name in dir(estimator) if not name.startswith("_")]
    found = {
        name: str(inspect.signature(getattr(cls, name)))
        for name in names
        if inspect.isfunction(inspect.getattr_static(cls, name, None))
    }
    return found | {"__init__": str(inspect.signature(cls))}


ASKED: list[Callable[[Any], Any]] = [
    repr,
    lambda each: re.sub(r"sk-\w+-id-\d+", "", each._repr_html_()),
    lambda each: [name for name in dir(each) if not name.startswith("__")],
    lambda each: (type(each).__name__, type(each).__qualname__, type(each).__module__),
    lambda each: type(each).__doc__,
    lambda each: sorted(each.get_params(deep=False)),
    lambda each: vars(each).keys(),
    signatures,
    lambda each: has_fit_parameter(each, "sample_weight"),
    lambda each: each.fit.__doc__,
    lambda each: repr(each.__sklearn_tags__()),
    lambda each: inspect.getsource(type(each)),
    is_classifier,
    lambda each: str(each.get_metadata_routing()),
]


def test_an_audited_class_stands_for_its_own(log: AuditLog) -> None:
    """In isinstance, in comparisons and in tables by type."""
    model = audited(SVC(), log)
    assert isinstance(model, SVC)
    assert type(model) == SVC  # noqa: E721 - the comparison is what is tested
    assert {SVC: "found"}[type(model)] == "found"
    assert type(model) not in {DecisionTreeClassifier: ""}
    assert type(model).__bases__ == (SVC,)
    assert isinstance(SVC(), type(model))
    assert isinstance(model, SVC)
    assert not isinstance(DecisionTreeClassifier(), type(model))
    assert type(model) is type(audited(SVC(C=2), log))
    assert type(audited(model, log, dataset="other")).__bases__ == (SVC,)


def test_a_class_is_not_recorded_of_its_audited_subclass(log: AuditLog) -> None:
    """What it does to subclasses happens once: a registry, the wrapping of outputs."""
    registered: list[type] = []

    class Registering(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[misc, call-arg]  # scikit-learn has no types
        def __init_subclass__(cls, **kwargs: Any) -> None:
            registered.append(cls)
            super().__init_subclass__(**kwargs)

        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            return self

        def transform(self, X: Any) -> Any:  # noqa: N803 - the protocol's
            return X

    audited(Registering(), log).fit([[1.0]])
    assert registered == []

    class Own(type(audited(Registering(), log))):  # type: ignore[misc]  # a base made at run time
        pass

    assert registered == [Own]
    assert Own().fit([[1.0]]).transform(1) == 1
    assert type(clone(Own())) is Own


def test_available_methods_are_available_as_without(log: AuditLog) -> None:
    """A condition is asked each time."""
    model = audited(make_pipeline(StandardScaler(), SVC()), log)
    assert not hasattr(model, "fit_predict")
    assert hasattr(audited(make_pipeline(StandardScaler(), KMeans(2)), log), "fit_predict")
    assert not hasattr(model, "predict_proba")
    search = audited(GridSearchCV(make_pipeline(KMeans()), {}), log)
    assert hasattr(search, "fit")
    assert not hasattr(audited(SGDClassifier(loss="hinge"), log), "predict_proba")
    with pytest.raises(AttributeError, match="partial_fit"):
        audited(MLPClassifier(solver="lbfgs"), log).partial_fit([[1.0]], [1])


def test_outputs_are_frames_where_they_were_asked_for(log: AuditLog) -> None:
    """`set_output` works as without, and the setting survives `clone`."""
    features, labels = cancer(frame=True)
    model = audited(StandardScaler(), log).set_output(transform="polars")
    made = clone(model).fit_transform(features, labels)
    assert type(made).__module__.startswith("polars")
    assert list(made.columns) == list(features.columns)
    unwrapped = audited(FunctionTransformer(), log)
    assert type(unwrapped.fit_transform(np.ones((2, 2)))) is np.ndarray


@pytest.fixture
def routing() -> Iterator[None]:
    """Metadata routing, switched on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_metadata_is_routed_as_requested(log: AuditLog) -> None:
    """Weights reach the steps that ask for them, and only these."""
    features, labels = iris()
    weights = np.linspace(0.1, 1, len(labels))

    def fitted(wrap: Callable[[Any], Any]) -> Any:
        inner = wrap(LogisticRegression(max_iter=500).set_fit_request(sample_weight=True))
        model = wrap(make_pipeline(StandardScaler().set_fit_request(sample_weight=False), inner))
        return model.fit(features, labels, sample_weight=weights)[-1].coef_.tolist()

    assert fitted(lambda each: audited(each, log)) == fitted(lambda each: each)


@pytest.mark.parametrize("model", [LOGISTIC, pipeline(), LogisticRegressionCV(cv=2, Cs=2)])
def test_cross_validation_is_the_same(log: AuditLog, model: Any) -> None:
    """Scores and predictions."""
    features, labels = iris()
    with quiet():
        for use in (cross_val_score, cross_val_predict):
            bare = use(model, features, labels, cv=3)
            assert use(audited(model, log), features, labels, cv=3).tolist() == bare.tolist()


def test_parameters_are_set_as_without(log: AuditLog) -> None:
    """By their names, also of parts."""
    model = audited(pipeline(), log).set_params(classify__C=5, scale=None)
    assert model.get_params()["classify__C"] == 5
    with pytest.raises(ValueError, match="Invalid parameter 'nothing' for estimator Pipeline"):
        model.set_params(nothing=1)


def test_a_class_with_slots_and_one_of_its_own_kind_work(log: AuditLog) -> None:
    """Estimators need not be scikit-learn's."""

    class Slotted:
        __slots__ = ("mean",)

        def fit(self, X: Any) -> "Slotted":  # noqa: N803 - the protocol's
            self.mean = sum(X) / len(X)
            return self

    model = audited(Slotted(), log).fit([1, 2, 3])
    assert model.mean == 2
    assert not hasattr(model, "__dict__")


@pytest.mark.parametrize("fitted", [False, True])
def test_an_audited_estimator_hashes_as_the_plain_one(log: AuditLog, fitted: bool) -> None:
    """By joblib, alone and within others, so that a cache knows it."""
    for estimator in (pipeline(), DecisionTreeClassifier(random_state=0)):
        bare = clone(estimator)
        if fitted:
            bare.fit(*iris())
        ours = audited(bare, log)
        assert joblib.hash(ours) == joblib.hash(bare)
        assert joblib.hash([ours, ours]) == joblib.hash([bare, bare])
        assert joblib.hash({"model": ours}) == joblib.hash({"model": bare})
        bare.itself, ours.itself = bare, ours
        assert joblib.hash(ours) == joblib.hash(bare)


def test_a_cached_transformer_is_loaded_and_not_fitted(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """From what a plain pipeline has filled the cache with."""

    def model(wrap: Callable[[Any], Any]) -> Any:
        return make_pipeline(wrap(StandardScaler()), LOGISTIC, memory=str(tmp_path / "cache"))

    for fit in (model(lambda each: each), model(lambda each: audited(each, log))):
        fit.fit(*iris())
    assert entries() == []  # the audited scaler was not fitted
    audited(model(lambda each: each), log).fit(*iris())
    audited(model(lambda each: each), log).fit(*cancer())
    cached, anew = of(entries(), EventType.DATASET_PREPROCESSED)
    assert "StandardScaler was loaded from the cache" in str(cached.decision)
    assert (cached.metrics_snapshot or {})["from_cache"] is True
    assert "StandardScaler was fitted to data of 30 features" in str(anew.decision)


def test_estimators_that_are_compared_by_value_equal_the_plain_one(log: AuditLog) -> None:
    """From either side, and with the same hash."""

    @dataclass
    class Valued(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        alpha: float = 1.0

        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            return self

    @dataclass(frozen=True)
    class Hashed(BaseEstimator):  # type: ignore[misc]  # likewise
        alpha: float = 1.0

        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            return self

    model = audited(Valued(), log)
    assert model == Valued()
    assert Valued() == model == audited(Valued(), log)
    assert model != Valued(2.0)
    assert Valued(2.0) != model
    with pytest.raises(TypeError, match="unhashable"):
        hash(model)
    assert {Hashed(): "found"}[audited(Hashed(), log)] == "found"


def test_a_registry_of_a_metaclass_sees_a_class_once(log: AuditLog) -> None:
    """And not the audited one."""
    registered: list[str] = []

    class Registry(type):
        def __init__(cls, name: str, bases: Any, names: Any) -> None:
            super().__init__(name, bases, names)
            registered.append(name)

    class Abstract(ABCMeta):
        def __new__(cls, name: str, bases: Any, names: Any) -> Any:
            registered.append(name)
            return super().__new__(cls, name, bases, names)

    class First(BaseEstimator, metaclass=Registry):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            return self

    class Second(First.__base__, metaclass=Abstract):  # type: ignore[misc, name-defined]  # likewise
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002, N803 - the protocol's
            return self

    for kind in (First, Second):
        made = clone(audited(kind(), log)).fit([[1.0]])
        assert isinstance(made, kind)
        assert type(made) == kind  # noqa: E721 - the comparison is what is tested
    assert registered == ["First", "Second"]
