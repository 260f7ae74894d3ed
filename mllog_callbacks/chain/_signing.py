"""Signing a chain: Ed25519, by the package `cryptography`, where a key is given.

`MLLOG_SIGNING_KEY` names the file of the private key, in PEM. It is read by whoever writes the
chain, never by the training's own threads.
"""

import os

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["CONTEXT", "VARIABLE", "Signer"]

VARIABLE = "MLLOG_SIGNING_KEY"
"""The environment variable that names the key's file."""

CONTEXT = b"mllog-chain-1\0"
"""What is signed before a digest, so that no signature made for something else fits."""


class Signer:
    """The key that is given, if any can be used.

    Attributes:
        public: The public key, as hex; empty where there is none.
    """

    def __init__(self) -> None:
        path = os.environ.get(VARIABLE)
        self._key = _load(path) if path else None
        self.public = self._key.public_key().public_bytes_raw().hex() if self._key else ""

    def sign(self, digest: bytes) -> bytes:
        """The signature of a record's digest; empty where there is no key."""
        return self._key.sign(CONTEXT + digest) if self._key else b""


def _load(path: str) -> "Ed25519PrivateKey | None":
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - optional
            load_pem_private_key,
        )

        with open(path, "rb") as stream:
            key = load_pem_private_key(stream.read(), None)
    except Exception:  # noqa: BLE001 - the log warned of it; the lines must reach the disk
        return None
    return key if isinstance(key, ed25519.Ed25519PrivateKey) else None
