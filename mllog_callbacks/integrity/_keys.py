"""Keys: making a pair, reading the public one, checking what was signed."""

from pathlib import Path
from typing import Final

from mllog_callbacks.chain import CONTEXT
from mllog_callbacks.files import open_given

__all__ = ["is_signed_by", "new_key", "read_public_key"]

_MOST_BYTES: Final = 1 << 16


def is_signed_by(public: str, digest: str, signature: str) -> bool:
    """Whether a signature of a record's digest was made with the key of this public one.

    Args:
        public: The public key, as hex.
        digest: The digest, as hex.
        signature: The signature, as hex.

    Raises:
        ImportError: `cryptography` is not installed.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional

    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), CONTEXT + bytes.fromhex(digest))
    except (InvalidSignature, ValueError):  # a key need not be a point of the curve
        return False
    return True


def new_key() -> tuple[bytes, bytes]:
    """A new private key and its public one, both as PEM.

    Raises:
        ImportError: `cryptography` is not installed.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional

    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def read_public_key(path: Path) -> str:
    """The public key in a PEM file, as hex.

    Raises:
        ImportError: `cryptography` is not installed.
        OSError: The file cannot be read.
        ValueError: It holds no Ed25519 public key.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional

    with open_given(path) as stream:
        key = serialization.load_pem_public_key(stream.read(_MOST_BYTES))
    if not isinstance(key, ed25519.Ed25519PublicKey):
        msg = f"{path} holds no Ed25519 public key"
        raise ValueError(msg)  # noqa: TRY004 - of the file's content, not of an argument's type
    return key.public_bytes_raw().hex()
