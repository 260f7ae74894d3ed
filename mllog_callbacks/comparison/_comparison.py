"""Runs held against one another: by one metric, against the best and a baseline."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from mllog_callbacks.comparison._differing import Against, usual
from mllog_callbacks.comparison._families import settle
from mllog_callbacks.comparison._group import Group, groups_of
from mllog_callbacks.comparison._judgement import Judgement, Noise, judge, noise_of_run
from mllog_callbacks.comparison._parting import Parting, parting
from mllog_callbacks.comparison._run import ComparedRun, IssueOf, runs_of
from mllog_callbacks.comparison._score import ASSUMED, Mode
from mllog_callbacks.comparison._trait import Difference
from mllog_callbacks.comparison._traits import Known, Traits
from mllog_callbacks.exceptions import MLLogError
from mllog_callbacks.integrity import Relative
from mllog_callbacks.reading.story import Story

__all__ = ["Comparison", "NoSuchRunError", "compare"]

_NAMED: Final = 5


class NoSuchRunError(MLLogError, LookupError):
    """No run, or more than one, is meant by a name."""


@dataclass(frozen=True)
class Comparison:
    """Runs held against one another.

    Attributes:
        runs: The runs, the best first, those without a score last.
        inner: Runs within these, such as those of a study's trials, and the further ranks.
        metric: The metric that is compared; empty where no run has a score.
        mode: Which of its values are better; empty where that is not known.
        mode_by: What shows that.
        baseline: The run that others are held against; None where none was named.
        slower: From which share of the baseline's seconds a step on a run is worse; None where
            speed is not judged.
    """

    runs: tuple[ComparedRun, ...]
    inner: tuple[ComparedRun, ...]
    metric: str
    mode: Mode
    mode_by: str
    baseline: ComparedRun | None = None
    slower: float | None = None
    _partings: dict[int, dict[str, Parting]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def best(self) -> ComparedRun | None:
        """The best of the runs that ended in order; None where no direction or score is known."""
        if not self.mode:
            return None
        return next((run for run in self.runs if _is_ranked(run, self.metric)), None)

    @property
    def reference(self) -> ComparedRun | None:
        """What runs are held against: the baseline, else the best, else the first."""
        return self.baseline or self.best or next(iter(self.runs), None)

    @cached_property
    def groups(self) -> list[Group]:
        """The groups of runs that belong together."""
        return groups_of(self.runs, self.inner, self.metric)

    @cached_property
    def _against(self) -> Against:
        """What runs are compared with: the baseline's traits, else what most runs have."""
        if self.baseline is not None:
            return Against(self.baseline.traits)
        if self.reference is None:
            return Against(Traits({}))
        return Against(usual([run.traits for run in self.runs], self.reference.traits))

    @cached_property
    def columns(self) -> list[str]:
        """The traits that somebody chose and that are not the same in all runs."""
        found = (each for run in self.runs for each in self.differences(run) if each.is_chosen)
        return sorted({each.name for each in found})

    def differences(self, run: ComparedRun) -> list[Difference]:
        """In what a run differs from the baseline, or from what most runs have."""
        return self._against.differences(run.traits)

    def against(self, run: ComparedRun, other: ComparedRun | None) -> list[Difference]:
        """In what a run differs from another."""
        return [] if other is None else Against(other.traits).differences(run.traits)

    def judgement(self, run: ComparedRun) -> Judgement | None:
        """A run held against the reference; None of the reference itself."""
        other = self.reference
        if other is None or other is run:
            return None
        noises = self._noise(run), self._noise(other)
        return judge(run, other, self.metric, self.mode, noises, self.slower)

    def issues(self, run: ComparedRun) -> tuple[list[IssueOf], list[IssueOf]]:
        """The issues that only a run has, and those that only the reference has."""
        other = self.reference
        if other is None or other is run:
            return [], []
        here, there = {each.key for each in run.issues}, {each.key for each in other.issues}
        return (
            [each for each in run.issues if each.key not in there],
            [each for each in other.issues if each.key not in here],
        )

    def partings(self, run: ComparedRun) -> dict[str, Parting]:
        """Where each curve of a run parts from that of the reference, by its name."""
        other = self.reference
        if other is None or other is run:
            return {}
        found = self._partings.get(id(run))
        if found is None:
            found = self._partings[id(run)] = {
                name: parting(line, other.curves[name])
                for name, line in run.curves.items()
                if name in other.curves
            }
        return found

    @property
    def worse(self) -> list[ComparedRun]:
        """The runs that are worse than the baseline by more than the noise; empty without one."""
        if self.baseline is None:
            return []
        judged = ((run, self.judgement(run)) for run in self.runs)
        return [run for run, found in judged if found is not None and found.worse]

    def find(self, name: str) -> ComparedRun:
        """The run of a name.

        Raises:
            NoSuchRunError: There is none, or more than one.
        """
        return _find([*self.runs, *self.inner], name)

    def _noise(self, run: ComparedRun) -> Noise:
        return noise_of_run(run, self.metric, self._repeats.get(run.id))

    @cached_property
    def _repeats(self) -> dict[str, float]:
        """The deviation over seeds, by the ids of the runs that it is of."""
        return {
            member.name: each.deviation
            for each in self.groups
            if each.kind == "seeds" and each.deviation is not None
            for member in each.members
        }


