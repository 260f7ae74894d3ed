"""Settings from the environment: `MLLOG_DIR`, `MLLOG_LEVEL`, `MLLOG_SESSION`, `MLLOG_DISABLED`."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mllog_callbacks.events import Level
from mllog_callbacks.exceptions import SettingsError

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
        session: Name of the session; without it each session gets a name of its own.
        disabled: Record nothing, and create no file.
    """

    model_config = SettingsConfigDict(env_prefix="MLLOG_", extra="ignore", env_ignore_empty=True)

    dir: Path = Path("logs")
    level: Annotated[Level, BeforeValidator(parse_level)] = Level.INFO
    session: str | None = None
    disabled: bool = False


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A variable cannot be used; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(
            f"MLLOG_{str(each['loc'][0]).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        raise SettingsError(told) from None
