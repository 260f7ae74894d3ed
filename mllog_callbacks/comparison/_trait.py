"""What makes a run what it is: parameters, data, code and versions, and who set them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from mllog_callbacks.reading.story import Run, Story, data_facts, default_settings, settings
from mllog_callbacks.schema import EventType

__all__ = [
    "Difference",
    "Known",
    "Trait",
    "Traits",
    "context_of",
    "differences",
    "traits_of",
    "usual",
]

CALLER: Final = "the caller"
DEFAULT: Final = "default"
_PARAMETERS: Final = "parameters"

# Of a manifest, what distinguishes one session from another and says nothing of what it trained
_IDENTITY: Final = frozenset(
    {
        *("session", "parent", "job", "started", "host", "pid", "parent_pid", "rank"),
        *("local_rank", "level", "user", "program", "boot", "account", "directory", "ended"),
        *("executable", "notebook"),
    }
)
_OF_A_START: Final = ("code", "versions", "environment", "provenance")
_DEEPEST: Final = 4

_TIES: Final = frozenset({"study", "trial"})
"""Names in a program's context that tie a run to others, and say nothing of what it trained."""


class Trait(NamedTuple):
    """One fact of what a run is.

    Attributes:
        value: Its value.
        by: Who set it: "the caller", "default", another that the log names; empty where the log
            does not say, or where nobody sets it, such as the rows of data.
    """

    value: object
    by: str = ""

    @property
    def is_chosen(self) -> bool:
        """Whether it follows from nothing else: neither a default nor derived."""
        return not self.by.startswith((DEFAULT, "the default", "derived"))

    @property
    def key(self) -> float | str:
        """The same for the same value: a number itself, of anything else its JSON."""
        kind = type(self.value)
        if kind is int or kind is float:
            return self.value  # type: ignore[return-value]  # it is a number
        if kind is str:
            return f'"{self.value}"'
        return json.dumps(self.value, sort_keys=True, default=str)


Traits: TypeAlias = Mapping[str, Trait]
"""By name, as in "parameters.num_leaves", "data.training.rows" and "code.commit"."""


class Difference(NamedTuple):
    """A trait in which a run differs from another, or from what most runs have.

    Attributes:
        name: The trait.
        here: What the run has; None where it has none of that name.
        there: What the other has, or most runs.
    """

    name: str
    here: Trait | None
    there: Trait | None

    @property
    def is_chosen(self) -> bool:
        """Whether somebody chose it; else it is a default, or follows from other differences."""
        return any(each is not None and each.is_chosen for each in (self.here, self.there))


class Known:
    """The traits of all runs, each of equal ones kept once: most runs have most in common."""

    def __init__(self) -> None:
        self._traits: dict[tuple[str, float | str, str], Trait] = {}
        self._defaults: dict[str, dict[str, Trait]] = {}

    def trait(self, name: str, value: object, by: str = "") -> Trait:
        """The trait of a name, a value and who set it."""
        each = Trait(value, by)
        return self._traits.setdefault((name, each.key, by), each)

    def defaults(self, values: Mapping[str, Any]) -> Mapping[str, Trait]:
        """The traits of parameters that nobody set; of the same ones the same object."""
        key = repr(values)
        found = self._defaults.get(key)
        if found is None:
            names = ((f"{_PARAMETERS}.{name}", value) for name, value in values.items())
            found = {name: self.trait(name, value, DEFAULT) for name, value in names}
            self._defaults[key] = found
        return found


def traits_of(story: Story, run: Run, known: Known) -> Traits:
    """All traits of a run.

    Args:
        story: The story of its session.
        run: The run.
        known: Traits of other runs; equal ones are kept once.
    """
    found: dict[str, Trait] = {}
    for values in default_settings(run):
        found |= known.defaults(values)
    for prefix, traits in (
        (_PARAMETERS, _parameters(run)),
        ("data", _data(story, run)),
        ("environment", _environment(story, run)),
        ("context", _context(run)),
    ):
        for name, each in traits:
            full = f"{prefix}.{name}"
            found[full] = known.trait(full, *each)
    for name, value in (("model", run.model), ("dataset", run.dataset)):
        if value is not None:
            found[name] = known.trait(name, value)
    return found


