"""Runs of several sessions that are one training: ranks, and workers within their leader's run."""

from collections.abc import Sequence

from mllog_callbacks.comparison._run import ComparedRun
from mllog_callbacks.integrity import Relative, grouped, rank_of

__all__ = ["settle"]


def settle(relatives: Sequence[Relative], sessions: Sequence[Sequence[ComparedRun]]) -> None:
    """Put each run of a worker or a further rank within the leader's run that it is part of.

    Args:
        relatives: What decides of which family a session is.
        sessions: The runs of each.
    """
    for name, places in grouped(relatives):
        if len(places) < 2:  # noqa: PLR2004 - a session by itself
            continue
        first, *others = sorted(
            places, key=lambda at: (relatives[at].name != name, rank_of(relatives[at].facts))
        )
        leaders = [run for run in sessions[first] if not run.outer]
        for place in others:
            _settle(sessions[place], leaders)


def _settle(runs: Sequence[ComparedRun], leaders: Sequence[ComparedRun]) -> None:
    own = [run for run in runs if not run.outer]
    for index, run in enumerate(own):
        if run.rank is not None:
            if leaders:
                run.outer = leaders[min(index, len(leaders) - 1)].id
        elif (around := _around(run, leaders)) is not None:
            run.outer = around.id


def _around(run: ComparedRun, leaders: Sequence[ComparedRun]) -> ComparedRun | None:
    """The leader's run during which another began; the youngest of several."""
    for each in reversed(leaders):
        if run.began and each.began and each.began <= run.began <= (each.last or run.began):
            return each
    return None
