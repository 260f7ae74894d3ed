"""A statement on a model goes with its file, and is checked far from where it was made."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from mllog_callbacks import AuditLog
from mllog_callbacks.attestation import (
    PREDICATE,
    Trusted,
    check,
    exit_code_of,
    read_statement,
)
from mllog_callbacks.files import digest_of
from mllog_callbacks.integrity import read_public_key
from mllog_callbacks.reading.story import read_stories
from mllog_sklearn import audited, save_model
from sealed import mllog

pytest.importorskip("cryptography", reason="the extra signing is not installed")
pytest.importorskip("securesystemslib", reason="the extra signing is not installed")

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(60, 3))
CLAIMS = ["model", "who", "when", "code", "environment", "data", "parameters", "evaluation"]
CLAIMS += ["outcome", "issues", "verdict"]


class Made:
    """A training's leavings: model, log, keys, and two statements on the model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "model.joblib"
        self.logs = folder / "logs"
        self.statement, self.unsigned = folder / "signed.json", folder / "unsigned.json"
        self.key = folder / "key.pub"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One signed training, made once."""
    made = Made(tmp_path_factory.mktemp("made"))
    for name in "key", "other":
        assert mllog("keygen", made.folder / name).returncode == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLLOG_SIGNING_KEY", str(made.folder / "key"))
        patch.setenv("MLLOG_ORIGIN", "1")
        with AuditLog(made.logs, dataset="plane", session="run") as log:
            save_model(audited(Ridge(alpha=0.2), log).fit(DATA, DATA[:, 0]), made.model, log)
        shown = mllog("attest", made.model, made.logs)
        assert shown.returncode == 0, shown.stderr
        assert shown.stderr.startswith(b"signed by ")
        made.statement.write_bytes(shown.stdout)
    shown = mllog("attest", made.model, made.logs, MLLOG_SIGNING_KEY="")
    assert (shown.returncode, shown.stderr) == (
        0,
        b"not signed: MLLOG_SIGNING_KEY names no key\n",
    )
    made.unsigned.write_bytes(shown.stdout)
    return made.folder


@pytest.fixture
def made(template: Path, tmp_path: Path) -> Made:
    """A copy, on another machine as it were."""
    return Made(Path(shutil.copytree(template, tmp_path / "there")))


def checked(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, dict[str, Any]]:
    """What `mllog check` says of each claim."""
    shown = mllog("check", *arguments, "--json", stdin=stdin)
    found = json.loads(shown.stdout)["findings"] if shown.stdout else []
    return shown.returncode, {each["claim"]: each["status"] for each in found}


def payload(path: Path) -> dict[str, Any]:
    """What a signed statement says."""
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    return found


def flip(path: Path, place: int) -> None:
    """Make one byte another."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_statement_holds_far_from_where_it_was_made(made: Made) -> None:
    """With the model, the key and a copy of the log; also with less, which it says."""
    whole = ("--model", made.model, "--key", made.key)
    code, found = checked(made.statement, *whole, made.logs)
    assert code == 0
    assert found == dict.fromkeys(["signature", "subject", "log", *CLAIMS], "sound")
    code, found = checked(made.statement)
    assert (code, found) == (0, {"signature": "sound", "subject": None, "log": None})
    code, found = checked(made.unsigned, made.logs)
    assert (code, found["signature"], found["log"]) == (0, None, "sound")
    assert checked(made.unsigned, "--model", made.model) == (
        3,  # nothing vouches for it
        {"signature": None, "subject": "sound", "log": None},
    )
    text = mllog("check", made.statement, *whole, made.logs)
    assert text.stdout.startswith(
        f"signature: sound: signed by {read_public_key(made.key)}".encode()
    )
    assert text.stderr == b"sound\n"


def test_any_reader_of_in_toto_and_dsse_can_read_it(made: Made) -> None:
    """The statement's form, and the signature over the envelope's own encoding (PAE)."""
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional

    envelope, statement = json.loads(made.statement.read_bytes()), payload(made.statement)
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    (signature,) = envelope["signatures"]
    public = read_public_key(made.key)
    assert signature["keyid"] == public
    body = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    pae = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)
    key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    key.verify(base64.b64decode(signature["sig"]), pae)

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE
    (subject,) = statement["subject"]
    (run,) = statement["predicate"]["runs"]
    traced = json.loads(mllog("trace", made.model, made.logs, "--json").stdout)
    assert subject == {
        "name": "model.joblib",
        "digest": {"sha256": traced["target"]["sha256"]},
    }
    anchor = json.loads(mllog("anchor", made.logs).stdout)
    assert run["chain"] == anchor
    assert [*run["claims"]] == CLAIMS
    assert run["claims"]["parameters"]["alpha"] == {"value": 0.2, "by_caller": True}
    assert run["claims"]["verdict"] == traced["matches"][0]["verdict"]
    unsigned = json.loads(made.unsigned.read_bytes())
    for each in unsigned, statement:
        each["predicate"]["made"].pop("at")
    assert unsigned == statement


