"""Each verdict is a claim: without the evidence that docs/integrity.md lists, it is not made."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.chain import CONTEXT, chain_path, signed
from mllog_callbacks.integrity import (
    Anchor,
    Status,
    Verdict,
    anchors_of,
    exit_code,
    new_key,
    read_public_key,
    verify,
)
from mllog_callbacks.integrity._chains import read_chain
from processes import emit_many, ended, forked, until
from sealed import edit, judge, kill, mllog, seal

pytest.importorskip("cryptography")

LOOKS = int(os.environ.get("MLLOG_TEST_LOOKS", "20"))
"""How often a folder is verified in which sessions come and go."""

SOUND, UNSEALED = Status.SOUND, Status.UNSEALED
UNKNOWN, INCOMPLETE, TAMPERED = Status.NOT_CHECKABLE, Status.INCOMPLETE, Status.TAMPERED


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair of keys, and another one."""
    folder = tmp_path_factory.mktemp("keys")
    for name in "own", "other":
        private, public = new_key()
        (folder / name).write_bytes(private)
        (folder / f"{name}.pub").write_bytes(public)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    """Sessions of 120 entries, each in a folder: signed; unsigned; killed, and completed."""
    folder = tmp_path_factory.mktemp("made")
    seal(folder / "unsigned", 120)
    kill(folder / "killed", 120)
    assert judge(folder / "killed").state == "witnessed"
    os.environ["MLLOG_SIGNING_KEY"] = str(keys / "own")
    try:
        seal(folder / "signed", 120)
    finally:
        del os.environ["MLLOG_SIGNING_KEY"]
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of these folders."""
    return lambda name: Path(shutil.copytree(made / name, tmp_path / name))


@pytest.fixture
def key(keys: Path) -> str:
    """The public key that signed."""
    return read_public_key(keys / "own.pub")


def aspects(verdict: Verdict) -> tuple[Status, ...]:
    """Integrity, completeness, authenticity, life cycle."""
    return verdict.integrity, verdict.completeness, verdict.authenticity, verdict.life_cycle


def only(logs: Path, **options: object) -> Verdict:
    """The verdict on the one session of a folder."""
    (verdict,) = verify([logs], **options)  # type: ignore[arg-type]  # as they are given
    return verdict


def test_nothing_is_claimed_without_evidence() -> None:
    """A verdict of which nothing is known is sound in no aspect."""
    verdict = Verdict("run", "logs")
    assert aspects(verdict) == (UNKNOWN,) * 4
    assert (verdict.status, exit_code([verdict])) == (UNKNOWN, 3)


def test_with_all_evidence_all_is_sound(copy: Callable[[str], Path], key: str) -> None:
    """And the verdict names it."""
    verdict = only(copy("signed"), key=key)
    assert aspects(verdict) == (SOUND,) * 4
    assert verdict.signer == key
    assert verdict.evidence == {
        "integrity": "the chain covers 120 entries",
        "completeness": "the chain is sealed",
        "authenticity": f"3 records signed by {key}",
        "life cycle": "the order and the names of 120 entries",
    }


def _without_chain(logs: Path) -> None:
    (logs / "_integrity" / "run.chain").unlink()


def _with_an_empty_chain(logs: Path) -> None:
    (logs / "_integrity" / "run.chain").write_bytes(b"")


def _without_sidecars(logs: Path) -> None:
    shutil.rmtree(logs / "_integrity")


@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.parametrize("change", [_without_chain, _with_an_empty_chain, _without_sidecars])
def test_without_a_chain_only_the_life_cycle_is_judged(
    copy: Callable[[str], Path], key: str, change: Callable[[Path], None], *, with_key: bool
) -> None:
    """The lines are there, and nothing says that they are those that were written."""
    logs = copy("signed")
    change(logs)
    verdict = only(logs, key=key if with_key else None)
    assert (verdict.integrity, verdict.authenticity, verdict.life_cycle) == (
        UNKNOWN,
        UNKNOWN,
        SOUND,
    )
    assert verdict.completeness in {UNKNOWN, UNSEALED}
    assert (verdict.status, exit_code([verdict])) == (UNKNOWN, 3)


@pytest.mark.parametrize("name", ["ml-platform-2026-01-30.run.jsonl", "other.jsonl"])
@pytest.mark.parametrize("content", ["hello", "hello\n", "", "{}\n"])
def test_of_a_file_that_is_no_log_nothing_is_claimed(
    tmp_path: Path, name: str, content: str
) -> None:
    """Whatever its name."""
    (tmp_path / name).write_text(content)
    verdict = only(tmp_path)
    assert aspects(verdict) == (UNKNOWN,) * 4
    assert exit_code([verdict]) == 3


def test_an_open_session_without_a_checkpoint_is_not_known_to_be_as_written(
    tmp_path: Path,
) -> None:
    """Its life cycle is judged, its lines are not covered yet."""
    with AuditLog(tmp_path, session="run") as log:
        emit_many(log, 0, 5)
        assert log.flush(30)
        verdict = judge(tmp_path)
    assert (verdict.integrity, verdict.completeness) == (UNKNOWN, UNSEALED)
    assert exit_code([verdict]) == 2


def test_a_session_that_emitted_nothing_is_sound_by_its_sealed_chain(tmp_path: Path) -> None:
    """Without the seal that is not known: its lines may be gone with its chain."""
    AuditLog(tmp_path, session="run").close()
    logs = seal(tmp_path / "some", 1).parent
    assert judge(logs).status == SOUND
    edit(logs / "_integrity" / "run.chain", lambda lines: lines.__delitem__(slice(1, None)))
    for each in logs.glob("*.jsonl"):
        each.unlink()
    verdict = only(logs)
    assert verdict.completeness == UNSEALED
    assert verdict.life_cycle == UNKNOWN


def test_a_signed_session_is_authentic_by_the_key_it_names_or_by_that_given(
    copy: Callable[[str], Path], keys: Path
) -> None:
    """By another key it is a forgery."""
    logs = copy("signed")
    assert only(logs).authenticity == SOUND
    other = only(logs, key=read_public_key(keys / "other.pub"))
    assert (other.authenticity, exit_code([other])) == (TAMPERED, 1)
    for name, code in ("own.pub", 0), ("other.pub", 1):
        assert mllog("verify", logs, "--key", keys / name).returncode == code


def test_a_forged_chain_without_signatures_is_no_match_for_a_key(
    copy: Callable[[str], Path], key: str
) -> None:
    """A sealed one is forged or was never signed; a killed one looks as a forged one does."""
    verdict = only(copy("unsigned"), key=key)
    assert (verdict.authenticity, exit_code([verdict])) == (TAMPERED, 1)
    verdict = only(copy("killed"), key=key)
    assert (verdict.authenticity, verdict.status, exit_code([verdict])) == (UNKNOWN, UNKNOWN, 3)
    assert "whoever can write here" in str(verdict.problems)


def test_a_forged_chain_signed_by_another_key_is_none_of_that_given(
    copy: Callable[[str], Path], keys: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key it looks authentic: by a key that nobody vouches for, which is named."""
    logs = copy("signed")
    for each in [*logs.rglob("*run*")]:
        each.unlink()
    monkeypatch.setenv("MLLOG_SIGNING_KEY", str(keys / "other"))
    seal(logs, 120)
    assert only(logs).signer == read_public_key(keys / "other.pub") != key
    assert only(logs, key=key).authenticity == TAMPERED


