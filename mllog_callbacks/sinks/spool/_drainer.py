"""The drainer: moves a session's lines from memory to the session's file.

It does all work on the disk, so that a disk that hangs holds up nobody else, not even the exit
of the training. How it runs, and for how long: see `_process`.
"""

import os
from time import monotonic, monotonic_ns

from mllog_callbacks.chain import OPEN, SEALED, UNSEALED, WITNESSED
from mllog_callbacks.files import Folder, give_group, log_name, make_folder, make_folders
from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._chained import Chained
from mllog_callbacks.sinks.spool._control import Control
from mllog_callbacks.sinks.spool._origin import Origin
from mllog_callbacks.sinks.spool._quick_look import all_runs_ended
from mllog_callbacks.sinks.spool._segment import HEADER, Segment
from mllog_callbacks.sinks.spool._segments import Segments
from mllog_callbacks.sinks.spool._target import Altered, Target

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from mllog_callbacks.sinks.spool._watching import Watch

__all__ = ["Drainer"]

_CHECK_S = 1.0  # how often a file at rest is looked for
_QUICK = 33_554_432  # bytes of a session that are read within some 50 ms


class Drainer:
    """Writes one session's lines to its file, in the order of the stream; used by one thread.

    Args:
        folder: The session's spool, whose ``drain`` lock the caller holds.
        counting: Whether to count the entries written.

    Attributes:
        entries: How many of the session's were written, where they are counted: that takes a tenth
            of all time.
        ends: Of how many runs this drainer recorded the end.
    """

    def __init__(self, folder: str, *, counting: bool = False) -> None:
        self.entries = self.ends = 0
        self._counting = counting
        self._folder = folder
        self._record = f"{folder}/target"
        self._about = About.read(folder)
        self._control = Control(folder)
        self._control.pid = os.getpid()
        self._chain = Chained(folder, self._about)
        self._origin = Origin(folder, self._about, self._chain)
        self._segment: Segment | None = None
        self._segments = Segments(folder, self._control)
        self._target: Target | None = None
        self._suspect = self._over = False
        self._checked = self._synced = monotonic()

    @property
    def control(self) -> Control:
        """The counters of the spool."""
        return self._control

    def drain(self, *, final: bool = False) -> bool:
        """Write what there is; with `final`, also what is behind a gap. Say whether any was.

        Raises:
            OSError: The disk does not take it now; what was not written is kept.
        """
        self._control.busy = monotonic_ns()
        try:
            moved = False
            while self._step(final=final):
                moved = True
            if self._segment is not None:
                self._segments.have_spare(self._segment.size)
            self._look_after()
        except OSError as error:
            self._control.error = error.errno or 5
            raise
        finally:
            self._control.busy = 0
        self._control.error = 0
        return moved

    def end(self, by: str, watch: "Watch | None" = None) -> None:
        """Write the rest of a session that emits no more, and the end of each run that has none.

        Args:
            by: Who does.
            watch: What watched its process, if anything did.

        Raises:
            OSError: The disk does not take it now.
        """
        self.drain(final=True)
        control = self._control
        self._over = bool(control.closing)
        state = SEALED if control.closing or control.leaving else UNSEALED
        if not control.closing:
            ends = self._witness(by, watch)
            if ends or (ends == 0 and state == UNSEALED):
                state = WITNESSED
        self._finish(state, seen=watch is not None)
        control.done = 1

    def _witness(self, by: str, watch: "Watch | None") -> int | None:
        """Record the end of each open run; how many, or None where they cannot be known.

        Raises:
            OSError: The disk does not take it now.
        """
        about, control = self._about, self._control
        if control.sealed and not control.unended and self._chain.is_foreign:
            return None  # nothing follows a signed end without the key
        if control.leaving and all_runs_ended(about):
            return 0
        try:
            from mllog_callbacks.sinks.spool import _witness as witness  # noqa: PLC0415 - seldom

            found = witness.found(about)
            if found is None or not len(found.runs):
                return None if found is None else 0
            ended = witness.exit_of(control, watch)
            noted = witness.Noted.of(self._folder, control)
            ends = [*witness.Ends(about, noted, ended, by).lines(found)]
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - of what anybody may have written: the lines come first
            return None
        for day, lines in witness.batches(ends):
            path = os.path.join(about.directory, log_name(day, about.session).encode())
            number = control.released + (self._segment is not None)
            self._segments.add(number, path, control.position, lines)
            entries = self.entries
            self.drain(final=True)
            self.entries = entries
        self.ends = len(ends)
        return self.ends

    def seal(self) -> None:
        """Seal the chain of a session whose process is about to end; more lines may still come.

        Where runs have no end yet it stays open: a witness records their ends once the process is
        gone, and nothing may follow a seal that somebody has kept as an anchor. A log too long to
        be looked through while its process waits is sealed.

        Raises:
            OSError: The disk does not take it now.
        """
        control = self._control
        if control.sealed != control.position:
            seen = control.position < _QUICK and not all_runs_ended(self._about)
            control.unended = int(seen)
            self._finish(OPEN if seen else SEALED, seen=True)

    def _finish(self, state: str, *, seen: bool) -> None:
        control = self._control
        written = control.sealed == control.position and not control.unended
        if written and (self._origin.is_bound or not seen):
            return
        control.busy = monotonic_ns()
        try:
            self._confirm()
            self._write_sidecar()
            if os.path.exists(self._about.directory):
                if seen and state != OPEN:
                    self._origin.end()
                else:
                    self._origin.publish()
                self._chain.end(state)
                self._origin.settle()
        finally:
            control.busy = 0
        if state in {OPEN, SEALED}:
            control.sealed = control.position
            control.unsigned = int(self._chain.unsigned)

    def close(self) -> None:
        """Close the file."""
        if self._target is not None:
            self._target.close()
            self._target = None

    def _step(self, *, final: bool) -> bool:
        segment = self._segment = self._segment or self._segments.open(self._control.released)
        if segment is None:
            return False
        if self._chain.position < self._control.position and not self._follow(segment):
            return True
        position = self._control.position
        offset = segment.offset(position)
        end = segment.complete(offset)
        if end > offset:
            self._write(segment, offset, end)
            return True
        return self._next(segment, final=final) or (final and self._skip(segment, offset))

    def _next(self, segment: Segment, *, final: bool) -> bool:
        """Go to the next segment when all of this one is written."""
        follower = self._segments.open(self._control.released + 1)
        if follower is None or follower.start > self._control.position:
            if follower is None or not final or segment.beyond(self._offset(segment)) >= 0:
                return False
            self._jump(follower.start)
        self._confirm()
        if follower.path != segment.path:
            self.close()
        self._chain.save()
        # First: whoever comes after a kill is not to look for lines in what is being cleared
        self._control.released += 1
        self._segment = follower
        self._segments.give_back(segment, self._control.released - 1)
        return True

    def _offset(self, segment: Segment) -> int:
        return segment.offset(self._control.position)

    def _skip(self, segment: Segment, offset: int) -> bool:
        """Go on behind a line that was never finished."""
        found = segment.beyond(offset)
        if found < 0:
            return False
        self._jump(segment.position(found))
        return True

    def _jump(self, position: int) -> None:
        """Leave a gap of the stream out of the file."""
        self._confirm()  # what was written before is found at its place from now on only by size
        self._chain.skip(position)
        gap = position - self._control.position
        self._control.position = self._control.durable = position
        if self._target is not None:
            self._target.shift += gap
            self._target.note()

    def _write(self, segment: Segment, offset: int, end: int) -> None:
        lines = memoryview(segment.memory)[offset:end]
        try:
            target = self._target_of(segment)
            if self._control.position != segment.position(offset):
                return  # the file was altered: another place comes next
            if target.keep():
                self._write_sidecar()
            while lines:
                written = target.write(lines)
                if self._counting:
                    self.entries += bytes(lines[:written]).count(b"\n")
                self._control.position += written
                lines = lines[written:]
        except Altered as altered:
            self._go_on_beside(segment, altered.until)
        finally:
            lines.release()

    def _follow(self, segment: Segment) -> bool:
        """Have the chain take what was written; say whether the file is as it was written."""
        try:
            name = self._target_of(segment).name
        except Altered as altered:
            self._go_on_beside(segment, altered.until)
            return False
        self._chain.follow(segment, self._control.position, name)
        return True

    def _target_of(self, segment: Segment) -> Target:
        path = self._path(segment)
        if self._target is None:
            self._target = Target.find(path, self._control.position, self._record)
            self._suspect = self._target is not None  # what befell the drainer before is not known
        if self._target is None:
            self._target = Target.create(path, self._control.position, self._record)
            self._write_sidecar()
        self._control.copy = self._target.copy
        return self._target

    def _path(self, segment: Segment) -> bytes:
        """The file of a segment, which is in the log directory wherever that is seen now."""
        return b"%b/%b" % (self._about.directory, os.path.basename(segment.path))

    def _go_on_beside(self, segment: Segment, until: int) -> None:
        """Begin another file: the one before was cut, written to or taken away by somebody.

        What of the lines held here is not in it any more is written again.
        """
        copy = 1 if self._target is None else self._target.copy
        self.close()
        position = self._control.position
        now = min(segment.offset(position), segment.size)
        kept = min(now, max(HEADER, segment.offset(until))) if until else HEADER
        line = segment.memory.rfind(b"\n", HEADER, kept) + 1 or HEADER
        self._target = Target.create(
            self._path(segment), segment.position(line), self._record, copy
        )
        self._chain.skip(segment.position(line))
        self._control.position = segment.position(line)
        self._control.durable = min(self._control.durable, self._control.position)
        self._control.copy = self._target.copy

    def _confirm(self) -> None:
        segment = self._segment
        if segment is None or self._control.durable == self._control.position:
            return
        try:
            target = self._target_of(segment)
            if not self._discarded():
                target.keep()
            if self._suspect:
                # After a failed fdatasync the kernel takes the pages for clean: write them again
                self._rewrite(target, segment)
            self._suspect = True
            target.sync()
        except Altered as altered:
            self._go_on_beside(segment, altered.until)
            raise InterruptedError from None
        self._suspect = False
        self._control.durable = self._control.position

    def _rewrite(self, target: Target, segment: Segment) -> None:
        first = max(segment.start, target.shift, self._control.durable)
        until = segment.offset(self._control.position)
        with memoryview(segment.memory)[segment.offset(first) : until] as lines:
            target.rewrite(lines, first)

    def _look_after(self) -> None:
        now, sync_ms = monotonic(), self._control.sync_ms
        if sync_ms and now - self._synced >= sync_ms / 1000:
            self._confirm()
            self._synced = now
        self._control.unsigned = int(self._chain.unsigned)
        if self._target is not None and now - self._checked >= _CHECK_S:
            self._checked = now
            if not self._control.closing and not self._discarded():
                self._target.keep()
                self._control.copy = self._target.copy
                self._write_sidecar()
                self._origin.publish()

    def _discarded(self) -> bool:
        """Whether files that are gone were meant to go, until another entry comes.

        So it is once the log was closed, and with a temporary directory.
        """
        about = self._about
        return self._over or (about.temporary and not os.path.exists(about.directory))

    def _write_sidecar(self) -> None:
        """Write the session's sidecar where it is not there, or no longer."""
        if self._discarded():
            return
        about = self._about
        try:
            folder = os.path.dirname(about.sidecar)
            make_folders(os.path.dirname(folder))
            make_folder(folder, alike=True)
            with Folder(about.sidecar) as sidecars:
                file = sidecars.create(about.sidecar, os.O_WRONLY, 0o640)
            give_group(file, folder)
        except OSError:  # it is there; or the disk fails, which the lines show as well
            return
        with open(file, "wb") as stream:
            stream.write(about.manifest)
