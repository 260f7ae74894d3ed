"""Folders that others can write: links, FIFOs and made-up sidecars do no harm, and are findings."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import pytest

from hostile import make_outside, replace, seen
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.sinks import recover
from sealed import kill, mllog, seal

LONG_AGO = 1_577_836_800
OLD = "ml-platform-2020-01-01"
ZEROS = "0" * 64


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one sealed session."""
    logs = tmp_path_factory.mktemp("sealed")
    seal(logs, 5, session="good")
    return logs


@pytest.fixture
def logs(sealed: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return Path(shutil.copytree(sealed, tmp_path / "logs"))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of others."""
    make_outside(tmp_path / "outside")
    return tmp_path / "outside"


def old(folder: Path, *names: str) -> None:
    """Make logs that are old enough to be pruned."""
    for name in names:
        path = folder / f"{OLD}.{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_prune_removes_nothing_through_a_link(logs: Path, outside: Path) -> None:
    """Sidecars that seem to belong to old logs are another folder's; other sessions still go."""
    before = seen(outside)
    old(logs / "job", "package", "old")
    (logs / "job" / "_integrity").symlink_to(outside)
    (logs / "job" / f"{OLD}.linked.jsonl").symlink_to(outside / "secret")
    old(logs, "gone")
    shown = mllog("prune", "--older-than", "200", logs)
    assert shown.returncode == 3
    assert b"package: cannot be removed: is a symbolic link" in shown.stderr
    assert shown.stdout == b"gone: removed\n"
    assert seen(outside) == before
    assert mllog("prune", "--older-than", "200", logs).returncode == 3


def test_the_record_of_what_was_removed_is_not_written_through_a_link(
    logs: Path, outside: Path
) -> None:
    """And without the record nothing is removed."""
    before = seen(outside)
    (logs / "_integrity" / "pruned.log").symlink_to(outside / "secret")
    old(logs, "gone")
    shown = mllog("prune", "--older-than", "200", logs)
    assert shown.returncode == 3
    assert b"gone: cannot be removed: is a symbolic link" in shown.stderr
    assert (logs / f"{OLD}.gone.jsonl").exists()
    assert seen(outside) == before


def test_nothing_is_written_through_a_hard_link(logs: Path, outside: Path) -> None:
    """Neither the record of what was removed nor the chain of a session that is completed."""
    chain = kill(logs, 250).parent / "_integrity" / "run.chain"
    before = seen(outside)["secret"]
    for path in chain, logs / "_integrity" / "pruned.log":
        path.unlink(missing_ok=True)
        path.hardlink_to(outside / "secret")
    old(logs, "gone")
    shown = mllog("prune", "--older-than", "200", logs)
    assert (shown.returncode, b"gone: cannot be removed: is a file with" in shown.stderr) == (
        3,
        True,
    )
    assert recover(logs) == []  # prune read the folder, and so completed it
    assert seen(outside)["secret"] == before
    assert {each.status for each in verify([logs]) if each.session == "run"} == {Status.TAMPERED}


def test_prune_removes_a_manifest_that_nothing_belongs_to(logs: Path) -> None:
    """One that is alone in the way stops no other."""
    for name in "alone.json", "gone.json":
        (logs / "_integrity" / name).write_text("{}")
        os.utime(logs / "_integrity" / name, (LONG_AGO, LONG_AGO))
    old(logs, "gone")
    shown = mllog("prune", "--older-than", "200", logs)
    assert (shown.returncode, b"gone: removed\n" in shown.stdout) == (0, True)
    assert not (logs / f"{OLD}.gone.jsonl").exists()
    assert mllog("verify", logs).returncode == 0


def test_prune_keeps_what_verify_calls_tampered(logs: Path) -> None:
    """Also where only another session shows it."""
    seal(logs, 5, session="later")  # which saw the other one's head
    for each in [*logs.glob("*good*"), *(logs / "_integrity").glob("good*")]:
        each.unlink()
    seal(logs, 6, session="good")
    (today,) = logs.glob("*.good.jsonl")
    (verdict,) = (each for each in verify([logs]) if each.session == "good")
    assert verdict.status == Status.TAMPERED
    chain = logs / "_integrity" / "good.chain"
    chain.write_bytes(chain.read_bytes().replace(today.name.encode(), f"{OLD}.good.jsonl".encode()))
    today.rename(logs / f"{OLD}.good.jsonl")
    for each in [*logs.glob("*good*"), *(logs / "_integrity").glob("good*")]:
        os.utime(each, (LONG_AGO, LONG_AGO))
    shown = mllog("prune", "--older-than", "200", logs)
    assert (shown.returncode, shown.stderr) == (1, b"good: was tampered with, and stays\n")


@pytest.mark.parametrize("name", [".page.html.part", "page.html"])
def test_a_page_is_not_written_through_a_link(logs: Path, outside: Path, name: str) -> None:
    """Neither its own name nor that of its first form is followed."""
    before = seen(outside)
    (logs / name).symlink_to(outside / "secret")
    assert mllog("report", logs, "-o", logs / "page.html").returncode == 0
    assert not (logs / "page.html").is_symlink()
    assert (logs / "page.html").read_text().startswith("<!")
    assert seen(outside) == before


@pytest.mark.parametrize("name", ["page.html", "page"])
def test_pages_are_not_written_into_a_folder_through_a_link(
    logs: Path, outside: Path, name: str
) -> None:
    """Where a page was named, or the folder of its pages was not; a folder that is named may be."""
    before = seen(outside)
    shutil.copytree(logs, logs / "other")
    (logs / name).symlink_to(outside)
    shown = mllog("report", logs, "-o", logs / "page.html")
    assert (shown.returncode, b"link to a folder" in shown.stderr) == (3, True)
    assert seen(outside) == before
    (logs / "pages").mkdir()
    (logs / "linked").symlink_to(logs / "pages")
    assert mllog("report", logs, "-o", logs / "linked").returncode == 0
    assert len([*(logs / "pages").iterdir()]) == 3


def test_a_key_is_not_written_through_a_link(tmp_path: Path, outside: Path) -> None:
    """Somebody may have planted one where the key is to be."""
    before = seen(outside)
    (tmp_path / "key.pem").symlink_to(outside / "made")
    assert mllog("keygen", tmp_path / "key.pem").returncode == 3
    assert seen(outside) == before


SIDECARS = ["_integrity", "_integrity/good.chain", "_integrity/good.json", "_integrity/pruned.log"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *product(
            [*SIDECARS, f"{OLD}.x.jsonl"], ["FIFO", "link to zeros", "link to sidecars", "socket"]
        ),
        *product(SIDECARS[1:], ["folder"]),
        (f"{OLD}.good.jsonl", "link to sidecars"),
    ],
)
def test_what_is_no_file_is_a_finding_and_nobody_waits(
    logs: Path, outside: Path, name: str, kind: str
) -> None:
    """Of its session alone: all commands go on with the others."""
    before = seen(outside)
    other = logs / "other"
    shutil.copytree(logs, other)
    replace(logs / name, outside, kind)
    verdicts = {each.directory: each for each in verify([logs]) if each.session == "good"}
    assert verdicts[str(other)].status == Status.SOUND
    found = [each for each in verify([logs]) if each.status != Status.SOUND]
    assert {each.status for each in found} <= {Status.TAMPERED, Status.NOT_CHECKABLE}
    assert Status.TAMPERED in {each.status for each in found}
    for command in COMMANDS:
        run_safely([*command, logs])
    assert seen(outside) == before


