"""Which log directory a spool is for."""

import os

from mllog_callbacks.files import SIDECARS, manifest_name
from mllog_callbacks.sinks.spool._locks import private
from mllog_callbacks.sinks.spool._roots import directory_of

__all__ = ["About", "namespace"]

_TEMPORARY = 8  # characters that `tempfile` puts behind ``tmp``


class About:
    """Where a spool's lines go.

    Attributes:
        directory: The log directory, absolute.
        place: Its device, inode and mount namespace: two containers may share a tmpfs, not a path.
        sidecar: The path of the session's sidecar.
        manifest: The content of the sidecar.
        in_logs: Whether the spool is in the log directory itself, wherever that is seen.
    """

    def __init__(
        self, directory: bytes, sidecar: bytes, manifest: bytes, place: bytes = b""
    ) -> None:
        self.directory = directory
        self.sidecar = sidecar
        self.manifest = manifest
        self.place = place or _place(directory)
        self.in_logs = False

    @classmethod
    def read(cls, folder: str) -> "About":
        """What `write` wrote."""
        with open(f"{folder}/about", "rb") as stream:
            directory, sidecar, place, manifest = stream.read().split(b"\0", 3)
        about = cls(directory, sidecar, manifest, place)
        if within := directory_of(folder):
            about.directory, about.in_logs = within, True
            about.sidecar = b"/".join((within, SIDECARS.encode(), os.path.basename(sidecar)))
        return about

    def write(self, folder: str) -> None:
        """Keep it in a spool."""
        with open(f"{folder}/about", "xb", opener=private) as stream:
            stream.write(b"\0".join((self.directory, self.sidecar, self.place, self.manifest)))

    @property
    def session(self) -> str:
        """The session's name, as its files have it."""
        return os.fsdecode(os.path.basename(self.sidecar)).removesuffix(manifest_name(""))

    @property
    def temporary(self) -> bool:
        """Whether the directory is, or is in, one that `tempfile` makes."""
        root = os.path.join(os.environb.get(b"TMPDIR") or b"/tmp", b"tmp")
        name = self.directory.removeprefix(root).split(b"/")[0]
        return self.directory.startswith(root) and len(name) == _TEMPORARY

    def here(self, directory: bytes) -> bool:
        """Whether it is this very directory, seen from this process."""
        if directory != self.directory:
            return False
        if self.in_logs:
            return True
        then, now = self.place.split(), _place(directory).split()
        return any(a == b != b"-" for a, b in zip(then, now, strict=True))


def _place(directory: bytes) -> bytes:
    try:
        status = os.stat(directory)
        where = b"%d:%d" % (status.st_dev, status.st_ino)
    except OSError:
        where = b"-"
    return where + b" " + namespace()


def namespace() -> bytes:
    """The mount namespace of this process, by number; ``-`` where it is not known."""
    try:
        return b"%d" % os.stat("/proc/self/ns/mnt").st_ino
    except OSError:
        return b"-"
