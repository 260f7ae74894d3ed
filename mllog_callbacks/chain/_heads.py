"""The heads of other sessions' chains, as they can be seen in the folder of sidecars."""

import os

from mllog_callbacks.files import CHAIN as SUFFIX
from mllog_callbacks.files import read_regular

__all__ = ["SUFFIX", "chain_path", "earlier_heads", "last_digest", "last_state"]

_MOST = 16
"""Sessions whose heads are named: the latest ones, which name those before them in turn."""

_TAIL = 4_096  # more than the longest checkpoint
_DIGEST = b'"digest":"'


def chain_path(sidecar: str) -> str:
    """The chain of the session whose manifest this is."""
    return sidecar.removesuffix(".json") + SUFFIX


def earlier_heads(folder: str, session: str) -> dict[str, str]:
    """By session, the digest of the last record in its chain; of those changed last.

    Args:
        folder: The folder of sidecars.
        session: The one that asks.
    """
    own = session + SUFFIX
    try:
        with os.scandir(folder) as found:
            times = [
                (each.stat(follow_symlinks=False).st_mtime_ns, each.name)
                for each in found
                if each.name.endswith(SUFFIX) and each.name != own
            ]
    except OSError:
        return {}
    heads = {}
    for _, name in sorted(times, reverse=True)[:_MOST]:
        session = name.removesuffix(SUFFIX)
        digest = last_digest(f"{folder}/{name}")
        if digest and _is_plain(session):
            heads[session] = digest
    return heads


def last_digest(path: str) -> str:
    """The digest of the last whole record of a chain; empty where there is none to read."""
    line = _last_line(path)
    digest = line.rpartition(_DIGEST)[2][:64].decode("ascii", "replace")
    return digest if len(digest) == 64 and _is_plain(digest) else ""  # noqa: PLR2004 - as hex


def _is_plain(name: str) -> bool:
    """Whether a name can be in a record as it is."""
    return name.isascii() and all(each.isalnum() or each in "._-" for each in name)


def last_state(path: str) -> str:
    """The state that the last whole record of a chain leaves the session in; empty for none."""
    found = _last_line(path).partition(b'"state":"')[2].partition(b'"')[0]
    return found.decode("ascii", "replace")


def _last_line(path: str) -> bytes:
    """The last whole line of a file; empty where there is none to read."""
    try:
        tail = read_regular(path, _TAIL, tail=True)
    except OSError:
        return b""
    return tail[: tail.rfind(b"\n")].rpartition(b"\n")[2]
