"""Any command over any folder: no traceback, no hang, bounded memory, nothing written outside.

Some cases run by default; `MLLOG_TEST_FUZZ=5000` runs thousands.
"""

import json
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mllog_callbacks.integrity import anchors_of, prove
from processes import ended, forked
from sealed import mllog, seal

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and /proc")

CASES = int(os.environ.get("MLLOG_TEST_FUZZ", "12"))
CPU_S = 5.0
WALL_S = 60.0
"""Of all commands of a case together: a machine that tests share may be slow."""

MEMORY = 200_000_000
HOLE = 1 << 28

OLD = "ml-platform-2020-01-01"
NAMES = [
    "",
    "_integrity",
    "_integrity/run.chain",
    "_integrity/run.json",
    "_integrity/new.chain",
    "_integrity/new.json",
    "_integrity/pruned.log",
    f"{OLD}.old.jsonl",
    f"{OLD}.run.jsonl",
    f"{OLD}.a\x1b[2Jb\nc.jsonl",
    "sub/_integrity",
    f"sub/{OLD}.run.jsonl",
    "notes.jsonl",
    "proof",
    "page.html",
    ".page.html.part",
]

DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000


def _link(target: str) -> Callable[[Path, Path], None]:
    def change(path: Path, outside: Path) -> None:
        path.symlink_to(target.replace("OUTSIDE", str(outside)).replace("ITSELF", path.name))

    return change


def _write(data: bytes) -> Callable[[Path, Path], None]:
    def change(path: Path, _: Path) -> None:
        path.write_bytes(data)

    return change


def _hole(path: Path, _: Path) -> None:
    path.touch()
    os.truncate(path, HOLE)


def _socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, suppress(OSError):
        made.bind(str(path))


REPLACEMENTS: dict[str, Callable[[Path, Path], None]] = {
    "link to a file": _link("OUTSIDE/secret"),
    "link to a log": _link("OUTSIDE/ml-platform-2020-01-01.victim.jsonl"),
    "link to a folder": _link("OUTSIDE"),
    "link to sidecars": _link("OUTSIDE/_integrity"),
    "link to zeros": _link("/dev/zero"),
    "link to a full disk": _link("/dev/full"),
    "link to nothing": _link("OUTSIDE/made"),
    "link to itself": _link("ITSELF"),
    "FIFO": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
    "socket": _socket,
    "empty": _write(b""),
    "hello": _write(b"hello"),
    "deep": _write(DEEP + b"\n"),
    "long line": _write(b"x" * 3_000_000),
    "newlines": _write(b"\n" * 20_000),
    "NULs": _write(bytes(100_000)),
    "hole": _hole,
    "numbers": _write(b'{"session":5,"key":["a"],"parent":{},"rank":1e999,"pid":' + b"9" * 6_000),
    "missing": lambda _path, _outside: None,
}


def _replace(path: Path, outside: Path, kind: str) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    REPLACEMENTS[kind](path, outside)


def _edit(path: Path, at: int, data: bytes, kind: str) -> None:
    if not path.is_file() or path.stat().st_size > 1_000_000:
        return
    was = path.read_bytes()
    at %= len(was) + 1
    if kind == "insert":
        path.write_bytes(was[:at] + data + was[at:])
    elif kind == "overwrite":
        path.write_bytes(was[:at] + data + was[at + len(data) :])
    elif kind == "cut":
        path.write_bytes(was[:at])
    else:
        path.chmod(0)


