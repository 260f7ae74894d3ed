"""Every kind of callable, in a class and in a module; hooks must leave each as it is."""

import functools
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator
from typing import Any

from mllog_callbacks.platform import Call, Hook, Recorded, Rule


class Shop(ABC):
    """A class with one of each kind."""

    def __init__(self, name: str = "shop") -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shop) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def plain(self, first: int, /, second: int = 2, *rest: int, third: int = 3, **more: int) -> Any:
        """Add."""
        if first < 0:
            msg = "no negatives"
            raise ValueError(msg)
        return first + second + sum(rest) + third + sum(more.values())

    @staticmethod
    def static(first: int) -> int:
        """Give back."""
        return first

    @classmethod
    def of_class(cls, first: int) -> tuple[str, int]:
        """Give back, with the class."""
        return cls.__name__, first

    @property
    def computed(self) -> str:
        """The name."""
        return self.name

    @computed.setter
    def computed(self, name: str) -> None:
        self.name = name

    @functools.cached_property
    def once(self) -> list[str]:
        """Computed once."""
        return [self.name]

    async def asynchronous(self, first: int) -> int:
        """Give back, later."""
        if first < 0:
            msg = "no negatives"
            raise ValueError(msg)
        return first

    def generator(self, first: int) -> Generator[int, int | None, str]:
        """Count, and take what is sent."""
        try:
            for number in range(first):
                got = yield number
                if got is not None:
                    yield got * 10
        except KeyError:
            yield -1
        return "done"

    async def async_generator(self, first: int) -> AsyncGenerator[int, int | None]:
        """Count, later."""
        try:
            for number in range(first):
                got = yield number
                if got is not None:
                    yield got * 10
        except KeyError:
            yield -1

    partial = functools.partialmethod(plain, 10)

    @functools.singledispatchmethod
    def dispatched(self, value: object) -> str:
        """By type."""
        return f"object {value}"

    @dispatched.register
    def _(self, value: int) -> str:
        return f"int {value}"

    @abstractmethod
    def left_open(self, first: int) -> int:
        """For subclasses."""
        return first


class Corner(Shop):
    """A subclass that overrides and extends."""

    def plain(self, first: int, /, second: int = 2, *rest: int, **more: int) -> Any:
        """Add, and one."""
        return super().plain(first, second, *rest, **more) + 1

    def left_open(self, first: int) -> int:
        """Give back."""
        return super().left_open(first) + 1


class Kiosk(Corner):
    """A subclass that inherits."""

    __slots__ = ()


def function(first: int, second: int = 2) -> int:
    """Add."""
    return first + second


METHODS = [name for name in vars(Shop) if not name.startswith("_")]


def shown(call: Call) -> Recorded:
    """What a call was given, and what came of it."""
    return Recorded(call.name, repr(call.result), {"given": sorted(call.given)})


SHOWN = Hook(Rule("MODEL_SAVED", shown))
