"""What detectors have seen, as text that may stand in a checkpoint.

It is a pickle of which only the detectors' own classes are made anew: a checkpoint that someone
else wrote runs nothing of his.
"""

import base64
import io
import pickle
from collections import deque
from collections.abc import Collection
from typing import Final

from mllog_callbacks._version import __version__

__all__ = ["pack", "unpack"]

_BROKEN: Final = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ImportError,
    AttributeError,
)

_OTHERS: Final[dict[tuple[str, str], type]] = {
    (each.__module__, each.__qualname__): each for each in (deque,)
}
"""What detectors hold of other packages."""

_HOMES: Final = (__name__.rpartition(".")[0] + ".", "mllog_callbacks.facts.")


def pack(seen: object) -> str:
    """An object of this package as text, with the version that wrote it."""
    return base64.b64encode(pickle.dumps((__version__, seen), protocol=4)).decode("ascii")


def unpack(text: str, classes: Collection[type] = ()) -> object:
    """The object that was packed.

    Args:
        text: What `pack` returned.
        classes: Other classes that may be made anew: those of a user's own detectors.

    Raises:
        ValueError: It is no such text, is of another version, or asks for another class.
    """
    try:
        version, seen = _Unpickler(text, classes).load()
    except _BROKEN as error:
        msg = f"no state of detectors: {error}"
        raise ValueError(msg) from error
    if version != __version__:
        msg = f"the state of detectors is of version {version}; this is {__version__}"
        raise ValueError(msg)
    return seen


class _Unpickler(pickle.Unpickler):
    def __init__(self, text: str, classes: Collection[type]) -> None:
        super().__init__(io.BytesIO(base64.b64decode(text, validate=True)))
        self._classes = {(each.__module__, each.__qualname__): each for each in classes}

    def find_class(self, module: str, name: str) -> object:
        """Return a class that may be made anew."""
        if (module, name) in self._classes:
            return self._classes[module, name]
        if (module, name) in _OTHERS:
            return _OTHERS[module, name]
        found = super().find_class(module, name) if module.startswith(_HOMES) else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        msg = f"{module}.{name} is not made anew"
        raise pickle.UnpicklingError(msg)
