"""Listening to an object: all that its methods do is heard, and none of it changes."""

import copy
import inspect
import pickle
import sys
import threading
from typing import Any, Final

import pytest

from mllog_callbacks import Heard, caller_of, listen


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


Told = list[tuple[str, object, str]]


def _hear(told: Told) -> Any:
    return lambda heard: told.append((heard.method, heard.result, repr(heard.error)))


def test_what_is_returned_and_raised_is_heard_and_passed_on() -> None:
    """The same object is raised; other methods are not heard."""
    engine, heard = Engine(1), Told()
    listen(engine, {"run"}, _hear(heard))
    assert engine.run() == 0
    assert engine.stop() == "stopped"
    with pytest.raises(RuntimeError, match="no fuel"):
        engine.run(by=2)
    assert heard == [("run", 0, "None"), ("run", None, "RuntimeError('no fuel')")]


def test_each_of_several_hears_what_it_asked_for_until_it_leaves() -> None:
    """The last that leaves gives the class its own methods back; another object is not heard."""
    own = Engine.run, Engine.stop
    engine, first, second = Engine(9), Told(), Told()
    leave_first = listen(engine, {"run"}, _hear(first))
    leave_second = listen(engine, {"stop"}, _hear(second))
    engine.run()
    engine.stop()
    Engine().run()
    leave_first()
    engine.run()
    engine.stop()
    assert (Engine.run is own[0], Engine.stop is own[1]) == (True, False)
    leave_second()
    leave_second()
    assert (Engine.run, Engine.stop) == own
    engine.stop()
    assert [method for method, *_ in first] == ["run"]
    assert [method for method, *_ in second] == ["stop", "stop"]


def test_errors_may_be_all_that_is_heard() -> None:
    """By one listener, while another hears what the same method returns."""
    engine, errors, all_of_it = Engine(2), Told(), Told()
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
    engine, heard = Engine(), Told()
    listen(engine, {"run"}, _hear(heard))
    for other in (
        pickle.loads(pickle.dumps(engine, protocol)),
        copy.copy(engine),
        copy.deepcopy(engine),
    ):
        assert type(other) is Engine
        assert other.run() == 2
    assert heard == []
    assert type(engine) is Engine


def test_a_class_that_is_pickled_by_its_value_takes_no_listener_along() -> None:
    """As cloudpickle does with those of a script or a function."""
    cloudpickle = pytest.importorskip("cloudpickle")

    class Local(Engine):
        def run(self, by: int = 1) -> int:
            return super().run(2 * by)

    engine, heard, lock = Local(5), Told(), threading.Lock()
    listen(engine, {"run"}, lambda each: heard.append((str(lock), each.result, "")))
    other = pickle.loads(cloudpickle.dumps(engine))
    assert other.run() == 3
    assert heard == []
    with pytest.raises(RuntimeError, match="no fuel"):
        other.run(2)


@pytest.mark.production_guards
def test_a_listener_that_fails_reaches_no_caller() -> None:
    """It is reported, as every failure of ours."""
    engine = Engine()

    def failing(_heard: Heard) -> None:
        raise ZeroDivisionError

    listen(engine, {"run"}, failing)
    assert engine.run() == 2


def test_an_object_that_is_listened_to_goes_when_nobody_uses_it() -> None:
    """The class has its own methods again; leaving afterwards does nothing."""
    gone: list[str] = []

    class Fleeting(Engine):
        def __del__(self) -> None:
            gone.append("gone")

    own = Engine.run
    engine = Fleeting()
    leave = listen(engine, {"run"}, _hear([]))
    assert Engine.run is not own
    del engine
    assert gone == ["gone"]
    assert Engine.run is own
    leave()


@pytest.mark.parametrize(
    ("target", "method"), [([], "append"), (Engine(), "fuel"), (Engine(), "missing")]
)
def test_an_object_that_cannot_be_listened_to_stays_as_it_is(target: object, method: str) -> None:
    """A built-in one, or what is no method: an error of the caller, and said at once."""
    own = Engine.run
    with pytest.raises(TypeError):
        listen(target, ["run", method], _hear([]))
    assert Engine.run is own