COMMANDS: list[list[str | Path]] = [
    ["verify"],
    ["summary"],
    ["compare"],
    ["report", "-o", "/dev/stdout"],
    ["validate"],
    ["anchor"],
    ["tail", "-n", "3"],
    ["recover"],
    ["prune", "--older-than", "200", "--dry-run"],
]


def run_safely(command: Iterable[str | Path]) -> bytes:
    """Run a command; it may find what it likes, but not end in a traceback."""
    shown = mllog(*command)
    assert shown.returncode in {0, 1, 2, 3}, shown
    assert b"Traceback" not in shown.stderr
    return shown.stdout


def record(text: str) -> bytes:
    """A record with its own digest, as those of a chain."""
    return text.encode() + b',"digest":"%b"}\n' % hashlib.sha256(text.encode()).hexdigest().encode()


def removed(facts: dict[str, object]) -> Callable[[Path], None]:
    """A made-up record of a removal."""

    def make(logs: Path) -> None:
        (logs / "_integrity" / "pruned.log").write_bytes(record(json.dumps(facts)[:-1]))

    return make


def chained(earlier: str = "{}", key: str = "null", *points: str) -> Callable[[Path], None]:
    """A made-up chain of a session `x`; points are entries, file, lines, bytes and state."""

    def make(logs: Path) -> None:
        manifest = b'{"session":"x"}'
        (logs / "_integrity" / "x.json").write_bytes(manifest)
        digest = hashlib.sha256(manifest).hexdigest()
        text = (
            f'{{"format":"mllog-chain-1","session":"x","manifest":"{digest}",'
            f'"earlier":{earlier},"key":{key}'
        )
        data, previous = record(text), hashlib.sha256(text.encode()).hexdigest()
        for point in points:
            entries, file, lines, size, state = point.split(" ")
            text = (
                f'{{"entries":{entries},"file":"{file}","lines":{lines},"bytes":{size},'
                f'"block":"{ZEROS}","root":"{ZEROS}","state":"{state}","previous":"{previous}"'
            )
            data, previous = data + record(text), hashlib.sha256(text.encode()).hexdigest()
        (logs / "_integrity" / "x.chain").write_bytes(data)
        lines_of(logs, line())

    return make


