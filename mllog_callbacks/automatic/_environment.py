"""What the environment says of auditing without a line of code."""

import os
from typing import Final

from mllog_callbacks.automatic import _notes as notes
from mllog_callbacks.automatic._auto import auto
from mllog_callbacks.automatic._frameworks import FRAMEWORKS
from mllog_callbacks.automatic._state import disabled

__all__ = ["AUTO", "NOTES", "SITE", "chosen", "disabled", "start"]

AUTO: Final = "MLLOG_AUTO"
"""The environment variable that switches auditing on: ``1``, or names of frameworks."""

NOTES: Final = notes.VARIABLE

SITE: Final = os.path.join(os.path.dirname(__file__), "site")
"""The folder that on ``PYTHONPATH`` switches auditing on as Python starts, where `AUTO` says so."""

_ALL: Final = frozenset({"1", "true", "yes", "on", "all"})
_NONE: Final = frozenset({"", "0", "false", "no", "off"})


def chosen() -> tuple[str, ...]:
    """The frameworks that the environment switches on; an unknown name is warned of, once."""
    value = os.environ.get(AUTO, "").strip().lower()
    if value in _NONE or disabled():
        return ()
    known = {each.name for each in FRAMEWORKS}
    if value in _ALL:
        return tuple(sorted(known))
    names = {each.strip() for each in value.split(",") if each.strip()}
    unknown = names - known
    if unknown and value not in _warned:
        _warned.add(value)
        import logging  # noqa: PLC0415 - Python starts with us

        logging.getLogger("mllog_callbacks").warning(
            "%s names %s; known are %s",
            AUTO,
            ", ".join(sorted(unknown)),
            ", ".join(sorted(known)),
        )
    return tuple(sorted(names & known))


_warned: Final[set[str]] = set()


def start() -> tuple[str, ...]:
    """Switch on what the environment says; called as Python starts.

    Returns:
        The names of the frameworks.
    """
    names = chosen()
    if names:
        auto(*names)
        notes.note(on=list(names))
    return names
