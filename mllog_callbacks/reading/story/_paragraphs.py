"""What happened, in sentences: a paragraph a run, with what went wrong in it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from mllog_callbacks.reading.story import _facts as facts
from mllog_callbacks.reading.story import _family as family
from mllog_callbacks.reading.story._alike import Alike, alike_runs, findings, group_of
from mllog_callbacks.reading.story._candidates import candidates, choice_in_words
from mllog_callbacks.reading.story._formatting import NOT_RECORDED, cut, number
from mllog_callbacks.reading.story._issues import issue_text
from mllog_callbacks.reading.story._model import Run, Story
from mllog_callbacks.reading.story._state import State, state_of
from mllog_callbacks.schema import count

__all__ = ["Piece", "what_happened"]

_MOST_TOLD: Final = 4
_SENTENCE_CHARS: Final = 400
_REASONING_CHARS: Final = 1_600


class Piece(NamedTuple):
    """A part of a sentence.

    Attributes:
        text: What it says.
        strong: Whether it carries the main point.
        issue: Number of the issue it points to, from 1; 0 for none.
    """

    text: str
    strong: bool = False
    issue: int = 0


def what_happened(story: Story) -> list[list[Piece]]:
    """Paragraphs of sentences: first the log where it is not whole, then a run each.

    Of several sessions, how each ended is recorded before.
    """
    recorded = [[Piece(each, strong=True)] for each in _of_the_log(state_of(story))]
    if story.members:
        recorded.append([Piece(family.recorded_together(story))])
    outer = [run for run in story.runs if run.parent is None]
    groups = alike_runs(story)
    recorded += [list(_of_runs_alike(story, each)) for each in groups]
    single = [run for run in outer if group_of(run, groups) is None]
    recorded += [list(_of_a_run(story, run)) for run in _chosen(single)]
    if len(single) > _MOST_TOLD:
        recorded.append([Piece(f"{count(len(single) - _MOST_TOLD, 'more run')} not shown.")])
    if not outer:
        recorded.append([Piece(_of_no_run(story)), *_of_its_end(story)])
    if story.overlapping:
        recorded.append([Piece(_OVERLAPPING)])
    return recorded


def _chosen(runs: list[Run]) -> list[Run]:
    """The first of very many, and before others those that failed, in their order."""
    by_weight = sorted(runs[1:], key=lambda run: run.outcome != "failed")
    chosen = {run.number for run in [*runs[:1], *by_weight][:_MOST_TOLD]}
    return [run for run in runs if run.number in chosen]


_OVERLAPPING: Final = (
    "Runs of the same names were under way together; their entries are assigned by their steps, "
    "which may err."
)


def _of_the_log(state: State) -> list[str]:
    return [] if state.mood == "good" else state.sentences


def _of_no_run(story: Story) -> str:
    if not story.entries:
        return "There is no entry: nothing was recorded."
    types = ", ".join(f"{many:,} {event}" for event, many in story.events.most_common(6))
    return (
        f"No start of a training is recorded. There are {count(story.entries, 'entry')}: {types}."
    )


def _of_its_end(story: Story) -> Iterator[Piece]:
    """What an end records whose start is missing: the log was cut, or begins within a run."""
    if story.prelude.end is not None:
        yield from map(Piece, filter(None, _words_of_the_end(story.prelude)))


def _of_a_run(story: Story, run: Run) -> Iterator[Piece]:
    if story.members:
        yield Piece(f"{story.whose(run).capitalize()}:", strong=True)
    yield Piece(_beginning(story, run))
    decision, reasoning = _words_of_the_end(run)
    yield Piece(decision, strong=True)
    if reasoning:
        yield Piece(reasoning)
    for compared in candidates(run)[:1]:
        yield Piece(cut(choice_in_words(compared), _SENTENCE_CHARS))
    within = sum(each.parent == run.number for each in story.runs)
    if within:
        yield Piece(f"{count(within, 'run')} went on within it.")
    yield from _findings(story, [run])


def _of_runs_alike(story: Story, group: Alike) -> Iterator[Piece]:
    first = group.runs[0]
    on = f" on {cut(first.dataset, 120)}" if first.dataset else ""
    yield Piece(f"{cut(first.model or 'The model', 120)}{on}:", strong=True)
    yield Piece(group.words)
    yield Piece(group.ends)
    yield from _findings(story, group.runs)


def _beginning(story: Story, run: Run) -> str:
    had, most = facts.done(run), facts.planned(run)
    who = f"{cut(run.model or 'The model', 120)} trained"
    on = f" on {cut(run.dataset, 120)}" if run.dataset else ""
    if had is None:
        far = "; how far it came is not recorded"
    elif most is not None and most[1] == had[1] and most[0] > had[0]:
        far = f" for {number(had[0])} of at most {count(most[0], most[1])}"
    else:
        far = f" for {count(had[0], had[1])}"
    if had is not None and (before := facts.before(run)):
        far += f", {number(before)} of them before it was resumed"
    sizes = _sizes(story, run)
    return f"{who}{on}{far}{f' ({sizes})' if sizes else ''}."


def _sizes(story: Story, run: Run) -> str:
    sets = facts.data_facts(story, run)
    first = next(iter(sets.values()), {})
    return ", ".join(
        count(first[name], name.rstrip("s"))
        for name in ("rows", "features")
        if type(first.get(name)) in {int, float}
    )


def _words_of_the_end(run: Run) -> tuple[str, str]:
    """What the end of a run decided, and why; as its entry says it."""
    if run.end is None:
        last = f"; its last entry is of {run.last[11:19]} UTC" if run.last else ""
        if run.pulse is not None:
            return f"It has not ended: its process is alive{last}.", ""
        return f"Its end is {NOT_RECORDED}: it is still running, or was killed{last}.", ""
    return cut(run.end.decision, _SENTENCE_CHARS), cut(run.end.reasoning, _REASONING_CHARS)


def _findings(story: Story, runs: list[Run]) -> Iterator[Piece]:
    numbered = enumerate(findings(story), 1)
    own = [(at, each) for at, each in numbered if each.run in runs and not each.found.resolved]
    if not own:
        if not any(run.issues for run in runs):
            yield Piece("No issues detected.")
        return
    at, main = own[0]
    text = issue_text(main.found)
    label = "Remark" if main.found.severity == "info" else "Main finding"
    yield Piece(f"{label}{f', {main.shared}' if main.shared else ''}:")
    yield Piece(f"{cut(text.title, _SENTENCE_CHARS).rstrip('.')}.", issue=at)
    if text.cause:
        yield Piece(f"Probable cause: {cut(text.cause, _SENTENCE_CHARS)}")