def line(model: str = '"m"', snapshot: str = "null", number: int = 1) -> str:
    """A line of a session `x`."""
    return (
        f'{{"timestamp":"2026-11-30T01:00:00.{number:06}Z","event":"TRAINING_STARTED",'
        f'"dataset":null,"model":{model},"decision":"d","reasoning":"r",'
        f'"metrics_snapshot":{snapshot}}}\n'
    )


def lines_of(logs: Path, *lines: str) -> None:
    """Write the lines of a session `x`."""
    (logs / f"{OLD}.x.jsonl").write_text("".join(lines))


def lined(*lines: str) -> Callable[[Path], None]:
    """Some lines of a session `x`, without sidecars."""
    return lambda logs: lines_of(logs, *lines)


def manifest(text: str) -> Callable[[Path], None]:
    """A made-up manifest of the session that is there, and of others."""

    def make(logs: Path) -> None:
        for name in "good", "x", "y":
            (logs / "_integrity" / f"{name}.json").write_text(text)

    return make


def ring(logs: Path) -> None:
    """Five hundred sessions, each the next one's parent."""
    for n in range(500):
        (logs / "_integrity" / f"p{n}.json").write_text(f'{{"parent":"p{(n + 1) % 500}"}}')


DEEP = "[" * 20_000 + "]" * 20_000
LOG = f"{OLD}.x.jsonl"
MADE: dict[str, Callable[[Path], object]] = {
    "pruned: key is a number": removed({"session": "gone", "key": 5, "previous": ""}),
    "pruned: key is a list": removed({"session": "gone", "key": ["a"], "previous": ""}),
    "pruned: session is a list": removed({"session": ["gone"], "key": None, "previous": ""}),
    "pruned: opening is a list": removed(
        {"session": "gone", "key": None, "previous": "", "opening": [1]}
    ),
    "pruned: deep": lambda logs: (logs / "_integrity" / "pruned.log").write_bytes(
        record(f'{{"session":"s","key":null,"previous":"","x":{DEEP}')
    ),
    "manifest: deep": manifest(f'{{"a":{DEEP}}}'),
    "manifest: of wrong kinds": manifest(
        '{"parent":["a"],"job":{"a":1},"rank":"x","pid":[1],"host":{},"started":5,"level":[]}'
    ),
    "manifest: huge numbers": manifest(
        f'{{"parent":null,"rank":true,"local_rank":1e400,"parent_pid":{"9" * 5_000}}}'
    ),
    "manifest: its own parent": manifest('{"parent":"good","rank":0,"started":"2026"}'),
    "manifest: a ring of parents": ring,
    "manifest: no object": manifest("[1]"),
    "chain: earlier digest is a list": chained('{"good":[1,2]}'),
    "chain: earlier is deep": chained(f'{{"good":{DEEP}}}'),
    "chain: earlier is no JSON": chained("{good}"),
    "chain: earlier is a number": chained('{"good":1e999}'),
    "chain: key is no point": chained("{}", f'"{"f" * 64}"'),
    "chain: vast bytes": chained("{}", "null", f"1 {LOG} 1 {10**17} sealed"),
    "chain: bytes beyond any file": chained("{}", "null", f"1 {LOG} 1 {10**30} sealed"),
    "chain: 5000 digits": chained("{}", "null", f"{'9' * 5_000} {LOG} 1 5 sealed"),
    "chain: vast lines": chained("{}", "null", f"{10**12} {LOG} {10**12} 5 sealed"),
    "chain: lines fall": chained("{}", "null", f"9 {LOG} 9 500 open", f"3 {LOG} 3 100 sealed"),
    "chain: file elsewhere": chained("{}", "null", "1 ../../../etc/passwd 1 5 sealed"),
    "chain: file name with commands": chained("{}", "null", "1 a\x1b[2J\nb 1 5 sealed"),
    "line: model is a list": lined(line("[]"), line("[]", number=2)),
    "line: model is a mapping": lined(line(), line('{"a":1}', number=2)),
    "line: deep": lined(line(snapshot=f'{{"a":{DEEP}}}')),
    "line: a huge run": lined(line(snapshot=f'{{"run":{"9" * 6_000}}}')),
    "line: run is NaN": lined(
        line(snapshot='{"run":NaN}'), line(snapshot='{"run":true}', number=2)
    ),
    "line: snapshot is a list": lined(line(snapshot="[1]")),
    "line: no UTF-8": lambda logs: (logs / LOG).write_bytes(
        line().encode().replace(b'"d"', b'"\xff\xfe"')
    ),
    "line: no text in a name": lambda logs: (logs / os.fsdecode(b"ml-platform-\xff.jsonl")).touch(),
}


