"""Settings: the variables are read as pydantic would read them, with its words for errors."""

import pytest
from pydantic import TypeAdapter, ValidationError

from mllog_callbacks import AuditLog, SettingsError
from mllog_callbacks.recording._settings import load_settings
from mllog_callbacks.schema import Level

FLAGS = ["1", "TRUE", "tRue", "Yes", "y", "on", "t", "0", "off", "N", "f", "False", "no"]
NO_FLAGS = ["2", "perhaps", " 1", "1\n", "truee", "None", "-1", "1.0"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ["DIR", "LEVEL", "SESSION", "DISABLED", "DURABILITY", "PARENT", "ORIGIN"]:
        monkeypatch.delenv(f"MLLOG_{name}", raising=False)
    monkeypatch.delenv("MLLOG_REQUIRE_SIGNING", raising=False)


def test_nothing_set_is_the_documented_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is a variable that is empty."""
    expected = ("logs", Level.INFO, None, None, None, False, "process", None, True, False)
    assert load_settings() == expected
    for name in load_settings()._fields:
        monkeypatch.setenv(f"MLLOG_{name.upper()}", "")
    assert load_settings() == expected


@pytest.mark.parametrize("text", FLAGS)
def test_a_flag_is_what_pydantic_takes_for_one(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its case."""
    monkeypatch.setenv("MLLOG_DISABLED", text)
    assert load_settings().disabled is TypeAdapter(bool).validate_python(text)


@pytest.mark.parametrize("text", NO_FLAGS)
def test_what_is_no_flag_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pydantic's words."""
    monkeypatch.setenv("MLLOG_DISABLED", text)
    with pytest.raises(ValidationError) as expected:
        TypeAdapter(bool).validate_python(text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value) == f"MLLOG_DISABLED: {expected.value.errors()[0]['msg']}"


def test_an_error_names_every_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one message."""
    monkeypatch.setenv("MLLOG_LEVEL", "LOUD")
    monkeypatch.setenv("MLLOG_DURABILITY", "Machine")
    monkeypatch.setenv("MLLOG_REQUIRE_SIGNING", "perhaps")
    with pytest.raises(SettingsError) as raised:
        AuditLog("nowhere")
    assert str(raised.value) == (
        "MLLOG_LEVEL: level 'LOUD' does not exist; expected one of DEBUG, ERROR, INFO; "
        "MLLOG_DURABILITY: Input should be 'process' or 'machine'; "
        "MLLOG_REQUIRE_SIGNING: Input should be a valid boolean, unable to interpret input"
    )


def test_each_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels in any case, texts as they are."""
    given = {
        "DIR": "a b",
        "LEVEL": " debug ",
        "DATASET": "d",
        "MODEL": "m",
        "SESSION": "s",
        "DISABLED": "no",
        "DURABILITY": "machine",
        "PARENT": "p",
        "ORIGIN": "off",
        "REQUIRE_SIGNING": "on",
    }
    for name, text in given.items():
        monkeypatch.setenv(f"MLLOG_{name}", text)
    expected = ("a b", Level.DEBUG, "d", "m", "s", False, "machine", "p", False, True)
    assert load_settings() == expected