def _parameters(run: Run) -> Iterator[tuple[str, Trait]]:
    for each in settings(run, defaults=False):
        by = CALLER if each.by_caller else each.source
        for name, trait in _leaves(each.name, each.value, 1):
            yield name, trait._replace(by=by)
    end = {} if run.end is None else run.end.snapshot
    changed = end.get("changed")
    for name, value in changed.items() if isinstance(changed, dict) else ():
        yield f"{name} (at the end)", Trait(value, "changed during the run")


def _data(story: Story, run: Run) -> Iterator[tuple[str, Trait]]:
    for name, facts in data_facts(story, run).items():
        for fact, value in facts.items():
            yield f"{name}.{fact}", Trait(value)


def _environment(story: Story, run: Run) -> Iterator[tuple[str, Trait]]:
    """What the manifest says of code and versions, whatever it names, and the start of the run."""
    for name, value in story.sidecar.items():
        if name not in _IDENTITY and value is not None:
            yield from _leaves(name, value, 1, _IDENTITY)
    for recorded in run.data:
        if recorded.event == EventType.TRAINING_STARTED:
            for name in _OF_A_START:
                if name in recorded.snapshot:
                    yield from _leaves(name, recorded.snapshot[name], 1)
    for recorded in run.settings:
        parameters = recorded.snapshot.get("parameters")
        if isinstance(parameters, dict) and isinstance(parameters.get("framework"), str):
            yield "framework", Trait(parameters["framework"])


def context_of(run: Run) -> Mapping[str, object]:
    """What the program said of a run by `audit_context`, such as its study and trial."""
    for recorded in (run.start, run.end):
        context = None if recorded is None else recorded.snapshot.get("context")
        if isinstance(context, dict):
            return context
    return {}


def _context(run: Run) -> Iterator[tuple[str, Trait]]:
    for name, value in context_of(run).items():
        if name not in _TIES:
            yield name, Trait(value)


def _leaves(
    name: str,
    value: Any,  # noqa: ANN401 - any value of JSON
    depth: int,
    without: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, Trait]]:
    """What is within a value, each by its path.

    Args:
        name: Its own name.
        value: The value.
        depth: How deep it is.
        without: Names of what is left out.
    """
    if isinstance(value, dict) and value and depth < _DEEPEST:
        for inner, each in value.items():
            if inner not in without:
                yield from _leaves(f"{name}.{inner}", each, depth + 1, without)
    else:
        yield name, Trait(value)


def usual(runs: Sequence[Traits], first: Traits) -> Traits:
    """What most runs have of each trait; of two that are as frequent that of `first`.

    Args:
        runs: The traits of all runs; equal ones are one object.
        first: Those of one of them.
    """
    counted: Counter[int] = Counter()
    for each in runs:
        counted.update(map(id, each.values()))
    objects = {id(trait): (name, trait) for each in runs for name, trait in each.items()}
    votes: dict[str, Counter[float | str]] = {}
    by_key: dict[tuple[str, float | str], Trait] = {}
    for number, many in counted.items():
        name, trait = objects[number]
        votes.setdefault(name, Counter())[trait.key] += many
        by_key.setdefault((name, trait.key), trait)
    return {
        name: by_key[name, key]
        for name, of_name in votes.items()
        if (key := _most(of_name, len(runs), first.get(name))) is not None
    }


def _most(votes: Counter[float | str], runs: int, own: Trait | None) -> float | str | None:
    """The key that most have; None where most have no trait of that name."""
    every: dict[float | str | None, int] = {None: runs - votes.total()}
    every.update((key, many) for key, many in votes.items())
    mine = None if own is None else own.key
    return max(every, key=lambda key: (every[key], key == mine))


def differences(here: Traits, there: Traits) -> list[Difference]:
    """The traits in which two differ, by their names; those somebody chose first."""
    names = dict.fromkeys([*there, *here])
    found = [
        Difference(name, here.get(name), there.get(name))
        for name in names
        if here.get(name) is not there.get(name) and _differ(here.get(name), there.get(name))
    ]
    return sorted(found, key=lambda each: (not each.is_chosen, each.name))


def _differ(one: Trait | None, other: Trait | None) -> bool:
    return one is None or other is None or one.key != other.key
