"""Which columns belong together: a metric on the training data and on each validation set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mllog_callbacks.curves._columns import Column, Role
from mllog_callbacks.schema import parse_metric_name

__all__ = ["Curve", "Pairing", "pair"]

_UNDIRECTED: Final = "its direction is not known: name it, and say which is better"
_UNSTAGED: Final = (
    "not said whether of training or validation: name it with --train or --validation"
)
# Words that distinguish no metric from another where its partner lacks them
_LOOSE: Final = frozenset({"total", "avg", "average", "mean", "running", "overall", "inner"})
_SYNONYMS: Final = {"acc": "accuracy", "err": "error"}


@dataclass(frozen=True, slots=True)
class Curve:
    """Columns that belong together.

    Attributes:
        metric: Name of the metric.
        train: Column with the values on the training data.
        validation: Column with the values on the validation set.
        higher_is_better: Its direction; None where it is not known, and then it is only looked at
            for values that are not finite.
        assumed: Whether the direction comes from the name alone.
        dataset: Name of the validation set.
    """

    metric: str
    train: str | None
    validation: str | None
    higher_is_better: bool | None
    assumed: bool = False
    dataset: str = "validation"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(each for each in (self.train, self.validation) if each is not None)


@dataclass(slots=True)
class Pairing:
    """The curves of a table, and the columns left out, each with the reason."""

    curves: list[Curve] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Sides:
    """The columns of one metric, by stage."""

    training: list[Column] = field(default_factory=list)
    validation: list[Column] = field(default_factory=list)
    test: list[Column] = field(default_factory=list)
    unstaged: list[Column] = field(default_factory=list)

    def add(self, column: Column) -> None:
        getattr(self, column.stage or "unstaged").append(column)

    @property
    def held_out(self) -> list[Column]:
        return self.validation or self.test


def pair(columns: Sequence[Column]) -> Pairing:
    """Find the columns that belong together.

    X without a stage is the training value of a validation's X (Keras). A loss without a stage and
    without a partner is of the training; of several, only the total is looked at.
    """
    found = Pairing()
    sides: dict[str, _Sides] = {}
    for column in columns:
        if column.role is Role.METRIC:
            sides.setdefault(column.parsed.key, _Sides()).add(column)
        elif column.note and column.values == 0:
            found.skipped[column.name] = column.note
    _join_loosely(sides)
    has_total = _has_total(sides)
    for key, each in sides.items():
        trained = [*each.training, *each.unstaged]
        part = has_total and not each.held_out and not _is_total(key) and _is_loss(trained[0])
        if part:
            _skip(found, trained, "a part of the total loss; name it to look at it")
        else:
            _add(found, each)
    return found


def _join_loosely(sides: dict[str, _Sides]) -> None:
    """Take "avg_train_loss" with "val_loss", and "total_loss" with "validation_loss"."""
    for key in list(sides):
        own = sides.get(key)  # it may have been taken with another
        if own is None or own.held_out:
            continue
        matching = [
            other
            for other, each in sides.items()
            if other != key
            and _loosely(other) == _loosely(key)
            and each.held_out
            and not each.training
            and not each.unstaged
        ]
        if len(matching) == 1:
            other = sides.pop(matching[0])
            own.validation, own.test = other.validation, other.test


def _loosely(key: str) -> str:
    words = [_SYNONYMS.get(each, each) for each in key.split("_") if each not in _LOOSE]
    return "_".join(words) or key


def _has_total(sides: Mapping[str, _Sides]) -> bool:
    return any(_is_total(key) and (each.unstaged or each.training) for key, each in sides.items())


def _is_total(key: str) -> bool:
    return _loosely(key) == "loss"


def _is_loss(column: Column) -> bool:
    return any(each.endswith(("loss", "losses")) for each in column.parsed.key.split("_"))


def _add(found: Pairing, sides: _Sides) -> None:
    training = _one(found, sides.training)
    unstaged = _one(found, sides.unstaged)
    if training is None and unstaged is not None and (sides.held_out or _is_loss(unstaged)):
        training = unstaged
    elif unstaged is not None:
        why = _UNSTAGED if training is None else f"{training.name} holds the training values"
        if training is None and unstaged.higher_is_better is None:
            why = _UNDIRECTED
        found.skipped[unstaged.name] = why
    if sides.validation:
        _skip(found, sides.test, f"{sides.validation[0].name} is the validation")
    sets: dict[str, list[Column]] = {}
    for column in sides.held_out:
        sets.setdefault(column.parsed.dataset.casefold(), []).append(column)
    held_out = [each for columns in sets.values() if (each := _one(found, columns)) is not None]
    if training is not None and not held_out:
        _curve(found, training, None, several=False)
    for column in held_out:
        _curve(found, training, column, several=len(held_out) > 1)


def _curve(
    found: Pairing, training: Column | None, held_out: Column | None, *, several: bool
) -> None:
    either = held_out or training
    if either is None:
        return
    known = [each for each in (training, held_out) if each is not None]
    higher = next((e.higher_is_better for e in known if e.higher_is_better is not None), None)
    if higher is None and not _is_loss(either):
        _skip(found, known, _UNDIRECTED)
        return
    dataset = "validation"
    if held_out is not None and (several or held_out.stage == "test"):
        dataset = held_out.parsed.dataset
    found.curves.append(
        Curve(
            parse_metric_name(either.parsed.metric).metric,
            None if training is None else training.name,
            None if held_out is None else held_out.name,
            higher,
            assumed=all(each.assumed for each in known),
            dataset=dataset,
        )
    )


def _one(found: Pairing, columns: Sequence[Column]) -> Column | None:
    """The one of several columns that holds values of epochs; none where two could be meant."""
    best: list[Column] = []
    for span in ("epoch", None, "step"):
        best = best or [each for each in columns if each.parsed.span == span]
    for each in columns:
        if each not in best:
            by_step = each.parsed.span == "step"
            why = "values of single steps" if by_step else f"{best[0].name} has those of epochs"
            found.skipped[each.name] = why
    if len(best) < 2:  # noqa: PLR2004 - one or none
        return best[0] if best else None
    for each in best:
        others = ", ".join(other.name for other in best if other is not each)
        found.skipped[each.name] = f"ambiguous beside {others}"
    return None


def _skip(found: Pairing, columns: Iterable[Column], why: str) -> None:
    found.skipped.update((each.name, why) for each in columns)
