"""Stories checked against the chains of their sessions: joins reading and integrity."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mllog_callbacks.files import SIDECARS, chain_name, session_of
from mllog_callbacks.reading.story import GRAVITY, Seal, Story

if TYPE_CHECKING:
    from mllog_callbacks.integrity import Verdict

__all__ = ["seal"]


def seal(stories: Iterable[Story]) -> None:
    """Check each session against its chain, as `mllog verify` does, and keep what that shows.

    They are also checked against each other. A session without a chain is left as it is: it is
    not verified.
    """
    chained = [(each.files[0].path, each) for each in stories]
    chained = [(path, story) for path, story in chained if _has_chain(path)]
    if not chained:
        return
    from mllog_callbacks.integrity import verify  # noqa: PLC0415 - slow

    try:
        verdicts = verify(path for path, _ in chained)
    except OSError as error:  # a file is gone again
        for _, story in chained:
            story.seal = Seal("not checkable", [error.strerror or str(error)])
        return
    by_session = {(each.directory, each.session): each for each in verdicts}
    for path, story in chained:
        story.seal = _seal(by_session[str(path.parent), session_of(path)])


def _has_chain(path: Path) -> bool:
    chain = path.parent / SIDECARS / chain_name(session_of(path))
    return os.path.lexists(chain) and os.path.lexists(path)


def _seal(verdict: "Verdict") -> Seal:
    problems = [
        each
        for each in verdict.problems
        if each.aspect in {"integrity", "completeness"}
        or (each.aspect, each.status) == ("authenticity", "tampered")
    ]
    if not problems and verdict.integrity != "sound":
        return Seal("not checkable", ["its chain covers none of its lines"])
    if not problems:
        return Seal("sound", [])
    problems.sort(key=lambda each: GRAVITY.index(each.status))
    worst = problems[0].status
    return Seal(worst, [str(each) for each in problems if each.status is worst])
