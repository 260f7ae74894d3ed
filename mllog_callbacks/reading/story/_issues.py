"""An issue in its parts, from its entries."""

from collections.abc import Iterator
from typing import NamedTuple

from mllog_callbacks.reading.story._advice import ADVICE
from mllog_callbacks.reading.story._formatting import NOT_RECORDED, cut, number, value
from mllog_callbacks.reading.story._model import Found
from mllog_callbacks.schema import count

__all__ = ["IssueText", "issue_text"]


class IssueText(NamedTuple):
    """An issue, in its parts.

    Attributes:
        title: What is the case.
        evidence: The numbers it rests on.
        cause: The probable cause; empty where none was recorded.
        course: How it went on, where more than one entry records it.
        advice: What to try; empty where nothing general can be said.
        where: Where it stands.
    """

    title: str
    evidence: str
    cause: str
    course: str
    advice: str
    where: str


def issue_text(found: Found) -> IssueText:
    """An issue's parts, from the facts and the words of its entries."""
    worst = found.worst or found.recorded[-1]
    cause = worst.snapshot.get("cause")
    cause = cause if isinstance(cause, str) else ""
    # shown apart, and so not twice
    evidence = (
        worst.reasoning.replace(f"Probable cause: {cause}.", "") if cause else worst.reasoning
    )
    return IssueText(
        title=worst.decision or found.name or "An issue without words",
        evidence=" ".join(evidence.split()) or NOT_RECORDED,
        cause=f"{cause}." if cause else "",
        course=_course(found),
        advice=ADVICE.get(found.name, ""),
        where=" · ".join(filter(None, _where(found))),
    )


def _course(found: Found) -> str:
    if found.count == 1:
        return ""
    first, last = found.recorded[0], found.recorded[-1]
    times = f"Reported {count(found.count, 'time')}; first: {cut(first.decision, 200)}"
    return f"{times} Last: {cut(last.decision, 200)}" if found.resolved else times


def _where(found: Found) -> Iterator[str]:
    if found.steps:
        first, last = found.steps[0], found.steps[-1]
        unit = found.unit
        yield (
            f"{unit} {number(first)}"
            if first == last
            else f"{unit}s {number(first)} to {number(last)}"
        )
    lines = dict.fromkeys(f"{each.place[1]:,}" for each in found.recorded)
    yield f"{'line' if len(lines) == 1 else 'lines'} {' and '.join(lines)}"
    yield " ".join(filter(None, [found.code, found.name.replace("_", " ")]))
    yield ", ".join(
        f"{name} {value(each, 40)}"
        for name, each in (found.worst or found.recorded[-1]).snapshot.items()
        if name in {"confidence", "probability"}
    )
