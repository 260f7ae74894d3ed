"""The directions of metrics that the caller states: ``directions={"my_score": "max"}``."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from mllog_callbacks.schema import parse_metric_name

__all__ = ["Mode", "StatedDirections"]

Mode: TypeAlias = Literal["min", "max"]


class StatedDirections:
    """Which values of metrics are better, by the caller's word.

    Args:
        modes: "max" or "min" by a metric's name, as it is recorded or without its stage.

    Raises:
        TypeError: It is no mapping.
        ValueError: A mode is neither "min" nor "max".
    """

    def __init__(self, modes: Mapping[str, Mode] | None = None) -> None:
        _check(modes)
        for metric, mode in (modes or {}).items():
            if mode not in {"min", "max"}:
                msg = f"the direction of {metric} is 'min' or 'max', not {mode!r}"
                raise ValueError(msg)
        self._by_name = {metric: mode == "max" for metric, mode in (modes or {}).items()}

    def __bool__(self) -> bool:
        """Whether any is stated."""
        return bool(self._by_name)

    def __call__(self, metric: str) -> bool | None:
        """Whether more of a metric is better; None where that is not stated."""
        if not self._by_name:
            return None
        known = self._by_name.get(metric)
        return known if known is not None else self._by_name.get(parse_metric_name(metric).metric)


def _check(modes: object) -> None:
    if not isinstance(modes, Mapping | None):
        msg = f'directions= takes a mapping, e.g. {{"my_score": "max"}}, not {modes!r}'
        raise TypeError(msg)
