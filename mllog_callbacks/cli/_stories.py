"""Reading what a command's paths mean into stories: shared by summary and report."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mllog_callbacks.cli._paths import FINDINGS, STDIN, UNREADABLE, expand, report_unreadable
from mllog_callbacks.cli._progress import Status
from mllog_callbacks.schema import plain

if TYPE_CHECKING:
    from mllog_callbacks.reading.story import Story

__all__ = ["Reading", "read"]


class Reading:
    """The stories of some paths, and what could not be read.

    Attributes:
        stories: The stories, the oldest first.
        unreadable: How many paths could not be read.
    """

    def __init__(self) -> None:
        self.stories: list[Story] = []
        self.unreadable = 0

    def cannot_read(self, path: str, error: OSError) -> None:
        """Say so, and count it."""
        self.unreadable += 1
        report_unreadable(path, error)

    @property
    def exit_code(self) -> int:
        """3 where something could not be read, 1 where a log is damaged, else 0."""
        from mllog_callbacks.reading.story import state_of  # noqa: PLC0415 - loads pydantic: slow

        if self.unreadable:
            return UNREADABLE
        damaged = any(state_of(story).mood == "bad" for story in self.stories)
        return FINDINGS if damaged else 0


def read(paths: tuple[str, ...]) -> Reading:
    """Read the logs that paths mean, with progress on stderr."""
    from mllog_callbacks.reading.story import read_stories  # noqa: PLC0415 - loads pydantic: slow

    reading = Reading()
    with Status() as status, _without_garbage_collection():
        files = expand(paths, reading.cannot_read)
        stdin = sys.stdin.buffer if STDIN in files else None
        stories = read_stories(files, stdin, lambda text, share: status.show(plain(text), share))
    for story in stories:
        for file in story.files:
            if file.error is not None:
                reading.cannot_read(str(file.path), OSError(0, file.error))
    reading.stories = sorted(stories, key=lambda story: story.span[0] or "")
    return reading


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Reading makes many objects that live on, and no cycles: looking for some is a fifth of it.

    What was read is set aside for good: the process ends with the command.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
