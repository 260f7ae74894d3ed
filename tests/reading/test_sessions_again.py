"""A session's name used again: each file is of the session whose it is, and none is missed."""

import shutil
from pathlib import Path

import pytest

from mllog_callbacks.files import log_name, session_of
from mllog_callbacks.integrity import Status, find_sessions, verify
from mllog_callbacks.reading import trainings
from mllog_callbacks.reading.story import read_stories
from sealed import judge, seal

DAY = "2026-01-30"


def make(folder: Path, *files: str, sidecars: str = "") -> None:
    """Make files of these sessions, empty, and sidecars of those."""
    (folder / "_integrity").mkdir(parents=True)
    for each in files:
        (folder / log_name(DAY, each)).touch()
    for each in sidecars.split():
        (folder / "_integrity" / f"{each}.json").touch()


@pytest.mark.parametrize(
    ("sidecars", "expected"),
    [
        ("", ["run", "run-2"]),  # nothing shows that the second is a copy
        ("run", ["run", "run"]),  # the name was taken, as by another's file
        ("run run-2", ["run", "run-2"]),
        ("run-2", ["run", "run-2"]),  # the first one's sidecars were cleaned away
    ],
)
def test_a_number_behind_a_name_is_a_copys_where_the_sidecars_show_it(
    tmp_path: Path, sidecars: str, expected: list[str]
) -> None:
    """A session of its own has a manifest of its own."""
    make(tmp_path, "run", "run-2", sidecars=sidecars)
    files = sorted(tmp_path.glob("*.jsonl"), key=lambda each: each.with_suffix(""))
    assert [session_of(each) for each in files] == expected
    found = {each.name: len(each.files) for each in find_sessions([tmp_path])}
    assert found == {each: expected.count(each) for each in expected}


def test_a_session_whose_sidecars_are_gone_is_not_checkable_and_the_next_one_is_sound(
    tmp_path: Path,
) -> None:
    """Both have their lines; neither is missing, incomplete or the other's."""
    first = seal(tmp_path, 5, session="run")
    shutil.rmtree(tmp_path / "_integrity")
    second = first.with_name(first.name.replace(".run.", ".run-2."))
    seal(tmp_path, 7, session="run-2").samefile(second)
    assert judge(tmp_path, "run").status == Status.NOT_CHECKABLE
    assert judge(tmp_path, "run-2").status == Status.SOUND
    for path, entries in (first, 5), (second, 7):  # each alone
        (verdict,) = verify([path])
        assert (verdict.entries, verdict.files) == (entries, [path.name])
    stories = trainings(read_stories(sorted(tmp_path.glob("*.jsonl"))))
    assert sorted(each.entries for each in stories) == [5, 7]


def test_a_file_that_another_one_was_put_in_the_place_of_is_missed(tmp_path: Path) -> None:
    """A chain names its files: one with another name does not stand in for them."""
    path = seal(tmp_path, 5, session="run")
    path.rename(path.with_name(path.name.replace(".run.", ".run-2.")))
    verdict = judge(tmp_path, "run")
    assert verdict.status == Status.TAMPERED  # lines that no checkpoint covers
    assert verdict.completeness == Status.INCOMPLETE
