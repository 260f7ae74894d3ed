"""Sessions that belong together: the ranks, workers and folds of one training."""

from collections.abc import Iterable, Mapping
from typing import Any

from mllog_callbacks.integrity._sessions import Session

__all__ = ["families", "family_of", "rank_of"]


def families(sessions: Iterable[Session]) -> dict[str, list[Session]]:
    """Sessions by what ties them together; one that stands alone, by its name.

    Within a family those without a rank come first, then ranks in their order; else as given.
    Those with a common parent go by the uppermost one's name, whether or not it is there. Ranks
    without a parent go by their launcher's job, or by the process that started them.
    """
    given = list(sessions)
    facts = {each.name: each.facts() for each in given}
    found: dict[str, list[Session]] = {}
    for each in given:
        found.setdefault(family_of(each.name, facts), []).append(each)
    for family in found.values():
        family.sort(key=lambda each: rank_of(facts[each.name]))
    return found


def rank_of(facts: Mapping[str, Any]) -> int:
    """The rank that a manifest names, of all or on its machine; -1 where it names none."""
    named = (facts.get(each) for each in ("rank", "local_rank"))
    return next((rank for rank in named if isinstance(rank, int)), -1)


def family_of(name: str, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """What ties a session to others, as `families` names it.

    Args:
        name: The session.
        facts: By session, what its manifest says.
    """
    seen = {name}
    while parent := facts.get(name, {}).get("parent"):
        name = str(parent)
        if name in seen:
            break
        seen.add(name)
    own = facts.get(name, {})
    if own.get("job"):
        return str(own["job"])
    ranked = own.get("rank") is not None or own.get("local_rank") is not None
    if ranked and own.get("parent_pid"):
        return f"process {own['parent_pid']} on {own.get('host')}"
    return name
