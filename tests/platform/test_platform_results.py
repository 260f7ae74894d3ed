"""What methods return is read in the forms that platforms have."""

import dataclasses
import enum
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pydantic
import pytest

from mllog_callbacks.platform._call import Call
from mllog_callbacks.platform._checks import verdict_of
from mllog_callbacks.platform._hyperparameters import settings_of
from mllog_callbacks.platform._measures import comparison_of, measures_of, sentence
from mllog_callbacks.platform._naming import DATASETS, name_of, of_requests


class Status(enum.Enum):
    """Of a check."""

    PASSED = "passed"
    FAILED = "failed"


class Report(pydantic.BaseModel):
    """Of a service."""

    passed: bool
    findings: list[str] = []


class Result(NamedTuple):
    """Of a check."""

    ok: bool
    errors: list[str]


GREAT = {
    "success": False,
    "results": [
        {"success": True, "expectation_config": {"expectation_type": "expect_a", "kwargs": {}}},
        {
            "success": False,
            "expectation_config": {
                "expectation_type": "expect_column_values_to_not_be_null",
                "kwargs": {"column": "age"},
            },
        },
    ],
}
PANDERA = SimpleNamespace(
    failure_cases=pd.DataFrame({"column": ["age"], "check": ["not null"], "failure_case": [3]})
)
CHECKS = pd.DataFrame({"check": ["no gaps", "types"], "passed": [False, True]})