@pytest.mark.parametrize("made", MADE)
def test_made_up_sidecars_and_lines_are_findings(logs: Path, made: str) -> None:
    """The session whose trouble it is is not sound, and no command ends in a traceback."""
    MADE[made](logs)
    for command in COMMANDS:
        shown = run_safely([*command, logs])
        assert b"\x1b" not in shown
    verdicts = verify([logs])
    assert any(each.status != Status.SOUND for each in verdicts)
    if not made.startswith("manifest"):
        assert Status.SOUND in {each.status for each in verdicts}, "the good session is not touched"


def test_a_chain_beyond_any_size_is_not_read(logs: Path) -> None:
    """Nor is a manifest: both are findings, and cost no memory."""
    for name in "good.chain", "good.json":
        os.truncate(logs / "_integrity" / name, 1 << 40)
    (verdict,) = verify([logs])
    assert verdict.status == Status.TAMPERED
    assert {each.file for each in verdict.problems if each.status == Status.TAMPERED} >= {
        "good.chain"
    }


def test_a_file_that_appears_or_goes_meanwhile_is_no_problem_of_others(logs: Path) -> None:
    """What was listed and is gone is missing, and said so of its own session."""
    listed = logs / f"{OLD}.x.jsonl"
    listed.touch()

    def remove(*_: object) -> None:
        listed.unlink(missing_ok=True)

    verdicts = {each.session: each.status for each in verify([logs], progress=remove)}
    assert verdicts["good"] == Status.SOUND
