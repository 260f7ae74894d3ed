"""What is fitted: its kind, its parts, and for a search what it searches."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sklearn.model_selection import ParameterGrid

from mllog_callbacks.schema import interruption
from mllog_sklearn.parameters import defaults, library, parts

__all__ = ["Algorithm", "algorithm", "inner", "title"]

_PARTS_NAMED = 6


class Algorithm(NamedTuple):
    """What an estimator is.

    Attributes:
        title: Its class, with those of its parts, as in "Pipeline(StandardScaler, Ridge)".
        path: The full name of its class.
        library: Where that is from, as in "scikit-learn 1.9.1".
        kind: What its tags say, as in "classifier"; None where they say nothing.
        steps: Names and classes of a pipeline's steps.
        candidates: Candidates that a search will fit; None where it is none, or does not know.
        asked: Candidates that the caller asked for, where these are more than there are.
        inner: The class of the one estimator it works with; None where there is none.
    """

    title: str
    path: str
    library: str
    kind: str | None
    steps: dict[str, str]
    candidates: int | None
    asked: int | None
    inner: str | None

    def as_snapshot(self) -> dict[str, object]:
        """What is known, by name."""
        return {name: value for name, value in self._asdict().items() if value}


def algorithm(estimator: Any) -> Algorithm:
    """Read what an estimator is, before it is fitted."""
    cls = type(estimator)
    part = inner(estimator)
    return Algorithm(
        title(estimator),
        f"{cls.__module__}.{cls.__qualname__}",
        library(cls),
        _kind(estimator),
        {name: title(step) for name, step in parts(estimator)},
        *_candidates(estimator),
        None if part is None else title(part),
    )


def title(estimator: object) -> str:
    """The class of an estimator, with the classes of its parts."""
    if isinstance(estimator, str) or estimator is None:
        return str(estimator)
    name = type(estimator).__name__
    named = [title(step) for _, step in parts(estimator)]
    part = inner(estimator)
    if not named and part is not None:
        named = [title(part)]
    if len(named) > _PARTS_NAMED:
        named = [*named[: _PARTS_NAMED - 1], "…", named[-1]]
    return f"{name}({', '.join(named)})" if named else name


def inner(estimator: object) -> object:
    """The one estimator that it was given to work with; None where there is none."""
    given = "estimator" in defaults(type(estimator))
    part = getattr(estimator, "estimator", None) if given else None
    return part if hasattr(part, "fit") and part is not estimator else None


def _kind(estimator: Any) -> str | None:
    """What the estimator's tags say; what has none is not asked, as that would warn."""
    kind = getattr(estimator, "_estimator_type", None)
    if kind is None and hasattr(estimator, "__sklearn_tags__"):
        try:
            kind = estimator.__sklearn_tags__().estimator_type
        except Exception as error:
            if interruption(error) is not None:
                raise
            return None
    return kind if isinstance(kind, str) else None


def _candidates(estimator: object) -> tuple[int | None, int | None]:
    """How many candidates a search will fit, and how many were asked for where these are more."""
    grid = getattr(estimator, "param_grid", None)
    if isinstance(grid, (Mapping, list)):
        return _size(grid), None
    space = getattr(estimator, "param_distributions", None)
    asked = getattr(estimator, "n_iter", None)
    if space is None or not isinstance(asked, int):
        return None, None
    spaces = space if isinstance(space, list) else [space]
    listed = all(hasattr(each, "__len__") for one in spaces for each in dict(one).values())
    size = _size(space) if listed else None
    return (asked, None) if size is None or size >= asked else (size, asked)


def _size(grid: Any) -> int | None:
    try:
        return len(ParameterGrid(grid))
    except (TypeError, ValueError):  # the fit will say so
        return None
