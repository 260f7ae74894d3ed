"""Settings from the environment: each field of `Settings` is a variable, as in `MLLOG_DIR`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mllog_callbacks.exceptions import SettingsError
from mllog_callbacks.schema import Level

__all__ = ["Settings", "load_settings", "parse_level"]


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


class Settings(BaseSettings):
    """What the environment says of logging; each variable is read when a log is made.

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
        spool: A file system in memory where entries wait for the disk. Where it is missing or
            has less than 2 MiB free, as on macOS and Windows, they wait in the process's own
            memory, and the last few milliseconds of entries die with a process that is killed.
        parent: The session that this process belongs to, as its launcher says; without it, that
            of a process it descends from, where one logs in the same directory.
        signing_key: File of the private key (PEM) that signs the log's chain; without it the
            chain is not signed.
        origin: Whether the session's code, environment and machine are found out beside it: see
            docs/records.md.
        require_signing: Whether a log that cannot be signed is an error.
    """

    model_config = SettingsConfigDict(env_prefix="MLLOG_", extra="ignore", env_ignore_empty=True)

    dir: str = "logs"
    level: Annotated[Level, BeforeValidator(parse_level)] = Level.INFO
    dataset: str | None = None
    model: str | None = None
    session: str | None = None
    disabled: bool = False
    durability: Literal["process", "machine"] = "process"
    spool: Path = Path("/dev/shm")  # noqa: S108 - it is what is meant
    parent: str | None = None
    signing_key: Path | None = None
    origin: bool = True
    require_signing: bool = False


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A variable cannot be used; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        text = "; ".join(
            f"MLLOG_{str(each['loc'][0]).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        raise SettingsError(text) from None