CHANGE = st.one_of(
    st.tuples(st.just("replace"), st.sampled_from(NAMES[1:]), st.sampled_from([*REPLACEMENTS])),
    st.tuples(
        st.sampled_from(["insert", "overwrite", "cut", "forbid"]),
        st.sampled_from(["log", *NAMES[2:8]]),
        st.integers(0, 30_000),
        st.binary(max_size=40),
    ),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sealed session, another one's log of long ago, a record of removal."""
    logs = tmp_path_factory.mktemp("template")
    log = seal(logs, 120)
    shutil.copy(log, logs / f"{OLD}.gone.jsonl")
    os.utime(logs / f"{OLD}.gone.jsonl", (0, 0))
    assert mllog("prune", logs, "--older-than", "200").returncode == 0
    (logs / "proof").write_text(prove(log, 3).to_json())
    (logs / "anchors").write_text("".join(f"{each.to_json()}\n" for each in anchors_of([logs])))
    shutil.copy(log, logs / f"{OLD}.old.jsonl")
    os.utime(logs / f"{OLD}.old.jsonl", (0, 0))
    return logs


def _outside(folder: Path) -> None:
    (folder / "_integrity").mkdir(parents=True)
    for name in "secret", "_integrity/old.json", "_integrity/run.chain", "package.json":
        (folder / name).write_text("{}\n")
    victim = folder / "ml-platform-2020-01-01.victim.jsonl"
    victim.write_text('{"timestamp":"2020-01-01T00:00:00.000001Z","event":"MODEL_SAVED"}\n')
    for each in [*folder.rglob("*")]:
        os.utime(each, (0, 0))


def _seen(folder: Path) -> dict[str, tuple[object, ...]]:
    return {
        str(each.relative_to(folder)): (
            each.lstat().st_mtime_ns,
            each.lstat().st_mode,
            each.read_bytes() if each.is_file() else b"",
        )
        for each in [folder, *folder.rglob("*")]
    }


def _commands(logs: Path) -> list[list[str | Path]]:
    log = next(iter(sorted(logs.glob("*.run.jsonl"))), logs)
    return [
        ["verify", logs],
        ["verify", "--json", logs, "--anchor", logs / "anchors"],
        ["verify", log],
        ["summary", logs],
        ["summary", "--json", log],
        ["tail", logs],
        ["tail", "--json", "-n", "3", log],
        ["validate", logs],
        ["report", logs, "-o", logs / "page.html"],
        ["anchor", logs],
        ["query", "select count(*), max(decision) from entries", logs],
        ["reconcile", logs, logs],
        ["prove", log, "3"],
        ["check", logs / "proof", "--anchor", logs / "anchors"],
        ["recover", logs],
        ["prune", logs, "--older-than", "200", "--dry-run"],
        ["prune", logs, "--older-than", "200"],
    ]


def _memory(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - as a system's file
        return next(int(each.split()[1]) * 1024 for each in status if each.startswith(name))


def _run_all(logs: Path) -> None:
    """Run all commands in this child; raises where one does what none may."""
    os.chdir(logs.parent / "elsewhere")
    for command in _commands(logs):
        with open("/proc/self/clear_refs", "w", encoding="ascii") as refs:  # noqa: PTH123 - likewise
            refs.write("5")
        before = _memory("VmRSS")
        signal.setitimer(signal.ITIMER_PROF, CPU_S)
        signal.setitimer(signal.ITIMER_REAL, CPU_S * 6)  # not of the processor: it waits
        shown = mllog(*command)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert shown.returncode in {0, 1, 2, 3}, (command, shown)
        assert b"Traceback" not in shown.stderr, (command, shown)
        assert b"\x1b" not in shown.stdout + shown.stderr, (command, shown)
        assert _memory("VmHWM") - before < MEMORY, command


@pytest.mark.timeout(0)
def test_no_command_fails_hangs_or_writes_elsewhere(template: Path) -> None:
    """Whatever somebody who can write the folder puts there."""

    @settings(
        max_examples=CASES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(CHANGE, min_size=1, max_size=5))
    def fuzz(changes: list[tuple[str, ...]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            logs, outside = Path(folder) / "logs", Path(folder) / "outside"
            shutil.copytree(template, logs)
            _outside(outside)
            (Path(folder) / "elsewhere").mkdir()
            log = next(each for each in logs.glob("*.run.jsonl"))
            for kind, name, *rest in changes:
                path = log if name == "log" else logs / name
                with suppress(OSError):
                    if kind == "replace":
                        _replace(path, outside, rest[0])
                    else:
                        _edit(path, int(rest[0]), rest[1], kind)  # type: ignore[arg-type]  # bytes
            before = _seen(outside)
            assert ended(forked(lambda: _run_all(logs)), WALL_S) == 0, json.dumps(
                [[str(part) for part in each] for each in changes]
            )
            assert _seen(outside) == before
            assert not any((Path(folder) / "elsewhere").iterdir())

    fuzz()
