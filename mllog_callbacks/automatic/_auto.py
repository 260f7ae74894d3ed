"""The switch: `mllog_callbacks.auto`."""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from mllog_callbacks.automatic._failing import failures
from mllog_callbacks.automatic._frameworks import FRAMEWORKS, by_name
from mllog_callbacks.automatic._hooks import hook
from mllog_callbacks.automatic._state import OFF, Given, Layer, disabled, layers

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from mllog_callbacks.detectors import Detector, DetectorSet, Issue
    from mllog_callbacks.recording import AuditLog

__all__ = ["Switch", "auto"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Switch:
    """What `auto` or `auto.off` did; as a context manager or a decorator, for that long.

    Args:
        names: Names of frameworks.
        given: What their callbacks are made with; None to switch them off.
        at_once: Whether it holds in the process from now on.
    """

    def __init__(
        self, names: Collection[str], given: Given | None, *, at_once: bool = True
    ) -> None:
        self._layer = Layer(frozenset(names), given)
        self._tokens: list[Token[frozenset[str]]] = []
        if at_once:
            layers.put(self._layer, keep=_blocks)

    def __enter__(self) -> None:
        names, off = self._layer.names, OFF.get()
        layers.remove(self._layer)
        if self._layer.given is None:
            self._tokens.append(OFF.set(off | names))
        else:
            self._tokens.append(OFF.set(off - names))
            _blocks.add(id(self._layer))
            layers.put(self._layer, keep=_blocks)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        OFF.reset(self._tokens.pop())
        if not self._tokens:
            layers.remove(self._layer)
            _blocks.discard(id(self._layer))

    def __call__(self, function: Callable[_P, _R]) -> Callable[_P, _R]:
        """Decorate a function, so that it holds during each of its calls."""
        import inspect  # noqa: PLC0415 - not needed as Python starts

        layers.remove(self._layer)
        made = functools.partial(Switch, *self._layer, at_once=False)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def waiting(*args: _P.args, **kwargs: _P.kwargs) -> Any:
                with made():
                    return await function(*args, **kwargs)

            return cast("Callable[_P, _R]", waiting)

        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with made():
                return function(*args, **kwargs)

        return call


_blocks: Final[set[int]] = set()
"""The identities of layers that hold for a block."""


class _Auto:
    """Audits every training of the frameworks that are installed, without a line in the training.

    A framework is hooked as it is imported, or at once where it is imported already. A training
    that was given an audit callback, or an estimator that is `audited`, is recorded by that alone.

    Example:
        >>> import mllog_callbacks
        >>> mllog_callbacks.auto(dataset="churn")
        >>> lgb.train(params, train)  # is recorded
        >>> with mllog_callbacks.auto.off():
        ...     lgb.train(params, train)  # is not
    """

    def __call__(
        self,
        *frameworks: str,
        log: "AuditLog | None" = None,
        dataset: str | None = None,
        model: str | None = None,
        detectors: "DetectorSet | Sequence[Detector | str] | None" = None,
        on_issue: "Callable[[Issue], object] | None" = None,
    ) -> Switch:
        """Switch auditing on: in this process until `off`, or for a ``with`` block or a function.

        Trainings in other threads are audited as well meanwhile. Processes that this one starts
        are not, unless they are forked: that is what ``mllog run`` is for.

        Args:
            *frameworks: ``"lightgbm"``, ``"lightning"``, ``"optuna"``, ``"sklearn"``,
                ``"xgboost"``; default
                those that the environment variable `MLLOG_AUTO` names, else all.
            log: Where entries go; default `get_log()`, read at each training.
            dataset: Name of the training data in the entries; default the log's.
            model: Name of the model in the entries; default the log's, or the adapter's.
            detectors: What watches the metrics, as for the callbacks.
            on_issue: Called with each issue that is detected.

        Raises:
            ValueError: There is no such framework, or no detector of a name.
        """
        names = _known(frameworks)
        if detectors is not None:
            from mllog_callbacks.detectors import DetectorSet  # noqa: PLC0415 - slow to import

            if not isinstance(detectors, DetectorSet):
                detectors = DetectorSet(detectors)
        given = {
            "log": log,
            "dataset": dataset,
            "model": model,
            "detectors": detectors,
            "on_issue": on_issue,
        }
        switch = Switch(names, {name: value for name, value in given.items() if value is not None})
        if not disabled():
            for name in names:
                failures.pop(name, None)
                hook(by_name(name))
        return switch

    def off(self, *frameworks: str) -> Switch:
        """Switch auditing off: in this process, or in a ``with`` or function for that long.

        For a block it is off in the block's own thread or task; others go on recording.

        Args:
            *frameworks: Names of frameworks; default all.

        Raises:
            ValueError: There is no such framework.
        """
        return Switch(_known(frameworks or _NAMES), None)

    def __repr__(self) -> str:
        return "mllog_callbacks.auto"

    def __reduce__(self) -> str:
        return "auto"


_NAMES: Final = tuple(each.name for each in FRAMEWORKS)


def _known(names: Collection[str]) -> tuple[str, ...]:
    if not names:
        from mllog_callbacks.automatic._environment import chosen  # noqa: PLC0415 - it uses us

        return chosen() or _NAMES
    for name in names:
        if name not in _NAMES:
            msg = f"there is no framework {name!r}; known are {', '.join(_NAMES)}"
            raise ValueError(msg)
    return tuple(names)


auto: Final = _Auto()
