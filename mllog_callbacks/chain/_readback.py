"""Reading a chain back to go on with it: where a session's spool was taken away with its state."""

import os

from mllog_callbacks.chain._merkle import Tree, leaf
from mllog_callbacks.chain._records import opening_start
from mllog_callbacks.files import is_log, open_regular, read_regular

__all__ = ["Past", "read_back"]

_CHUNK = 1_048_576
_LARGEST = 268_435_456  # bytes of a chain that is read back: some sixty million lines


class Past:
    """What a chain and its files show of what was written before.

    Attributes:
        offset: The end of the last whole record.
        previous: Its digest.
        key: The public key that signed, as hex; empty where none did.
        name: The last file; empty where there was none yet.
        lines: Its lines so far.
        size: Its bytes so far.
        tree: The tree over all lines so far.
    """

    def __init__(self, text: bytes) -> None:
        records = [each.decode() for each in text.splitlines()]
        self.offset = len(text)
        self.previous = records[-1].rpartition('"digest":"')[2][:64]
        self.key = _field(records[0], '"key":"')
        last = records[-1] if len(records) > 1 else ""
        self.name = _field(last, '"file":"')
        self.lines, self.size = (
            int(_field(last, f'"{each}":') or 0) for each in ("lines", "bytes")
        )
        self._root = _field(last, '"root":"')
        files = {_field(each, '"file":"'): _field(each, '"lines":') for each in records[1:]}
        self.files = {name: int(lines) for name, lines in files.items() if name}
        self.tree = Tree()

    @property
    def is_whole(self) -> bool:
        """Whether the lines that it covers are there, as they were written."""
        return not self._root or self.tree.root().hex() == self._root


def read_back(path: str, session: str, manifest: bytes) -> Past | None:
    """What is in a chain already; None where there is none, or one of another session.

    Raises:
        OSError: It cannot be read, or a file it names.
        ValueError: It is not as it was written.
    """
    try:
        text = read_regular(path, _LARGEST)
    except FileNotFoundError:
        return None
    text = text[: text.rfind(b"\n") + 1]
    if not text.startswith(opening_start(session, manifest)):
        return None
    past = Past(text)
    folder = os.path.dirname(os.path.dirname(path))
    for name, lines in past.files.items():
        if not is_log(name):  # a path, say, that somebody wrote there
            raise ValueError(name)
        with open(open_regular(f"{folder}/{name}"), "rb") as stream:
            while lines > 0 and (raw := stream.readlines(_CHUNK)):
                past.tree.grow([leaf(each.rstrip(b"\n")) for each in raw[:lines]])
                lines -= len(raw)  # noqa: PLW2901 - what is left of it
    return past


def _field(record: str, name: str) -> str:
    """The text or number behind a name, where records have only such."""
    found = record.partition(name)[2]
    return found.partition('"' if name.endswith('"') else ",")[0]
