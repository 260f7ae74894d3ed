"""`mllog verify`, `anchor`, `prove` and `check`: what they print, and how they exit."""

import json
import shutil
from pathlib import Path

import pytest

from sealed import edit, kill, mllog, seal


def test_a_sound_folder_is_exit_0(tmp_path: Path) -> None:
    """One line a session on stdout, the count on stderr."""
    seal(tmp_path, session="one")
    seal(tmp_path, session="two")
    shown = mllog("verify", tmp_path)
    assert shown.returncode == 0
    assert [line.partition(" (")[0] for line in shown.stdout.decode().splitlines()] == [
        "one: sound",
        "two: sound",
    ]
    assert shown.stderr == b"2 sessions, 500 entries: 2 sound\n"


def test_one_is_counted_as_one(tmp_path: Path) -> None:
    """A session, an entry."""
    seal(tmp_path, 1, session="one")
    shown = mllog("verify", tmp_path)
    assert shown.stdout.startswith(b"one: sound (1 entry; ")
    assert shown.stderr == b"1 session, 1 entry: 1 sound\n"


def test_tampering_is_exit_1_with_its_lines(tmp_path: Path) -> None:
    """It outweighs what is incomplete elsewhere."""
    path = seal(tmp_path)
    kill(tmp_path, 10, session="killed")
    edit(path, lambda lines: lines.pop(20))
    shown = mllog("verify", tmp_path)
    assert shown.returncode == 1
    assert f"  integrity: tampered: {path.name}:1-100: lines were changed" in shown.stdout.decode()


def test_a_killed_session_is_exit_0(tmp_path: Path) -> None:
    """Completed by the command itself, as a witness."""
    kill(tmp_path, 10)
    assert mllog("verify", tmp_path).returncode == 0


@pytest.mark.parametrize(
    "arguments", [["nowhere"], ["--key", "nowhere", "."], ["--unknown"], ["."]]
)
def test_what_cannot_be_checked_is_exit_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """A path that is not there, a key that is not, wrong usage, a folder without logs."""
    monkeypatch.chdir(tmp_path)
    shown = mllog("verify", *arguments)
    assert (shown.returncode, shown.stdout) == (3, b"")
    assert shown.stderr


def test_json_records_each_aspect_and_each_problem(tmp_path: Path) -> None:
    """One object a session."""
    path = seal(tmp_path)
    edit(path, lambda lines: lines.pop())
    (recorded,) = map(json.loads, mllog("verify", "--json", path).stdout.splitlines())
    assert recorded["session"] == "run"
    assert (recorded["status"], recorded["integrity"], recorded["completeness"]) == (
        "tampered",
        "tampered",
        "sound",
    )
    assert recorded["authenticity"] == "not checkable"
    assert recorded["life_cycle"] == "sound"
    assert {
        "aspect": "integrity",
        "status": "tampered",
        "reason": "lines were cut off",
        "file": path.name,
        "first": 201,
        "last": 250,
    } in recorded["problems"]


def test_an_anchor_finds_what_a_log_cannot_record_of_itself(tmp_path: Path) -> None:
    """Replaced as a whole, cut together with its chain, or removed."""
    logs = tmp_path / "logs"
    seal(logs, session="kept")
    path = seal(logs)
    anchor = tmp_path / "anchor.jsonl"
    shown = mllog("anchor", logs)
    anchor.write_bytes(shown.stdout)
    assert shown.stdout.count(b"\n") == 2
    assert mllog("verify", logs, "--anchor", anchor).returncode == 0

    chain = logs / "_integrity" / "run.chain"
    edit(chain, lambda lines: lines.__delitem__(slice(2, None)))
    edit(path, lambda lines: lines.__delitem__(slice(100, None)))
    assert mllog("verify", logs).returncode == 2  # as if it were still open
    cut = mllog("verify", logs, "--anchor", anchor)
    assert cut.returncode == 2
    assert b"no longer holds the head that the anchor kept elsewhere names" in cut.stdout

    for each in [*logs.rglob("*run*")]:
        each.unlink()
    assert mllog("verify", logs).returncode == 0
    gone = mllog("verify", logs, "--anchor", anchor)
    assert gone.returncode == 2
    assert b"run: incomplete" in gone.stdout
    seal(logs)
    assert mllog("verify", logs).returncode == 0
    assert mllog("verify", logs, "--anchor", anchor).returncode == 1


