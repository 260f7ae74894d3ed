"""Listening to an object: all that its methods do is heard, and none of it changes."""

import copy
import pickle
from typing import Any

import pytest

from mllog_callbacks import listen


class Engine:
    """What a framework might have; of a module, so that it can be pickled."""

    def __init__(self, fuel: int = 3) -> None:
        self.fuel = fuel

    def run(self, by: int = 1) -> int:
        """Use fuel."""
        if self.fuel < by:
            msg = "no fuel"
            raise RuntimeError(msg)
        self.fuel -= by
        return self.fuel

    def stop(self) -> str:
        """Do nothing of note."""
        return "stopped"


Heard = list[tuple[str, object, str]]


def _hear(heard: Heard) -> Any:
    return lambda method, result, error: heard.append((method, result, repr(error)))


def test_what_is_returned_and_raised_is_heard_and_passed_on() -> None:
    """The same object is raised; other methods are not heard."""
    engine, heard = Engine(1), Heard()
    listen(engine, {"run"}, _hear(heard))
    assert engine.run() == 0
    assert engine.stop() == "stopped"
    with pytest.raises(RuntimeError, match="no fuel"):
        engine.run(by=2)
    assert heard == [("run", 0, "None"), ("run", None, "RuntimeError('no fuel')")]


def test_each_of_several_hears_what_it_asked_for_until_it_leaves() -> None:
    """The last that leaves gives the object its own class back; another object is not heard."""
    engine, first, second = Engine(9), Heard(), Heard()
    leave_first = listen(engine, {"run"}, _hear(first))
    leave_second = listen(engine, {"stop"}, _hear(second))
    engine.run()
    engine.stop()
    Engine().run()
    leave_first()
    engine.run()
    engine.stop()
    assert type(engine) is not Engine
    leave_second()
    leave_second()
    assert type(engine) is Engine
    engine.stop()
    assert [method for method, *_ in first] == ["run"]
    assert [method for method, *_ in second] == ["stop", "stop"]


def test_errors_may_be_all_that_is_heard() -> None:
    """By one listener, while another hears what the same method returns."""
    engine, errors, all_of_it = Engine(2), Heard(), Heard()
    leave = listen(engine, {"run"}, _hear(errors), errors_only=True)
    engine.run()
    listen(engine, {"run"}, _hear(all_of_it))
    engine.run()
    with pytest.raises(RuntimeError):
        engine.run()
    assert errors == [("run", None, "RuntimeError('no fuel')")]
    assert all_of_it == [("run", 0, "None"), *errors]
    leave()
    with pytest.raises(RuntimeError):
        engine.run()
    assert [len(errors), len(all_of_it)] == [1, 3]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_copies_and_pickles_are_of_the_objects_own_class(protocol: int) -> None:
    """And nothing is heard of them."""
    engine, heard = Engine(), Heard()
    listen(engine, {"run"}, _hear(heard))
    for other in (
        pickle.loads(pickle.dumps(engine, protocol)),
        copy.copy(engine),
        copy.deepcopy(engine),
    ):
        assert type(other) is Engine
        assert other.run() == 2
    assert heard == []
    assert isinstance(engine, Engine)
    assert type(engine).__name__ == "Engine"


@pytest.mark.production_guards
def test_a_listener_that_fails_reaches_no_caller() -> None:
    """It is reported, as every failure of ours."""
    engine = Engine()

    def failing(_method: str, _result: object, _error: BaseException | None) -> None:
        raise ZeroDivisionError

    listen(engine, {"run"}, failing)
    assert engine.run() == 2


def test_an_object_that_is_listened_to_goes_when_nobody_uses_it() -> None:
    """Leaving afterwards does nothing."""
    gone: list[str] = []

    class Fleeting(Engine):
        def __del__(self) -> None:
            gone.append("gone")

    engine = Fleeting()
    leave = listen(engine, {"run"}, _hear([]))
    del engine
    assert gone == ["gone"]
    leave()


def test_an_object_that_cannot_be_listened_to_stays_as_it_is() -> None:
    """A built-in one: that is an error of the caller, and said at once."""
    with pytest.raises(TypeError):
        listen([], {"append"}, _hear([]))