def test_a_changed_byte_is_found_and_named(made: Made) -> None:
    """In the model, the log, its origin, the statement; another key, another file."""
    model = ("--model", made.model)
    flip(made.model, -20)
    assert checked(made.statement, *model) == (
        1,
        {"signature": "sound", "subject": "tampered", "log": None},
    )
    assert mllog("attest", made.model, made.logs).returncode == 1
    flip(made.model, -20)

    (log,) = made.logs.glob("*.jsonl")
    flip(log, 100)
    code, found = checked(made.statement, *model, made.logs)
    assert (code, found["subject"], found["log"]) == (1, "sound", "tampered")
    refused = mllog("attest", made.model, made.logs)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"the log of run is tampered: " in refused.stderr
    flip(log, 100)

    content = made.statement.read_bytes()
    for place in content.index(b'payload": "') + 100, content.index(b'sig": "') + 20:
        flip(made.statement, place)
        assert checked(made.statement, "--key", made.key)[0] in {1, 3}  # or it is no JSON any more
        flip(made.statement, place)
    other = made.folder / "other.pub"
    assert checked(made.statement, "--key", other)[1]["signature"] == "tampered"
    assert checked(made.unsigned, "--key", made.key, made.logs)[0] == 1
    code, found = checked(made.statement, "--model", made.statement, "--key", made.key)
    assert (code, found["signature"], found["subject"]) == (1, "sound", "tampered")


@pytest.mark.parametrize(
    ("claim", "path", "value"),
    [
        ("who", "claims.who.account", {"uid": 424_242, "name": "nobody"}),
        ("when", "claims.when.finished", "2020-01-01T00:00:00.000000Z"),
        ("code", "claims.code.git", {"commit": "a" * 40, "dirty": False}),
        ("environment", "claims.environment.machine", {}),
        ("data", "claims.data.training", {"rows": 1_000_000}),
        ("parameters", "claims.parameters.alpha", {"value": 0.1, "by_caller": True}),
        ("evaluation", "claims.evaluation", {"results": {"r2": 1.0}}),
        ("issues", "claims.issues", [{"code": "MLA001"}]),
        ("verdict", "claims.verdict.word", "excellent"),
        ("approved", "claims.approved", "by the board"),
        ("log", "chain.digest", "ab" * 32),
        ("log", "chain.entries", 1),
        ("log", "chain.state", "open"),
        ("log", "session", "another"),
    ],
)
def test_each_false_claim_is_named(made: Made, claim: str, path: str, value: object) -> None:
    """Of a statement that is not signed, held against the log."""
    statement = json.loads(made.unsigned.read_bytes())
    run: Any = statement["predicate"]["runs"][0]
    *way, last = path.split(".")
    for each in way:
        run = run[each]
    run[last] = value
    stories = read_stories([str(each) for each in made.logs.glob("*.jsonl")])
    found = check(read_statement(json.dumps(statement)), Trusted(made.model, None, stories))
    assert [each.claim for each in found if each.status not in {"sound", None}] == [claim]
    assert exit_code_of(found) == (2 if path == "session" else 1)


def test_a_log_of_the_same_name_is_another_one(made: Made) -> None:
    """Nor does an empty folder vouch for anything."""
    shutil.rmtree(made.logs)
    with AuditLog(made.logs, session="run") as log:
        log.emit("MODEL_SAVED")
    code, found = checked(made.statement, made.logs)
    assert (code, found["log"], found["claims"]) == (1, "tampered", "tampered")
    with AuditLog(made.folder / "elsewhere", session="else") as log:
        log.emit("MODEL_SAVED")
    code, found = checked(made.statement, made.folder / "elsewhere")
    assert (code, found["log"]) == (2, "incomplete")
    assert mllog("check", made.statement, made.folder / "nothing").returncode == 3


