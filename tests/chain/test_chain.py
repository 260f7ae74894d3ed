"""The chain: the tree it is made of, and how it goes on whatever befalls its writer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clocks import set_clock
from mllog_callbacks import AuditLog
from mllog_callbacks.chain import SEALED, Chain, Tree, inclusion_path, leaf, root_by_path
from mllog_callbacks.chain._merkle import EMPTY
from mllog_callbacks.integrity import Status
from mllog_callbacks.integrity._chains import read_chain
from mllog_callbacks.sinks import LogFiles, QueuedSink
from mllog_callbacks.sinks.spool._sink import SpoolSink
from processes import drained, emit_many, numbers, spools, until
from sealed import judge, problems, seal


def _root(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash, as RFC 6962 (section 2.1) writes it down."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + _root(leaves[:half]) + _root(leaves[half:])).digest()


@given(st.lists(st.integers(0, 70), max_size=6))
def test_a_growing_tree_has_the_root_that_rfc_6962_defines(parts: list[int]) -> None:
    """However many leaves are added at a time."""
    tree, leaves = Tree(), list[bytes]()
    for part in parts:
        more = [leaf(b"%d" % (len(leaves) + n)) for n in range(part)]
        leaves += more
        tree.grow(more)
        assert tree.root() == _root(leaves)
    assert tree.size == len(leaves)
    assert Tree().root() == EMPTY


@given(st.integers(1, 300), st.data())
def test_a_path_leads_from_its_leaf_to_the_root_and_from_no_other(
    size: int, data: st.DataObject
) -> None:
    """At any place of a tree of any size."""
    leaves = [leaf(b"%d" % n) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(leaves, index)
    root = _root(leaves)
    assert root_by_path(leaves[index], index, size, path) == root
    assert len(path) <= (size - 1).bit_length()
    other = data.draw(st.integers(0, size + 2))
    if other != index:
        assert root_by_path(leaves[index], other, size, path) != root
    assert root_by_path(leaf(b"other"), index, size, path) != root
    assert root_by_path(leaves[index], index, size, [*path, EMPTY]) is None
    if path:
        assert root_by_path(leaves[index], index, size, path[:-1]) is None


def _lines(first: int, last: int) -> bytes:
    return b"".join(b"line %d\n" % n for n in range(first, last))


@settings(max_examples=30)
@given(st.lists(st.integers(1, 250), min_size=1, max_size=5), st.data())
def test_whoever_goes_on_from_a_saved_state_writes_the_same(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], data: st.DataObject
) -> None:
    """Also where the one before had got further than what it saved."""
    folder = tmp_path_factory.mktemp("chain")
    straight = Chain(str(folder / "a" / "s.chain"), "s", b"{}")
    interrupted = _interrupted(folder)
    place, day = 0, data.draw(st.integers(0, len(parts)))
    for number, part in enumerate(parts):
        lines, name = _lines(place, place + part), f"day{number >= day}.jsonl"
        straight.take(name, lines)
        for saved in data.draw(st.lists(st.booleans(), max_size=2)):
            left = straight.position - interrupted.position
            interrupted.take(name, lines[len(lines) - left :])
            if saved:
                interrupted.save()
            interrupted = _interrupted(folder)
        interrupted.save()  # what is behind would be cleared
        left = straight.position - interrupted.position
        interrupted.take(name, lines[len(lines) - left :])
        place += part
    straight.end(SEALED)
    interrupted.end(SEALED)
    written = (folder / "a" / "s.chain").read_bytes()
    assert (folder / "b" / "s.chain").read_bytes() == written
    assert read_chain(folder / "a" / "s.chain").broken == []
    assert straight.position == interrupted.position


def _interrupted(folder: Path) -> Chain:
    return Chain(str(folder / "b" / "s.chain"), "s", b"{}", 0, str(folder / "state"))


@pytest.fixture(params=["full", "read-only"])
def sidecars(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder of sidecars on a disk of its own, which has no room for a chain."""
    path = tmp_path / "_integrity"
    path.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "none", path], check=False
    ).returncode:
        pytest.skip("disks cannot be mounted here")
    (path / "run.json").touch()
    if request.param == "full":
        (path / "run.json").write_bytes(bytes(4096))
    else:
        subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


def test_no_room_for_the_chain_does_no_harm_to_the_log(sidecars: Path) -> None:
    """All lines get there at once; the session cannot be checked, or is unsealed."""
    directory = sidecars.parent
    files = LogFiles(directory, "run", {}, claim=False)
    sink = SpoolSink(files)
    for n in range(500):
        sink.put(b'"event":"MODEL_SAVED","metrics_snapshot":{"n":%d}}\n' % n)
    assert sink.flush(10)
    assert sink.close(10)
    drained(directory)
    (path,) = directory.glob("*.jsonl")
    assert path.read_bytes().count(b"\n") == 500
    assert judge(directory).status in {Status.NOT_CHECKABLE, Status.UNSEALED}


