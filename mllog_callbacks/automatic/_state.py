"""Which frameworks are audited: in the process, and in the call under way."""

import os
import threading
from collections.abc import Container, Mapping
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = ["OFF", "Given", "Layer", "Layers", "disabled", "given_for", "is_on", "layers"]

Given: TypeAlias = Mapping[str, Any]
"""The arguments of the adapters' callbacks, by name."""

OFF: Final[ContextVar[frozenset[str]]] = ContextVar("mllog_auto_off", default=frozenset())
"""Frameworks that are off in this thread or task, whatever holds in the process."""


class Layer(NamedTuple):
    """What one call of the switch said; the newest that names a framework holds for it.

    Attributes:
        names: The frameworks.
        given: What their callbacks are made with; None where they are off.
    """

    names: frozenset[str]
    given: Given | None

    def covers(self, other: "Layer") -> bool:
        """Whether nothing of another one is seen below it."""
        return other.names <= self.names


class Layers:
    """What holds in this process, whatever thread asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layers: tuple[Layer, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._layers)

    def given_for(self, name: str) -> Given | None:
        """What the callbacks of a framework are made with; None where it is off."""
        return next((each.given for each in self._layers[::-1] if name in each.names), None)

    @property
    def names(self) -> frozenset[str]:
        """The frameworks that a layer names."""
        return frozenset[str]().union(*(each.names for each in self._layers))

    def put(self, layer: Layer, *, keep: Container[int] = ()) -> None:
        """Let a layer hold; those that it covers are dropped, but for those of blocks.

        Args:
            layer: The layer.
            keep: The identities of layers to keep.
        """
        with self._lock:
            left = [each for each in self._layers if id(each) in keep or not layer.covers(each)]
            self._layers = (*left, layer)

    def remove(self, layer: Layer) -> None:
        """Let it hold no more."""
        with self._lock:
            self._layers = tuple(each for each in self._layers if each is not layer)


layers: Final = Layers()

_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})


def disabled() -> bool:
    """Whether `MLLOG_DISABLED` switches everything off."""
    return os.environ.get("MLLOG_DISABLED", "").strip().lower() in _TRUE


def given_for(name: str) -> Given | None:
    """What the callbacks of a framework are made with here and now; None where it is off."""
    if name in OFF.get() or disabled():
        return None
    return layers.given_for(name)


def is_on() -> bool:
    """Whether any framework is audited here and now."""
    return any(given_for(name) is not None for name in layers.names)
