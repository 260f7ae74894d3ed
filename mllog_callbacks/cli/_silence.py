"""Sessions that are followed and say nothing: whether their processes live."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from mllog_callbacks.files import session_of

if TYPE_CHECKING:
    from mllog_callbacks.reading import Seen

__all__ = ["Silence"]

_FIRST_S: Final = 60.0
"""Seconds without a line after which a session is looked at; then twice as long each time."""


class Silence:
    """Notes which sessions say something, and looks after those that do not.

    A session whose process is gone is completed, as every reader does: its end is an entry then.
    """

    def __init__(self) -> None:
        self._due: dict[tuple[Path, str], tuple[float, float]] = {}
        self._files: dict[tuple[Path, str], set[Path]] = {}

    def know(self, files: Iterable[Path]) -> None:
        """Take note of files that are followed."""
        for file in files:
            session = file.parent, session_of(file)
            self._files.setdefault(session, set()).add(file)
            self._due.setdefault(session, (monotonic() + _FIRST_S, _FIRST_S))

    def heard(self, seen: "Iterable[Seen]") -> None:
        """Take note of lines that came."""
        for each in seen:
            self.know([each.path])
            session = each.path.parent, session_of(each.path)
            self._due[session] = monotonic() + _FIRST_S, _FIRST_S

    def broken(self) -> Iterator[tuple[str, str]]:
        """What there is to say of sessions that were silent for long: each and its words."""
        now = monotonic()
        for session, (due, wait) in self._due.items():
            if now >= due:
                self._due[session] = now + 2 * wait, 2 * wait
                yield from ((session[1], words) for words in self._look(*session))

    def _look(self, directory: Path, session: str) -> Iterator[str]:
        from mllog_callbacks.reading import observe  # noqa: PLC0415 - loads pydantic: slow
        from mllog_callbacks.reading.story import ending, read_stories  # noqa: PLC0415 - likewise
        from mllog_callbacks.sinks import recover  # noqa: PLC0415 - likewise

        recover(directory)
        stories = read_stories(sorted(self._files[directory, session]))
        observe(stories)
        for story in stories:
            for run in story.runs:
                if run.end is None and run.pulse is not None:
                    yield ending(run).pill
