"""What the core is built of that costs an import little: records, and patterns compiled late."""

import copy
import dataclasses
import pickle

import pytest

from mllog_callbacks import Issue
from mllog_callbacks._lazy import pattern
from mllog_callbacks._record import Record, replace


class Place(Record):
    """A record of two fields, the second with a default."""

    line: int
    name: str = "train.py"


class Raised(Place):
    """A record that adds a field to those of another."""

    error: str | None = None


PLACE = Place(3)


def test_a_record_has_its_fields_in_order() -> None:
    """By place or by name, those of its base first, with defaults."""
    assert Raised.fields_ == ("line", "name", "error")
    raised = Raised(1, error="KeyError")
    assert (raised.line, raised.name, raised.error) == (1, "train.py", "KeyError")
    assert repr(raised) == "Raised(line=1, name='train.py', error='KeyError')"


@pytest.mark.parametrize(
    ("given", "named", "said"),
    [
        ((), {}, "needs line"),
        ((), {"line": 1, "row": 2}, "has no row"),
        ((1, "a", "b"), {}, "too many values"),
        ((1,), {"line": 1}, "too many values"),
    ],
)
def test_a_call_that_does_not_fit_is_an_error(
    given: tuple[object, ...], named: dict[str, object], said: str
) -> None:
    """As with a dataclass."""
    with pytest.raises(TypeError, match=said):
        Place(*given, **named)  # type: ignore[arg-type]  # which is what is tested


def test_a_record_does_not_change() -> None:
    """Neither by setting a field nor by removing one."""
    with pytest.raises(AttributeError, match=r"Place\.line cannot be changed"):
        PLACE.line = 4  # type: ignore[misc]  # which is what is tested
    with pytest.raises(AttributeError, match=r"Place\.line cannot be removed"):
        del PLACE.line
    assert Place(3) == PLACE


def test_records_are_equal_by_class_and_values() -> None:
    """A default that was given counts as one that was not."""
    assert Place(3, "train.py") == PLACE
    assert hash(Place(3, "train.py")) == hash(PLACE)
    assert replace(PLACE, line=4) == Place(4) != PLACE
    assert Raised(3) != PLACE
    with pytest.raises(TypeError, match="has no row"):
        replace(PLACE, row=1)


def test_the_functions_of_dataclasses_take_records() -> None:
    """For whoever is given an issue."""
    raised = Raised(1, "a.py", "KeyError")
    assert [each.name for each in dataclasses.fields(raised)] == ["line", "name", "error"]
    assert dataclasses.asdict(raised) == {"line": 1, "name": "a.py", "error": "KeyError"}
    assert dataclasses.asdict(PLACE) == {"line": 3, "name": "train.py"}
    assert dataclasses.replace(raised, line=2) == replace(raised, line=2) != raised
    assert dataclasses.is_dataclass(Place)


def test_a_record_is_copied_and_pickled() -> None:
    """As detectors are, with what they hold."""
    for made in copy.copy(PLACE), copy.deepcopy(PLACE), pickle.loads(pickle.dumps(PLACE)):
        assert made == PLACE
    assert len({PLACE, copy.deepcopy(PLACE)}) == 1


def test_a_public_record_reads_like_one() -> None:
    """What `on_issue=` is given."""
    assert Issue.fields_[:3] == ("code", "name", "severity")
    assert str(Issue.__doc__).startswith("What a detector found.")


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    """One that nobody uses may even be wrong."""
    pattern("(")
    digits = pattern(r"\d+")
    assert (digits.findall("a1b22"), digits.sub("n", "a1")) == (["1", "22"], "an")
    assert digits.pattern == r"\d+"
