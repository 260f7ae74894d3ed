"""Signing a chain: Ed25519, by the package `cryptography`, where a key is given.

`MLLOG_SIGNING_KEY` names the file of the private key, in PEM. It is read at the start of a log, to
say whether it can be used, and by whoever writes the chain.
"""

import os

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["CONTEXT", "VARIABLE", "Signer", "key_path"]

VARIABLE = "MLLOG_SIGNING_KEY"
"""The environment variable that names the key's file."""

_REGULAR = 0o10  # the kind of file, in the upper bits of its mode
_LARGEST = 65_536  # bytes of a key's file

CONTEXT = b"mllog-chain-1\0"
"""What is signed before a digest, so that no signature made for something else fits."""


class Signer:
    """The key that is given, if any can be used.

    Attributes:
        private: The private key; None where there is none.
        public: The public key, as hex; empty where there is none.
        problem: Why the key that is given cannot be used; empty where it can, or none is given.
    """

    def __init__(self) -> None:
        given = os.environ.get(VARIABLE)
        self.private, self.problem = _load(key_path(given)) if given else (None, "")
        self.public = self.private.public_key().public_bytes_raw().hex() if self.private else ""

    @property
    def failed(self) -> bool:
        """Whether a key is given that cannot be used."""
        return bool(self.problem)

    def sign(self, digest: bytes) -> bytes:
        """The signature of a record's digest; empty where there is no key."""
        return self.private.sign(CONTEXT + digest) if self.private else b""


_absolute: dict[str, str] = {}


def key_path(given: str) -> str:
    """The file that is meant, absolute: as seen from where the process was at the first call."""
    return _absolute.setdefault(given, os.path.abspath(os.path.expanduser(given)))


def _load(path: str) -> "tuple[Ed25519PrivateKey | None, str]":
    """The key in a file; where it cannot be used, why."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - optional
            load_pem_private_key,
        )
    except Exception:  # noqa: BLE001 - a broken installation as well
        return None, 'pip install "mllog-callbacks[signing]" is missing'
    try:
        text = _read(path)
        key = load_pem_private_key(text, None)
    except OSError as error:
        return None, error.strerror or str(error)
    except Exception as error:  # noqa: BLE001 - the lines must reach the disk, whatever it is
        return None, _why(text, error)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        return None, f"it is a key of type {type(key).__name__.lstrip('_')}; Ed25519 is needed"
    return key, ""


def _read(path: str) -> bytes:
    """The content of a regular file of a key's size; of a link, as mounted secrets are, its target.

    Raises:
        OSError: It cannot be read, or is none.
    """
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(file)
        if status.st_mode >> 12 != _REGULAR or status.st_size > _LARGEST:
            raise OSError(22, "it is not a file of a key")
        return os.read(file, _LARGEST)
    finally:
        os.close(file)


def _why(text: bytes, error: Exception) -> str:
    if not text.strip():
        return "it is empty"
    if b"PUBLIC KEY" in text:
        return "it is a public key; the private one is needed"
    if b"OPENSSH PRIVATE KEY" in text:
        return "it is in OpenSSH's format; PEM (PKCS #8) is needed, as mllog keygen writes it"
    if isinstance(error, TypeError) or b"ENCRYPTED" in text:
        return "it is protected by a passphrase; nobody can enter one here"
    return "it is not a private key in PEM"
