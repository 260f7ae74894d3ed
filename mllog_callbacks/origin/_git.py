"""The state of a git repository: commit, branch, and what differs from the commit.

Commit and branch are read from git's files. What differs only git itself knows; it is a process,
and started only where this is not the process of a training.
"""

import os
import select
import signal
from hashlib import sha256
from time import monotonic

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from mllog_callbacks.origin._writing import Value

__all__ = ["Repository", "plain"]

_WAIT_S = 5.0
_OUTPUT = 4_194_304  # bytes of git's answer that are read
_LARGEST = 8_388_608  # bytes of a changed file that is hashed
_MOST = 200  # changed files that are hashed
_LISTED = 40
_CODE = (
    *(".py", ".pyx", ".pyi", ".ipynb", ".r", ".jl", ".sh", ".sql", ".c", ".h", ".cc", ".cpp"),
    *(".cu", ".cuh", ".rs", ".go", ".java", ".scala", ".js", ".ts", ".yaml", ".yml", ".toml"),
    *(".cfg", ".ini", ".gin", ".lua", ".proto"),
)
"""Endings of untracked files that count as code; data and results beside it do not."""
_MASK = "***"
_LONG = 20  # characters of a part of a name, from which on it may be a token


class Repository:
    """The repository that a folder is in; git is asked at once, and answers when it is needed.

    Args:
        start: The folder.
        logs: A folder whose files are no code.
        run: Whether git may be run; else what differs from the commit is not known.
    """

    def __init__(self, start: str, logs: str, *, run: bool) -> None:
        self._root, self._logs = _root(start), logs
        self._why, self._asked = "", None
        if not self._root:
            return
        if not run:
            self._why = "git is not run within the process of a training"
        elif program := _program():
            self._asked = _Asked(program, self._root)
        else:
            self._why = "git is not installed"

    def facts(self) -> "dict[str, Value]":
        """Its state: commit, branch, and what differs from the commit."""
        if not self._root:
            return {"not_known": "the code is in no git repository"}
        facts: dict[str, Value] = {"root": plain(self._root), **_by_files(self._root)}
        answer = None if self._asked is None else self._asked.answer()
        if answer is None:
            why = self._why or f"git failed, or took over {_WAIT_S:g} seconds"
            return {**facts, "changes_not_known": why}
        return {**facts, **_changes(self._root, self._logs, answer)}


def plain(name: str) -> str:
    """A path or a name without what may be a token: a part of 20 or more letters and digits."""
    return "/".join(_MASK if _may_be_token(each) else each for each in name.split("/"))


def _may_be_token(part: str) -> bool:
    stem = part.partition(".")[0]
    has_digit = any(each.isdigit() for each in stem)
    has_upper = any(each.isupper() for each in stem)
    known = stem.startswith(("ghp_", "gho_", "ghs_", "glpat-", "hf_", "sk-", "xox", "pypi-"))
    return len(stem) >= _LONG and (known or (has_digit and has_upper))


def _root(start: str) -> str:
    folder = os.path.realpath(start)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder


def _by_files(root: str) -> "dict[str, Value]":
    git = os.path.join(root, ".git")
    if os.path.isfile(git):  # of a worktree or a submodule
        git = os.path.join(root, _read(git).removeprefix("gitdir:").strip())
    common = os.path.join(git, _read(os.path.join(git, "commondir")).strip() or ".")
    head = _read(os.path.join(git, "HEAD")).strip()
    name = head.removeprefix("ref:").strip() if head.startswith("ref:") else ""
    commit = _resolved(git, common, name) if name else head
    facts = {
        "commit": commit,
        "branch": plain(name.removeprefix("refs/heads/")),
        "remote": _remote(_read(os.path.join(common, "config"))),
    }
    return {name: each for name, each in facts.items() if each}


def _resolved(git: str, common: str, name: str) -> str:
    for folder in git, common:
        if found := _read(os.path.join(folder, name)).strip():
            return found
    for line in _read(os.path.join(common, "packed-refs")).splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""


def _remote(config: str) -> str:
    """The address of the first remote, without what may be a secret in it."""
    within = False
    for line in config.splitlines():
        text = line.strip()
        if text.startswith("["):
            within = text.startswith("[remote ")
        elif within and text.partition("=")[0].strip() == "url":
            return _address(text.partition("=")[2].strip())
    return ""


