"""The traits of a run as its log records them: parameters, data, code and versions."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from mllog_callbacks.comparison._trait import CALLER, DEFAULT, Trait
from mllog_callbacks.comparison._traits import Known, Table, Traits
from mllog_callbacks.reading.story import Run, Story, data_facts, default_settings, settings
from mllog_callbacks.schema import EventType

__all__ = ["Surroundings", "context_of", "surroundings_of", "traits_of"]

_PARAMETERS: Final = "parameters"
_ENVIRONMENT: Final = "environment"

# Of a manifest, what distinguishes one session from another and says nothing of what it trained
_IDENTITY: Final = frozenset(
    {
        *("session", "parent", "job", "started", "host", "pid", "parent_pid", "rank"),
        *("local_rank", "level", "user", "program", "boot", "boot_id", "account", "directory"),
        *("executable", "notebook", "ended"),
    }
)
_OF_A_START: Final = ("code", "versions", "environment", "provenance")
_DEEPEST: Final = 4
_MANY: Final = 24
"""So many values of one object are a table by themselves, such as the versions of packages."""

_TIES: Final = frozenset({"study", "trial"})
"""Names in a program's context that tie a run to others, and say nothing of what it trained."""


class Surroundings(NamedTuple):
    """What all runs of a session have in common.

    Attributes:
        own: Traits of the session.
        shared: Tables that other sessions may have as well.
    """

    own: Table
    shared: tuple[Table, ...]


def surroundings_of(story: Story, known: Known) -> Surroundings:
    """What the manifest of a session says of code and versions, whatever it names.

    Args:
        story: The story of the session.
        known: Traits of other runs; equal ones are kept once.
    """
    own: dict[str, Trait] = {}
    shared: list[Table] = []
    for name, value in story.sidecar.items():
        if name not in _IDENTITY and value is not None:
            for path, each in _leaves(f"{_ENVIRONMENT}.{name}", value, 1, _IDENTITY):
                if isinstance(each, dict) and each:
                    shared.append(known.table(path, each))
                else:
                    own[path] = known.trait(path, each)
    return Surroundings(own, tuple(shared))


def traits_of(story: Story, run: Run, around: Surroundings, known: Known) -> Traits:
    """All traits of a run.

    Args:
        story: The story of its session.
        run: The run.
        around: What it has in common with the other runs of its session.
        known: Traits of other runs; equal ones are kept once.
    """
    found: dict[str, Trait] = {}
    for prefix, traits in (
        (_PARAMETERS, _parameters(run)),
        ("data", _data(story, run)),
        (_ENVIRONMENT, _start(run)),
        ("context", _context(run)),
    ):
        for name, each in traits:
            full = f"{prefix}.{name}"
            found[full] = known.trait(full, *each)
    for name, value in (("model", run.model), ("dataset", run.dataset)):
        if value is not None:
            found[name] = known.trait(name, value)
    return known.together(found, _shared(run, around, known))


def _shared(run: Run, around: Surroundings, known: Known) -> Iterator[Table]:
    yield around.own
    yield from around.shared
    for values in reversed([*default_settings(run)]):  # the last that were recorded hold
        yield known.table(_PARAMETERS, values, DEFAULT)


def _parameters(run: Run) -> Iterator[tuple[str, Trait]]:
    for each in settings(run, defaults=False):
        by = CALLER if each.by_caller else each.source
        for name, value in _leaves(each.name, each.value, 1):
            yield name, Trait(value, by)
    end = {} if run.end is None else run.end.snapshot
    changed = end.get("changed")
    for name, value in changed.items() if isinstance(changed, dict) else ():
        yield f"{name} (at the end)", Trait(value, "changed during the run")


def _data(story: Story, run: Run) -> Iterator[tuple[str, Trait]]:
    for name, facts in data_facts(story, run).items():
        for fact, value in facts.items():
            yield f"{name}.{fact}", Trait(value)


def _start(run: Run) -> Iterator[tuple[str, Trait]]:
    """What the start of a run says of code and versions, and which framework its settings name."""
    for recorded in run.data:
        if recorded.event == EventType.TRAINING_STARTED:
            for name in _OF_A_START:
                if name in recorded.snapshot:
                    for path, value in _leaves(name, recorded.snapshot[name], 1):
                        yield path, Trait(value)
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
    without: frozenset[str] | None = None,
) -> Iterator[tuple[str, Any]]:
    """What is within a value, each by its path.

    Args:
        name: Its own name.
        value: The value.
        depth: How deep it is.
        without: Names of what is left out; where it is given, an object of very many values that
            are none is a leaf.
    """
    nested = isinstance(value, dict) and bool(value) and depth < _DEEPEST
    if nested and without is not None and len(value) >= _MANY:
        nested = any(isinstance(each, dict) for each in value.values())
    if not nested:
        yield name, value
        return
    for inner, each in value.items():
        if without is None or inner not in without:
            yield from _leaves(f"{name}.{inner}", each, depth + 1, without)
