"""What somebody does to a log afterwards is found, and where."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mllog_callbacks.integrity import Status, exit_code, verify
from sealed import edit, judge, problems, seal

Change = Callable[[list[bytes]], object]


def _name(path: Path, *lines: int) -> str:
    return f"integrity: tampered: {path.name}:{'-'.join(map(str, lines))}"


def test_a_sealed_log_is_sound(tmp_path: Path) -> None:
    """All of it, however it was closed; exit code 0."""
    seal(tmp_path)
    verdict = judge(tmp_path)
    assert problems(tmp_path) == []
    assert (verdict.status, verdict.state, verdict.entries) == (Status.SOUND, "sealed", 250)
    assert exit_code(verify([tmp_path])) == 0


@pytest.mark.parametrize("entries", [0, 1, 99, 100, 101, 200])
def test_any_number_of_entries_can_be_sealed(tmp_path: Path, entries: int) -> None:
    """Also none, and whole blocks."""
    seal(tmp_path, entries)
    assert problems(tmp_path) == []
    assert judge(tmp_path).entries == entries


def _replace(line: int, text: bytes) -> Change:
    return lambda lines: lines.__setitem__(line, lines[line].replace(b"null", text, 1))


def _swap(one: int, other: int) -> Change:
    def change(lines: list[bytes]) -> None:
        lines[one], lines[other] = lines[other], lines[one]

    return change


@pytest.mark.parametrize(
    ("change", "first", "last", "recorded"),
    [
        (_replace(137, b"1234"), 101, 200, "lines were changed"),
        (_replace(137, b'"longer"'), 101, 200, "lines were changed"),
        (_replace(0, b"true"), 1, 100, "lines were changed"),
        (_replace(249, b"true"), 201, 250, "lines were changed"),
        (_swap(120, 121), 101, 200, "lines were changed"),
        (_swap(20, 220), 1, 100, "lines were changed"),
        (lambda lines: lines.pop(50), 1, 100, "lines were changed"),
        (lambda lines: lines.__delitem__(slice(100, 200)), 101, 200, "lines were changed"),
        (lambda lines: lines.insert(150, lines[3]), 101, 200, "lines were changed"),
        (lambda lines: lines.insert(100, lines[3]), 101, 200, "lines were changed"),
        (lambda lines: lines.insert(0, lines[3]), 1, 100, "lines were changed"),
        (lambda lines: lines.pop(), 201, 250, "lines were cut off"),
        (lambda lines: lines.__delitem__(slice(150, None)), 101, 250, "lines were cut off"),
        (list.clear, 1, 250, "lines were cut off"),
        (lambda lines: lines.append(lines[-1]), 251, 251, "lines were added"),
        (lambda lines: lines.extend(lines[:20]), 251, 270, "lines were added"),
    ],
)
def test_a_changed_line_is_tampering_with_its_place(
    tmp_path: Path, change: Change, first: int, last: int, recorded: str
) -> None:
    """Edits, swaps, deletions, insertions, cuts and appends; exit code 1."""
    path = seal(tmp_path)
    edit(path, change)
    found = problems(tmp_path)
    lines = f"{first}-{last}" if last > first else str(first)
    assert found[0].startswith(f"integrity: tampered: {path.name}:{lines}: {recorded}")
    assert judge(tmp_path).integrity == Status.TAMPERED
    assert exit_code(verify([tmp_path])) == 1


def test_two_changes_far_apart_are_two_places(tmp_path: Path) -> None:
    """Of which each is recorded, where lines kept their lengths."""
    path = seal(tmp_path, 500)
    edit(path, _replace(10, b"true"))
    edit(path, _replace(310, b"true"))
    found = [each for each in problems(tmp_path) if "lines were changed" in each]
    assert [each.partition(".jsonl:")[2].partition(": ")[0] for each in found] == [
        "1-100",
        "301-400",
    ]


def test_a_missing_file_is_incomplete(tmp_path: Path) -> None:
    """Exit code 2."""
    path = seal(tmp_path)
    path.unlink()
    assert problems(tmp_path) == [f"completeness: incomplete: {path.name}: the file is missing"]
    assert exit_code(verify([tmp_path])) == 2


def test_a_missing_manifest_is_incomplete_and_a_changed_one_tampered(tmp_path: Path) -> None:
    """The chain names its hash."""
    seal(tmp_path)
    manifest = tmp_path / "_integrity" / "run.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"pid": ', '"pid": 1'))
    assert problems(tmp_path) == [
        "integrity: tampered: run.json: is not the manifest that was written"
    ]
    manifest.unlink()
    assert problems(tmp_path) == ["completeness: incomplete: its manifest is missing"]


def test_without_its_chain_a_log_cannot_be_checked(tmp_path: Path) -> None:
    """Exit code 3; but another session that saw its head records that there was one."""
    seal(tmp_path, session="run")
    (tmp_path / "_integrity" / "run.chain").unlink()
    assert judge(tmp_path).integrity == Status.NOT_CHECKABLE
    assert exit_code(verify([tmp_path])) == 3
    seal(tmp_path, session="other")
    assert judge(tmp_path, "other").status == Status.SOUND


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_record_taken_out_of_the_chain_is_found(tmp_path: Path, gone: int) -> None:
    """Each but the last; without that the session is no longer sealed."""
    seal(tmp_path)
    chain = tmp_path / "_integrity" / "run.chain"
    edit(chain, lambda lines: lines.pop(gone))
    verdict = judge(tmp_path)
    expected = Status.TAMPERED if gone < 3 else Status.UNSEALED
    assert verdict.status == expected


def test_a_removed_session_is_missed_by_the_next_one(tmp_path: Path) -> None:
    """Which saw its head; exit code 2."""
    for name in "first", "second", "third":
        seal(tmp_path, session=name)
    for each in [*tmp_path.rglob("*second*")]:
        each.unlink()
    assert problems(tmp_path, "second") == [
        "completeness: incomplete: is missing; the session third saw it"
    ]
    assert exit_code(verify([tmp_path])) == 2


def test_a_session_that_was_written_anew_is_not_what_the_next_one_saw(tmp_path: Path) -> None:
    """Even though it is sound in itself."""
    seal(tmp_path, session="first")
    seal(tmp_path, session="second")
    for each in [*tmp_path.rglob("*first*")]:
        each.unlink()
    seal(tmp_path / "elsewhere", session="first")
    for each in [*(tmp_path / "elsewhere").rglob("*first*")]:
        target = tmp_path / each.relative_to(tmp_path / "elsewhere")
        shutil.move(each, target)
    assert problems(tmp_path, "first") == [
        "integrity: tampered: its chain no longer holds the head that the session second saw"
    ]


def test_a_file_that_no_chain_names_is_found(tmp_path: Path) -> None:
    """Lines in the session's name, in a file of another day."""
    path = seal(tmp_path)
    planted = path.with_name("ml-platform-2020-01-01.run.jsonl")
    shutil.copy(path, planted)
    (recorded,) = [each for each in problems(tmp_path) if each.startswith("integrity")]
    assert recorded.startswith(_name(planted, 1, 250))


def test_a_folder_below_is_verified_too(tmp_path: Path) -> None:
    """And one file means its session as a whole."""
    seal(tmp_path / "a", session="one")
    path = seal(tmp_path / "b" / "c", session="two")
    assert [each.session for each in verify([tmp_path])] == ["one", "two"]
    (verdict,) = verify([path])
    assert (verdict.session, verdict.status) == ("two", Status.SOUND)
