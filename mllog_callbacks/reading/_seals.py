"""Stories held against the chains of their sessions: joins reading and integrity."""

from collections.abc import Iterable
from pathlib import Path

from mllog_callbacks.chain import SUFFIX
from mllog_callbacks.reading.story import Seal, Story
from mllog_callbacks.schema import SIDECARS, session_of

__all__ = ["seal"]


def seal(stories: Iterable[Story]) -> None:
    """Hold each session against its chain, as `mllog verify` does, and keep what that shows.

    A session without a chain is left as it is: there is nothing to hold it against.
    """
    for story in stories:
        path = story.files[0].path
        chain = path.parent / SIDECARS / f"{session_of(path)}{SUFFIX}"
        if chain.exists() and path.exists():
            story.seal = _seal(path)


def _seal(path: Path) -> Seal:
    from mllog_callbacks.integrity import Status, verify  # noqa: PLC0415 - slow

    try:
        verdicts = verify([path])
    except (OSError, ImportError) as error:
        return Seal(Status.NOT_CHECKABLE, [str(error)])
    problems = [
        each
        for verdict in verdicts
        for each in verdict.problems
        if each.aspect in {"integrity", "completeness"}
        or (each.aspect, each.status) == ("authenticity", Status.TAMPERED)
    ]
    if not problems:
        return Seal(Status.SOUND, [])
    gravest = [Status.TAMPERED, Status.INCOMPLETE, Status.UNSEALED, Status.NOT_CHECKABLE]
    problems.sort(key=lambda each: gravest.index(each.status))
    worst = problems[0].status
    return Seal(worst, [str(each) for each in problems if each.status is worst])