def test_a_chain_whose_disk_has_room_again_is_whole(tmp_path: Path) -> None:
    """What could not be written waited."""
    folder = tmp_path / "_integrity"
    folder.write_text("in the way")
    chain = Chain(str(folder / "s.chain"), "s", b"{}")
    chain.take("a.jsonl", _lines(0, 1_000))
    folder.unlink()
    chain.take("a.jsonl", _lines(1_000, 1_200))
    chain.end(SEALED)
    read = read_chain(folder / "s.chain")
    assert (read.broken, len(read.checkpoints), read.state) == ([], 13, "sealed")


def test_a_chain_that_is_removed_is_made_again(tmp_path: Path) -> None:
    """From what its writer holds open."""
    chain = Chain(str(tmp_path / "s.chain"), "s", b"{}")
    chain.take("a.jsonl", _lines(0, 300))
    (tmp_path / "s.chain").unlink()
    chain.take("a.jsonl", _lines(300, 400))
    chain.end(SEALED)
    read = read_chain(tmp_path / "s.chain")
    assert (read.broken, len(read.checkpoints), read.state) == ([], 5, "sealed")


def test_a_session_whose_spool_was_taken_away_goes_on_in_the_same_chain(tmp_path: Path) -> None:
    """Its state went with the spool; its chain and files are still there."""
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 150)
        assert log.flush(10)
        chain = tmp_path / "_integrity" / "run.chain"
        until(lambda: chain.exists() and chain.read_bytes().count(b"\n") == 2)
        for spool in spools(tmp_path):
            shutil.rmtree(spool)
        emit_many(log, 150, 400)
        assert log.flush(10)
    drained(tmp_path)
    assert sorted(numbers(tmp_path)) == list(range(400))
    assert problems(tmp_path) == []
    assert judge(tmp_path).entries == 400


def test_a_planted_file_or_link_is_not_written_to(tmp_path: Path) -> None:
    """The chain then is not there; the log is."""
    (tmp_path / "target").write_text("mine")
    (tmp_path / "s.chain").symlink_to(tmp_path / "target")
    chain = Chain(str(tmp_path / "s.chain"), "s", b"{}")
    chain.take("a.jsonl", _lines(0, 300))
    chain.end(SEALED)
    assert (tmp_path / "target").read_text() == "mine"


def test_the_thread_that_writes_where_there_is_no_spool_chains_alike(tmp_path: Path) -> None:
    """With the same records for the same lines."""
    files = LogFiles(tmp_path, "run", {"host": "here"})
    sink = QueuedSink(files)
    for n in range(250):
        sink.put(b'"event":"MODEL_SAVED","metrics_snapshot":{"n":%d}}\n' % n)
    sink.leave(5)
    assert judge(tmp_path).state == "sealed"
    sink.put(b'"event":"MODEL_SAVED"}\n')
    assert sink.close(10)
    assert problems(tmp_path) == []
    assert judge(tmp_path).entries == 251


def test_a_session_over_midnight_is_one_chain_over_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is vouched for to its end."""
    import time  # noqa: PLC0415 - its clock is set

    now = time.time_ns
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 130)
        assert log.flush(10)
        set_clock(monkeypatch, "time_ns", lambda: now() + 86_400_000_000_000)
        time.sleep(1.1)
        emit_many(log, 130, 300)
        assert log.flush(10)
    monkeypatch.undo()
    drained(tmp_path)
    first, second = sorted(tmp_path.glob("*.jsonl"))
    assert numbers(tmp_path) == list(range(300))
    assert problems(tmp_path) == []
    assert judge(tmp_path).entries == 300
    first.write_bytes(first.read_bytes() + second.read_bytes()[:400])
    assert judge(tmp_path).integrity == Status.TAMPERED


def test_a_process_that_closes_nothing_seals_its_session(tmp_path: Path) -> None:
    """It ends in order, and that is what is recorded."""
    program = (
        "from mllog_callbacks import AuditLog\n"
        f"AuditLog({str(tmp_path)!r}, session='run').emit('MODEL_SAVED')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)
    drained(tmp_path)
    assert judge(tmp_path).status == Status.SOUND


def test_the_opening_names_the_heads_that_were_there(tmp_path: Path) -> None:
    """Of the latest sessions, whose own name those before them."""
    for n in range(20):
        seal(tmp_path, 1, session=f"s{n:02}")
    opening = read_chain(tmp_path / "_integrity" / "s19.chain").opening
    assert opening is not None
    assert sorted(opening.earlier) == [f"s{n:02}" for n in range(3, 19)]
    assert opening.earlier["s18"] == read_chain(tmp_path / "_integrity" / "s18.chain").head
