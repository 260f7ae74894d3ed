"""What is hooked and what is not, and why not."""

from typing import NamedTuple

from mllog_callbacks.automatic._failing import failures
from mllog_callbacks.automatic._frameworks import FRAMEWORKS, Framework
from mllog_callbacks.automatic._hooks import hooked
from mllog_callbacks.automatic._state import given_for
from mllog_callbacks.automatic._versions import too_old, version

__all__ = ["Status", "statuses"]


class Status(NamedTuple):
    """A framework in this process.

    Attributes:
        name: Its name.
        version: The version imported or installed; None where there is none.
        on: Whether it is on, here and now.
        hooked: The functions of it that are hooked.
        why_not: Why its trainings are not audited; None where they are, or will be.
        means: How it is hooked.
    """

    name: str
    version: str | None
    on: bool
    hooked: tuple[str, ...]
    why_not: str | None
    means: str


def statuses() -> list[Status]:
    """Each framework that we know."""
    return [_status(each) for each in FRAMEWORKS]


def _status(framework: Framework) -> Status:
    found = version(framework)
    return Status(
        framework.name,
        found,
        given_for(framework.name) is not None,
        tuple(hooked.get(framework.name, ())),
        _why_not(framework, found),
        framework.means,
    )


def _why_not(framework: Framework, found: str | None) -> str | None:
    if found is None:
        return "not installed"
    return too_old(framework) or failures.get(framework.name)
