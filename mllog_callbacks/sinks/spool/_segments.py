"""The segments of a spool, as its drainer has them: opened in turn, given back, made ahead."""

import mmap
import os

from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._segment import HEADER, Segment, segment_name, spare_name

__all__ = ["Segments"]

_SPARES = 2  # empty segments kept for the log


class Segments:
    """Hands out a session's segments to its drainer, and empty ones to its log.

    Args:
        folder: The session's spool.
        control: Its counters.
    """

    def __init__(self, folder: str, control: Control) -> None:
        self._folder = folder
        self._control = control
        self._known: dict[int, Segment] = {}  # by inode: to map one anew takes as long as to write

    def open(self, number: int) -> Segment | None:
        """The segment of that number; None where there is none yet."""
        name = segment_name(self._folder, number)
        try:
            known = self._known.get(os.stat(name).st_ino)
        except FileNotFoundError:
            return None
        if known is None:
            return Segment.open(name)
        return known if known.start else None

    def give_back(self, segment: Segment, number: int) -> None:
        """Make a segment, whose lines the disk has confirmed, a spare one or free its memory."""
        control, name = self._control, segment_name(self._folder, number)
        cleared = f"{self._folder}/cleared"
        try:
            inode = os.stat(name).st_ino
            if control.spares - control.taken >= _SPARES:
                self._known.pop(inode, None)
                os.unlink(name)
                return
            os.rename(name, cleared)
            segment.clear()
            self._known[inode] = segment
            os.rename(cleared, spare_name(self._folder, control.spares))
        except OSError:  # the spool was removed, and with it the memory
            return
        control.spares += 1

    def add(self, number: int, path: bytes, start: int, lines: bytes) -> None:
        """Put lines behind those of a log that emits no more, as a segment of their own.

        Args:
            number: The number of the segment.
            path: The file that the lines are for.
            start: Where in the stream they begin.
            lines: Whole lines; they are in the stream at once, or not at all.

        Raises:
            OSError: There is no memory for them.
        """
        name, control = segment_name(self._folder, number), self._control
        size = -(-(HEADER + len(lines) + 1) // mmap.PAGESIZE) * mmap.PAGESIZE
        try:
            segment = Segment.create(name, path, size)
        except OSError:
            if control.taken >= control.spares:
                raise
            segment = Segment.take(spare_name(self._folder, control.taken), name, path)
            control.taken += 1
        segment.memory[HEADER : HEADER + len(lines)] = lines
        segment.memory[:8] = start.to_bytes(8, "little")

    def have_spare(self, size: int) -> None:
        """Have one at hand before the log needs its second segment."""
        if self._control.spares:
            return
        try:
            Segment.create(spare_name(self._folder, 0), b"", size)
        except OSError:
            return
        self._control.spares = 1
