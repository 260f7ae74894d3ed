"""Encoding: whatever is handed over, one strict line comes out, and changes are recorded."""

import copy
import math
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lines import encoded
from mllog_callbacks import EventType
from mllog_callbacks.schema import HARD_CAP, encode
from readers import COLUMNAR, check
from strategies import anything, hostile, plain, texts

CHANGED = "[Written with changes: "


@settings(max_examples=500)
@given(snapshot=anything())
def test_any_snapshot_becomes_one_strict_line(snapshot: object) -> None:
    """One line, strict JSON, valid by the schema, and read back the same by us and by orjson."""
    check(encoded(snapshot))


@settings(max_examples=300)
@given(st.tuples(*[texts(200) | anything(3)] * 4))
def test_any_text_becomes_one_strict_line(given_texts: tuple[object, ...]) -> None:
    """The four texts may be anything as well."""
    names = ("dataset", "model", "decision", "reasoning")
    found = check(encoded(None, **dict(zip(names, given_texts, strict=True))))
    assert [found[name] is None for name in names[:3]] == [each is None for each in given_texts[:3]]
    assert found["reasoning"] is not None or given_texts[3] is None


@pytest.mark.parametrize("reader", COLUMNAR)
@settings(max_examples=200)
@given(snapshot=anything())
def test_any_line_is_read_by_columnar_readers(reader: str, snapshot: object) -> None:
    """Each infers columns from the line alone, which is where odd values break it."""
    assert COLUMNAR[reader](encoded(snapshot)) == 1


@pytest.mark.parametrize(
    "snapshot",
    [{"": {"": []}}, {"a": [[], [[]], [None]]}, {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}],
    ids=str,
)
def test_empty_and_deep_containers_are_read_by_columnar_readers(snapshot: object) -> None:
    """Where there is little to infer a column from."""
    assert [read(encoded(snapshot)) for read in COLUMNAR.values()] == [1] * len(COLUMNAR)


@settings(max_examples=200)
@given(snapshot=plain(), reasoning=st.none() | st.text(max_size=50))
def test_plain_json_is_written_as_it_is(snapshot: dict[str, Any], reasoning: str | None) -> None:
    """What JSON holds comes back equal, and no change is recorded."""
    found = check(encoded(snapshot, reasoning=reasoning))
    assert found["metrics_snapshot"] == snapshot
    assert found["reasoning"] == reasoning


@settings(max_examples=500)
@given(
    snapshot=plain(),
    odd=st.sampled_from([math.nan, math.inf, 2**63, 10**400, "\ud800", "x" * 2_000, [1, "a"]]),
)
def test_a_changed_value_is_recorded(snapshot: dict[str, Any], odd: object) -> None:
    """One value that JSON cannot hold, among any others, is named at the end of the reasoning."""
    found = check(encoded({**snapshot, "the odd one": odd}, reasoning="Because."))
    assert found["reasoning"].startswith("Because. " + CHANGED + "the odd one ")


@settings(max_examples=200)
@given(thing=hostile())
def test_a_hostile_object_costs_itself_alone(thing: object) -> None:
    """The values beside one that raises when read are written."""
    found = check(encoded({"before": 1, "thing": thing, "after": 2}, dataset="d"))
    assert found["metrics_snapshot"]["before"] == 1
    assert found["metrics_snapshot"]["after"] == 2
    assert found["dataset"] == "d"


@pytest.mark.parametrize("field", ["dataset", "model", "decision", "reasoning"])
@settings(max_examples=50)
@given(thing=hostile())
def test_a_hostile_text_costs_itself_alone(field: str, thing: object) -> None:
    """The fields beside one that raises when read are written."""
    found = check(encoded({"auc": 0.5}, **{field: thing}))
    assert found["metrics_snapshot"] == {"auc": 0.5}


def _nested(depth: int) -> dict[str, object]:
    inner: dict[str, object] = {}
    for _ in range(depth):
        inner = {"in": inner, "list": [inner]}
    return inner


def _itself() -> dict[str, object]:
    inner: dict[str, object] = {"list": []}
    inner["self"], inner["list"] = inner, [inner, inner]
    return inner


