"""Sessions put together to the trainings they are of, as their manifests tell."""

from collections import Counter
from collections.abc import Sequence

from mllog_callbacks.integrity import family_of, rank_of
from mllog_callbacks.reading.story import Story, join

__all__ = ["families_of", "trainings"]


def families_of(stories: Sequence[Story]) -> list[tuple[str, list[Story]]]:
    """Ranks, workers and folds of one training together, in the order of their first.

    Within a family the session that they come from is the first, then go ranks in their order.
    Sessions of the same name, of other folders, are none of one family.
    """
    facts = {story.session: story.sidecar for story in stories}
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], list[Story]] = {}
    for story in stories:
        key = family_of(story.session, facts), seen[story.session]
        found.setdefault(key, []).append(story)
        seen[story.session] += 1
    for (name, _), members in found.items():
        members.sort(key=lambda each: (each.session != name, rank_of(each.sidecar)))
    return [(name, members) for (name, _), members in found.items()]


def trainings(stories: Sequence[Story]) -> list[Story]:
    """The stories of all trainings, each of all sessions that belong to it."""
    return [
        join(name, members) if len(members) > 1 else members[0]
        for name, members in families_of(stories)
    ]
