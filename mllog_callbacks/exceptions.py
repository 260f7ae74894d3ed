"""The errors a caller can act on; each says what happened, what was expected and what to do."""

from pathlib import Path

__all__ = [
    "HookError",
    "InvalidEntryError",
    "LogDirectoryError",
    "MLLogError",
    "SettingsError",
    "UnknownEventError",
]


class MLLogError(Exception):
    """Base of every error this package raises."""


class UnknownEventError(MLLogError, ValueError):
    """An event outside the fifteen types was emitted."""


class HookError(MLLogError, TypeError):
    """A name of a class or module is missing, or is nothing that a hook can be attached to."""


class SettingsError(MLLogError, ValueError):
    """A level, session name or other setting cannot be used."""


class LogDirectoryError(MLLogError, OSError):
    """The log directory cannot be created or written."""


class InvalidEntryError(MLLogError, ValueError):
    """A line of a log file is not an entry.

    Attributes:
        path: The file.
        line: The line's number, from 1.
        field: The offending field, or ``"line"`` where the line as a whole is not an entry.
        reason: What was found and what was expected.
    """

    def __init__(self, path: Path, line: int, field: str, reason: str) -> None:
        super().__init__(f"{path}:{line}: {field}: {reason}")
        self.path = path
        self.line = line
        self.field = field
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.path, self.line, self.field, self.reason)