VERDICTS: list[tuple[Any, bool | None, list[str]]] = [
    ((True, []), True, []),
    ((False, ["age: 3 gaps"]), False, ["age: 3 gaps"]),
    ((False, {"age": "3 gaps"}), False, ["age: 3 gaps"]),
    ({"success": False, "results": ["age has gaps"]}, False, ["age has gaps"]),
    ({"passed": False, "failures": ["age has gaps"]}, False, ["age has gaps"]),
    ({"valid": False, "errors": {"age": "3 gaps", "y": "missing"}}, False,
     ["age: 3 gaps", "y: missing"]),
    ([{"check": "no gaps", "passed": True}, {"check": "types", "passed": True}], True, []),
    ([{"check": "no gaps", "passed": False, "message": "3"}], False, ["no gaps: 3"]),
    ([{"name": "no gaps", "status": "fail"}, {"name": "types", "status": "ok"}], False,
     ["no gaps"]),
    ({"status": "invalid"}, False, []),
    ({"status": Status.FAILED}, False, []),
    (Status.PASSED, True, []),
    ([[1, 2], [3, 4]], None, []),
    ([{"age": 3, "y": 1}], None, []),
    ({"is_valid": False, "message": "3 gaps in age"}, False, ["3 gaps in age"]),
    ({"valid": True, "errors": None}, True, []),
    ({"checks": {"gaps": True, "types": False}}, False, ["types"]),
    (Report(passed=False, findings=["gaps"]), False, ["gaps"]),
    (Result(ok=True, errors=[]), True, []),
    (np.bool_(False), False, []),  # noqa: FBT003 - the value of interest
    (GREAT, False, ["age: expect_column_values_to_not_be_null"]),
    (CHECKS, False, ["no gaps"]),
    (pd.DataFrame({"age": [1, 2]}), None, []),
    (["a gap"], None, ["a gap"]),
    ([ValueError("a gap")], None, ["ValueError: a gap"]),
    (12, None, []),
    (None, None, []),
    ({}, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("result", "valid", "problems"), VERDICTS, ids=str)
def test_a_validation_is_read(result: object, valid: bool | None, problems: list[str]) -> None:
    """Whether it accepted, and its problems in its own words; rows of data are none."""
    found = verdict_of(result)
    assert (found.valid, list(found.problems)) == (valid, problems)
    assert found.many == len(problems)


def test_a_table_of_failures_is_read() -> None:
    """As pandera has it."""
    found = verdict_of(PANDERA)
    assert (found.many, found.problems) == (1, ("column age, check not null, failure_case 3",))
    assert verdict_of({"valid": False, "errors": 3}).many == 3


def evaluated(result: object, **given: object) -> dict[str, Any]:
    """The measures of a call."""
    return measures_of(Call("M.evaluate", None, given, result=result))


class WithSlots:
    """A result without a dictionary."""

    __slots__ = ("accuracy",)

    def __init__(self) -> None:
        self.accuracy = 0.5

    def __repr__(self) -> str:
        return "WithSlots()"


MEASURES: list[tuple[Any, dict[str, Any], str]] = [
    (0.9, {"result": 0.9}, "0.9"),
    (np.float32(0.5), {"result": 0.5}, "0.5"),
    ({"accuracy": 0.9, "name": "rf"}, {"accuracy": 0.9}, "accuracy 0.9"),
    ({"test": {"auc": 0.9}}, {"test": {"auc": 0.9}}, "test auc 0.9"),
    ([("auc", 0.9), ("f1", 0.8)], {"auc": 0.9, "f1": 0.8}, "auc 0.9, f1 0.8"),
    ([{"metric": "auc", "value": 0.9}], {"auc": 0.9}, "auc 0.9"),
    ((0.9, 0.8), {"values": [0.9, 0.8]}, "0.9, 0.8"),
    (({"auc": 0.9}, [[5, 1], [0, 4]]), {"auc": 0.9}, "auc 0.9"),
    (pd.Series({"auc": 0.9}), {"auc": 0.9}, "auc 0.9"),
    (np.array([[5, 1], [0, 4]]), {"matrix": [[5, 1], [0, 4]]}, ""),
    (SimpleNamespace(auc=0.9, model="rf"), {"auc": 0.9}, "auc 0.9"),
    (WithSlots(), {"accuracy": 0.5}, "accuracy 0.5"),
    (None, {}, ""),
    ("done", {}, ""),
]


@pytest.mark.parametrize(("result", "measures", "words"), MEASURES, ids=str)
def test_an_evaluation_is_read(result: object, measures: dict[str, Any], words: str) -> None:
    """Numbers by their names; a matrix is a fact and no metric."""
    found = evaluated(result)
    assert {name: found.get(name) for name in measures} == measures
    assert sentence(found) == words


def test_the_caller_may_name_the_metric() -> None:
    """Where the result is a number alone, or a list of them."""
    assert evaluated(0.9, metric="auc") == {"auc": 0.9}
    assert evaluated((0.9, 0.8), metrics=["auc", "f1"]) == {"auc": 0.9, "f1": 0.8}


COMPARISONS: list[tuple[Any, dict[str, Any], str | None, tuple[str, ...]]] = [
    ({"best": "a", "reason": "higher"}, {}, "a", ()),
    ("b", {}, "b", ()),
    ({"a": 0.9, "b": 0.8}, {"a": 0.9, "b": 0.8}, None, ()),
    ([("b", 0.9), ("a", 0.8)], {"b": 0.9, "a": 0.8}, None, ("b", "a")),
    ([{"job_id": "b", "auc": 0.9}], {"b": {"auc": 0.9}}, None, ("b",)),
    (["b", "a"], {}, None, ("b", "a")),
    (pd.DataFrame({"auc": [0.9, 0.8]}, index=["b", "a"]), {"b": {"auc": 0.9}}, None, ("b", "a")),
    (SimpleNamespace(winner="a", scores={"a": 0.9}), {"a": 0.9}, "a", ()),
    (None, {}, None, ()),
]


@pytest.mark.parametrize(("result", "scores", "best", "ranking"), COMPARISONS, ids=str)
def test_a_comparison_is_read(
    result: object, scores: dict[str, Any], best: str | None, ranking: tuple[str, ...]
) -> None:
    """The best one only where the result says so; else their order, where it has one."""
    found = comparison_of(Call("M.compare", None, {"models": ["a", "b"]}, result=result))
    assert found.names == ("a", "b")
    assert {name: found.scores.get(name) for name in scores} == scores
    assert (found.best, found.ranking) == (best, ranking)


class Params(pydantic.BaseModel):
    """Of a service."""

    rate: float = 0.1
    depth: int = 6


@dataclasses.dataclass
class DataParams:
    """Of another."""

    rate: float = 0.1
    depth: int = 6


class Holder:
    """The object that hyperparameters are set on."""


@pytest.mark.parametrize("kind", [Params, DataParams])
def test_hyperparameters_of_an_object_are_its_fields(kind: Any) -> None:
    """Those left at the defaults of its class were not set by the caller; a job's name is none."""
    found = settings_of(Call("T.set", Holder(), {"job_id": "7", "params": kind(depth=9)}))
    assert (found.now, found.defaults, found.source) == ({"depth": 9}, {"rate": 0.1}, kind.__name__)


def test_what_was_set_before_stays_the_callers() -> None:
    """By object and model, while the value holds."""
    holder, used = Holder(), {"rate": 0.02, "depth": 6, "share": 1.0}
    settings_of(Call("T.set", holder, {"rate": 0.02}, result=used))
    found = settings_of(Call("T.set", holder, {"depth": 3}, result={**used, "depth": 3}))
    assert (found.now, found.before) == ({"depth": 3}, {"rate": 0.02})
    assert found.defaults == {"share": 1.0}
    other = settings_of(Call("T.set", Holder(), {"depth": 3}, result={**used, "depth": 3}))
    assert other.before == {}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("credit.v3", "credit.v3"),
        ("/home/anna/clients/credit.csv", "credit.csv"),
        ("C:\\data\\credit.csv", "credit.csv"),
        ("a,b\n1,2\n", None),
        (SimpleNamespace(name=3), None),
        (SimpleNamespace(id=3), "3"),
        (pd.Series([1], name="age"), None),
        (Status.PASSED, "passed"),
        (True, None),
        ("", None),
    ],
)
def test_content_is_no_name(value: object, name: str | None) -> None:
    """Nor are columns, descriptors of files and folders."""
    assert name_of(value) == name


@pytest.mark.parametrize(
    "request_",
    [
        {"dataset_id": "churn"},
        SimpleNamespace(dataset="churn"),
        SimpleNamespace(dataset_name="churn"),
    ],
)
def test_requests_name_data_sets(request_: object) -> None:
    """By the documented parts."""
    assert of_requests(*DATASETS)(Call("T.train", None, {"request": request_})) == "churn"