def add_record(logs: Path, entries: int = 0, state: str = "unsealed") -> None:
    """Add a record behind the end of a chain, which says no more, or that lines were added."""
    path = logs / "_integrity" / "run.chain"
    last = read_chain(path).last
    assert last is not None
    (log,) = logs.glob("*.jsonl")
    leaves = []
    if entries:
        line = log.read_bytes().splitlines()[-1]
        stamp = line[14:41].replace(b"2026", b"2027")
        with log.open("ab") as stream:
            stream.write((line[:14] + stamp + line[41:] + b"\n") * entries)
        leaves = [sha256(b"\0" + line[:14] + stamp + line[41:]).digest()] * entries
    text = (
        f'{{"entries":{last.entries + entries},"file":"{last.file}","lines":{last.lines + entries},'
        f'"bytes":{log.stat().st_size},"block":"{sha256(b"".join(leaves)).hexdigest()}",'
        f'"root":"{last.root}","state":"{state}","previous":"{last.digest}"'
    )
    with path.open("ab") as stream:
        stream.write(signed(text.encode(), None)[0])


def test_a_record_without_signature_behind_a_signed_end_is_tampering(
    copy: Callable[[str], Path], key: str
) -> None:
    """It needs no key to be seen, and no anchor; the one given says the same."""
    logs = copy("signed")
    anchors = [*anchors_of([logs])]
    add_record(logs, entries=1)
    for given in {}, {"key": key}, {"anchors": anchors}:
        verdict = only(logs, **given)
        assert (verdict.authenticity, exit_code([verdict])) == (TAMPERED, 1)
    assert "follows the signed end" in str(verdict.problems)
    assert "continues after the sealed end that the anchor" in str(verdict.problems)