def test_an_anchor_taken_while_a_session_ran_holds_when_it_is_over(tmp_path: Path) -> None:
    """Its head then is one of the records in the chain."""
    seal(tmp_path / "logs", 150)
    chain = tmp_path / "logs" / "_integrity" / "run.chain"
    whole = chain.read_bytes()
    edit(chain, lambda lines: lines.pop())
    anchor = tmp_path / "anchor.jsonl"
    anchor.write_bytes(mllog("anchor", tmp_path / "logs").stdout)
    chain.write_bytes(whole)
    assert mllog("verify", tmp_path / "logs", "--anchor", anchor).returncode == 0


@pytest.mark.parametrize("line", [1, 100, 101, 250])
def test_one_entry_is_proved_without_the_others(tmp_path: Path, line: int) -> None:
    """By its proof and an anchor; the log is not there any more."""
    path = seal(tmp_path / "logs")
    entry = path.read_bytes().splitlines()[line - 1]
    proof, anchor = tmp_path / "proof", tmp_path / "anchor"
    proof.write_bytes(mllog("prove", path, str(line)).stdout)
    anchor.write_bytes(mllog("anchor", path).stdout)
    shutil.rmtree(tmp_path / "logs")
    checked = mllog("check", proof, "--anchor", anchor)
    assert (checked.returncode, checked.stdout) == (0, entry + b"\n")
    assert f"entry {line} of 250 in the session run" in checked.stderr.decode()
    assert mllog("check", proof).returncode == 3  # nobody vouches for its root
    assert mllog("check", proof, "--root", "ab" * 32).returncode == 1


def test_json_records_what_a_proof_is_worth(tmp_path: Path) -> None:
    """Whether it holds, and whether anybody vouches for its root; the exit codes as they are."""
    path = seal(tmp_path, 20)
    proof = json.loads(mllog("prove", "--json", path, "7").stdout)
    assert proof["root"] == json.loads(mllog("anchor", "--json", path).stdout)["root"]
    recorded = {}
    for root in proof["root"], "ab" * 32, "":
        trusted = ["--root", root] if root else []
        shown = mllog("check", "-", "--json", *trusted, stdin=json.dumps(proof).encode())
        recorded[shown.returncode] = json.loads(shown.stdout)
    assert {code: (each["holds"], each["trusted"]) for code, each in recorded.items()} == {
        0: (True, True),
        1: (False, False),
        3: (True, False),
    }
    assert (recorded[0]["session"], recorded[0]["entry"], recorded[0]["entries"]) == ("run", 7, 20)
    assert recorded[0]["line"].encode() == path.read_bytes().splitlines()[6]


@pytest.mark.parametrize(
    ("name", "value"), [("line", "{}"), ("index", 7), ("entries", 4), ("path", [])]
)
def test_a_proof_of_something_else_is_wrong(tmp_path: Path, name: str, value: object) -> None:
    """Another entry, place or size."""
    path = seal(tmp_path / "logs")
    proof = json.loads(mllog("prove", path, "5").stdout)
    proof[name] = value
    shown = mllog("check", "-", "--root", proof["root"], stdin=json.dumps(proof).encode())
    assert shown.returncode == 1


def test_what_cannot_be_proved_is_exit_3(tmp_path: Path) -> None:
    """No such line, a log that was changed, no proof at all."""
    path = seal(tmp_path / "logs")
    assert mllog("prove", path, "251").returncode == 3
    assert mllog("check", "-", stdin=b"{}").returncode == 3
    edit(path, lambda lines: lines.pop(3))
    assert mllog("prove", path, "5").returncode == 3
