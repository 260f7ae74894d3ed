"""Plain entries take a short way to their line: it is the same line as the long way's."""

import json
import subprocess
import sys
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllog_callbacks import EventType
from mllog_callbacks.schema import _encoding as encoding
from mllog_callbacks.schema import encode
from mllog_callbacks.schema._serializers import of_orjson, of_pydantic

SERIALIZERS = {"orjson": of_orjson(), "pydantic": of_pydantic()}

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


@pytest.mark.parametrize("serializer", SERIALIZERS)
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
    serializer: str, event: EventType, **fields: object
) -> None:
    """Byte for byte, of whatever is given."""
    with pytest.MonkeyPatch.context() as patch:
        used = SERIALIZERS[serializer]
        for name in "to_json", "to_strict", "add_up":
            patch.setattr(encoding, f"_{name}", getattr(used, name))
        patch.setattr(encoding, "_STRICT", used.options)
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
        json.loads('{"a":' * 9 + "1" + "}" * 9),
        {"valid_0": {str(n): n for n in range(101)}},
        {f"valid_{n}": {str(n): n for n in range(100)} for n in range(11)},
    ],
)
def test_what_needs_a_look_takes_the_long_way(metrics: dict[object, object]) -> None:
    """What must be changed, or may have to be."""
    event = EventType.TRAINING_PROGRESS
    assert encoding._encode_plain(event, None, None, None, None, metrics) is None  # noqa: SLF001 - see above


def test_without_orjson_entries_are_the_same(tmp_path: Path) -> None:
    """A platform without its wheels: pydantic writes the lines."""
    snapshot = {"loss": 0.25, "list": [1, 2**40], "nested": {"name": "\u00e9", "none": None}}
    program = (
        "import sys\n"
        "if sys.argv[1] == 'without': sys.modules['orjson'] = None\n"
        "from mllog_callbacks import AuditLog\n"
        f"with AuditLog({str(tmp_path)!r}, session=sys.argv[1]) as log:\n"
        f"    log.emit('MODEL_SAVED', decision='d', metrics_snapshot={snapshot!r})\n"
        "assert ('pydantic_core' in sys.modules) == (sys.argv[1] == 'without')"
    )
    for how in "with", "without":
        subprocess.run([sys.executable, "-c", program, how], check=True)
    first, second = (path.read_bytes() for path in sorted(tmp_path.glob("*.jsonl")))
    after_time = slice(first.index(b","), None)
    assert first[after_time] == second[after_time]


def test_a_dictionary_that_changes_meanwhile_raises_nothing() -> None:
    """Another thread may write to it."""

    class Changing(dict[str, object]):
        def items(self) -> object:  # type: ignore[override]  # it is to fail
            raise RuntimeError

    assert encode(EventType.TRAINING_PROGRESS, None, None, None, None, Changing(a=1))