def test_an_end_that_is_written_again_without_the_key_is_no_tampering(
    copy: Callable[[str], Path], key: str
) -> None:
    """As by whoever completes a session whose drainer was killed as it had just sealed it."""
    logs = copy("signed")
    anchors = [*anchors_of([logs])]
    add_record(logs, state="sealed")
    for given in {"key": key}, {"anchors": anchors}:
        verdict = only(logs, **given)
        assert (verdict.integrity, verdict.status) == (SOUND, UNSEALED)
        assert verdict.authenticity == UNSEALED


def test_a_signed_session_that_is_cut_and_witnessed_without_the_key_is_not_sound(
    copy: Callable[[str], Path], key: str
) -> None:
    """As by somebody who has it look as if its process had been killed."""
    logs = copy("signed")
    path = logs / "_integrity" / "run.chain"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    (log,) = logs.glob("*.jsonl")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:100]))
    add_record(logs, state="witnessed")
    for given in {}, {"key": key}:
        verdict = only(logs, **given)
        assert (verdict.integrity, verdict.completeness) == (SOUND, UNSEALED)
        assert (verdict.authenticity, exit_code([verdict])) == (UNSEALED, 2)


@pytest.mark.parametrize("signed_", [True, False])
@pytest.mark.parametrize(("entries", "state"), [(1, "sealed"), (0, "unsealed")])
def test_a_chain_that_goes_on_behind_the_end_that_an_anchor_names_is_tampering(
    copy: Callable[[str], Path], entries: int, state: str, *, signed_: bool
) -> None:
    """Whether or not it is signed."""
    logs = copy("signed" if signed_ else "unsigned")
    anchors = [*anchors_of([logs])]
    assert only(logs, anchors=anchors).status == SOUND
    add_record(logs, entries, state)
    verdict = only(logs, anchors=anchors)
    assert (verdict.integrity, exit_code([verdict])) == (TAMPERED, 1)


def test_of_a_missing_session_no_aspect_is_sound(tmp_path: Path) -> None:
    """Another session saw it, or an anchor names it; else nothing is known of it."""
    seal(tmp_path, 5, session="first")
    anchors = [*anchors_of([tmp_path])]
    seal(tmp_path, 5, session="second")
    for each in [*tmp_path.rglob("*first*")]:
        each.unlink()
    for given in [], anchors:
        missing = next(
            each for each in verify([tmp_path], anchors=given) if each.session == "first"
        )
        assert aspects(missing) == (UNKNOWN, INCOMPLETE, UNKNOWN, UNKNOWN)
    for each in [*tmp_path.rglob("*second*")]:
        each.unlink()
    assert verify([tmp_path]) == []
    assert mllog("verify", tmp_path).returncode == 3


@pytest.mark.parametrize(
    "content", ["", "\n\n", "hello\n", "[]\n", '{"session":"run"}\n', '{"session":5}', "[" * 9_999]
)
def test_what_is_no_anchor_vouches_for_nothing(
    copy: Callable[[str], Path], tmp_path: Path, content: str
) -> None:
    """An empty file of anchors is an error, not a pass."""
    (tmp_path / "anchors").write_text(content)
    shown = mllog("verify", copy("unsigned"), "--anchor", tmp_path / "anchors")
    assert shown.returncode == 3
    assert b"cannot be checked" in shown.stderr


