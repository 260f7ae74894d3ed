"""The names of a log's files: the one place that knows how they are made and read.

A session's lines are in ``ml-platform-<day>.<session>.jsonl``, one file a day. Where that name is
taken by something else, the session's file is ``ml-platform-<day>.<session>-2.jsonl``, and so on.
Its manifest and its chain are in the folder ``_integrity`` of the same directory.

Loaded by the drainer: standard library only, and little of it.
"""

import os

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CHAIN",
    "LARGEST_ORIGIN",
    "LOGS",
    "NAME",
    "ORIGIN",
    "SIDECARS",
    "chain_name",
    "day_of",
    "file_order",
    "is_log",
    "is_taken",
    "log_name",
    "manifest_name",
    "origin_name",
    "session_of",
    "session_part",
    "with_copy",
]

SIDECARS = "_integrity"
"""The folder of manifests and chains in a log directory."""

LOGS = "ml-platform-*.jsonl"
"""The pattern of all log files, as `glob` takes it."""

NAME = r"ml-platform-(\d{4}-\d{2}-\d{2})\.(.+)\.jsonl"
"""The same as a regular expression: its groups are the day and the session, or a copy of it."""

CHAIN = ".chain"
"""The end of a chain's name: JSON Lines as well, but no pattern for logs is to find it."""

ORIGIN = ".origin"
"""The end of the name of what is known of a session's code, environment and machine: JSON."""

LARGEST_ORIGIN = 32_768
"""Bytes of that file at most."""

_PREFIX = "ml-platform-"
_SUFFIX = ".jsonl"
_DAY = len("2025-01-30")


def log_name(day: str, session: str, copy: int = 1) -> str:
    """The name of a session's file of one day.

    Args:
        day: As in ``2025-01-30``.
        session: The session's name.
        copy: 1 for the name itself, 2 for the one with ``-2``, and so on.
    """
    return f"{_PREFIX}{day}.{session}{f'-{copy}' if copy > 1 else ''}{_SUFFIX}"


def with_copy(name: bytes, copy: int) -> bytes:
    """The path of a log file with another number behind the session's name."""
    suffix = _SUFFIX.encode()
    return name if copy <= 1 else b"%b-%d%b" % (name.removesuffix(suffix), copy, suffix)


def manifest_name(session: str) -> str:
    """The name of a session's manifest in the folder of sidecars."""
    return f"{session}.json"


def chain_name(session: str) -> str:
    """The name of a session's chain in the folder of sidecars."""
    return session + CHAIN


def origin_name(session: str) -> str:
    """The name of what is known of a session's origin, in the folder of sidecars."""
    return session + ORIGIN


def is_log(name: str) -> bool:
    """Whether a file has the name of a log."""
    return _parts(name) is not None


def session_part(name: str) -> str:
    """The part of a log's name that is a session's, with the number of a copy; empty for others."""
    parts = _parts(name)
    return parts[1] if parts else ""


def day_of(file: "Path") -> str:
    """The day a file is of, such as ``2025-01-30``; empty where its name does not say."""
    parts = _parts(file.name)
    return parts[0] if parts else ""


def session_of(file: "Path") -> str:
    """The session a file belongs to, by its name; the name itself where it is no session's.

    A number behind the session's name is a copy's, unless a session of that name has sidecars.
    """
    parts = _parts(file.name)
    if parts is None:
        return file.stem
    whole, (session, copy) = parts[1], _copy(parts[1])
    sidecars = os.path.join(os.path.dirname(file), SIDECARS)
    if copy and not _is_there(sidecars, manifest_name(whole)):
        names = manifest_name(session), chain_name(session)
        if any(_is_there(sidecars, name) for name in names):
            return session
    return whole


def file_order(file: "Path") -> "tuple[Path, int]":
    """What files are ordered by: a copy, as in ``-2``, follows the file that it is one of."""
    parts = _parts(file.name)
    if parts is None:
        return file.with_suffix(""), 1
    session, copy = _copy(parts[1])
    return file.with_name(log_name(parts[0], session).removesuffix(_SUFFIX)), int(copy or 1)


def is_taken(directory: "str | Path", session: str) -> bool:
    """Whether a log of the directory is one that a session of this name would take for its own.

    Raises:
        OSError: The directory cannot be read.
    """
    sidecars = os.path.join(directory, SIDECARS)
    for name in os.listdir(directory):
        whole = session_part(name)
        if whole == session:
            return True
        copy_of = _copy(whole)[0] == session
        if copy_of and not _is_there(sidecars, manifest_name(whole)):
            return True
    return False


def _is_there(folder: str, name: str) -> bool:
    return os.path.lexists(os.path.join(folder, name))


def _parts(name: str) -> tuple[str, str] | None:
    """The day and the session's name, with the number of a copy."""
    body = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    if len(body) + len(_PREFIX) + len(_SUFFIX) != len(name) or body[_DAY : _DAY + 1] != ".":
        return None
    year, month, day = body[:4], body[5:7], body[8:_DAY]
    if "/" in body:  # a path
        return None
    is_day = body[4] == body[7] == "-" and all(map(_is_number, (year, month, day)))
    return (body[:_DAY], body[_DAY + 1 :]) if is_day and body[_DAY + 1 :] else None


def _copy(name: str) -> tuple[str, str]:
    """A session's name without the number of a copy, and that number; empty where it has none."""
    session, _, number = name.rpartition("-")
    return (session, number) if session and _is_number(number) else (name, "")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