R50 = range(50)
HUGE: dict[str, Callable[[], object]] = {
    "20 MB of text": lambda: "x" * 20_000_000,
    "20 MB of control characters": lambda: "\x00" * 20_000_000,
    "20 MB of lone surrogates": lambda: "\ud800" * 10_000_000,
    "a key of 20 MB": lambda: {"k" * 20_000_000: 1},
    "a million items by name": lambda: dict.fromkeys(range(1_000_000), 0.5),
    "a million items": lambda: [0.5] * 1_000_000,
    "a hundred long texts by name": lambda: {str(n): "é" * 5_000 for n in range(100)},
    "long names, nested": lambda: {f"{n}" * 100: {f"{m}" * 100: 1 for m in R50} for n in R50},
    "100,000 levels": lambda: _nested(100_000),
    "itself": _itself,
    "an integer of 100,000 digits": lambda: 10**100_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_value_is_cut_visibly(name: str) -> None:
    """It fits the cap, every reader takes it, and what was cut is recorded."""
    line = encoded({"loss": 0.5, "huge": HUGE[name]()}, reasoning="Because.")
    found = check(line)
    assert found["metrics_snapshot"]["loss"] == 0.5
    assert CHANGED in found["reasoning"]
    assert [read(line) for read in COLUMNAR.values()] == [1] * len(COLUMNAR)


@pytest.mark.parametrize("char", ["x", "\x00", "\u2028", "\ud800", "\U0001f600"])
def test_the_longest_texts_fit_the_cap(char: str) -> None:
    """Whatever their characters take, all four texts and a full snapshot stay below 64 KiB."""
    long = char * 100_000
    snapshot = {f"{char * 119}{n}": {"in": long} for n in range(5_000)}
    line = encoded(snapshot, dataset=long, model=long, decision=long, reasoning=long)
    found = check(line)
    assert len(line) <= HARD_CAP
    assert found["dataset"].startswith(found["model"][:100])


def test_ascii_texts_without_a_snapshot_stay_below_8_kib() -> None:
    """Where rsyslog's default cuts a message."""
    line = encoded(
        None, **dict.fromkeys(("dataset", "model", "decision", "reasoning"), "x" * 9_999)
    )
    assert len(line) < 8_096


def test_what_does_not_fit_is_counted() -> None:
    """The count is of all values left out; what stands beside them is kept."""
    found = check(encoded({"many": dict.fromkeys(range(1_000_000), 0), "loss": 0.5}))
    kept = len(found["metrics_snapshot"]["many"])
    assert f"{1_000_000 - kept:,} values left out" in found["reasoning"]
    assert found["metrics_snapshot"]["loss"] == 0.5


def test_items_of_a_list_that_do_not_fit_are_counted() -> None:
    """Also where a list, not a mapping, was over the limit."""
    found = check(encoded({"a": {f"n{n}": [n] * 80 for n in range(24)}, "b": [1] * 80}))
    kept = len(found["metrics_snapshot"]["b"])
    assert 0 < kept < 80
    assert f"{80 - kept} values left out" in found["reasoning"]


@pytest.mark.parametrize("snapshot", [5, [1, 2], "text", math.nan, object(), map(str, "ab")])
def test_a_snapshot_that_is_no_mapping_becomes_one(snapshot: object) -> None:
    """It stands under the name `value`."""
    found = check(encoded(snapshot))
    assert list(found["metrics_snapshot"]) == ["value"]


def test_a_generator_is_not_consumed() -> None:
    """Logging may not change what the training goes on with."""
    numbers = (n for n in range(3))
    encoded({"numbers": numbers})
    assert list(numbers) == [0, 1, 2]


@settings(max_examples=40)
@given(snapshot=plain())
def test_the_callers_snapshot_is_left_as_it_was(snapshot: dict[str, Any]) -> None:
    """Values are copied, not changed in place."""
    before = copy.deepcopy(snapshot)
    encoded({**snapshot, "nan": math.nan})
    encoded(snapshot)
    assert snapshot == before


def test_a_snapshot_changed_while_it_is_written_raises_nothing() -> None:
    """Another thread may go on with it; the line is strict in any case."""
    shared: dict[str, object] = {}
    done = threading.Event()

    def change() -> None:
        number = 0
        while not done.is_set():
            number += 1
            shared[str(number)] = number
            shared.pop(str(number - 50), None)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(500):
            check(encoded({"shared": shared}))
    finally:
        done.set()
        thread.join()


def test_an_interrupt_passes() -> None:
    """Ctrl-C within a caller's __str__ is the caller's."""

    class Interrupting:
        def __str__(self) -> NoReturn:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(EventType.MODEL_SAVED, metrics_snapshot={"a": Interrupting()})
