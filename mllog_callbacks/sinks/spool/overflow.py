"""Where lines wait that the spool has no room for: a bounded part of the process's own memory."""

from collections import deque

from mllog_callbacks.sinks.account import Account

__all__ = ["Overflow"]


class Overflow:
    """Whole lines, oldest first; beyond `memory` bytes the newest are given up and counted.

    What is here is lost when the process is killed: the one place where that is so.
    """

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.lines: deque[bytes] = deque()
        self.bytes = 0
        self.dropped = 0
        self.account: Account | None = None

    def takes(self, size: int) -> bool:
        """Whether there is room; once something was given up, not before that was told."""
        return self.account is None and self.bytes + size <= self.memory

    def give_up_all(self) -> None:
        """Count what is held as given up, before what was given up already."""
        held, account = self.lines, self.account
        self.lines, self.account, self.bytes = deque(), None, 0
        for line in held:
            self.give_up(line[14:41], len(line))
        if account is not None:
            self._merge(account)

    def _merge(self, later: Account) -> None:
        if self.account is None:
            self.account = later
        else:
            self.account.merge(later)

    def give_up(self, stamp: bytes, size: int) -> None:
        """Count a line as given up."""
        self.dropped += 1
        if self.account is None:
            self.account = Account(self.memory, stamp)
        self.account.add(stamp, size)
