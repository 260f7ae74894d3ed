"""Collecting where a session comes from."""

import os
from hashlib import sha256

from mllog_callbacks.origin._git import Repository, plain
from mllog_callbacks.origin._installed import digest, installed
from mllog_callbacks.origin._machine import account, boot, machine
from mllog_callbacks.origin._writing import within

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from mllog_callbacks.origin._request import Request
    from mllog_callbacks.origin._writing import Value

__all__ = ["collect"]

_LARGEST = 33_554_432  # bytes of a script that is hashed


def collect(request: "Request", *, run: bool) -> bytes:
    """Where a process comes from; see `Request.collect`."""
    start = os.path.dirname(request.script) if request.script else request.cwd
    repository = Repository(start, request.logs, run=run)
    found = installed(request.path)
    versions: dict[str, Value] = {**found}
    facts: dict[str, Value] = {
        "account": account(request.pid),
        "script": _script(request.script),
        "git": {},
        "machine": machine(request.pid),
        "boot": boot(),
        "distributions": {"count": len(found), "sha256": digest(found), "versions": versions},
    }
    git = facts["git"] = repository.facts()  # git has had the time of all the others
    changed = git.get("changed_files")
    longest = [versions, changed] if isinstance(changed, dict) else [versions]
    return within({name: each for name, each in facts.items() if each}, longest)


def _script(path: str) -> "Value":
    if not path:
        return None
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        return {"path": plain(path), "not_known": f"cannot be read: {error.strerror}"}
    if len(content) > _LARGEST:
        return {"path": plain(path), "not_known": f"is larger than {_LARGEST} bytes"}
    return {"path": plain(path), "bytes": len(content), "sha256": sha256(content).hexdigest()}