class Driver:
    """Methods that take their arguments in every way."""

    standing: Final = ["as it is"]

    def plain(self, a: int, b: list[str] = standing) -> object:
        """Positional or by name."""
        return a, b

    def all_kinds(
        self, a: int, /, b: int = 2, *more: int, c: str = "c", d: int, **rest: int
    ) -> Any:
        """Each kind of parameter there is."""
        return a, b, more, c, d, rest

    def any_kind(*given: Any, **named: Any) -> object:
        """It does not say what it takes."""
        return given[1:], named


@pytest.mark.parametrize(
    ("method", "given", "named", "arguments"),
    [
        ("plain", (1,), {}, {"a": 1, "b": Driver.standing}),
        ("plain", (), {"b": ["x"], "a": 2}, {"a": 2, "b": ["x"]}),
        (
            "all_kinds",
            (1, 3, 4, 5),
            {"d": 6, "e": 7},
            {"a": 1, "b": 3, "more": (4, 5), "c": "c", "d": 6, "rest": {"e": 7}},
        ),
        ("any_kind", (1,), {"self": 2}, {"args": (1,), "self": 2}),
    ],
)
def test_a_method_takes_and_returns_what_it_did(
    method: str, given: tuple[Any, ...], named: dict[str, Any], arguments: dict[str, Any]
) -> None:
    """By position and by name, with the very defaults; it looks the same, and is told by name."""
    driver, heard = Driver(), list[Heard]()
    own = getattr(Driver, method)
    expected, refused = getattr(driver, method)(*given, **named), None
    try:
        getattr(driver, method)(nothing_like_this=1)
    except TypeError as error:
        refused = str(error)
    leave = listen(driver, {method}, heard.append)
    listened = getattr(Driver, method)
    assert getattr(driver, method)(*given, **named) == expected
    assert heard == [(driver, method, arguments, expected, None)]
    assert (listened.__name__, listened.__doc__) == (own.__name__, own.__doc__)
    assert inspect.signature(listened) == inspect.signature(own)
    if refused:
        with pytest.raises(TypeError):
            getattr(driver, method)(nothing_like_this=1)
    if method == "plain":
        assert driver.plain(0) == (0, Driver.standing)
        assert heard[-1].arguments["b"] is Driver.standing
    leave()


def test_a_class_keeps_what_somebody_else_put_in_the_place_of_its_method() -> None:
    """A wrapper of another tool, around ours, goes on and is not taken away."""
    engine, heard = Engine(), Told()
    own = Engine.run
    leave = listen(engine, {"run"}, _hear(heard))
    ours = Engine.run

    def theirs(self: Engine, by: int = 1) -> int:
        return ours(self, by) + 100

    Engine.run = theirs  # type: ignore[method-assign]  # what other tools do
    try:
        leave()
        assert Engine.run is theirs
        assert engine.run() == 102
        listen(engine, {"run"}, _hear(heard))
        assert engine.run() == 101
        assert heard == [("run", 1, "None")]
    finally:
        Engine.run = own  # type: ignore[method-assign]  # its own
    listen(engine, {"run"}, _hear(heard))
    assert engine.run() == 0
    assert heard[1:] == [("run", 0, "None")] * 2


def test_who_called_is_found_where_somebody_listens() -> None:
    """To the object, or to another of its class."""

    class Asking(Engine):
        def stop(self) -> str:
            caller = caller_of(sys._getframe())  # noqa: SLF001 - what an adapter does
            return "" if caller is None else caller.f_code.co_name

    asked, other = Asking(), Asking()
    here = "test_who_called_is_found_where_somebody_listens"
    assert asked.stop() == here
    leave = listen(other, {"stop"}, _hear([]))
    assert (asked.stop(), other.stop()) == (here, here)
    leave()
    outermost = sys._getframe()  # noqa: SLF001 - likewise
    while outermost.f_back is not None:
        outermost = outermost.f_back
    assert caller_of(outermost) is None
