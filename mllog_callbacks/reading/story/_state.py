"""The state of a log itself: whole, unfinished or damaged; where a verdict on it enters."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from mllog_callbacks.reading._fast import FileAccount
from mllog_callbacks.reading.story._model import Story
from mllog_callbacks.schema import count

__all__ = ["State", "state_of", "verification_of"]

_FINDINGS_SHOWN: Final = 3
_WORDS: Final = {"tampered": "TAMPERED", "incomplete": "INCOMPLETE", "unsealed": "NOT SEALED"}
_GRAVE: Final = {"tampered": "Log changed", "incomplete": "Log incomplete"}


class State(NamedTuple):
    """What is to be said of a log before its story is believed.

    Attributes:
        mood: "good", "unknown" (unfinished) or "bad" (damaged).
        pill: In a few words.
        sentences: What is the case, the gravest first.
    """

    mood: str
    pill: str
    sentences: list[str]


def state_of(story: Story) -> State:
    """Judge a log by what reading it has shown."""
    damage = [*_changed(story), *_damage(story)]
    if damage:
        return State("bad", _damaged(story), damage)
    unfinished = list(_unfinished(story))
    if unfinished:
        return State("unknown", "Log unfinished", unfinished)
    entries = sum(file.lines for file in story.files)
    recorded = f"{story.entries:,} of {count(entries, 'line')} valid"
    if story.seal is not None and story.seal.status == "sound":
        recorded = f"Log intact: {recorded}"
        return State(
            "good", recorded, [f"{recorded}, in order, none dropped; as its sealed chain has it."]
        )
    recorded = f"Log readable: {recorded}"
    return State("good", recorded, [f"{recorded}, in order, none dropped.", *_unchecked(story)])


def verification_of(story: Story) -> str:
    """What must be said first, before a story is believed; empty where its chain is sound."""
    if story.seal is None:
        return "NOT VERIFIED: there is no hash chain for this log, so changes cannot be ruled out."
    if story.seal.status == "sound":
        return ""
    word = _WORDS.get(story.seal.status, "NOT VERIFIED")
    more = len(story.seal.reasons) - 1
    others = f" ({count(more, 'more problem')}; see mllog verify)" if more > 0 else ""
    return f"{word}: {''.join(story.seal.reasons[:1])}{others}."


def _changed(story: Story) -> Iterator[str]:
    """Where a verdict on the log's integrity enters."""
    if story.seal is not None and story.seal.status in _GRAVE:
        for reason in story.seal.reasons[:_FINDINGS_SHOWN]:
            yield f"The log is {story.seal.status}: {reason}."


def _unchecked(story: Story) -> Iterator[str]:
    if story.seal is None:
        yield "It was not held against a chain: whether it was changed is not known."
    else:
        yield from (f"Its integrity is {story.seal.status}: {each}." for each in story.seal.reasons)


def _damage(story: Story) -> Iterator[str]:
    for file in story.files:
        if file.error:
            yield f"{file.name} could not be read to its end: {file.error}."
        if file.bad_lines:
            yield (
                f"{count(file.bad_lines, 'line')} of {file.lines:,} in {file.name} "
                f"{'is' if file.bad_lines == 1 else 'are'} no entry ({_lines(file)}): what "
                f"{'it' if file.bad_lines == 1 else 'they'} recorded is missing here."
            )
        if file.disordered:
            yield (
                f"{count(file.disordered, 'entry')} in {file.name} "
                f"{'is' if file.disordered == 1 else 'are'} not later than the one before: lines "
                "were moved, doubled or merged."
            )
    if story.dropped:
        yield (
            f"{count(story.dropped, 'entry')} could not be kept while the disk took nothing, by "
            "the log's own account: that part of the story is missing."
        )


def _lines(file: FileAccount) -> str:
    """As in "lines 3, 4, 5 and more"."""
    lines = dict.fromkeys(f"{line:,}" for line, finding in file.findings)
    more = " and more" if len(lines) > _FINDINGS_SHOWN else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {', '.join([*lines][:_FINDINGS_SHOWN])}{more}"


def _damaged(story: Story) -> str:
    if story.seal is not None and story.seal.status in _GRAVE:
        return f"{_GRAVE[story.seal.status]} since it was written"
    bad = sum(file.bad_lines for file in story.files)
    lines = sum(file.lines for file in story.files)
    if any(file.error for file in story.files):
        return "Log not readable to its end"
    if bad:
        return f"Log damaged: {bad:,} of {count(lines, 'line')} invalid"
    if any(file.disordered for file in story.files):
        return "Log out of order"
    return f"Log incomplete: {count(story.dropped, 'entry')} dropped"


def _unfinished(story: Story) -> Iterator[str]:
    for file in story.files:
        if file.unfinished:
            yield (
                f"The last line of {file.name} has no end: it is being written, or its "
                "writer was killed in it."
            )
    if not story.entries:
        yield "The log holds no entry."
    without_end = [run for run in story.runs if run.end is None]
    if without_end and all(run.pulse is not None for run in without_end):
        yield "A training is under way: its process is alive."
    elif without_end:
        yield "A training has no end in this log: it is still running, or nobody saw how it ended."
