"""Frameworks that are on and cannot be audited, and why."""

from typing import Final

from mllog_callbacks.automatic._frameworks import Framework
from mllog_callbacks.automatic._notes import note

__all__ = ["fail", "failures", "lacks"]

failures: Final[dict[str, str]] = {}
"""Why a framework is not audited, by its name."""


def lacks(framework: Framework, why: str) -> None:
    """Note that a framework is not audited."""
    failures[framework.name] = why
    note(framework=framework.name, why=why)


def fail(framework: Framework, error: Exception) -> None:
    """Note it, and report what was raised, as every failure of the logging itself."""
    lacks(framework, f"{type(error).__name__}: {error}")
    from mllog_callbacks.recording import report_failure  # noqa: PLC0415 - loads pydantic

    report_failure(error, "auto")