def _address(url: str) -> str:
    """Scheme, host and path: neither a user and its password, nor a query."""
    bare = url.strip("\"'").partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    if not mark:
        place = bare if bare.startswith(("/", ".")) else bare.rpartition("@")[2]
        return plain(place)
    host, slash, path = rest.partition("/")
    while "@" in path.partition("/")[0]:  # a password may hold a slash
        host, slash, path = path.partition("/")
    return plain(f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}")


def _program() -> str:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if os.path.isabs(folder) and os.access(os.path.join(folder, "git"), os.X_OK):
            return os.path.join(folder, "git")
    return ""


class _Asked:
    """``git status``, which writes nothing, as a process that has begun."""

    def __init__(self, program: str, root: str) -> None:
        arguments = [
            program,
            "-C",
            root,
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.quotePath=false",
        ]
        arguments += ["status", "--porcelain=v2", "-z", "--untracked-files=all"]
        kept = {name: each for name, each in os.environ.items() if not name.startswith("GIT_")}
        kept |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        self._mine, its = os.pipe()
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._child = 0
        try:
            actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, its, 1)]
            actions.append((os.POSIX_SPAWN_DUP2, null, 2))
            self._child = os.posix_spawn(
                program, arguments, kept, file_actions=actions, setsigmask=[]
            )
        except OSError:  # `answer` says so
            return
        finally:
            os.close(null)
            os.close(its)

    def answer(self) -> bytes | None:
        """What it says; None where it says nothing in time. Called once."""
        try:
            answer = _all(self._mine) if self._child else None
        finally:
            os.close(self._mine)
        return _reaped(self._child, answer) if self._child else None


def _all(file: int) -> bytes | None:
    deadline, size = monotonic() + _WAIT_S, 0
    parts: list[bytes] = []
    while size < _OUTPUT:
        left = deadline - monotonic()
        if left <= 0 or not select.select([file], [], [], left)[0]:
            return None
        part = os.read(file, 65_536)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    return None


def _reaped(child: int, answer: bytes | None) -> bytes | None:
    try:
        if answer is None:
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    except OSError:
        return None
    return answer if status == 0 else None


def _changes(root: str, logs: str, answer: bytes) -> "dict[str, Value]":
    """What differs from the commit: the hash of each file, and one over all of them."""
    tracked, others = _paths(answer)
    others = [each for each in others if _is_code(root, logs, each)]
    paths = sorted({*tracked, *others})
    listed: dict[str, Value] = {}
    whole = sha256()
    for path in paths[:_MOST]:
        found = _digest(os.path.join(root, path))
        whole.update(f"{path}\0{found}\n".encode("utf-8", "surrogateescape"))
        if len(listed) < _LISTED:
            listed[plain(path)] = found
    facts: dict[str, Value] = {"dirty": bool(paths), "changed": len(paths)}
    if paths:
        facts |= {"changed_files": listed, "untracked": len(others)}
        if len(paths) <= _MOST:
            facts["changes_sha256"] = whole.hexdigest()
        else:
            facts["changes_not_known"] = f"more than {_MOST} files are changed"
    return facts


def _paths(answer: bytes) -> tuple[list[str], list[str]]:
    """The changed files that git knows, and those it does not."""
    tracked, others = [], []
    records = iter(answer.split(b"\0"))
    for record in records:
        kind = record[:2]
        if kind == b"? ":
            others.append(os.fsdecode(record[2:]))
        elif kind in {b"1 ", b"2 ", b"u "}:
            before = {b"1 ": 8, b"2 ": 9, b"u ": 10}[kind]
            tracked.append(os.fsdecode(record.split(b" ", before)[-1]))
            if kind == b"2 ":  # renamed: its old name follows
                tracked.append(os.fsdecode(next(records, b"")))
    return [each for each in tracked if each], others


def _is_code(root: str, logs: str, path: str) -> bool:
    whole = os.path.join(root, path)
    return path.lower().endswith(_CODE) and not whole.startswith(os.path.join(logs, ""))


def _digest(path: str) -> str:
    """The SHA-256 of a file as hex, or what it is instead."""
    try:
        if os.path.islink(path):
            return sha256(os.fsencode(os.readlink(path))).hexdigest()
        if not os.path.exists(path):
            return "deleted"
        if not os.path.isfile(path):
            return "no file"
        if os.path.getsize(path) > _LARGEST:
            return f"not hashed: {os.path.getsize(path)} bytes"
        with open(path, "rb") as stream:
            return sha256(stream.read(_LARGEST)).hexdigest()
    except OSError as error:
        return f"not hashed: {error.strerror}"


def _read(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read(1_048_576).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
