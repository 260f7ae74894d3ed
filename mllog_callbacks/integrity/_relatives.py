"""What decides of which family a session is: its parent, its launcher, its rank, its times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from mllog_callbacks.files import open_stream
from mllog_callbacks.integrity._sessions import Session
from mllog_callbacks.runs import STAMP

__all__ = ["Relative", "rank_of", "relative"]

_LONGEST: Final = 1 << 16
_SECOND: Final = timedelta(seconds=1)

_Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Relative:
    """What decides of which family a session is.

    Attributes:
        directory: The folder of its files.
        name: Its name, which is its own in this folder alone.
        facts: What its manifest says.
        first: The timestamp of its first entry; None where there is none.
        last: That of its last one.
    """

    directory: Path
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None

    @property
    def span(self) -> _Span | None:
        """From its start to its last entry; None where neither is known.

        The manifest has the start in whole seconds: it was within the second that followed.
        """
        started, first, last = map(_time, (self.facts.get("started"), self.first, self.last))
        known = [each for each in (started and started + _SECOND, first, last) if each is not None]
        return (min(known), max(known)) if known else None

    @property
    def parent(self) -> str:
        """The name of the session that it came from; empty where it names none."""
        return _text(self.facts.get("parent"))

    @property
    def job(self) -> str:
        """The launcher's job; empty where there is none."""
        return _text(self.facts.get("job"))

    @property
    def rank(self) -> tuple[str, int] | None:
        """Its rank of all, or with its machine where only that one's is known."""
        for name in "rank", "local_rank":
            rank = _number(self.facts.get(name))
            if rank is not None:
                return (name if name == "rank" else _text(self.facts.get("host"))), rank
        return None

    @property
    def launcher(self) -> str:
        """The process that started it; empty where that is not known."""
        pid = _number(self.facts.get("parent_pid"))
        return f"process {pid} on {self.facts.get('host')}" if pid else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def rank_of(facts: Mapping[str, Any]) -> int:
    """The rank that a manifest names, of all or on its machine; -1 where it names none."""
    named = (_number(facts.get(each)) for each in ("rank", "local_rank"))
    return next((rank for rank in named if rank is not None), -1)


def relative(session: Session) -> Relative:
    """What there is of a session to decide by."""
    first, last = _stamps(session.files)
    return Relative(session.directory, session.name, session.facts(), first, last)


def _stamps(files: Sequence[Path]) -> tuple[str | None, str | None]:
    """The timestamps of the first and the last whole line."""
    try:
        with open_stream(files[0]) as stream:
            first = stream.readline(_LONGEST)
        with open_stream(files[-1]) as stream:
            stream.seek(max(0, stream.seek(0, 2) - 2 * _LONGEST))
            *_, last = b"\n", *stream.read(2 * _LONGEST).split(b"\n")[:-1]
    except (OSError, IndexError):
        return None, None
    return first[STAMP].decode("ascii", "replace"), last[STAMP].decode("ascii", "replace")
