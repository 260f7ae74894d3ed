"""Listening to an object: all that its methods do is heard, and none of it changes."""

import copy
import inspect
import pickle
import threading
import traceback
import warnings
from typing import Any, Final

import pytest

from mllog_callbacks import Heard, attend, listen


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


Recorded = list[tuple[str, object, str]]


def _hear(recorded: Recorded) -> Any:
    return lambda heard: recorded.append((heard.method, heard.result, repr(heard.error)))


def test_what_is_returned_and_raised_is_heard_and_passed_on() -> None:
    """The same object is raised; other methods are not heard."""
    engine, heard = Engine(1), Recorded()
    listen(engine, {"run"}, _hear(heard))
    assert engine.run() == 0
    assert engine.stop() == "stopped"
    with pytest.raises(RuntimeError, match="no fuel"):
        engine.run(by=2)
    assert heard == [("run", 0, "None"), ("run", None, "RuntimeError('no fuel')")]


def test_each_of_several_hears_what_it_asked_for_until_it_leaves() -> None:
    """The last that leaves gives the methods their own code back; another object is not heard."""
    own = Engine.run.__code__, Engine.stop.__code__
    engine, first, second = Engine(9), Recorded(), Recorded()
    leave_first = listen(engine, {"run"}, _hear(first))
    leave_second = listen(engine, {"stop"}, _hear(second))
    engine.run()
    engine.stop()
    Engine().run()
    leave_first()
    engine.run()
    engine.stop()
    assert (Engine.run.__code__ is own[0], Engine.stop.__code__ is own[1]) == (True, False)
    leave_second()
    leave_second()
    assert (Engine.run.__code__, Engine.stop.__code__) == own
    engine.stop()
    assert [method for method, *_ in first] == ["run"]
    assert [method for method, *_ in second] == ["stop", "stop"]


def test_errors_may_be_all_that_is_heard() -> None:
    """By one listener, while another hears what the same method returns."""
    engine, errors, all_of_it = Engine(2), Recorded(), Recorded()
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
    engine, heard = Engine(), Recorded()
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

    engine, heard, lock = Local(5), Recorded(), threading.Lock()
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
    """The class's methods have their own code again; leaving afterwards does nothing."""
    gone: list[str] = []

    class Fleeting(Engine):
        def __del__(self) -> None:
            gone.append("gone")

    own = Engine.run.__code__
    engine = Fleeting()
    leave = listen(engine, {"run"}, _hear([]))
    assert Engine.run.__code__ is not own
    del engine
    assert gone == ["gone"]
    assert Engine.run.__code__ is own
    leave()


@pytest.mark.parametrize(
    ("target", "method"), [([], "append"), (Engine(), "fuel"), (Engine(), "missing")]
)
def test_an_object_that_cannot_be_listened_to_stays_as_it_is(target: object, method: str) -> None:
    """A built-in one, or what is no method: an error of the caller, and said at once."""
    own = Engine.run.__code__
    with pytest.raises(TypeError):
        listen(target, ["run", method], _hear([]))
    assert Engine.run.__code__ is own


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
    """By position and by name, with the very defaults; it looks the same, and is found by name."""
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


def test_a_wrapper_of_another_tool_is_left_alone() -> None:
    """What it wraps is heard through it."""
    engine, heard = Engine(), Recorded()
    own = Engine.run
    leave = listen(engine, {"run"}, _hear(heard))

    def theirs(self: Engine, by: int = 1) -> int:
        return own(self, by) + 100

    Engine.run = theirs  # type: ignore[method-assign]  # what other tools do
    try:
        assert engine.run() == 102
        leave()
        assert Engine.run is theirs
        assert engine.run() == 101
        listen(engine, {"run"}, _hear(heard))
        assert engine.run() == 100
        assert heard == [("run", 2, "None"), ("run", 100, "None")]
    finally:
        Engine.run = own  # type: ignore[method-assign]  # its own


class Seen:
    """Methods that show what their callers and callees can see."""

    def warns(self, level: int) -> list[object]:
        """Warn in a caller's name; returns the stack of this call."""
        warnings.warn("old", DeprecationWarning, stacklevel=level)
        stack = [*map(tuple, inspect.stack(context=3))]
        return [(None, *sorted(locals())), *stack]

    def fails(self, level: int) -> None:
        """Fail within two functions."""

        def inner() -> float:
            return 1 / (level - level)

        try:
            inner()
        except ZeroDivisionError as error:
            msg = "outer"
            raise ValueError(msg) from error

    def returns(self, level: int) -> int:
        """Return from everywhere."""
        for each in range(3):
            try:
                if each == level:
                    return each
            finally:
                level += 0
        with warnings.catch_warnings():
            return min([-1], key=lambda each: each)


def _seen(seen: Seen) -> list[object]:
    """All that can be seen of calls: warnings, stacks, tracebacks, values."""
    found: list[object] = []
    for level in (1, 2, 3):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            stack = seen.warns(level)
        found += [(each.filename, each.lineno, str(each.message)) for each in caught]
        found += [each[1:] for each in stack]  # type: ignore[index]  # a frame and what it is
    try:
        seen.fails(0)
    except ValueError as error:
        recorded = traceback.TracebackException.from_exception(error)
        found += [
            *recorded.format(),
            [(each.name, each.lineno, each.colno) for each in recorded.stack],
        ]
    return [*found, [seen.returns(each) for each in (0, 2, 5)]]


def test_nothing_of_it_can_be_seen() -> None:
    """Not by warnings' stack levels, `inspect.stack`, `locals` or tracebacks."""
    seen, heard, results = Seen(), Recorded(), list[object]()
    leave: Any = None
    for listening in (False, True, True):
        if listening and leave is None:
            leave = listen(seen, {"warns", "fails", "returns"}, _hear(heard))
        results.append(_seen(seen))
    leave()
    assert results[1] == results[0]
    assert results[2] == results[0]
    assert len(heard) == 14
    assert ("fails", None, "ValueError('outer')") in heard
    assert [result for method, result, _ in heard if method == "returns"] == [0, 2, -1] * 2


def test_each_call_of_a_function_is_attended() -> None:
    """From its beginning, with its arguments, to its end; once, however often that is asked for."""
    ends: list[tuple[object, str]] = []

    def begin(arguments: Any) -> Any:
        if arguments["b"] == 0:
            return None
        return lambda error: ends.append((arguments, repr(error)))

    for _ in range(2):
        attend(divided, begin)
    assert divided(6, 3) == 2
    with pytest.raises(ZeroDivisionError):
        divided(6, b=0)
    with pytest.raises(TypeError):
        divided("a", b=1)  # type: ignore[arg-type]  # refused on purpose
    assert [error[:9] for _, error in ends] == ["None", "TypeError"]
    with pytest.raises(TypeError, match="no function in Python"):
        attend(len, begin)


def divided(a: float, b: float) -> float:
    """Divide."""
    return a / b
