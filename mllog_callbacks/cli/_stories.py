"""Reading what a command's paths mean into stories: shared by summary, report and compare."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final

from mllog_callbacks.cli._paths import FINDINGS, STDIN, UNREADABLE, expand, report_unreadable
from mllog_callbacks.cli._progress import Status
from mllog_callbacks.schema import plain

if TYPE_CHECKING:
    from mllog_callbacks.reading.story import Story

__all__ = ["Reading", "read", "read_each"]

_TOGETHER: Final = 200
"""Sessions that are checked against their chains together: one by one takes far longer."""


class Reading:
    """The stories of some paths, and what could not be read.

    Attributes:
        stories: The stories, the oldest first.
        unreadable: How many paths could not be read.
        damaged: How many of the stories that were read one by one are of damaged logs.
    """

    def __init__(self) -> None:
        self.stories: list[Story] = []
        self.unreadable = 0
        self.damaged = 0

    def cannot_read(self, path: str, error: OSError) -> None:
        """Say so, and count it."""
        self.unreadable += 1
        report_unreadable(path, error)

    def complain_of(self, story: "Story") -> None:
        """Say which of its files could not be read to their ends."""
        for file in story.files:
            if file.error is not None:
                self.cannot_read(str(file.path), OSError(0, file.error))

    @property
    def exit_code(self) -> int:
        """3 where something could not be read, 1 where a log is damaged, else 0."""
        if self.unreadable:
            return UNREADABLE
        return FINDINGS if self.damaged or any(map(_is_damaged, self.stories)) else 0


def read(paths: tuple[str, ...]) -> Reading:
    """Read the logs that paths mean, with progress on stderr."""
    from mllog_callbacks.reading.story import read_stories  # noqa: PLC0415 - loads pydantic: slow

    reading = Reading()
    with Status() as status, _without_garbage_collection():
        files = expand(paths, reading.cannot_read)
        stdin = sys.stdin.buffer if STDIN in files else None
        stories = read_stories(files, stdin, lambda text, share: status.show(plain(text), share))
    for story in stories:
        reading.complain_of(story)
    reading.stories = sorted(stories, key=lambda story: story.span[0] or "")
    return reading


def read_each(paths: tuple[str, ...], reading: Reading) -> "Iterator[Story]":
    """Read the logs that paths mean, some sessions at a time; none is kept.

    Each is checked against its chain. What could not be read, and what is damaged, is in `reading`.
    """
    from mllog_callbacks.reading import seal  # noqa: PLC0415 - loads pydantic: slow
    from mllog_callbacks.reading.story import each_story  # noqa: PLC0415 - likewise

    with Status() as status, _without_garbage_collection():
        files = expand(paths, reading.cannot_read)
        stdin = sys.stdin.buffer if STDIN in files else None
        stories = each_story(files, stdin, lambda text, share: status.show(plain(text), share))
        while batch := [*islice(stories, _TOGETHER)]:
            seal(batch)
            for story in batch:
                reading.complain_of(story)
                reading.damaged += _is_damaged(story)
                yield story


def _is_damaged(story: "Story") -> bool:
    from mllog_callbacks.reading.story import state_of  # noqa: PLC0415 - loads pydantic: slow

    return state_of(story).mood == "bad"


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
