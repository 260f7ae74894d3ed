"""Writing a session's chain, after its lines.

Whatever befalls the chain's file, the log itself goes on: what cannot be written waits in memory,
within bounds, and a chain that lost a record ends there. Such a session is reported as unsealed.
"""

import os
from hashlib import sha256

from mllog_callbacks.chain import _records as records
from mllog_callbacks.chain._heads import earlier_heads
from mllog_callbacks.chain._merkle import Tree
from mllog_callbacks.chain._readback import read_back
from mllog_callbacks.chain._signing import Signer
from mllog_callbacks.files import Folder, give_group, make_folder, make_folders, open_regular

__all__ = ["Chain"]

_MEMORY = 1_048_576  # bytes of records held while their file cannot be written
_MODE = 0o640


class Chain:
    """The chain of one session; used by one thread.

    All that is written follows from the lines, and is kept in the state first: whoever goes on
    from there writes the same bytes in the same places again.

    Args:
        path: Its file.
        session: The session's name.
        manifest: The bytes of the session's manifest.
        position: Where in the session's stream of lines the first one begins.
        state: The file of its state, for whoever goes on after a kill; empty for none.

    Attributes:
        position: Up to where in the stream lines were taken.
        origin: The hash of what is known of the session's origin, as hex; empty before it is.
    """

    def __init__(
        self, path: str, session: str, manifest: bytes, position: int = 0, state: str = ""
    ) -> None:
        self.position = position
        self.origin = ""
        self._path = path
        self._session = session
        self._manifest = manifest
        self._state = state
        self._tree = Tree()
        self._leaves: list[bytes] = []
        self._name = ""
        self._lines = self._bytes = 0
        self._previous = self._key = ""
        self._waiting, self._offset = b"", 0
        self._made = self._lost = False
        self._file = -1
        self._signer: Signer | None = None
        if state:
            self._restore()

    @property
    def unsigned(self) -> bool:
        """Whether a key is given that cannot be used, as far as it was needed."""
        return self._signer is not None and self._signer.failed

    def take(self, name: str, lines: bytes) -> None:
        """Take whole lines that were written to a file of this name."""
        before = self._previous
        if not before:
            self._open()
        if name != self._name:
            self._checkpoint(records.OPEN)
            self._name, self._lines, self._bytes = name, 0, 0
        self.position += len(lines)
        whole = lines.split(b"\n")
        whole.pop()
        for first in range(0, len(whole), records.BLOCK):
            self._add(whole[first : first + records.BLOCK])
        if self._previous != before or self._waiting:
            self._write()

    @property
    def is_foreign(self) -> bool:
        """Whether the chain was signed so far, by a key that this writer has not."""
        if not self._key:
            return False
        if self._signer is None:
            self._signer = Signer()
        return self._key != self._signer.public

    def end(self, state: str) -> None:
        """Write the last record of a session that is over, and have the disk confirm it.

        Args:
            state: `SEALED`, `UNSEALED`, `WITNESSED` or `RESTARTED`.
        """
        if not self._previous:
            self._open()
        self._checkpoint(state)
        self._write()
        if self._file >= 0:
            _confirm(self._file)
            os.close(self._file)
            self._file = -1

    def save(self) -> None:
        """Keep the state; what stood before its position in the stream may be cleared then."""
        if not self._state:
            return
        frontier, leaves = self._tree.frontier, self._leaves
        numbers = (self.position, self._tree.size, self._lines, self._bytes, self._offset)
        counts = (self._made or bool(self._waiting), self._lost, len(frontier), len(leaves))
        texts = (self._name or "-", self._previous or "-", self._key or "-")
        head = " ".join(map(str, (*map(int, numbers + counts), *texts)))
        hashes = b"".join([*(node or bytes(32) for node in frontier), *leaves])
        try:
            with open(f"{self._state}.new", "wb", opener=_private) as stream:
                stream.write(head.encode() + b"\n" + hashes + self._waiting)
            os.rename(f"{self._state}.new", self._state)
        except OSError:  # the spool was removed, and with it whoever might go on
            return

    def _restore(self) -> None:
        """Go on from where `save` was called last, if ever."""
        try:
            with open(self._state, "rb") as stream:
                head, _, body = stream.read().partition(b"\n")
        except OSError:
            return
        *numbers, name, previous, key = head.decode().split(" ")
        self.position, size, self._lines, self._bytes, self._offset = map(int, numbers[:5])
        made, lost, nodes, leaves = map(int, numbers[5:])
        self._made, self._lost = bool(made), bool(lost)
        self._name, self._previous, self._key = (
            "" if each == "-" else each for each in (name, previous, key)
        )
        hashes = [body[at : at + 32] for at in range(0, 32 * (nodes + leaves), 32)]
        self._tree = Tree(size, [each if any(each) else b"" for each in hashes[:nodes]])
        self._leaves = hashes[nodes:]
        self._waiting = body[32 * (nodes + leaves) :]

    def _add(self, lines: list[bytes]) -> None:
        """Take at most a block of lines."""
        room = records.BLOCK - len(self._leaves)
        for part in lines[:room], lines[room:]:
            self._leaves += [sha256(b"\0" + line).digest() for line in part]
            self._lines += len(part)
            self._bytes += sum(map(len, part)) + len(part)
            if len(self._leaves) == records.BLOCK:
                self._checkpoint(records.OPEN)

    def _open(self) -> None:
        """Begin the chain, or go on with one whose state was lost with the spool."""
        self._signer = Signer()
        try:
            past = read_back(self._path, self._session, self._manifest)
        except (OSError, ValueError):
            past = None
        if past is None:
            earlier = earlier_heads(os.path.dirname(self._path), self._session)
            self._key = self._signer.public
            self._record(records.opening(self._session, self._manifest, earlier, self._key))
            return
        self._made, self._offset = True, past.offset
        self._previous, self._key, self._tree = past.previous, past.key, past.tree
        self._name, self._lines, self._bytes = past.name, past.lines, past.size

    def _checkpoint(self, state: str) -> None:
        """Write a record where there is something to record."""
        if not self._leaves and state == records.OPEN:
            return
        self._tree.grow(self._leaves)
        record = records.checkpoint(
            entries=self._tree.size,
            file=self._name,
            lines=self._lines,
            size=self._bytes,
            leaves=self._leaves,
            root=self._tree.root(),
            state=state,
            origin=self.origin,
            previous=self._previous,
        )
        self._leaves = []
        self._record(record)

    def _record(self, record: bytes) -> None:
        if self._signer is None:
            self._signer = Signer()
        own = self._key == self._signer.public  # else another's session is completed: unsigned
        line, self._previous = records.signed(record, self._signer.sign if own else None)
        self._lost = self._lost or len(self._waiting) > _MEMORY
        if not self._lost:
            self._waiting += line

    def _write(self) -> None:
        self.save()
        try:
            self._reach()
            while self._waiting:
                os.lseek(self._file, self._offset, os.SEEK_SET)
                written = os.write(self._file, self._waiting)
                self._waiting, self._offset = self._waiting[written:], self._offset + written
        except OSError:  # the log itself is what matters: the next record tries again
            return

    def _reach(self) -> None:
        """Have the file open, also where somebody removed it."""
        if self._file >= 0 and not os.fstat(self._file).st_nlink:
            fresh = self._create()
            self._waiting, self._offset = _content(self._file) + self._waiting, 0
            os.close(self._file)
            self._file = fresh
        elif self._file < 0 and self._made:
            self._file = self._open_again()
        elif self._file < 0:
            self._file = self._create()
        self._made = True

    def _open_again(self) -> int:
        """Open what was made before, by this writer or by one that was killed."""
        try:
            file = open_regular(self._path, os.O_RDWR)
        except FileNotFoundError:
            if self._offset:
                raise
            return self._create()
        os.ftruncate(file, self._offset)  # what a killed one wrote beyond comes again
        return file

    def _create(self) -> int:
        folder = os.path.dirname(self._path)
        make_folders(os.path.dirname(folder))
        make_folder(folder, alike=True)
        with Folder(self._path) as sidecars:
            file = sidecars.create(self._path, os.O_RDWR, _MODE)
        give_group(file, folder)
        return file


def _confirm(file: int) -> None:
    try:
        os.fsync(file)
    except OSError:  # some network file systems have none
        return


def _content(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    parts = []
    while part := os.read(file, _MEMORY):
        parts.append(part)
    return b"".join(parts)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
