"""A session while it is checked: what it has, and what was found."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from mllog_callbacks.chain import Tree
from mllog_callbacks.files import UnsafeFileError, is_log
from mllog_callbacks.integrity._chains import Chain, read_chain
from mllog_callbacks.integrity._sessions import Session
from mllog_callbacks.integrity._verdicts import Problem, Status, Verdict

__all__ = ["Checked"]


@dataclass
class Checked:
    """A session, its chain, and the verdict on it.

    Attributes:
        session: The session.
        chain: Its chain; None where there is none that can be read.
        verdict: What was found.
        entries: How many lines were read.
        formed: How many of these have the form of an entry.
        tree: The tree over the lines that are as they were written.
    """

    session: Session
    chain: Chain | None
    verdict: Verdict
    entries: int = 0
    formed: int = 0
    tree: Tree = field(default_factory=Tree)

    def add(self, aspect: str, status: Status, reason: str, file: str = "", *lines: int) -> None:
        """Add a problem; `file` and `lines` say where."""
        self.verdict.problems.append(Problem(aspect, status, reason, file, *lines))

    def cannot_read(self, path: Path, error: OSError) -> None:
        """Add that a file cannot be read, or that a link or a special file is in its place."""
        replaced = isinstance(error, UnsafeFileError)
        status = Status.TAMPERED if replaced else Status.NOT_CHECKABLE
        why = error.strerror if replaced else f"cannot be read: {error.strerror}"
        self.add("integrity", status, str(why), path.name)

    def made_since(self, name: str) -> Path | None:
        """A file that its chain names, where it was made since the folder was listed."""
        path = self.session.directory / name
        return path if is_log(name) and os.path.lexists(path) else None

    def holds(self, digest: str) -> bool:
        """Whether a record of this digest is in the chain, as it was read or as it is by now."""
        if self.chain is not None and digest in self.chain.digests:
            return True
        try:
            return digest in read_chain(self.session.chain).digests
        except OSError:
            return False
