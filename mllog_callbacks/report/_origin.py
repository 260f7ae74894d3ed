"""Where a session comes from, in rows of a table: code, machine, versions, account."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mllog_callbacks.reading.story import Story, cut, value
from mllog_callbacks.schema import count

__all__ = ["origin_rows"]

_LONG: Final = 200
_GB: Final = 1_000_000_000
_MOST: Final = 1 << 63


def origin_rows(story: Story) -> Iterator[tuple[str, str]]:
    """What is recorded of a session's origin; what is not known is absent, or says why."""
    origin = _part(story.sidecar, "origin")
    rows = {
        "Code": _code(_part(origin, "git")),
        "Script": _script(_part(origin, "script")),
        "Account": _account(_part(origin, "account")),
        "Machine": _machine(_part(origin, "machine")),
        "Versions": _versions(_part(origin, "distributions")),
        "Ended": origin.get("ended"),
    }
    for name, each in rows.items():
        if each:
            yield name, cut(value(each, _LONG), _LONG)


def _code(git: Mapping[str, Any]) -> str | None:
    if not git.get("commit"):
        return git.get("not_known")
    branch = f" on {git['branch']}" if git.get("branch") else ""
    changed = git.get("changed")
    state = "as committed"
    if "dirty" not in git:
        state = f"changes not known: {git.get('changes_not_known')}"
    elif git["dirty"]:
        many = count(changed, "file") if isinstance(changed, int) else "files"
        digest = git.get("changes_sha256")
        state = f"{many} changed{f', SHA-256 {digest}' if digest else ''}"
    return f"commit {git['commit']}{branch}, {state}"


def _script(script: Mapping[str, Any]) -> str | None:
    if not script:
        return None
    digest = script.get("sha256")
    return f"{script.get('path')}, {f'SHA-256 {digest}' if digest else script.get('not_known')}"


def _account(account: Mapping[str, Any]) -> str | None:
    if not account:
        return None
    return f"{account.get('name', 'user')} ({account.get('uid')}), by the system"


def _machine(machine: Mapping[str, Any]) -> str | None:
    gpus = machine.get("gpus")
    listed = gpus if isinstance(gpus, list) else []
    named = [each.get("model") for each in listed if isinstance(each, dict)]
    many, memory = machine.get("cpus"), machine.get("memory_bytes")
    parts = [
        machine.get("cpu"),
        count(many, "processor") if isinstance(many, int) else None,
        f"{memory / _GB:.3g} GB of memory" if isinstance(memory, int) and memory < _MOST else None,
        *named,
        f"driver {machine['gpu_driver']}" if machine.get("gpu_driver") else None,
    ]
    return ", ".join(str(each) for each in parts if each) or None


def _versions(found: Mapping[str, Any]) -> str | None:
    many = found.get("count")
    if not isinstance(many, int):
        return None
    return f"{count(many, 'distribution')}, SHA-256 {found.get('sha256')}"


def _part(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = facts.get(name)
    return found if isinstance(found, dict) else {}
