"""Trainings with known truth: what each must come to, and where all of them are registered."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mllog_callbacks import AuditLog

__all__ = ["ALL", "Half", "Scripted", "Word", "fails", "healthy", "mistake"]

Half: TypeAlias = Literal["built", "held"]
Word: TypeAlias = Literal["healthy", "check", "broken", "unknown"]
Script: TypeAlias = Callable[[AuditLog], object]


@dataclass(frozen=True, slots=True)
class Scripted:
    """A training with its truth.

    Attributes:
        name: Framework and what it does, as in "lightgbm: huge_rate".
        script: Trains, and records in the log it is given; an exception of the training is its end.
        words: The verdicts that are right.
        findings: Codes of which the gravest issue must have one; empty where there must be none.
        runs: How many of its runs show the mistake.
    """

    name: str
    script: Script
    words: tuple[Word, ...]
    findings: tuple[str, ...] = ()
    runs: int = 1

    @property
    def half(self) -> Half:
        """Which half it is of, by the checksum of its name."""
        return "held" if zlib.crc32(self.name.encode()) & 0x100 else "built"

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong with it; what nobody can judge by its log is so, too."""
        return not {"check", "broken"} & {*self.words}


ALL: Final[dict[str, Scripted]] = {}
"""All trainings by name, in the order of their definition."""


def _registered(
    script: Script, words: tuple[Word, ...], findings: tuple[str, ...] = (), runs: int = 1
) -> Script:
    framework = script.__module__.rpartition(".")[2].removesuffix("_runs")
    name = f"{framework}: {script.__name__}"
    ALL[name] = Scripted(name, script, words, findings, runs)
    return script


def healthy(*, unmeasured: bool = False) -> Callable[[Script], Script]:
    """Register a healthy training.

    Args:
        unmeasured: Whether it shows no metric, so that "unknown" is right as well.
    """
    words: tuple[Word, ...] = ("healthy", "unknown") if unmeasured else ("healthy",)
    return lambda script: _registered(script, words)


def mistake(*findings: str, lost: bool = False, runs: int = 1) -> Callable[[Script], Script]:
    """Register a training with a mistake.

    Args:
        *findings: The codes that name it.
        lost: Whether no usable model can come of it, so that only "broken" is right.
        runs: How many runs show it.
    """
    words: tuple[Word, ...] = ("broken",) if lost else ("check", "broken")
    return lambda script: _registered(script, words, findings, runs)


def fails() -> Callable[[Script], Script]:
    """Register a training that ends with an exception."""
    return lambda script: _registered(script, ("broken",))
