"""NUL bytes at a file's end: what a power failure leaves of an open session, and nothing else."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clocks import set_clock
from mllog_callbacks import AuditLog
from mllog_callbacks.integrity import Status
from mllog_callbacks.integrity._chains import read_chain
from mllog_callbacks.schema import count
from processes import emit_many, until
from sealed import judge, problems, seal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A session of 250 entries, two blocks in its chain, as a machine without power left it."""
    with AuditLog(tmp_path / "here", session="run") as log:
        emit_many(log, 0, 250)
        assert log.flush(30)
        chain = tmp_path / "here" / "_integrity" / "run.chain"
        until(lambda: _covers(chain, 200))
        shutil.copytree(tmp_path / "here", tmp_path / "left")
    return next((tmp_path / "left").glob("*.jsonl"))


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Path]:
    """Makes an open session of two days, whose second ends so many seconds after midnight."""
    now, day = time.time_ns, 86_400_000_000_000
    midnight = (now() // day + 1) * day

    def make(seconds: float) -> Path:
        def at(seconds: float) -> None:
            shift = midnight + int(seconds * 1e9) - now()
            set_clock(monkeypatch, "time_ns", lambda: now() + shift)

        at(-10)
        with AuditLog(tmp_path / "here", session="run") as log:
            emit_many(log, 0, 150)
            assert log.flush(30)
            at(seconds)
            emit_many(log, 150, 270)
            assert log.flush(30)
            until(lambda: _covers(tmp_path / "here" / "_integrity" / "run.chain", 250))
            shutil.copytree(tmp_path / "here", tmp_path / "left")
        return min((tmp_path / "left").glob("*.jsonl"))

    return make


def _covers(chain: Path, entries: int) -> bool:
    last = read_chain(chain).last if chain.exists() else None
    return last is not None and last.entries >= entries


def _zero(path: Path, start: int, more: int = 0) -> None:
    """Overwrite a file with NULs from a place on, and some beyond its end."""
    raw = path.read_bytes()
    path.write_bytes(raw[:start] + bytes(len(raw) - start + more))


@pytest.mark.parametrize("more", [1, 4_096, 3_000_000])
def test_nuls_behind_an_open_session_are_a_loss(path: Path, more: int) -> None:
    """Not a change: all that stands before them is as it was written, and counted."""
    _zero(path, path.stat().st_size, more)
    verdict = judge(path.parent)
    assert (verdict.integrity, verdict.completeness) == (Status.SOUND, Status.INCOMPLETE)
    assert verdict.entries == 250
    recorded = [str(each) for each in verdict.problems]
    nuls, after = count(more, "NUL byte"), "as file systems leave after a power failure"
    assert f"{path.name}: the file ends in {nuls}, {after}" in recorded


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_nuls_in_the_place_of_lines_are_a_cut(path: Path, share: float) -> None:
    """Of a session that is open nobody can say who cut it; the lines that are lost are recorded."""
    _zero(path, int(path.stat().st_size * share))
    verdict = judge(path.parent)
    assert (verdict.integrity, verdict.completeness) == (Status.SOUND, Status.INCOMPLETE)
    reasons = [each.reason for each in verdict.problems]
    assert any("NUL bytes, as file systems leave" in each for each in reasons)
    assert any(each.startswith("the last lines are missing") for each in reasons)


@pytest.mark.parametrize("start", [0.5, 1.0])
def test_a_finished_file_has_no_nuls(tmp_path: Path, start: float) -> None:
    """In it they are tampering, whether they stand for lines or behind them."""
    path = seal(tmp_path)
    _zero(path, int(path.stat().st_size * start), 10)
    assert judge(tmp_path).integrity == Status.TAMPERED
    assert "NUL bytes, which came after it was finished" in problems(tmp_path)[0]


def test_nuls_between_lines_are_tampering(path: Path) -> None:
    """A power failure leaves them at the end alone."""
    raw = path.read_bytes()
    path.write_bytes(raw[:5_000] + bytes(200) + raw[5_200:])
    assert judge(path.parent).integrity == Status.TAMPERED


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_day_before_is_judged_alike_where_the_power_may_have_failed(
    days: Callable[[float], Path], share: float
) -> None:
    """The session ends just after midnight: the disk may not have had the end of either file."""
    path = days(10)
    _zero(path, int(path.stat().st_size * share), 100)
    verdict = judge(path.parent)
    assert (verdict.integrity, verdict.completeness) == (Status.SOUND, Status.INCOMPLETE)
    recorded = [str(each) for each in verdict.problems]
    assert any(
        "NUL bytes, as file systems leave" in each and path.name in each for each in recorded
    )
    assert any("the last lines are missing" in each for each in recorded) is (share < 1)


@pytest.mark.parametrize("change", ["nuls", "cut", "lines", "missing", "beside"])
def test_a_day_that_the_disk_had_whole_is_not_excused(
    days: Callable[[float], Path], change: str
) -> None:
    """Later entries show that it had; and no power failure changes lines, or takes another file."""
    path = days(100 if change in {"nuls", "cut"} else 10)
    raw = path.read_bytes()
    if change == "lines":
        path.write_bytes(raw.replace(b'"dataset":null', b'"dataset":"x"', 1) + bytes(50))
    elif change == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    else:
        _zero(path, len(raw) // 2, 100)
    if change == "missing":
        max(path.parent.glob("*.jsonl")).unlink()
    if change == "beside":
        shutil.copy(path, path.with_name(path.name.replace(".run.", ".run-2.")))
    assert judge(path.parent).integrity == Status.TAMPERED
