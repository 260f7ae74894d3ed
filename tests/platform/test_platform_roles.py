"""Only a role's own methods are hooked: of classes, subclasses and implementations, also later."""

import abc
import dataclasses
import typing
from typing import Any

import pydantic
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from mllog_callbacks import AuditLog, HookError
from mllog_callbacks.platform import audit_platform
from recorded import Entries


def test_the_same_name_in_another_role_is_not_hooked(log: AuditLog) -> None:
    """A data set that is downloaded is no model."""
    methods = ["upload", "validate", "preprocess", "save", "download", "compare", "stop"]
    both = type("Both", (), {each: lambda _, name: name for each in methods})
    with audit_platform(datasets=both, metrics=both, log=log) as attached:
        assert {each.rpartition(".")[2] for each in attached.names} == {
            *("upload", "validate", "preprocess", "compare")
        }


def test_what_a_framework_calls_so_is_no_method_of_a_role(log: AuditLog, entries: Entries) -> None:
    """`nn.Module.train` is a mode, also where it is overridden; pydantic has a `validate`."""

    class Net(torch.nn.Module):
        def fit(self, dataset: str) -> "Net":
            del dataset
            return self.train().eval()

    class Frozen(torch.nn.Module):
        def train(self, mode: bool = True) -> "Frozen":  # noqa: FBT002 - as torch has it
            return super().train(mode)

    class Datasets(pydantic.BaseModel):
        folder: str = "x"

        def upload(self, name: str) -> str:
            return name

    with (
        audit_platform(trainer=Net, names={"train": "fit"}, log=log),
        audit_platform(trainer=Frozen, datasets=Datasets, log=log),
    ):
        Net().fit("churn")
        Frozen().train().eval()
        Datasets().upload("churn")
    assert [each.event for each in entries()] == [
        "TRAINING_STARTED",
        "TRAINING_COMPLETED",
        "DATASET_UPLOADED",
    ]


class Trainable(typing.Protocol):
    """What a platform's trainers have in common."""

    def train(self, protocol_only_dataset: str) -> object:
        """Train."""

    def only_here(self) -> None:
        """So that no other class of the tests implements it."""


class Before:
    """Implements it, and does not say so."""

    def train(self, protocol_only_dataset: str) -> object:
        """Train."""
        return protocol_only_dataset

    def only_here(self) -> None:
        """As above."""


def test_implementations_of_a_protocol_are_hooked_now_and_later(
    log: AuditLog, entries: Entries
) -> None:
    """Until it is detached."""
    before = vars(Before)["train"]
    with audit_platform(trainer=Trainable, log=log) as attached:

        class After(Before):
            def train(self, protocol_only_dataset: str) -> object:
                return protocol_only_dataset

        class Unrelated:
            def train(self, protocol_only_dataset: str) -> object:
                return protocol_only_dataset

        for each in (Before, After, Unrelated):
            each().train("churn")
        assert len([each for each in attached.names if each.endswith("train")]) == 3
    After().train("churn")
    assert vars(Before)["train"] is before
    assert [str(each.event) for each in entries()].count("TRAINING_STARTED") == 2


def test_subclasses_that_are_defined_later_are_hooked(log: AuditLog, entries: Entries) -> None:
    """Without `super()`, also behind one whose `__init_subclass__` calls none; once each."""

    class Base(abc.ABC):
        @abc.abstractmethod
        def train(self, dataset: str) -> object:
            """Train."""

    with audit_platform(trainer=Base, log=log):

        class Silent(Base):
            def __init_subclass__(cls, **kwargs: Any) -> None:
                """Calls none."""

            def train(self, dataset: str) -> object:
                return dataset

        class Deep(Silent):
            def train(self, dataset: str) -> object:
                return super().train(dataset)

        made = type("Made", (Base,), {"train": lambda self, dataset: (self, dataset)[1]})

        @dataclasses.dataclass(slots=True)
        class Slots(Base):
            folder: str = "x"

            def train(self, dataset: str) -> object:
                return dataset

        for kind in (Silent, Deep, made, Slots):
            assert kind().train("churn") == "churn"
        assert entries()
    assert "__init_subclass__" not in vars(Base)
    Deep().train("churn")
    assert [each.event for each in entries()] == ["TRAINING_STARTED", "TRAINING_COMPLETED"] * 4


def test_attaching_is_all_or_nothing_and_says_what_is_wrong(log: AuditLog) -> None:
    """With class and method."""

    class Datasets:
        def upload(self, name: str) -> str:
            return name

    @dataclasses.dataclass
    class Trainer:
        save: bool = False

        def train(self, dataset: str) -> str:
            return dataset

    before = vars(Datasets)["upload"]
    for given, words in (
        ({"datasets": Datasets, "trainer": Trainer}, "Trainer.save cannot be hooked: False is no"),
        ({"datasets": Datasets, "names": {"uplod": "take"}}, "Did you mean 'upload'?"),
        ({"datasets": Datasets, "names": {"upload": "take"}}, "Datasets has no 'take'"),
        ({"trainer": Trainer()}, "is no class or module"),
    ):
        with pytest.raises(HookError, match=words.replace("?", r"\?")):
            audit_platform(**given, log=log)
        assert vars(Datasets)["upload"] is before


class Forest(BaseEstimator, ClassifierMixin):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator of the house."""

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth

    def fit(self, features: Any, labels: Any) -> "Forest":
        """Fit."""
        self.tree_ = DecisionTreeClassifier(max_depth=self.depth).fit(features, labels)
        self.classes_ = self.tree_.classes_
        return self

    def predict(self, features: Any) -> Any:
        """Predict."""
        return self.tree_.predict(features)


def test_clones_of_a_search_are_no_trainings(log: AuditLog, entries: Entries) -> None:
    """The fit of the model it chose is one."""
    features, labels = load_iris(return_X_y=True)
    with audit_platform(trainer=Forest, names={"train": "fit"}, log=log):
        GridSearchCV(Forest(), {"depth": [1, 2]}, cv=2).fit(features, labels)
        cross_val_score(Forest(), features, labels, cv=2)
    assert [each.event for each in entries()] == ["TRAINING_STARTED", "TRAINING_COMPLETED"]


def test_trainings_within_a_training_are_its_parts(log: AuditLog, entries: Entries) -> None:
    """One run, whose parts say what they came to; their failure is an issue."""

    class Trainer:
        def __init__(self, *parts: "Trainer") -> None:
            self.parts = parts

        def train(self, dataset: str) -> str:
            for each in self.parts:
                each.train(f"{dataset}-part")
            return dataset

    with audit_platform(trainer=Trainer, log=log):
        Trainer(Trainer(), Trainer()).train("churn")
    found = entries()
    assert [each.event for each in found] == [
        "TRAINING_STARTED",
        *["TRAINING_PROGRESS"] * 4,
        "TRAINING_COMPLETED",
    ]
    assert {(each.metrics_snapshot or {})["run"] for each in found} == {1}
    assert "2 runs within it ended" in str(found[-1].reasoning)
