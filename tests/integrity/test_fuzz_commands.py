"""Any command over any folder: no traceback, no hang, bounded memory, nothing written outside.

A case is a folder with some changes, and some of the commands, one after the other. Few cases run
by default; `MLLOG_TEST_FUZZ=3000` runs thousands, in some 15 minutes of a processor.
"""

import ctypes
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bounded import run_bounded
from hostile import REPLACEMENTS, make_outside, replace, seen
from mllog_callbacks.integrity import anchors_of, prove
from processes import ended, forked
from sealed import mllog, seal

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and /proc")

CASES = int(os.environ.get("MLLOG_TEST_FUZZ", "12"))
WALL_S = 60.0
"""Of all commands of a case together: a machine that tests share may be slow."""

CAPABILITIES = 0x20080522
"""The version of the kernel's structures."""

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
    "compared.html",
    "page",
    ".page.html.part",
    "anchors",
]


def _edit(path: Path, at: int, data: bytes, kind: str) -> None:
    if kind == "forbid":
        path.chmod(0o500 if at % 2 else 0)
        return
    if not path.is_file() or path.stat().st_size > 1_000_000:
        return
    was = path.read_bytes()
    at %= len(was) + 1
    if kind == "insert":
        path.write_bytes(was[:at] + data + was[at:])
    elif kind == "overwrite":
        path.write_bytes(was[:at] + data + was[at + len(data) :])
    else:
        path.write_bytes(was[:at])


CHANGE = st.one_of(
    st.tuples(st.just("replace"), st.sampled_from(NAMES[1:]), st.sampled_from([*REPLACEMENTS])),
    st.tuples(
        st.sampled_from(["insert", "overwrite", "cut", "forbid"]),
        st.sampled_from(["log", *NAMES[:8]]),
        st.integers(0, 30_000),
        st.binary(max_size=40),
    ),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
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
    warm = tmp_path_factory.mktemp("warm") / "logs"
    shutil.copytree(logs, warm)
    for command in _commands(warm):  # what they import is there for every case
        if "query" not in command:  # which starts threads: these are lost in a forked child
            mllog(*command)
    import_module("duckdb")
    gc.collect()
    gc.freeze()  # not to be touched, and copied, in each child
    yield logs
    gc.unfreeze()


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
        ["compare", logs, "--html", logs / "compared.html"],
        ["scan", logs],
        ["scan", "--list", logs],
        ["trace", log, logs],
        ["doctor", logs],
        ["anchor", logs],
        ["query", "select count(*), max(decision) from entries", logs],
        ["reconcile", logs, logs],
        ["prove", log, "3"],
        ["check", logs / "proof", "--anchor", logs / "anchors"],
        ["recover", logs],
        ["prune", logs, "--older-than", "200", "--dry-run"],
        ["prune", logs, "--older-than", "200"],
    ]


def _run(commands: list[int], logs: Path, *, powers: bool) -> None:
    """Run commands in this child; raises where one does what none may."""
    os.chdir(logs.parent / "elsewhere")
    if not powers and os.geteuid() == 0:  # root then is bound by permissions, as its owner
        libc = ctypes.CDLL(None, use_errno=True)
        none = (ctypes.c_uint32 * 6)()
        if libc.capset((ctypes.c_uint32 * 2)(CAPABILITIES, 0), none):
            raise OSError(ctypes.get_errno(), "capset")
    known = _commands(logs)
    run_bounded(*(known[each] for each in commands))


COMMANDS = range(len(_commands(Path())))
SOME = 7
"""How many of them a case runs."""


@pytest.mark.timeout(0)
def test_no_command_fails_hangs_or_writes_elsewhere(template: Path) -> None:
    """Whatever somebody who can write the folder puts there."""

    @settings(
        max_examples=CASES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(CHANGE, min_size=1, max_size=5), st.permutations(COMMANDS), st.booleans())
    def fuzz(changes: list[tuple[str, ...]], order: list[int], powers: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            logs, outside = Path(folder) / "logs", Path(folder) / "outside"
            shutil.copytree(template, logs)
            make_outside(outside)
            (Path(folder) / "elsewhere").mkdir()
            log = next(each for each in logs.glob("*.run.jsonl"))
            for kind, name, *rest in changes:
                path = log if name == "log" else logs / name
                with suppress(OSError):
                    if kind == "replace":
                        replace(path, outside, rest[0])
                    else:
                        _edit(path, int(rest[0]), rest[1], kind)  # type: ignore[arg-type]  # bytes
            before = seen(outside)
            some = order[:SOME]
            assert ended(forked(lambda: _run(some, logs, powers=powers)), WALL_S) == 0, json.dumps(
                [powers, some, *([str(part) for part in each] for each in changes)]
            )
            assert seen(outside) == before
            assert not any((Path(folder) / "elsewhere").iterdir())

    fuzz()
