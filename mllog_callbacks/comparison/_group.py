"""Runs that belong together: repeats, trials, candidates, ranks, variants of one script."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final, NamedTuple, TypeVar

from mllog_callbacks.comparison._run import ComparedRun
from mllog_callbacks.comparison._traits import Table

__all__ = ["Group", "Member", "groups_of"]

_Key = TypeVar("_Key", bound=Hashable)

_DATA: Final = "data."
_FINGERPRINT: Final = ".fingerprint"
_SEEDS: Final = frozenset(
    {
        # LightGBM's and its aliases; those that it derives from it are its own
        *("seed", "random_seed", "random_state", "bagging_seed", "bagging_fraction_seed"),
        *("feature_fraction_seed", "data_random_seed", "data_seed", "drop_seed", "extra_seed"),
        *("objective_seed", "rate_drop_seed"),
        *("seed_per_iteration", "estimator__random_state"),  # XGBoost, scikit-learn's searches
    }
)
"""The documented names of seeds: runs that differ in nothing else are repeats of one another."""


class Member(NamedTuple):
    """One of a group.

    Attributes:
        name: The id of a run, or the number of a candidate.
        value: Its score; None where it has none.
        deviation: The deviation of that; None where there is none.
        parameters: Of a candidate or trial, its parameters.
        chosen: Whether it was chosen.
    """

    name: str
    value: float | None
    deviation: float | None = None
    parameters: Mapping[str, object] = {}
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that belong together.

    Attributes:
        kind: "seeds", "repeats", "data", "trials", "candidates", "within", "ranks" or "script".
        name: What they have in common.
        members: The runs, or the candidates of a search.
        metric: The metric of their scores; empty where they have none.
    """

    kind: str
    name: str
    members: tuple[Member, ...]
    metric: str

    @property
    def mean(self) -> float | None:
        """The mean of their scores; None where none has one."""
        values = self._values
        return fmean(values) if values else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of their scores; None of fewer than two."""
        values = self._values
        return stdev(values) if len(values) > 1 else None

    @property
    def _values(self) -> list[float]:
        return [each.value for each in self.members if each.value is not None]


class _Settings:
    """By what runs are known to have the same settings: a table of several is read once."""

    def __init__(self) -> None:
        self._tables: dict[int, frozenset[tuple[str, float | str]]] = {}
        self._same: dict[frozenset[tuple[str, float | str]], int] = {frozenset(): 0}

    def key(self, run: ComparedRun) -> Hashable:
        """The same for runs whose parameters, model and code are the same but for seeds."""
        shared = (self._of_shared(table) for table in run.traits.shared)
        return _chosen(run.traits.own), frozenset(shared) - {0}

    def _of_shared(self, table: Table) -> int:
        """A number for what was chosen in a table, the same for the same; 0 for nothing."""
        found = self._tables.get(id(table))
        if found is None:
            found = self._tables[id(table)] = _chosen(table)
        return self._same.setdefault(found, len(self._same))


def _chosen(table: Table) -> frozenset[tuple[str, float | str]]:
    return frozenset(
        (name, each.key)
        for name, each in table.items()
        if not _is_of_data(name) and each.is_chosen and not _is_seed(name)
    )


def _is_seed(name: str) -> bool:
    return name.removeprefix("parameters.") in _SEEDS


def groups_of(
    runs: Sequence[ComparedRun], inner: Sequence[ComparedRun], metric: str
) -> list[Group]:
    """The groups of runs.

    Args:
        runs: The runs that stand for themselves.
        inner: Those within them, and the further ranks.
        metric: The metric that is compared.
    """
    found = [
        *_repeats(runs, metric),
        *_by_label(runs, inner, metric),
        *_candidates(runs),
        *_within(inner, metric),
        *_scripts(runs, metric),
    ]
    return [each for each in found if len(each.members) > 1]


def _of(run: ComparedRun, metric: str) -> Member:
    score = run.scores.get(metric)
    if score is None:
        return Member(run.id, None)
    return Member(run.id, score.value, score.deviation)


def _together(
    keyed: Iterable[tuple[_Key, ComparedRun]],
) -> Iterator[tuple[_Key, list[ComparedRun]]]:
    found: dict[_Key, list[ComparedRun]] = {}
    for key, run in keyed:
        if key != "":
            found.setdefault(key, []).append(run)
    return ((key, each) for key, each in found.items() if len(each) > 1)


def _repeats(runs: Sequence[ComparedRun], metric: str) -> Iterator[Group]:
    """Runs of the same settings: those on the same data, and all where their data differ."""
    settings = _Settings()
    for _, each in _together((settings.key(run), run) for run in runs):
        differ = len({_some(run, _is_of_data) for run in each}) > 1
        if differ:
            yield _group("data", each, metric)
        for _, same in _together((_some(run, _is_of_data), run) for run in each):
            if differ and not _some(same[0], _is_fingerprint):
                continue  # folds of as many rows are not the same data
            seeds = {_some(run, _is_seed) for run in same}
            yield _group("seeds" if len(seeds) > 1 else "repeats", same, metric)


def _group(kind: str, runs: Sequence[ComparedRun], metric: str) -> Group:
    return Group(kind, runs[0].title, tuple(_of(run, metric) for run in runs), metric)


def _some(run: ComparedRun, wanted: Callable[[str], bool]) -> tuple[Hashable, ...]:
    """The run's own traits of some names."""
    own = run.traits.own
    return tuple((name, own[name].key) for name in sorted(filter(wanted, own)))


def _is_of_data(name: str) -> bool:
    return name.startswith(_DATA)


def _is_fingerprint(name: str) -> bool:
    return _is_of_data(name) and name.endswith(_FINGERPRINT)


def _by_label(
    runs: Sequence[ComparedRun], inner: Sequence[ComparedRun], metric: str
) -> Iterator[Group]:
    """The trials of a study, by what the runs' contexts say."""
    keyed = ((str(run.labels.get("study") or ""), run) for run in [*runs, *inner])
    for study, each in _together(keyed):
        yield Group("trials", study, tuple(_of(run, metric) for run in each), metric)


def _candidates(runs: Sequence[ComparedRun]) -> Iterator[Group]:
    for run in runs:
        if not run.candidates:
            continue
        name = next(iter(run.candidates[0].means), "")
        members = tuple(
            Member(
                str(each.number),
                each.means.get(name),
                each.deviations.get(name),
                each.parameters,
                each.chosen,
            )
            for each in run.candidates
        )
        yield Group("candidates", run.id, members, name)


def _within(inner: Sequence[ComparedRun], metric: str) -> Iterator[Group]:
    """The runs within another, such as the folds of a platform's training; further ranks."""
    for name, each in _together((run.outer, run) for run in inner if "study" not in run.labels):
        kind = "within" if each[0].rank is None else "ranks"
        yield Group(kind, name, tuple(_of(run, metric) for run in each), metric)


def _scripts(runs: Sequence[ComparedRun], metric: str) -> Iterator[Group]:
    for program, each in _together((run.program, run) for run in runs):
        yield Group("script", program, tuple(_of(run, metric) for run in each), metric)
