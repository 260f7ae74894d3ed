"""Which run trained a model, by the model's identity, for as long as it lives."""

import weakref
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from mllog_callbacks.adapter._run import Run
from mllog_callbacks.recording import finaliser

__all__ = ["Trained", "trained", "trained_by"]

_DEEPEST: Final = 5
_MOST: Final = 2_000


class Trained(NamedTuple):
    """A model that a run trained.

    Attributes:
        run: The run.
        part: Which part of the run's model it is; empty where it is all of it.
    """

    run: Run
    part: str = ""


def trained_by(run: Run, model: object, parts: Mapping[str, object] | None = None) -> None:
    """Remember which run trained a model; nothing is left in the model, and it is not held.

    Args:
        run: The run.
        model: The model.
        parts: Parts of it that may be saved by themselves, by what they are.
    """
    detached = run.detached()
    for part, each in {**(parts or {}), "": model}.items():
        _remember(each, Trained(detached, part))


def _remember(model: object, by: Trained) -> None:
    key = id(model)
    try:
        reference = weakref.ref(model, finaliser(lambda gone: _forget(key, gone)))
    except TypeError:  # it cannot be referred to: nor then be recognised
        return
    _known[key] = reference, by


def _forget(key: int, gone: object) -> None:
    if key in _known and _known[key][0] is gone:
        del _known[key]


def trained(saved: object) -> list[Trained]:
    """The models of known runs that an object is or holds, such as a pipeline or a dictionary.

    Those that are found first, in order of depth; what is within one of them is not looked at. Only
    dictionaries, lists, tuples and the attributes of instances are.
    """
    if not _known:
        return []
    level, seen = [saved], {id(saved)}
    for _ in range(_DEEPEST):
        found = [each for each in map(_known_as, level) if each is not None]
        if found or not level or len(seen) > _MOST:
            return found
        below = [each for above in level for each in _within(above)]
        level = []
        for each in below:
            if id(each) not in seen:
                seen.add(id(each))
                level.append(each)
    return []


def _known_as(model: object) -> Trained | None:
    known = _known.get(id(model))
    return known[1] if known is not None and known[0]() is model else None


def _within(holder: object) -> Iterator[object]:
    if type(holder) in {list, tuple}:
        yield from holder[:_MOST]  # type: ignore[index]  # one of the two
        return
    try:
        values = holder if type(holder) is dict else vars(holder)
    except TypeError:  # it has no attributes of its own
        return
    if isinstance(values, Mapping):
        yield from list(values.values())[:_MOST]


_known: "Final[dict[int, tuple[weakref.ref[object], Trained]]]" = {}