def compare(
    stories: Iterable[Story],
    *,
    names: Sequence[str] = (),
    metric: str | None = None,
    mode: Literal["min", "max"] | None = None,
    baseline: str | None = None,
    slower: float | None = None,
) -> Comparison:
    """Compare the runs of sessions.

    Args:
        stories: The stories of the sessions; each is read once, and not kept.
        names: The runs to compare: their ids, or parts of these; default all that stand for
            themselves.
        metric: The metric, by its name or by data set and name; default that of most runs.
        mode: Which values are better; default what the runs record, else what is usual of the
            metric's name.
        baseline: The run that the others are held against; default the best.
        slower: From which share of the baseline's seconds a step on a run is worse.

    Raises:
        NoSuchRunError: A name means no run, or several.
    """
    known = Known()
    relatives: list[Relative] = []
    sessions: list[list[ComparedRun]] = []
    for story in stories:
        folder = story.files[0].path.parent
        relatives.append(Relative(folder, story.session, story.sidecar, *story.span))
        sessions.append([*runs_of(story, known)])
    settle(relatives, sessions)
    every = [run for runs in sessions for run in runs]
    found = None if baseline is None else _find(every, baseline)
    if names:
        runs = [*dict.fromkeys(_find(every, name) for name in names)]
    else:
        runs = [run for run in every if not run.outer]
    if found is not None and found not in runs:
        runs.append(found)
    chosen = {*map(id, runs)}
    inner = tuple(run for run in every if id(run) not in chosen)
    compared = _metric(runs, metric)
    better, by = (mode, "the caller") if mode else _mode(runs, compared)
    runs.sort(key=lambda run: _rank(run, compared, better))
    return Comparison(tuple(runs), inner, compared, better, by, found, slower)


def _find(runs: Sequence[ComparedRun], name: str) -> ComparedRun:
    found = [run for run in runs if run.id == name]
    found = found or [run for run in runs if name in run.id and not run.outer]
    found = found or [run for run in runs if name in run.id]
    if len(found) == 1:
        return found[0]
    if not found:
        msg = f"no run is named {name!r}"
        raise NoSuchRunError(msg)
    shown = ", ".join(run.id for run in found[:_NAMED])
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    msg = f"{name!r} is the name of {len(found):,} runs: {shown}{more}"
    raise NoSuchRunError(msg)


def _metric(runs: Sequence[ComparedRun], named: str | None) -> str:
    """The full name of the metric that is compared."""
    if named is None:
        first = Counter(next(iter(run.scores)) for run in runs if run.scores)
        return first.most_common(1)[0][0] if first else ""
    every = Counter(name for run in runs for name in run.scores)
    if named in every:
        return named
    ends = [name for name, _ in every.most_common() if name.endswith(f" {named}")]
    return ends[0] if ends else named


def _mode(runs: Sequence[ComparedRun], metric: str) -> tuple[Mode, str]:
    """What runs record of the metric's direction; only else what its name lets assume."""
    scores = [run.scores[metric] for run in runs if metric in run.scores]
    known = [each for each in scores if each.mode]
    for each in [*(each for each in known if each.mode_by != ASSUMED), *known]:
        return each.mode, each.mode_by
    return "", ""


def _is_ranked(run: ComparedRun, metric: str) -> bool:
    """Whether a run may be the best: it has a score, and did not fail."""
    return metric in run.scores and run.mood != "bad"


def _rank(run: ComparedRun, metric: str, mode: Mode) -> tuple[bool, bool, float, str]:
    score = run.scores.get(metric)
    value = 0.0 if score is None else -score.value if mode == "max" else score.value
    return score is None, not _is_ranked(run, metric), value, run.began or ""
