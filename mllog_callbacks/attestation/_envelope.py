"""The envelope that a statement is signed in (DSSE), by securesystemslib; and reading one back."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mllog_callbacks.attestation._statement import PREDICATE, STATEMENT
from mllog_callbacks.chain import Signer

if TYPE_CHECKING:
    from securesystemslib.signer import Key

__all__ = [
    "Envelope",
    "NotAStatementError",
    "SigningError",
    "is_key",
    "is_statement",
    "read_statement",
    "sealed",
]

_PAYLOAD: Final = "application/vnd.in-toto+json"
_MOST_SIGNATURES: Final = 16
_KEY_BYTES: Final = 32
_NEEDS: Final = 'pip install "mllog-callbacks[signing]" is missing'


class NotAStatementError(ValueError):
    """What was read is no statement; the message says why."""


class SigningError(ValueError):
    """A key is given, and a statement cannot be signed with it; the message says why."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A statement as it was read.

    Attributes:
        statement: What it says.
        payload: The bytes that are signed; empty where it is in no envelope.
        payload_type: The type of these, which is signed as well.
        signatures: For each signature the name of its key, and the signature.
    """

    statement: Mapping[str, Any]
    payload: bytes = b""
    payload_type: str = ""
    signatures: tuple[tuple[str, bytes], ...] = ()

    def is_signed_by(self, public: str) -> bool:
        """Whether a signature is of this public key, given as hex, whatever it names itself.

        Raises:
            ImportError: securesystemslib is not installed.
        """
        from securesystemslib import dsse  # noqa: PLC0415 - optional, and slow
        from securesystemslib.exceptions import Error  # noqa: PLC0415 - likewise
        from securesystemslib.signer import Signature  # noqa: PLC0415 - likewise

        for _, signature in self.signatures:
            named = {public: Signature(public, signature.hex())}
            try:
                dsse.Envelope(self.payload, self.payload_type, named).verify([_key(public)], 1)
            except (Error, ValueError):  # a key need not be a point of the curve
                continue
            return True
        return False


def _key(public: str) -> "Key":
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415 - as above

    return SSlibKey(public, "ed25519", "ed25519", {"public": public})


def is_key(text: str) -> bool:
    """Whether a text is the hex of a public key, as statements and chains name them."""
    try:
        return len(bytes.fromhex(text)) == _KEY_BYTES
    except ValueError:
        return False


def sealed(statement: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A statement in its envelope, signed with the key that `MLLOG_SIGNING_KEY` names.

    Returns:
        The envelope, and the public key as hex; without a key the statement itself, and nothing.

    Raises:
        SigningError: A key is given that cannot be used.
    """
    signer = Signer()
    if signer.failed:
        raise SigningError(signer.problem)
    if signer.private is None:
        return dict(statement), ""
    try:
        from securesystemslib import dsse  # noqa: PLC0415 - optional, and slow
        from securesystemslib.signer import CryptoSigner, SSlibKey  # noqa: PLC0415 - likewise
    except ImportError:
        raise SigningError(_NEEDS) from None
    public = SSlibKey.from_crypto(signer.private.public_key(), signer.public)
    envelope = dsse.Envelope(json.dumps(statement).encode(), _PAYLOAD, {})
    envelope.sign(CryptoSigner(signer.private, public))
    return envelope.to_dict(), signer.public


def is_statement(text: str) -> bool:
    """Whether a text is meant to be a statement, in an envelope or not."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and bool({"payloadType", "_type"} & {*found})


def read_statement(text: str) -> Envelope:
    """Read a statement, in an envelope or not.

    Raises:
        NotAStatementError: It is none, or of another kind.
    """
    found = _object(text, "it")
    if "payloadType" not in found:
        return Envelope(_statement(found))
    if found["payloadType"] != _PAYLOAD:
        msg = f"its payload is of another type: {found['payloadType']!r}"
        raise NotAStatementError(msg)
    payload = _bytes(found.get("payload"), "its payload")
    signatures = found.get("signatures")
    if not isinstance(signatures, list) or not 0 < len(signatures) <= _MOST_SIGNATURES:
        msg = f"its envelope has not 1 to {_MOST_SIGNATURES} signatures"
        raise NotAStatementError(msg)
    try:
        decoded = payload.decode()
    except UnicodeDecodeError:
        msg = "its payload is no text"
        raise NotAStatementError(msg) from None
    statement = _statement(_object(decoded, "its payload"))
    return Envelope(statement, payload, _PAYLOAD, tuple(map(_signature, signatures)))


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        msg = f"{what} is no JSON object, or names a field twice"
        raise NotAStatementError(msg)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of two fields of one name other readers may take the other one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _statement(found: dict[str, Any]) -> dict[str, Any]:
    if found.get("_type") != STATEMENT:
        msg = f"it is no statement of the type {STATEMENT}"
        raise NotAStatementError(msg)
    if found.get("predicateType") != PREDICATE:
        msg = f"its predicate is of another type than {PREDICATE}"
        raise NotAStatementError(msg)
    subjects, predicate = found.get("subject"), found.get("predicate")
    if not (isinstance(subjects, list) and subjects and all(map(_is_subject, subjects))):
        msg = "it names no subject with a SHA-256"
        raise NotAStatementError(msg)
    runs = predicate.get("runs") if isinstance(predicate, dict) else None
    if not (isinstance(runs, list) and runs and all(map(_is_run, runs))):
        msg = "its predicate names no run with its chain and its claims"
        raise NotAStatementError(msg)
    return found


def _is_subject(found: object) -> bool:
    digests = found.get("digest") if isinstance(found, dict) else None
    named = isinstance(found, dict) and isinstance(found.get("name"), str)
    return named and isinstance(digests, dict) and isinstance(digests.get("sha256"), str)


def _is_run(found: object) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("session"), str):
        return False
    chain, claims = found.get("chain"), found.get("claims")
    texts = ("state", "root", "digest", "opening")
    return (
        isinstance(claims, dict)
        and isinstance(chain, dict)
        and all(isinstance(chain.get(name), str) for name in texts)
        and type(chain.get("entries")) is int
    )


def _signature(found: object) -> tuple[str, bytes]:
    if not isinstance(found, dict):
        msg = "one of its signatures is no object"
        raise NotAStatementError(msg)
    name = found.get("keyid", "")
    return name if isinstance(name, str) else "", _bytes(found.get("sig"), "a signature")


def _bytes(text: object, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)  # type: ignore[arg-type]  # or it raises
    except (TypeError, ValueError):
        msg = f"{what} is not in base64"
        raise NotAStatementError(msg) from None
