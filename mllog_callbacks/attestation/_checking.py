"""Checking a statement: each of its claims, with what shows it or speaks against it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from mllog_callbacks._version import __version__
from mllog_callbacks.attestation._envelope import Envelope, is_key
from mllog_callbacks.attestation._statement import CLAIMS, claims_of, models_of, subjects_of
from mllog_callbacks.files import digest_over
from mllog_callbacks.integrity import (
    Anchor,
    Problem,
    Status,
    Verdict,
    anchors_of,
    exit_code_of_status,
    verify,
    worst,
)
from mllog_callbacks.reading.story import Story
from mllog_callbacks.schema import count
from mllog_callbacks.tracing import Target, target_of, trace

__all__ = ["Finding", "Trusted", "check", "exit_code_of", "status_of"]

_FEW: Final = 3
_NEEDS: Final = 'checking it needs pip install "mllog-callbacks[signing]"'


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one claim.

    Attributes:
        claim: ``signature``, ``subject``, ``log``, or a claim of the predicate.
        status: What was found; None where it was not checked, as nothing was given to check it by.
        reason: What shows it, or speaks against it.
        run: Of which run it is claimed; empty where it is of the statement.
    """

    claim: str
    status: Status | None
    reason: str
    run: str = ""

    def __str__(self) -> str:
        status = "not checked" if self.status is None else str(self.status)
        of = f" of {self.run}" if self.run else ""
        return f"{self.claim}{of}: {status}: {self.reason}"

    def as_object(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


class Trusted(NamedTuple):
    """What a statement is held against.

    Attributes:
        model: The file or folder of the model; None where it is not at hand.
        key: The public key that must have signed, as hex; None for any.
        stories: The stories of the logs; None where they are not at hand.
    """

    model: Path | None = None
    key: str | None = None
    stories: Sequence[Story] | None = None


def check(envelope: Envelope, trusted: Trusted) -> list[Finding]:
    """Hold each claim of a statement against what is trusted.

    Args:
        envelope: The statement.
        trusted: What it is held against.

    Raises:
        OSError: The model's file cannot be read.
    """
    found = [_signature(envelope, trusted.key), _subject(envelope.statement, trusted.model)]
    if trusted.stories is None:
        found.append(Finding("log", None, "no logs were given"))
        return found
    runs = envelope.statement["predicate"]["runs"]
    for run in runs:
        found += _run(envelope.statement, run, trusted.stories)
    return found


def status_of(findings: Sequence[Finding]) -> Status:
    """The worst of what was found; not checkable at best where nothing vouches for the rest."""
    asked = [each for each in findings if each.status is not None]
    statuses = [each.status for each in asked if each.status is not None]
    vouched = any(each.claim in {"signature", "log"} for each in asked)
    return worst(statuses if vouched else [*statuses, Status.NOT_CHECKABLE])


def exit_code_of(findings: Sequence[Finding]) -> int:
    """What `mllog check` exits with, as `mllog verify` does."""
    return exit_code_of_status(status_of(findings))


def _signature(envelope: Envelope, key: str | None) -> Finding:
    if not envelope.signatures:
        status = None if key is None else Status.TAMPERED
        return Finding("signature", status, "it is not signed")
    names = [name for name, _ in envelope.signatures if is_key(name)]
    keys = names if key is None else [key]
    try:
        signer = next((each for each in keys if envelope.is_signed_by(each)), "")
    except ImportError:
        return Finding("signature", Status.NOT_CHECKABLE, _NEEDS)
    if signer:
        whose = "" if key else "; whose that is, only --key shows"
        return Finding("signature", Status.SOUND, f"signed by {signer}{whose}")
    if key is None and not names:
        reason = "it names no key; the one that must have signed is given by --key"
        return Finding("signature", Status.NOT_CHECKABLE, reason)
    if key is None or key in names:
        reason = "it was changed after it was signed, or its signature was"
    else:
        reason = f"it is not signed by the key given, {key}"
    return Finding("signature", Status.TAMPERED, reason)


def _subject(statement: Mapping[str, Any], path: Path | None) -> Finding:
    claimed = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    named = ", ".join([*claimed][:_FEW])
    if statement["predicate"].get("model_sha256") != _whole(claimed):
        reason = f"its predicate is of another model than {named}"
        return Finding("subject", Status.TAMPERED, reason)
    if path is None:
        return Finding("subject", None, f"no file was given to compare with {named}")
    own = subjects_of(target_of(str(path)))
    mine, its = _within(own), _within(claimed)
    if mine == its:
        reason = f"{path} has the SHA-256 of {named}: {_whole(own)}"
        return Finding("subject", Status.SOUND, reason)
    if {*mine, *its} == {""}:
        reason = f"{path} is another file than {named}: SHA-256 {mine['']}, and not {its['']}"
        return Finding("subject", Status.TAMPERED, reason)
    differing = sorted(each for each in {*mine, *its} if mine.get(each) != its.get(each))
    reason = f"{path} differs in {count(len(differing), 'file')}: {', '.join(differing[:_FEW])}"
    return Finding("subject", Status.TAMPERED, reason)


def _whole(subjects: Mapping[str, str]) -> str:
    """The SHA-256 of the file, or of the folder, that a statement is of."""
    inner = _within(subjects)
    return inner[""] if "" in inner else digest_over(inner)


def _within(subjects: Mapping[str, str]) -> dict[str, str]:
    """Files by their names within their folder, whose own name does not count; one file as ""."""
    return {name.partition("/")[2]: digest for name, digest in subjects.items()}


def _run(
    statement: Mapping[str, Any], run: Mapping[str, Any], stories: Sequence[Story]
) -> Iterator[Finding]:
    """The log of a run, and each claim that is made of it."""
    number = run.get("run")
    name = f"run {number} of {run['session']}" if number is not None else str(run["session"])
    anchor = Anchor(run["session"], *(run["chain"][each.name] for each in fields(Anchor)[1:]))
    story, known = _meant(anchor, stories)
    if story is None:
        reason = f"the session {anchor.session} is not in the logs given"
        yield Finding("log", Status.INCOMPLETE, reason, name)
        return
    verdict = _verdict(story, anchor)
    yield _log(verdict, anchor, known, name)
    predicate = statement["predicate"]
    yield from _claims(predicate, run, story, name, is_over=verdict.head == anchor.digest)


def _meant(anchor: Anchor, stories: Sequence[Story]) -> tuple[Story | None, Anchor | None]:
    """The story of an anchor's session, and the head of its chain.

    Of several sessions of its name it is that whose chain begins as the anchor says.
    """
    named = [each for each in stories if each.session == anchor.session and each.files]
    for each in named:
        for own in anchors_of([each.files[0].path]):
            if own.opening == anchor.opening:
                return each, own
    return (named[0] if named else None), None


def _verdict(story: Story, anchor: Anchor) -> Verdict:
    verdicts = verify([each.path for each in story.files], anchors=[anchor])
    own = next(each for each in verdicts if each.session == anchor.session)
    for each in verdicts:  # that its chain is missing, or is another one, is said apart
        if each is not own:
            own.problems.extend(each.problems)
    return own


def _log(verdict: Verdict, anchor: Anchor, known: Anchor | None, name: str) -> Finding:
    if known is not None and known.digest == anchor.digest and known != anchor:
        reason = "its chain has other entries, another root or state at the head that is named"
        return Finding("log", Status.TAMPERED, reason, name)
    if verdict.status is Status.SOUND:
        signer = f", signed by {verdict.signer}" if verdict.signer else ""
        entries = f"{count(verdict.entries, 'entry')}, as written{signer}"
        reason = f"{entries}; its chain holds the head {anchor.digest}"
        return Finding("log", Status.SOUND, reason, name)
    gravest = [each for each in verdict.problems if each.status is verdict.status]
    return Finding("log", verdict.status, "; ".join(map(_text, gravest[:_FEW])), name)


def _text(problem: Problem) -> str:
    return f"{problem.aspect}: {problem}"


def _claims(
    predicate: Mapping[str, Any], run: Mapping[str, Any], story: Story, name: str, *, is_over: bool
) -> Iterator[Finding]:
    """What the statement claims of a run, held against what its log says."""
    target = Target("", sha256=str(predicate.get("model_sha256")))
    matches = models_of(trace(target, [story]).matches)
    own = next((each for each in matches if each.get("run") == run.get("run")), None)
    if own is None:
        reason = f"the log knows no model with the SHA-256 {target.sha256} of it"
        yield Finding("claims", Status.TAMPERED, reason, name)
        return
    recorded, claimed = claims_of(own), run["claims"]
    for each in (*CLAIMS, *sorted({*claimed} - {*CLAIMS})):
        if each in claimed or each in recorded:
            same = claimed.get(each) == recorded.get(each)
            yield _claim(each, predicate, name, same=same, is_over=is_over)


def _claim(
    claim: str, predicate: Mapping[str, Any], name: str, *, same: bool, is_over: bool
) -> Finding:
    made = predicate.get("made")
    version = made.get("version") if isinstance(made, dict) else None
    if same:
        return Finding(claim, Status.SOUND, "as the log has it", name)
    if not is_over:
        reason = "the log has it otherwise; it continued after the statement was made"
        return Finding(claim, Status.UNSEALED, reason, name)
    if version != __version__:
        reason = f"version {version} stated it otherwise than version {__version__} reads it"
        return Finding(claim, Status.NOT_CHECKABLE, reason, name)
    return Finding(claim, Status.TAMPERED, "it is not what the log says", name)
