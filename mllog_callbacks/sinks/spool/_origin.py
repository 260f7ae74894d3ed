"""What is known of a session's origin: collected beside its drainer, kept in the spool, published.

It is in the session's spool until its drainer has written it next to the session's manifest and
bound it into the chain, so that whoever comes after a killed drainer can do that.
"""

import _thread
import os
from hashlib import sha256
from time import gmtime, strftime

from mllog_callbacks.files import ORIGIN, replace_file
from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._chained import Chained
from mllog_callbacks.sinks.spool._locks import private

__all__ = ["Collector", "Origin"]


class Origin:
    """Publishes what was collected; used by one thread. Never raises `OSError`.

    Args:
        folder: The session's spool.
        about: What it is for.
        chain: The session's chain.
    """

    def __init__(self, folder: str, about: About, chain: Chained) -> None:
        self._kept = f"{folder}/origin"
        self._about, self._chain = about, chain
        self._content = self._ended = b""

    @property
    def is_bound(self) -> bool:
        """Whether the chain's next record names all that there is."""
        return bool(self._content) or not os.path.exists(self._kept)

    def publish(self) -> None:
        """Write what was collected meanwhile; the chain's next record names it."""
        if not self._content and self._take():
            self._write(self._content)

    def end(self) -> None:
        """Have the chain's next record name it with this moment, at which the session ends."""
        if self._content or self._take():
            from mllog_callbacks.origin import with_end  # noqa: PLC0415 - at the end is early enough

            self._ended = with_end(self._content, strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()))
            self._chain.name_origin(sha256(self._ended).hexdigest())

    def settle(self) -> None:
        """Write what the chain's last record names: after it, so that it is never ahead."""
        if self._ended or self._content:
            self._write(self._ended or self._content)

    def _take(self) -> bool:
        try:
            with open(self._kept, "rb") as stream:
                self._content = stream.read()
        except OSError:  # it is not collected yet, or is not to be
            return False
        self._chain.name_origin(sha256(self._content).hexdigest())
        return True

    def _write(self, content: bytes) -> None:
        try:
            replace_file(os.fsdecode(_path(self._about)), content)
        except OSError:  # the chain names it all the same: that it is missing will be seen
            return


def _path(about: About) -> bytes:
    folder, name = os.path.split(about.sidecar)
    return b"%b/%b%b" % (folder, name.removesuffix(b".json"), ORIGIN.encode())


class Collector:
    """Collects in a thread of its own: git, or a network's disk, may take long.

    Args:
        folder: The session's spool.
        apart: Whether this process is not that of the training.
    """

    def __init__(self, folder: str, *, apart: bool) -> None:
        self._done = _thread.allocate_lock()
        if os.path.exists(f"{folder}/request") and not os.path.exists(f"{folder}/origin"):
            self._done.acquire()
            try:
                _thread.start_new_thread(_collect, (folder, apart, self._done))
            except RuntimeError:  # no more threads
                self._done.release()

    def wait(self, seconds: float) -> None:
        """Wait until it is done, for at most some seconds."""
        if self._done.acquire(timeout=seconds):
            self._done.release()


def _collect(folder: str, apart: bool, done: "_thread.LockType") -> None:  # noqa: FBT001 - of a thread
    try:
        from mllog_callbacks.origin import Request  # noqa: PLC0415 - beside the first lines

        with open(f"{folder}/request", "rb") as stream:
            request = Request.unpack(stream.read())
        content = request.collect(run=apart)
        with open(f"{folder}/origin.new", "xb", opener=private) as new:
            new.write(content)
        os.rename(f"{folder}/origin.new", f"{folder}/origin")
    except Exception:  # noqa: BLE001, S110 - a session without it is whole, and shows that it lacks it
        pass
    finally:
        done.release()
