"""What of a process is to be examined: packed, for whoever examines it is another process."""

import os

__all__ = ["Request"]


class Request:
    """What a process says of itself, as far as its origin is found from there.

    Attributes:
        pid: The process.
        cwd: Its working directory.
        script: The file of its main program; empty where it has none.
        path: Where its modules come from.
        logs: The log directory, whose own files are no code.
    """

    def __init__(self, pid: int, cwd: str, script: str, path: list[str], logs: str) -> None:
        self.pid = pid
        self.cwd = cwd
        self.script = os.path.join(cwd, script) if script else ""
        self.path = path
        self.logs = logs

    def collect(self, *, run: bool) -> bytes:
        """Where the process comes from, as JSON of at most 32 KiB.

        Args:
            run: Whether git may be run: never within the process of a training.
        """
        from mllog_callbacks.origin._collecting import collect  # noqa: PLC0415 - not at the start

        return collect(self, run=run)

    def pack(self) -> bytes:
        """The request as bytes."""
        texts = [str(self.pid), self.cwd, self.script, self.logs, *self.path]
        return b"\0".join(os.fsencode(each.replace("\0", "")) for each in texts)

    @classmethod
    def unpack(cls, packed: bytes) -> "Request":
        """What `pack` packed.

        Raises:
            ValueError: It is none.
        """
        pid, cwd, script, logs, *path = (os.fsdecode(each) for each in packed.split(b"\0"))
        return cls(int(pid), cwd, script, path, logs)
