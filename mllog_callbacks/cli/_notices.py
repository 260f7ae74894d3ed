"""Which entries somebody is to be notified of: once an issue, and not more often than he wants."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mllog_callbacks.files import session_of

if TYPE_CHECKING:
    from mllog_callbacks.reading import Seen

__all__ = ["SEVERITIES", "Message", "Notices"]

SEVERITIES: Final = ("info", "warning", "error")
_MOST: Final = 20
"""Notices in one message; of more it says how many there are."""


class Message(NamedTuple):
    """What is sent.

    Attributes:
        title: What happened, or how many things.
        body: A line each.
    """

    title: str
    body: str


class Notices:
    """Collects what is to be sent.

    Args:
        floor: The least severity of issues; failed trainings are sent at any.
        cooldown: Seconds between two messages at least; what comes meanwhile is sent together.
    """

    def __init__(self, floor: str, cooldown: float) -> None:
        self._wanted = SEVERITIES[SEVERITIES.index(floor) :]
        self._cooldown = cooldown
        self._known: set[tuple[str, object, object]] = set()
        self._waiting: list[str] = []
        self._due = float("-inf")

    def take(self, seen: Iterable["Seen"]) -> None:
        """Take new entries; an issue that was taken before is passed over."""
        for each in seen:
            fields = each.row.fields
            if fields is not None and (key := self._key(fields)) is not None:
                place = session_of(each.path), *key
                if place not in self._known:
                    self._known.add(place)
                    self._waiting.append(_line(place[0], fields))

    def _key(self, fields: dict[str, Any]) -> tuple[object, object] | None:
        """What identifies an issue or a failure within its session; None of other entries."""
        snapshot = fields["metrics_snapshot"] or {}
        run = snapshot.get("run")
        if fields["event"] == "TRAINING_FAILED":
            return run, "failed"
        if fields["event"] != "ISSUE_DETECTED" or snapshot.get("state") == "closed":
            return None
        if snapshot.get("severity", "warning") not in self._wanted:
            return None
        number = snapshot.get("id")
        return run, number if number is not None else snapshot.get("code", fields["decision"])

    def due(self, now: float) -> Message | None:
        """The message that is to be sent now; None where there is nothing, or it is too soon.

        Args:
            now: Seconds of a clock that only goes forward.
        """
        if not self._waiting or now < self._due:
            return None
        shown = self._waiting[:_MOST]
        more = len(self._waiting) - len(shown)
        body = "\n".join([*shown, *([f"and {more:,} more"] if more else [])])
        if len(self._waiting) == 1:
            return Message(f"mllog: {shown[0].splitlines()[0]}", body)
        return Message(f"mllog: {len(self._waiting):,} notices", body)

    def sent(self, now: float) -> None:
        """Note that the message was sent."""
        self._waiting.clear()
        self._due = now + self._cooldown

    def failed(self, now: float) -> None:
        """Note that it could not be sent: it is tried again, with what comes meanwhile."""
        self._due = now + self._cooldown


def _line(session: str, fields: dict[str, Any]) -> str:
    """What an entry says, and of which training."""
    names = " on ".join(filter(None, (fields["model"], fields["dataset"])))
    said = fields["decision"] or fields["event"]
    return f"{said} ({names or 'a training'}, session {session})"