def test_a_session_that_goes_on_is_stated_as_far_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open, it is unsealed; what comes later does not make the statement false."""
    monkeypatch.setenv("MLLOG_ORIGIN", "1")
    saved = tmp_path / "model.joblib"
    with AuditLog(tmp_path / "logs", session="run") as log:
        save_model(audited(Ridge(), log).fit(DATA, DATA[:, 0]), saved, log)
        for number in range(200):  # past the next record of the chain
            log.emit("DATASET_VALIDATED", decision=str(number))
        assert log.flush(30)
        shown = mllog("attest", saved, tmp_path / "logs", MLLOG_SIGNING_KEY="")
        assert shown.returncode == 0, shown.stderr
    (tmp_path / "statement").write_bytes(shown.stdout)
    assert json.loads(shown.stdout)["predicate"]["runs"][0]["chain"]["state"] == "open"
    code, found = checked(tmp_path / "statement", tmp_path / "logs")
    assert (code, found["log"]) == (2, "sound")
    assert {each for name, each in found.items() if name in CLAIMS} == {"sound", "unsealed"}


def test_a_model_that_is_a_folder(tmp_path: Path) -> None:
    """Each of its files is a subject; which one differs is said."""
    folder = tmp_path / "checkpoint"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a")
    (folder / "sub/b.bin").write_bytes(b"b")
    with AuditLog(tmp_path / "logs", session="run") as log:
        saved = {"path": str(folder), "sha256": digest_of(str(folder))}
        log.emit("MODEL_SAVED", metrics_snapshot={"saved": saved})
    shown = mllog("attest", folder, tmp_path / "logs", MLLOG_SIGNING_KEY="")
    statement = tmp_path / "statement"
    statement.write_bytes(shown.stdout)
    names = [each["name"] for each in json.loads(shown.stdout)["subject"]]
    assert names == ["checkpoint/a.bin", "checkpoint/sub/b.bin"]
    moved = folder.rename(tmp_path / "moved")
    assert checked(statement, "--model", moved, tmp_path / "logs")[0] == 0
    (moved / "sub/b.bin").write_bytes(b"c")
    shown = mllog("check", statement, "--model", moved)
    assert shown.returncode == 1
    assert b"differs in 1 file: sub/b.bin" in shown.stdout


def test_what_cannot_be_stated_or_read(made: Made) -> None:
    """A file that no log knows, a key that is none, usage of the one command for the other."""
    assert mllog("attest", made.statement, made.logs).returncode == 1
    assert mllog("attest", made.folder / "nothing", made.logs).returncode == 2
    refused = mllog("attest", made.model, made.logs, MLLOG_SIGNING_KEY=str(made.model))
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert mllog("check", made.statement, "--root", "ab").returncode == 3
    assert mllog("check", "-", made.logs, stdin=b"{}").returncode == 3
    assert mllog("check", made.statement, "--key", made.model).returncode == 3


TYPE = "application/vnd.in-toto+json"
SIGNATURES: list[Any] = [[], None, [{}], [1], [{"sig": "e30="}], [{"keyid": 1, "sig": 1}] * 17]
HOSTILE = [
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"_type":' + b"[" * 100_000,
    b'{"_type": "https://in-toto.io/Statement/v1"}',
    b'{"_type": [], "_type": {}}',
    b'{"payloadType": 1, "payload": 2, "signatures": 3}',
    *(
        json.dumps({"payloadType": TYPE, "payload": body, "signatures": signatures}).encode()
        for body in ("", "e30=", "not base64", None, "gICA", 7)
        for signatures in SIGNATURES
    ),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_input_is_a_finding(text: bytes) -> None:
    """Never a traceback."""
    shown = mllog("check", "-", stdin=text)
    assert shown.returncode == 3
    assert b"cannot be checked" in shown.stderr


@pytest.mark.timeout(120)
def test_whatever_is_changed_no_other_content_passes(template: Path) -> None:
    """Any edits anywhere: what passes for signed says what was signed."""
    made = Made(template)
    content = made.statement.read_bytes()
    signed = payload(made.statement)

    @settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
    @given(st.lists(st.tuples(st.integers(0, len(content) - 1), st.binary(max_size=6)), max_size=4))
    def edit(changes: list[tuple[int, bytes]]) -> None:
        edited = content
        for place, data in changes:
            edited = edited[:place] + data + edited[place + len(data) :]
        code, found = checked("-", "--key", made.key, stdin=edited)
        assert code in {0, 1, 3}
        if code == 0:
            assert found["signature"] == "sound"
            assert json.loads(base64.b64decode(json.loads(edited)["payload"])) == signed

    edit()
