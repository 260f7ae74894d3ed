"""Warnings as they are made, seen without a trace in how they reach the user.

`warnings.showwarning`, the filters and their registries belong to the user and to all threads;
none of them is touched. What is watched is the making of a warning, in the thread that warns:

- scikit-learn's and scipy's own classes of warnings get an `__init__` that lets their audience
  know, so one is seen also where a filter hides it;
- the other user and runtime warnings are seen by `warnings.warn`, which Python code calls, and by
  what Python calls to show one, for those made in C, such as numpy's. Those that a library hides
  from its users by a filter of its own, within the fit, are none of theirs.
"""

import functools
import re
import threading
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from scipy.linalg import LinAlgWarning
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    DataDimensionalityWarning,
    EfficiencyWarning,
    FitFailedWarning,
    PositiveSpectrumWarning,
    UndefinedMetricWarning,
)

from mllog_callbacks import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Audience", "Hearing", "form"]

_KINDS: Final[tuple[type[Warning], ...]] = (
    ConvergenceWarning,
    DataConversionWarning,
    DataDimensionalityWarning,
    EfficiencyWarning,
    FitFailedWarning,
    LinAlgWarning,
    PositiveSpectrumWarning,
    UndefinedMetricWarning,
)
_DISTINCT: Final = 20

Audience = Counter[tuple[type[Warning], str]]
"""Warnings by class and message, with how often they were made.

Those that differ in numbers alone, as of each fold of a cross-validation, count as the first.
"""


_NUMBER: Final = re.compile(r"-?\d[\d.,]*(?:e[-+]?\d+)?|\binf\b|\bnan\b")


class _Listening(threading.local):
    hearings: "tuple[Hearing, ...]" = ()
    warning = False


_listening = _Listening()


class Hearing:
    """Counts the warnings that this thread makes from now on, until `stop`.

    Attributes:
        heard: What was heard so far.
    """

    def __init__(self) -> None:
        _watch_kinds()
        self.heard: Audience = Counter()
        self.filters: Sequence[Any] = tuple(warnings.filters)
        self._forms: dict[tuple[type[Warning], str], str] = {}
        self._before = _listening.hearings
        _listening.hearings = (*self._before, self)

    def stop(self) -> None:
        """Count no more."""
        _listening.hearings = self._before

    def hear(self, kind: type[Warning], message: str) -> None:
        """Count one, with those like it."""
        alike = form(kind, message)
        if alike in self._forms or len(self._forms) < _DISTINCT:
            self.heard[kind, self._forms.setdefault(alike, message)] += 1


def form(kind: type[Warning], message: str) -> tuple[type[Warning], str]:
    """What a warning has in common with those like it: all but its numbers."""
    return kind, _NUMBER.sub("#", message)


def _hear(kind: type[Warning], message: str) -> None:
    for hearing in _listening.hearings:
        hearing.hear(kind, message)


def _watch_kinds() -> None:
    for kind in _KINDS:
        if "__init__" not in kind.__dict__:
            _watch(kind)


def _watch(kind: type[Warning]) -> None:
    def __init__(self: Warning, *args: object, **kwargs: object) -> None:  # noqa: N807 - it is one
        super(kind, self).__init__(*args, **kwargs)
        if _listening.hearings and type(self) is kind:
            _hear(kind, str(args[0]) if args else "")

    kind.__init__ = __init__  # type: ignore[assignment, method-assign]  # what this module is about


def _is_plain(kind: object) -> bool:
    """Whether a class of warnings is one that is heard here, and not by its `__init__`."""
    return (
        isinstance(kind, type)
        and issubclass(kind, (UserWarning, RuntimeWarning))
        and kind not in _KINDS
    )


@guarded
def _hear_plainly(message: object, category: object) -> None:
    """Hear a warning that is about to be made by `warnings.warn`."""
    if isinstance(message, Warning):
        category, message = type(message), str(message)
    kind = UserWarning if category is None else category
    if _is_plain(kind) and isinstance(message, str):
        kind = cast("type[Warning]", kind)
        if not _hidden_within(kind, message):
            _hear(kind, message)


def _hidden_within(kind: type[Warning], text: str) -> bool:
    """Whether a filter hides it that was not there when the fit began."""
    known = _listening.hearings[0].filters
    for each in warnings.filters:
        action, message, category, module, _ = each
        about = message is None or (hasattr(message, "match") and message.match(text))
        if about and module is None and issubclass(kind, category):
            return action == "ignore" and each not in known
    return False


def _watch_plain() -> None:
    """Have `warnings.warn`, and what shows a warning made in C, let the audience know.

    Both pass on what they are given, and add no line to a traceback.
    """
    make: Callable[..., None] = warnings.warn
    show: Callable[[Any], None] = warnings._showwarnmsg  # type: ignore[attr-defined]  # noqa: SLF001 - what the interpreter calls

    @functools.wraps(make)
    def warn(
        message: object, category: object = None, stacklevel: Any = 1, *args: Any, **kwargs: Any
    ) -> None:
        hears = bool(_listening.hearings) and not _listening.warning
        if hears:
            _hear_plainly(message, category)
            _listening.warning = True
        level = max(stacklevel, 1) + 1 if isinstance(stacklevel, int) else stacklevel
        try:
            make(message, category, level, *args, **kwargs)
        except BaseException as error:
            _take_from_traceback(error)
            raise
        finally:
            if hears:
                _listening.warning = False

    @functools.wraps(show)
    def showing(msg: Any) -> None:
        if _listening.hearings and not _listening.warning and _is_plain(msg.category):
            _hear(msg.category, str(msg.message))
        try:
            show(msg)
        except BaseException as error:
            _take_from_traceback(error)
            raise

    warn.__module__ = "warnings"  # where picklers find it
    warnings.warn = warn
    warnings._showwarnmsg = showing  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def _take_from_traceback(error: BaseException) -> None:
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


_watch_plain()
