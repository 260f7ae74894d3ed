"""Settings from the environment: each is a variable, as `MLLOG_DIR`.

Read with the standard library: a library for settings would be half of the import of a log.
"""

import os
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from mllog_callbacks.exceptions import SettingsError
from mllog_callbacks.schema import Level

__all__ = ["Settings", "load_settings", "parse_level"]

_Value = TypeVar("_Value")

_TRUE: Final = {"1", "on", "t", "true", "y", "yes"}
_FALSE: Final = {"0", "off", "f", "false", "n", "no"}
_DURABILITIES: Final = ("process", "machine")


class Settings(NamedTuple):
    """What the environment says of logging; each variable is read when a log is made.

    Not here are the variables that others read as well: `MLLOG_SPOOL`, the file system in memory
    where entries wait for the disk, and `MLLOG_SIGNING_KEY`, the file of the private key (PEM)
    that signs the log's chain.

    Attributes:
        dir: Directory of the logs.
        level: Least level recorded.
        dataset: Name of the data set, for entries that name none.
        model: Name of the model, likewise.
        session: Name of the session; without it each session gets a name of its own.
        disabled: Record nothing, and create no file.
        durability: What an entry survives once `emit` returned. ``process``: the end of the
            process, however it comes; a power failure up to what the kernel had not written
            back, about 35 s. ``machine``: a power failure up to the last second,
            for the disk is made to confirm what was written once a second. With either,
            `flush` returns when an entry is that safe.
        parent: The session that this process belongs to, as its launcher says; without it, that
            of a process it descends from, where one logs in the same directory.
        require_signing: Whether a log that cannot be signed is an error.
    """

    dir: str
    level: Level
    dataset: str | None
    model: str | None
    session: str | None
    disabled: bool
    durability: str
    parent: str | None
    require_signing: bool


def parse_level(level: object) -> Level:
    """Return the level of that name, in any case, or that number.

    Raises:
        SettingsError: There is no such level.
    """
    if isinstance(level, str) and level.strip().upper() in Level.__members__:
        return Level[level.strip().upper()]
    if isinstance(level, int) and level in set(Level):
        return Level(level)
    names = ", ".join(sorted(Level.__members__))
    msg = f"level {level!r} does not exist; expected one of {names}"
    raise SettingsError(msg)


def load_settings() -> Settings:
    """Read the environment; a variable that is empty counts as one that is not set.

    Raises:
        SettingsError: A variable cannot be used; the message names each of them.
    """
    wrong: list[str] = []

    def read(name: str, parse: Callable[[str], _Value], default: _Value) -> _Value:
        variable = f"MLLOG_{name}"
        text = os.environ.get(variable)
        if not text:
            return default
        try:
            return parse(text)
        except SettingsError as error:
            wrong.append(f"{variable}: {error}")
            return default

    settings = Settings(
        dir=read("DIR", str, "logs"),
        level=read("LEVEL", parse_level, Level.INFO),
        dataset=read("DATASET", str, None),
        model=read("MODEL", str, None),
        session=read("SESSION", str, None),
        disabled=read("DISABLED", _flag, default=False),
        durability=read("DURABILITY", _durability, "process"),
        parent=read("PARENT", str, None),
        require_signing=read("REQUIRE_SIGNING", _flag, default=False),
    )
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings


def _flag(text: str) -> bool:
    """A boolean, by the words that pydantic takes for one."""
    word = text.lower()
    if word not in _TRUE | _FALSE:
        msg = "Input should be a valid boolean, unable to interpret input"
        raise SettingsError(msg)
    return word in _TRUE


def _durability(text: str) -> str:
    if text not in _DURABILITIES:
        msg = "Input should be 'process' or 'machine'"
        raise SettingsError(msg)
    return text
