"""What is said of a session: verdicts by aspect, and the problems behind them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["Problem", "Status", "Verdict", "exit_code", "exit_code_of_status", "worst"]


class Status(StrEnum):
    """What was found of one aspect of a session.

    ``SOUND``: as it was written. ``TAMPERED``: somebody changed it afterwards. ``INCOMPLETE``:
    something that belongs to it is missing. ``NOT_CHECKABLE``: there is no evidence to check it
    against. ``UNSEALED``: nothing shows that it was changed, but its end is not vouched for: the
    session is still open, or its process was killed.
    """

    SOUND = "sound"
    UNSEALED = "unsealed"
    NOT_CHECKABLE = "not checkable"
    INCOMPLETE = "incomplete"
    TAMPERED = "tampered"


_WORST: Final = [Status.TAMPERED, Status.INCOMPLETE, Status.NOT_CHECKABLE, Status.UNSEALED]
_NEEDED: Final = ("integrity", "completeness", "life cycle")
_EXIT: Final = {
    Status.SOUND: 0,
    Status.TAMPERED: 1,
    Status.INCOMPLETE: 2,
    Status.UNSEALED: 2,
    Status.NOT_CHECKABLE: 3,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why an aspect is not sound.

    Attributes:
        aspect: ``integrity``, ``completeness``, ``authenticity`` or ``life cycle``.
        status: What it makes of the aspect.
        reason: What was found, and what was expected.
        file: The name of the file concerned; empty where it is the session as a whole.
        first: The first line concerned, from 1; 0 where it is the file as a whole.
        last: The last line concerned.
    """

    aspect: str
    status: Status
    reason: str
    file: str = ""
    first: int = 0
    last: int = 0

    def __str__(self) -> str:
        lines = f":{self.first}" if self.first else ""
        if self.last > self.first:
            lines += f"-{self.last}"
        return f"{self.file}{lines}: {self.reason}" if self.file else self.reason


@dataclass(slots=True)
class Verdict:
    """What is said of one session.

    An aspect is sound only on evidence: where there is neither evidence nor a problem, it is not
    checkable.

    Attributes:
        session: Its name.
        directory: Where its files are.
        entries: How many entries it has, as far as its files are there.
        killed: How many of its runs have an end that a witness recorded: their process was gone.
        files: The names of its files.
        head: The digest of its chain's last record; empty where there is no chain.
        state: ``sealed``, ``witnessed``, ``unsealed`` or ``open``; empty where there is no chain.
        signer: The public key that signed it, as hex; empty where none did.
        problems: Why an aspect is not sound.
        evidence: By aspect, what shows that it is sound, unless there are problems.
        signature_required: Whether the session must be signed, by a key that was given.
    """

    session: str
    directory: str
    entries: int = 0
    killed: int = 0
    files: list[str] = field(default_factory=list)
    head: str = ""
    state: str = ""
    signer: str = ""
    problems: list[Problem] = field(default_factory=list)
    evidence: dict[str, str] = field(default_factory=dict)
    signature_required: bool = False

    @property
    def integrity(self) -> Status:
        """Whether what is there is as it was written."""
        return self._of("integrity")

    @property
    def completeness(self) -> Status:
        """Whether all that was written is there, to the session's end."""
        return self._of("completeness")

    @property
    def authenticity(self) -> Status:
        """Whether it was signed; with a key given, by that one. Not checkable where unsigned."""
        return self._of("authenticity")

    @property
    def life_cycle(self) -> Status:
        """Whether its runs begin and end as runs do."""
        return self._of("life cycle")

    @property
    def status(self) -> Status:
        """The worst of all; that a session is unsigned is a defect only where it must be signed."""
        unsigned = ("authenticity", Status.NOT_CHECKABLE)
        found = [
            each.status
            for each in self.problems
            if self.signature_required or (each.aspect, each.status) != unsigned
        ]
        needed = (*_NEEDED, "authenticity") if self.signature_required else _NEEDED
        return worst(found) if found else worst(map(self._of, needed))

    def _of(self, aspect: str) -> Status:
        found = [each.status for each in self.problems if each.aspect == aspect]
        if found or aspect in self.evidence:
            return worst(found)
        return Status.NOT_CHECKABLE


def worst(found: Iterable[Status]) -> Status:
    """The worst of several; sound where there is none."""
    bad = (each for each in found if each is not Status.SOUND)
    return min(bad, key=_WORST.index, default=Status.SOUND)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """What `mllog verify` exits with: 0 sound, 1 tampered, 2 incomplete or unsealed, 3 no check."""
    return exit_code_of_status(worst(each.status for each in verdicts))


def exit_code_of_status(status: Status) -> int:
    """The same for one status."""
    return _EXIT[status]
