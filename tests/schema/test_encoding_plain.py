"""Plain entries take a short way to their line: it is the same line as the long way's."""

import json
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllog_callbacks import EventType
from mllog_callbacks.schema import _encoding as encoding
from mllog_callbacks.schema import encode

ORJSON = {name: getattr(encoding, name) for name in ("_to_json", "_to_strict", "_add_up")}
PYDANTIC = {
    "_to_json": encoding._pydantic_json,  # noqa: SLF001 - what is used without orjson, as below
    "_to_strict": encoding._pydantic_strict,  # noqa: SLF001
    "_add_up": encoding._refuse,  # noqa: SLF001
}

texts = st.none() | st.text(max_size=50) | st.sampled_from(["NaN", "\x85\u2028\u2029", "x" * 5_000])
names = st.text(max_size=8) | st.sampled_from(["loss", "Loss", "LOSS", "\u00df", "ss", "n" * 130])


class Colour(Enum):
    """Values that orjson writes, and the long way as well."""

    RED = "red"
    NONE = None


plain = (
    st.none()
    | st.uuids()
    | st.sampled_from(Colour)
    | st.datetimes()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1e-5, 1e16, -0.0, "y" * 2_000])
)
nested = st.dictionaries(names, plain, max_size=4)
anything = st.recursive(
    plain | st.binary(max_size=5) | st.characters(categories=["Cs"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("serializer", [ORJSON, PYDANTIC], ids=["orjson", "pydantic"])
@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    event=st.sampled_from(list(EventType)),
    dataset=texts,
    model=texts,
    decision=texts,
    reasoning=texts,
    metrics=st.none() | st.dictionaries(names, plain | nested, max_size=12) | anything,
)
def test_both_ways_lead_to_the_same_line(
    serializer: dict[str, object], event: EventType, **fields: object
) -> None:
    """Byte for byte, of whatever is given."""
    with pytest.MonkeyPatch.context() as patch:
        for name, used in serializer.items():
            patch.setattr(encoding, name, used)
        patch.setattr(encoding, "_heads", {})
        line = encode(event, *fields.values())
        long_way = encoding._encode(  # noqa: SLF001 - the way that is compared with
            event,
            (fields["dataset"], fields["model"], fields["decision"], fields["reasoning"]),
            fields["metrics"],
        )
    assert line == long_way
    assert json.loads(b"{" + line)["event"] == event


def test_what_a_training_emits_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing is won."""
    monkeypatch.setattr(encoding, "_spellings", {})
    metrics = {
        "AUC": 0.5,
        "n": 3,
        "best": True,
        "metric": "auc",
        "none": None,
        "results": {"valid_0": {"AUC": 0.5}},
        "curve": {"at": [1, 2], "results": {"valid_0": {"AUC": [0.4, None]}}},
    }
    line = encoding._encode_plain(  # noqa: SLF001 - to see which way it took
        EventType.TRAINING_PROGRESS,
        "credit.v3",
        "LGBMClassifier",
        None,
        "why",
        metrics,
    )
    assert line is not None
    assert line == encode(
        EventType.TRAINING_PROGRESS,
        "credit.v3",
        "LGBMClassifier",
        None,
        "why",
        metrics,
    )


@pytest.mark.parametrize(
    "metrics",
    [
        {"loss": float("nan")},
        {"loss": float("inf")},
        {"text": "x" * 1_001},
        {"loss": 1, "Loss": 2},
        {"list": [1, "a"]},
        {"list": [1, True]},
        {"list": [[1]]},
        {"list": [0] * 101},
        {"list": [float("nan")]},
        {"argv": ["--token", "a"]},
        {"token": "a"},
        {"url": "a://b:c@d"},
        {1: 2},
        {str(n): n for n in range(101)},
        {"valid_0": {"loss": float("nan")}},
        {"valid_0": {"loss": 1, "Loss": 2}},
        {"valid_0": {"fold": {"loss": float("nan")}}},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},
        {"valid_0": {str(n): n for n in range(101)}},
        {f"valid_{n}": {str(n): n for n in range(100)} for n in range(11)},
    ],
)
def test_what_needs_a_look_takes_the_long_way(metrics: dict[object, object]) -> None:
    """What must be changed, or may have to be."""
    event = EventType.TRAINING_PROGRESS
    assert encoding._encode_plain(event, None, None, None, None, metrics) is None  # noqa: SLF001 - see above


def test_a_dictionary_that_changes_meanwhile_raises_nothing() -> None:
    """Another thread may write to it."""

    class Changing(dict[str, object]):
        def items(self) -> object:  # type: ignore[override]  # it is to fail
            raise RuntimeError

    assert encode(EventType.TRAINING_PROGRESS, None, None, None, None, Changing(a=1))
