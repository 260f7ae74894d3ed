"""The decisions of a page: in order, progress folded, and within a budget of text."""

from typing import Any, Final

from mllog_callbacks.reading.story import Fold, Member, Recorded, Story, cut
from mllog_callbacks.schema import count

__all__ = ["decisions"]

_BUDGET: Final = 12_000
"""Characters of all decisions together, markup counted."""

_MARKUP: Final = 170
_LIMITS: Final = ((600, 900), (400, 400), (300, 160), (200, 0))
"""Characters of a decision and of its reasoning, tried in turn until all is within the budget."""

_FOLDS_OPENED: Final = 12
_MOODS: Final = {
    "TRAINING_FAILED": "bad",
    "TRAINING_COMPLETED": "good",
    "TRAINING_STOPPED": "good",
    "ISSUE_DETECTED": "unknown",
}


def decisions(story: Story) -> list[dict[str, Any]]:
    """What the template shows: entries, folds and gaps, in order."""
    items = _in_order(story)
    shown: list[dict[str, Any]] = []
    for decision, reasoning in _LIMITS:
        shown = [
            _item(each, decision, reasoning, len(items)) | {"whose": whose} for whose, each in items
        ]
        if sum(map(_size, shown)) <= _BUDGET and not story.left_out:
            return shown
    return _with_gap(shown, story.left_out)


def _in_order(story: Story) -> list[tuple[str, Recorded | Fold]]:
    """What was recorded, and by which member of the story; empty where there is but one session."""
    recorded = story.members or [Member("", story)]
    items = [(cut(label, 24), each) for label, one in recorded for each in one.decisions]
    return sorted(items, key=lambda item: _time(item[1])) if story.members else items


def _time(each: Recorded | Fold) -> str:
    return (each.first if isinstance(each, Fold) else each).time


def _with_gap(shown: list[dict[str, Any]], left_out: int) -> list[dict[str, Any]]:
    """The first and the last within the budget: two thirds, and one third."""
    first = _fitting(shown, _BUDGET * 2 // 3)
    last = _fitting(shown[: first - 1 : -1] if first else shown[::-1], _BUDGET // 3)
    missing = len(shown) - first - last + left_out
    gap = {"kind": "gap", "words": f"{count(missing, 'more item')} between these, in the log."}
    return [*shown[:first], *([gap] if missing else []), *shown[len(shown) - last :]]


def _fitting(shown: list[dict[str, Any]], budget: int) -> int:
    for number, each in enumerate(shown):
        budget -= _size(each)
        if budget < 0:
            return number
    return len(shown)


def _size(item: dict[str, Any]) -> int:
    texts = [each for each in item.values() if isinstance(each, str)]
    return _MARKUP + sum(map(len, texts)) + sum(map(len, item.get("shown", ())))


def _item(each: Recorded | Fold, decision: int, reasoning: int, among: int) -> dict[str, Any]:
    if isinstance(each, Fold):
        return _fold(each, opened=among <= _FOLDS_OPENED * 2)
    return {
        "kind": "entry",
        "stamp": each.time,
        "time": each.time[11:19],
        "event": each.event,
        "mood": _MOODS.get(each.event, ""),
        "decision": cut(each.decision, decision),
        "reasoning": cut(each.reasoning, reasoning) if reasoning else "",
        "line": f"{each.place[1]:,}",
    }


def _fold(fold: Fold, *, opened: bool) -> dict[str, Any]:
    first, last = fold.first.place[1], fold.last[1]
    lines = f"line {first:,}" if first == last else f"lines {first:,} to {last:,}"
    recorded = f"{count(fold.count, 'entry')} of progress, {lines}"
    shown = [cut(f"{each.decision} {each.reasoning}", 200) for each in fold.shown] if opened else []
    if shown and (between := fold.count - len(shown)) > 0:
        shown.insert(1, f"{count(between, 'more entry')} between")
    return {"kind": "fold", "words": recorded, "shown": shown}
