"""Sessions put together to the trainings they are of, as their manifests and times show."""

from collections.abc import Sequence

from mllog_callbacks.integrity import Relative, grouped, rank_of
from mllog_callbacks.reading.story import Story, join

__all__ = ["families_of", "trainings"]


def families_of(stories: Sequence[Story]) -> list[tuple[str, list[Story]]]:
    """Ranks, workers and folds of one training together, in the order of their first.

    Within a family the session that they come from is the first, then go ranks in their order.
    Sessions of the same name in other folders are different sessions.
    """
    relatives = [
        Relative(story.files[0].path.parent, story.session, story.sidecar, *story.span)
        for story in stories
    ]
    found = []
    for name, places in grouped(relatives):
        members = [stories[at] for at in places]
        members.sort(key=lambda each: (each.session != name, rank_of(each.sidecar)))
        found.append((name, members))
    return found


def trainings(stories: Sequence[Story]) -> list[Story]:
    """The stories of all trainings, each of all sessions that belong to it."""
    return [
        join(name, members) if len(members) > 1 else members[0]
        for name, members in families_of(stories)
    ]
