"""For code one owns: a decorator and a block; and adapters added to calls one does not own."""

import asyncio
import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.platform import Call, Recorded, adapt, argument, audit_action
from mllog_lightgbm import MLAuditCallback
from recorded import Entries


def saved(call: Call) -> Recorded:
    """What a saving call says."""
    return Recorded(
        f"Saved as {call.result}.", "The caller asked.", {"size": call.arguments["size"]}
    )


def test_a_decorated_function_is_the_function_and_leaves_an_entry(
    log: AuditLog, entries: Entries
) -> None:
    """With its names by the arguments, also those of nested calls."""

    @audit_action("MODEL_SAVED", saved, model=argument("name"), log=log)
    def save(name: str, size: int = 3) -> str:
        """Keep it."""
        log.emit("MODEL_EVALUATED")
        if size < 0:
            raise ValueError(size)
        return f"{name}.bin"

    assert save("m1") == "m1.bin"
    with pytest.raises(ValueError, match="-1"):
        save("m2", -1)
    assert (save.__name__, save.__doc__) == ("save", "Keep it.")
    assert str(inspect.signature(save)) == "(name: str, size: int = 3) -> str"
    nested, first, _, failed = entries()
    assert (nested.model, first.model, failed.model) == ("m1", "m1", "m2")
    assert (first.decision, first.reasoning) == ("Saved as m1.bin.", "The caller asked.")
    assert first.metrics_snapshot
    assert first.metrics_snapshot["size"] == 3
    assert failed.event == "ISSUE_DETECTED"
    assert failed.reasoning == "ValueError: -1 was raised to the caller."


class Owned:
    """A class with decorated methods of each kind."""

    @audit_action("MODEL_SAVED", dataset=argument("name"))
    def plain(self, name: str) -> str:
        """Give back."""
        return name

    @audit_action("MODEL_SAVED", dataset=argument("name"))
    @staticmethod
    def static(name: str) -> str:
        """Give back."""
        return name

    @classmethod
    @audit_action("MODEL_SAVED", dataset=argument("name"))
    def of_class(cls, name: str) -> str:
        """Give back."""
        return name

    @audit_action("MODEL_SAVED", dataset=argument("name"))
    async def later(self, name: str) -> str:
        """Give back."""
        return name


def test_methods_may_be_decorated(
    log: AuditLog, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each kind, by the process's default log; objects are pickled as ever."""
    monkeypatch.setattr("mllog_callbacks.recording._log._default", log)
    owned = pickle.loads(pickle.dumps(Owned()))
    said = [owned.plain("a"), owned.static("b"), Owned.static("c"), owned.of_class("d")]
    said += [Owned.of_class("e"), asyncio.run(owned.later("f")), Owned.plain(owned, "g")]
    assert said == list("abcdefg")
    assert [each.dataset for each in entries()] == list("abcdefg")
    assert entries()[0].decision == "Owned.plain is done."


def test_a_block_leaves_an_entry_that_it_words(log: AuditLog, entries: Entries) -> None:
    """What it says last; without a word, that it is done; names hold within."""
    with audit_action("DATASET_PREPROCESSED", dataset="credit", log=log) as action:
        log.emit("DATASET_VALIDATED")
        action.tell("Gaps were filled.", "Three were found.", {"gaps": 3}, model="m1")
    with audit_action("MODEL_SAVED", log=log):
        pass
    nested, recorded, bare = entries()
    assert (nested.dataset, recorded.dataset, recorded.model) == ("credit", "credit", "m1")
    assert (recorded.decision, recorded.reasoning) == ("Gaps were filled.", "Three were found.")
    assert recorded.metrics_snapshot
    assert recorded.metrics_snapshot["gaps"] == 3
    assert recorded.metrics_snapshot["seconds"]
    assert (bare.dataset, bare.decision) == (None, "model saved is done.")


def test_a_block_that_raises_leaves_an_issue(log: AuditLog, entries: Entries) -> None:
    """An interrupt leaves none."""
    for kind in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(kind), audit_action("MODEL_SAVED", model="m1", log=log):
            raise kind
    assert [(each.event, each.model, each.decision) for each in entries()] == [
        ("ISSUE_DETECTED", "m1", "model saved failed for m1.")
    ]


def test_without_wrapt_the_command_to_install_it_is_recorded() -> None:
    """As one plain ImportError."""
    code = "import sys; sys.modules['wrapt'] = None; import mllog_callbacks.platform"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 1
    assert shown.stderr.splitlines()[-1] == (
        "ImportError: mllog_callbacks.platform needs wrapt: pip install 'mllog-callbacks[platform]'"
    )


def test_an_unknown_event_is_an_error_at_once() -> None:
    """Not only when it is called."""
    with pytest.raises(ValueError, match="MODEL_SAFED"):
        audit_action("MODEL_SAFED")


@pytest.mark.parametrize("given", [None, [], (print,)])
def test_an_adapter_is_added_to_calls_one_does_not_own(
    log: AuditLog, entries: Entries, given: Any
) -> None:
    """Beside what the caller gave, which stays as it is; not where there is one already."""

    class Framework:
        def fit(self, rows: int, callbacks: Any = None) -> list[Any]:
            return [rows, *(callbacks or ())]

    bare = Framework().fit(1, callbacks=given)
    with adapt(Framework, "fit", callbacks=lambda: MLAuditCallback(log)):
        for found in (Framework().fit(1, given), Framework().fit(1, callbacks=given)):
            assert found[:-1] == bare
            assert isinstance(found[-1], MLAuditCallback)
        mine = MLAuditCallback(log)
        assert Framework().fit(1, [mine]) == [1, mine]
    with adapt(Framework, "fit", result=lambda found: [*found, "audited"]):
        assert Framework().fit(1) == [1, "audited"]
    assert Framework().fit(1, given) == bare
    assert entries() == []
