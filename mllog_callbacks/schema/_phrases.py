"""How facts are put into words, the same way in every adapter: counts, numbers, errors, places."""

import math
import os
import traceback
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from mllog_callbacks._lazy import pattern
from mllog_callbacks.schema._causes import behind, hidden_by
from mllog_callbacks.schema._interruptions import interruption
from mllog_callbacks.schema._originals import original
from mllog_callbacks.schema._secrets import masked

__all__ = [
    "Reason",
    "assigned",
    "by_label",
    "cause_of",
    "count",
    "failed",
    "listed",
    "message_of",
    "number",
    "place_of",
    "root_cause",
    "said",
    "shown",
    "stopped_by_hand",
    "stopped_by_rule",
    "type_of",
]

_WHOLE: Final = 1_000
_EXPONENT: Final = 1e15
_MESSAGE_CHARS: Final = 800
_HIDDEN: Final = 3  # exceptions of a group that a message has
_VALUE_CHARS: Final = 80
_ADDRESS: Final = pattern(r" at 0x[0-9A-Fa-f]+")
_ENDS_IN_IES: Final = pattern("[^aeiou]y$")
_ENDS_IN_ES: Final = pattern("tch$")  # a batch; but an epoch
_NATIVE_TRACE: Final = pattern(r"\s*\nStack trace:\n(?:[ \t]*\[bt\] [^\n]*\n?)+\s*\Z")
"""What libraries on dmlc-core, such as XGBoost, add to a message: addresses in their own code."""


class Reason(NamedTuple):
    """What was decided or done, and why.

    Attributes:
        decision: What was decided or done, and by whom or what.
        reasoning: On which evidence, with what consequence; empty where nothing is known.
    """

    decision: str
    reasoning: str = ""


def count(many: float, noun: str) -> str:
    """A number of things, as in "1 row", "1,000 rows" and "2 entries"."""
    if many == 1:
        return f"1 {noun}"
    if _ENDS_IN_IES.search(noun):
        plural = f"{noun[:-1]}ies"
    else:
        plural = f"{noun}es" if _ENDS_IN_ES.search(noun) else f"{noun}s"
    return f"{many:,} {plural}" if isinstance(many, int) else f"{many:,.15g} {plural}"


def number(value: float) -> str:
    """A metric's value in four digits, or whole where it is large; an entry's facts have all."""
    if math.isnan(value):
        return "NaN"
    large = _WHOLE <= abs(value) < _EXPONENT
    return f"{value:,.0f}" if large else f"{value:.4g}"


def listed(names: Iterable[object], most: int = 10) -> str:
    """Names with commas, as in "a, b and 3 more" where there are more than are shown."""
    each = [*map(str, names)]
    shown_names = ", ".join(each[:most])
    return f"{shown_names} and {len(each) - most:,} more" if len(each) > most else shown_names


def shown(value: object) -> str:
    """A setting's value on one line, cut to a length that can be read; a function by its name."""
    try:
        text = _text(value)
    except Exception as error:
        if interruption(error) is not None:
            raise
        text = f"(a {type(value).__qualname__} that cannot be shown)"
    return text if len(text) <= _VALUE_CHARS else text[:_VALUE_CHARS] + "…"


def _text(value: object) -> str:
    name = getattr(value, "__qualname__", None) if callable(value) else None
    if isinstance(name, str):
        return f"the {'class' if isinstance(value, type) else 'function'} {name}"
    return " ".join(_ADDRESS.sub("", str(value)).split())


def assigned(values: Mapping[str, object], aliases: Mapping[str, str] | None = None) -> str:
    """Settings with their values, as in "max_depth=8, n_estimators=500 (given as num_trees)".

    Secrets are masked.

    Args:
        values: The settings, by name.
        aliases: The name under which the caller gave a setting, where that is another.
    """
    aliases = aliases or {}
    return ", ".join(
        f"{name}={shown(masked(value, name))}"
        + (f" (given as {aliases[name]})" if name in aliases else "")
        for name, value in values.items()
    )


def by_label(classes: Mapping[str, int]) -> str:
    """Rows of each class with their share, as in "0: 300 (75.0%), 1: 100 (25.0%)"."""
    total = sum(classes.values()) or 1
    return ", ".join(f"{label}: {rows:,} ({rows / total:.1%})" for label, rows in classes.items())


