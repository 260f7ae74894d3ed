"""What a user names in settings, looked at when a log is made: its directory, its signing key."""

import logging
import os
from pathlib import Path
from typing import Final

from mllog_callbacks._lazy import pattern
from mllog_callbacks.exceptions import SettingsError
from mllog_callbacks.recording._settings import load_settings
from mllog_callbacks.sinks import unusable

__all__ = ["check_signing", "log_directory", "signing_required"]

_URL: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]+://")
_UNEXPANDED: Final = pattern(r"\$\{?[A-Za-z_]\w*|%[A-Za-z_]\w*%")

_logger = logging.getLogger("mllog_callbacks")


def log_directory(given: str | os.PathLike[str]) -> Path:
    """The directory that is meant, absolute; ``~`` is the user's home.

    Raises:
        LogDirectoryError: The working directory was removed.
        SettingsError: It is not a directory of this machine.
    """
    text = os.fspath(given)
    if _URL.match(text) or _URL.match(text.replace(":/", "://", 1)):  # as pathlib shortens it
        msg = (
            f"{text!r} is not a directory: logs are written to a file system of this machine. "
            "Give a directory, and copy its files to the store, as docs/operations.md describes "
            "under Shipping."
        )
        raise SettingsError(msg)
    if not text.strip() or "\0" in text:
        msg = f"{text!r} is not a directory: it names none"
        raise SettingsError(msg)
    found = _UNEXPANDED.search(text)
    if found and not os.path.isdir(text):  # noqa: PTH112 - as it was given
        msg = f"{text!r} is not a directory: {found[0]} is no variable here; give what it holds"
        raise SettingsError(msg)
    try:
        directory = Path(text).expanduser()
    except RuntimeError as error:
        msg = f"{text!r} is not a directory: {error}"
        raise SettingsError(msg) from None
    try:
        return directory.absolute()
    except OSError as error:  # the working directory was removed
        raise unusable(directory, error) from error


def signing_required() -> bool:
    """Whether the environment says that logs must be signed.

    Raises:
        SettingsError: A variable cannot be used.
    """
    return load_settings().require_signing


def check_signing(*, required: bool, unsigned: bool) -> None:
    """Look whether the log can be signed, where it should be.

    Args:
        required: Whether it must be.
        unsigned: Whether a key that cannot be used is a warning.

    Raises:
        SettingsError: It cannot be signed.
    """
    from mllog_callbacks.chain import VARIABLE, Signer  # noqa: PLC0415 - not before a log is made

    given = os.environ.get(VARIABLE)
    if not given:
        if required:
            msg = f"MLLOG_REQUIRE_SIGNING is set and {VARIABLE} is not: no key would sign the log"
            raise SettingsError(msg)
        return
    problem = Signer().problem
    if not problem:
        return
    msg = f"{VARIABLE}={given}: {problem}"
    if required or not unsigned:
        raise SettingsError(msg)
    _logger.warning("%s; the log is not signed", msg)