def test_an_anchor_is_of_the_session_whose_chain_it_is_of(tmp_path: Path) -> None:
    """Of sessions of one name in two folders each has its own, and one that is gone is missed."""
    for folder, entries in ("a", 20), ("b", 30):
        seal(tmp_path / folder, entries)
        time.sleep(1.1)  # a manifest has its start in seconds
    anchors = [*anchors_of([tmp_path])]
    assert [each.entries for each in anchors] == [20, 30]
    assert {each.status for each in verify([tmp_path], anchors=anchors)} == {SOUND}
    assert {each.status for each in verify([tmp_path], anchors=anchors[:1])} == {SOUND}
    path = next((tmp_path / "b").glob("*.jsonl"))
    changed = path.read_bytes()
    for each in [*(tmp_path / "b").rglob("*run*")]:
        each.unlink()
    kept, missing = verify([tmp_path], anchors=anchors)
    assert (kept.status, missing.status) == (SOUND, INCOMPLETE)
    seal(tmp_path / "b", 31)  # somebody wrote it anew
    assert path.read_bytes() != changed
    verdicts = {each.directory: each for each in verify([tmp_path], anchors=anchors)}
    assert verdicts[str(tmp_path / "a")].status == SOUND
    assert verdicts[str(tmp_path / "b")].status == TAMPERED


def test_a_removal_is_recorded_for_one_chain_alone(tmp_path: Path) -> None:
    """An anchor of another session of that name, in another folder, is missed still."""
    for folder in "a", "b":
        seal(tmp_path / folder, 20)
        time.sleep(1.1)  # as above
    anchors = [*anchors_of([tmp_path])]
    for each in [*tmp_path.rglob("*run*")]:
        if each.suffix == ".jsonl":
            day = each.name.split(".")[0].removeprefix("ml-platform-")
            chain = each.parent / "_integrity" / "run.chain"
            text = chain.read_bytes()
            assert day.encode() in text
        os.utime(each, (0, 0))
    from mllog_callbacks.integrity import find_sessions, remove  # noqa: PLC0415 - here alone

    (session, _) = find_sessions([tmp_path])
    remove(session, 183)
    assert {each.status for each in verify([tmp_path], anchors=anchors)} == {SOUND}
    for each in [*(tmp_path / "b").rglob("*run*")]:
        each.unlink()
    (missing,) = verify([tmp_path], anchors=anchors)
    assert (missing.session, missing.status) == ("run", INCOMPLETE)


def test_what_a_killed_session_left_and_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """Its entries are in memory still, and its disk takes none; once it does, all is there."""
    import resource  # noqa: PLC0415 - not on Windows

    path = kill(tmp_path, 100)
    size = path.stat().st_size

    def look() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        found = [each for each in verify([tmp_path]) if "not written to its file" in str(each)]
        assert [each.completeness for each in found] == [UNSEALED]
        assert exit_code(found) == 2
        shown = mllog("verify", path)
        assert b"not written to its file" in shown.stdout

    assert ended(forked(look)) == 0
    assert [each.entries for each in verify([tmp_path])] == [100]


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Path]:
    """A folder in which sessions begin, end, are killed and removed all the time."""

    def work() -> None:
        for n in range(10_000):
            child = forked(lambda n=n: _live(tmp_path, n))  # type: ignore[misc]  # its default
            ended(child)

    child = forked(work)
    try:
        yield tmp_path
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _live(folder: Path, n: int) -> None:
    log = AuditLog(folder, session=f"s{n}")
    emit_many(log, 0, 150)
    if n % 3:
        log.close()
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def test_sessions_that_come_and_go_meanwhile_are_not_incomplete(busy: Path) -> None:
    """What is being written is unsealed, or not to be checked yet; nothing of it is missing."""
    until(lambda: len([*busy.glob("*.jsonl")]) > 3)
    found = set()
    for _ in range(LOOKS):
        verdicts = verify([busy])
        found |= {each.status for each in verdicts}
        bad = [each for each in verdicts if each.status in {INCOMPLETE, TAMPERED}]
        assert not bad
        time.sleep(0.02)
    assert SOUND in found


def test_what_is_signed_has_a_context(copy: Callable[[str], Path], key: str) -> None:
    """The signature of a digest alone, made for another purpose, is none of a record's."""
    chain = read_chain(Path(chain_path(str(copy("signed") / "_integrity" / "run.json"))))
    assert chain.opening is not None
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional

    public = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    digest, signature = bytes.fromhex(chain.opening.digest), bytes.fromhex(chain.opening.signature)
    public.verify(signature, CONTEXT + digest)
    with pytest.raises(InvalidSignature):
        public.verify(signature, digest)


def test_an_anchor_has_what_it_is_of() -> None:
    """One line, and the same again when it is read."""
    anchor = Anchor("run", 3, "sealed", "ab", "cd", "ef")
    assert anchor.to_json() == (
        '{"session": "run", "entries": 3, "state": "sealed", "root": "ab", "digest": "cd", '
        '"opening": "ef"}'
    )