def stopped_by_hand(error: BaseException, where: str, position: str, consequence: str) -> Reason:
    """An interrupt or an exit ended a run.

    Args:
        error: What was raised: KeyboardInterrupt, SystemExit and the like.
        where: What was under way, as in "in the callback log_metrics"; may be empty.
        position: How far the run was, as in "in iteration 3 of 100".
        consequence: What follows for the caller, as in "no model was returned".
    """
    return Reason(
        f"Training was stopped by hand {position} ({type(error).__name__}); {consequence}.",
        f"{said(error)} was raised{_spaced(where)}; it is no error, but a request to stop.",
    )


def stopped_by_rule(
    error: BaseException, rule: str, evidence: str, where: str, position: str, consequence: str
) -> Reason:
    """Another framework ended a run on purpose; the other arguments are those of `stopped_by_hand`.

    Args:
        error: What was raised.
        rule: The rule, as in "optuna MedianPruner".
        evidence: What it compared, as in "trial 3, value 0.97 at step 12"; may be empty.
        where: What was under way.
        position: How far the run was.
        consequence: What follows for the caller.
    """
    found = f" ({evidence})" if evidence else ""
    return Reason(
        f"Training was stopped {position} by {rule}; {consequence}.",
        f"{rule}{found} raised {said(error)}{_spaced(where)}.",
    )


def failed(error: BaseException, where: str, position: str, consequence: str) -> Reason:
    """An exception ended a run; the arguments are those of `stopped_by_hand`."""
    return Reason(
        f"Training failed {position} with {type_of(error)}; {consequence}.",
        f"{said(error)} was raised{_spaced(where)}{_place(error)}.",
    )


def said(error: BaseException) -> str:
    """An exception's type, message and cause, cut to a length that can be read."""
    message = message_of(error)
    own = f"{type_of(error)}: {message}" if message else type_of(error)
    cause = cause_of(error)
    return f"{own} (caused by {cause})" if cause else own


def type_of(error: BaseException) -> str:
    """The name of an exception's class; of one of another process, as it was there."""
    found = original(error)
    return type(error).__name__ if found is None else found.type


def root_cause(error: BaseException) -> BaseException | None:
    """The first cause of an exception, by its ``__cause__``; None where it names none.

    What was raised again for another process names the exception there as its cause, and has none
    here.
    """
    if original(error) is not None:
        return None
    own = list(hidden_by(error))
    if not own and error.__cause__ is None:
        return None
    return next(iter(list(behind(own[0] if own else error))[-1:]), None)


def cause_of(error: BaseException) -> str:
    """Type and message of the first cause of an exception; empty where it names none."""
    first = root_cause(error)
    if first is None:
        return ""
    message = _own_message(first)
    return f"{type(first).__name__}: {message}" if message else type(first).__name__


def message_of(error: BaseException) -> str:
    """An exception's message, cut to a length that can be read, without native traces.

    Of one that is raised again for another process, the first line of what was raised there; of a
    group it has those of its exceptions, of a retry that of the last attempt.
    """
    hidden = hidden_by(error)
    if not hidden:
        return _own_message(error)
    recorded = [
        f"{type(each).__name__}: {message}"
        if (message := message_of(each))
        else type(each).__name__
        for each in hidden[:_HIDDEN]
    ]
    more = f"; and {len(hidden) - _HIDDEN:,} more" if len(hidden) > _HIDDEN else ""
    is_group = getattr(error, "exceptions", None) is not None
    before = _own_message(error) if is_group else "the last attempt raised"
    sign = ": " if is_group and before else " " if before else ""
    return _cut(f"{before}{sign}{'; '.join(recorded)}{more}")


def _own_message(error: BaseException) -> str:
    try:
        found = original(error)
        message = str(error) if found is None else found.message
    except Exception as raised:
        if interruption(raised) is not None:
            raise
        message = "(its message cannot be read)"
    return _cut(_NATIVE_TRACE.sub("…", message))


def _cut(message: str) -> str:
    return message if len(message) <= _MESSAGE_CHARS else message[:_MESSAGE_CHARS] + "…"


def place_of(error: BaseException) -> str:
    """The innermost line, as in "score, train.py line 31"; empty where none is known.

    Of a group or retry, that of the first exception that it stands for; of one that is raised
    again for another process, the line there.
    """
    while hidden := hidden_by(error):
        error = hidden[0]
    if (found := original(error)) is not None:
        return found.place
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    inner = frames[-1]
    return f"{inner.name}, {os.path.basename(inner.filename)} line {inner.lineno}"  # noqa: PTH119 - a name, no path


def _place(error: BaseException) -> str:
    """The same as a remark behind a sentence; may be empty."""
    place = place_of(error)
    return f" (in {place})" if place else ""


def _spaced(words: str) -> str:
    return f" {words}" if words else ""
