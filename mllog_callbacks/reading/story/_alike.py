"""Runs with the same settings, such as the folds of a cross-validation: recorded together.

They share what is recorded of them but for their rows: model, data set, the parameters that were
given, the plan, and the number of rows of all sets together. What one of them shows, several do.
"""

import json
import statistics
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from mllog_callbacks.reading.story import _facts as facts
from mllog_callbacks.reading.story._endings import ending
from mllog_callbacks.reading.story._formatting import number
from mllog_callbacks.reading.story._model import Found, Run, Story
from mllog_callbacks.schema import count

__all__ = ["Alike", "Finding", "alike_runs", "findings", "group_of"]

_FEWEST: Final = 3


class Alike(NamedTuple):
    """Runs with the same settings.

    Attributes:
        runs: The runs, in their order.
        name: Set and metric that is known of the model of each; empty where there is none.
        scores: The value of each; empty likewise.
    """

    runs: list[Run]
    name: str = ""
    scores: tuple[float, ...] = ()

    @property
    def figure(self) -> str:
        """Mean and standard deviation of the scores; empty where there are none."""
        if not self.scores:
            return ""
        mean, deviation = statistics.fmean(self.scores), statistics.stdev(self.scores)
        return f"{mean:.4g} ± {deviation:.2g}"

    @property
    def range(self) -> str:
        """The least and the largest of the scores; empty where there are none."""
        return f"{min(self.scores):.4g} to {max(self.scores):.4g}" if self.scores else ""

    @property
    def words(self) -> str:
        """What they came to, in a sentence."""
        many = count(len(self.runs), "run")
        recorded = f"{many} with the same settings, such as the folds of a cross-validation"
        score = f": {self.name} {self.figure} (mean and deviation; {self.range})"
        ran = [found for run in self.runs if (found := facts.done(run)) is not None]
        far = f"; {_between([each[0] for each in ran])} {ran[0][1]}s each" if ran else ""
        return f"{recorded}{score if self.scores else ''}{far}."

    @property
    def ends(self) -> str:
        """How they ended, in a sentence."""
        pills = [ending(run).pill for run in self.runs]
        by_pill = {pill: pills.count(pill) for pill in dict.fromkeys(pills)}
        if len(by_pill) == 1:
            return f"All ended alike: {pills[0][:1].lower()}{pills[0][1:]}."
        return f"Ends: {', '.join(f'{many:,} {pill.lower()}' for pill, many in by_pill.items())}."


class Finding(NamedTuple):
    """An issue of a run, and of others with the same settings.

    Attributes:
        run: The run that shows it most gravely.
        found: The issue of that run.
        runs: All runs that show it.
        among: How many runs have the same settings.
    """

    run: Run
    found: Found
    runs: list[Run]
    among: int

    @property
    def shared(self) -> str:
        """In how many runs it is found; empty where the run is alone."""
        return f"in {len(self.runs):,} of {self.among:,} runs" if self.among > 1 else ""

    def of(self, run: Run) -> Found | None:
        """The same issue of one of the runs; None where that does not have it."""
        return next((each for each in run.issues.values() if _key(each) == _key(self.found)), None)


def alike_runs(story: Story) -> list[Alike]:
    """The runs of a story that have the same settings, of three at least."""
    groups: dict[str, list[Run]] = {}
    for run in story.runs:
        if run.parent is None and (shared := _settings(story, run)):
            groups.setdefault(shared, []).append(run)
    return [_scored(runs) for runs in groups.values() if len(runs) >= _FEWEST]


def group_of(run: Run, groups: Iterable[Alike]) -> Alike | None:
    """The runs alike of which a run is one; None where there are none."""
    return next((each for each in groups if run in each.runs), None)


def findings(story: Story) -> list[Finding]:
    """The issues of a story, the worst first; what several runs alike show is one."""
    groups = alike_runs(story)
    members = {run.number: at for at, each in enumerate(groups) for run in each.runs}
    shared: dict[tuple[object, ...], list[tuple[Run, Found]]] = {}
    for run, found in story.issues:
        own = (members[run.number], *_key(found)) if run.number in members else (id(found),)
        shared.setdefault(own, []).append((run, found))
    among = {number: len(groups[at].runs) for number, at in members.items()}
    return [
        Finding(*pairs[0], [run for run, _ in pairs], among.get(pairs[0][0].number, 1))
        for pairs in shared.values()
    ]


def _key(found: Found) -> tuple[str, str, str]:
    return found.code, found.name, found.subject


def _settings(story: Story, run: Run) -> str:
    """What runs alike share, as text; empty where too little is recorded of a run."""
    given: list[Any] = [recorded.snapshot.get("parameters") for recorded in run.settings]
    sets = facts.data_facts(story, run)
    rows = [each["rows"] for each in sets.values() if type(each.get("rows")) is int]
    if not given or not rows:
        return ""
    parameters = [each.get("given") if isinstance(each, dict) else None for each in given]
    alone = len(rows) == 1  # then the rows of folds differ by a few
    total = [] if alone else [sum(rows)]
    plan = facts.planned(run)
    known = [run.model, run.dataset, run.member, parameters, plan, sorted(sets), total]
    return json.dumps(known, sort_keys=True, default=str)


def _scored(runs: list[Run]) -> Alike:
    kept = [found for run in runs if (found := facts.kept(run)) is not None]
    if len(kept) < len(runs) or len({each.name for each in kept}) > 1:
        return Alike(runs)
    return Alike(runs, kept[0].name, tuple(each.value for each in kept))


def _between(values: list[float]) -> str:
    least, largest = min(values), max(values)
    return number(least) if least == largest else f"{number(least)} to {number(largest)}"
