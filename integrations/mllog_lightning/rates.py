"""Learning rates: what they are, and who changed them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from torch import Tensor

from mllog_callbacks import Reason
from mllog_callbacks.wording import assigned, count, number

__all__ = ["Change", "RateWatch", "described", "plain", "rates"]

_OTHERS: Final = "a callback or user code"
"""Who else may change an optimizer."""

_NO_SETTINGS: Final = frozenset({"last_epoch", "verbose", "best", "num_bad_epochs", "mode_worse"})


def rates(optimizers: Iterable[Any]) -> dict[str, float]:
    """The learning rate of each group of parameters; what stands on a device is not read."""
    found = {}
    for place, optimizer in enumerate(optimizers):
        for group, each in enumerate(getattr(optimizer, "param_groups", ())):
            rate = each.get("lr")
            if isinstance(rate, Tensor) and rate.device.type == "cpu" and rate.numel() == 1:
                rate = rate.item()
            if isinstance(rate, (int, float)):
                found[f"optimizer {place}, group {group}"] = float(rate)
    return found


def plain(found: Mapping[str, float]) -> float | Mapping[str, float]:
    """The one learning rate where there is but one, else all."""
    return next(iter(found.values())) if len(found) == 1 else found


def described(before: Mapping[str, float], now: Mapping[str, float]) -> str:
    """The learning rates of an epoch, in words: schedulers have stepped by the time it is told."""
    at_end = " and ".join(map(number, now.values()))
    if not before or before == now:
        return f"The learning rate is {at_end}." if now else ""
    at_start = " and ".join(map(number, before.values()))
    return f"The learning rate was {at_start} when it began, and is {at_end} now."


class Change(NamedTuple):
    """A change of a learning rate that was worth telling.

    Attributes:
        reason: From what to what, by whom, and why.
        rates: All learning rates now.
    """

    reason: Reason
    rates: dict[str, float]


class RateWatch:
    """Watches learning rates between epochs.

    What a schedule does a little of in each epoch is told when it has come to a factor of two;
    what `ReduceLROnPlateau` does is told each time: it is a decision. So is a group of parameters
    that joins an optimizer, as those of layers do that are unfrozen.

    Attributes:
        last: The rates at the last look.
    """

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self.last: dict[str, float] = {}

    def begin(self, trainer: Any) -> dict[str, float]:
        """Take the rates at the start."""
        self._told = self.last = rates(trainer.optimizers)
        return self.last

    def look(self, trainer: Any) -> list[Change]:
        """The changes since the last look that are worth telling."""
        now, found = rates(trainer.optimizers), []
        for place, optimizer in enumerate(trainer.optimizers):
            configs = _schedulers(trainer, optimizer)
            mine = [name for name in now if name.startswith(f"optimizer {place},")]
            if joined := {name: now[name] for name in mine if name not in self._told}:
                self._told = self._told | joined
                found.append(Change(_joined(optimizer, [*joined.values()], len(mine)), now))
            decided = any(each.reduce_on_plateau for each in configs)
            before = self.last if decided else self._told
            moved = [name for name in mine if _moved(before.get(name), now[name], any_=decided)]
            if moved:
                name = min(moved)
                found.append(Change(_why(optimizer, configs, before[name], now[name]), now))
                self._told = now
        self.last = now
        return found


def _moved(before: float | None, now: float, *, any_: bool) -> bool:
    if before is None or before == now:
        return False
    return any_ or not before or not now or not 0.5 < now / before < 2  # noqa: PLR2004 - a factor of two


def _schedulers(trainer: Any, optimizer: object) -> list[Any]:
    """The configurations of the schedulers of an optimizer, as far as Lightning knows of them."""
    configs = trainer.lr_scheduler_configs
    return [each for each in configs if getattr(each.scheduler, "optimizer", None) is optimizer]


def _why(optimizer: object, configs: Sequence[Any], before: float, now: float) -> Reason:
    name = type(optimizer).__name__
    decision = f"The learning rate of {name} was set from {number(before)} to {number(now)}"
    if not configs:
        return Reason(f"{decision}.", f"No scheduler did it that Lightning knows: {_OTHERS} did.")
    if len(configs) > 1:
        told = " and ".join(f"{_settings(each)} each {each.interval}" for each in configs)
        return Reason(f"{decision}.", f"Its schedulers step by turns: {told}.")
    return _why_one(decision, configs[0])


def _joined(optimizer: object, rates_: Sequence[float], groups: int) -> Reason:
    what, at = count(len(rates_), "group"), " and ".join(map(number, rates_))
    return Reason(
        f"{what} of parameters joined {type(optimizer).__name__}, with a learning rate of {at}.",
        f"{_OTHERS.capitalize()} did it; it has {count(groups, 'group')} now.",
    )


def _settings(config: Any) -> str:
    """A scheduler with its settings."""
    scheduler = config.scheduler
    settings = {
        each: value
        for each, value in vars(scheduler).items()
        if isinstance(value, (int, float, str))
        and not isinstance(value, bool)
        and not each.startswith("_")
        and each not in _NO_SETTINGS
    }
    return f"{type(scheduler).__name__}({assigned(settings)})"


def _why_one(decision: str, config: Any) -> Reason:
    scheduler, told = config.scheduler, _settings(config)
    kind = type(scheduler).__name__
    if not config.reduce_on_plateau:
        return Reason(f"{decision} by {kind}.", f"{told} steps each {config.interval}.")
    best = getattr(scheduler, "best", None)
    stood = f"; its best was {number(best)}" if isinstance(best, (int, float)) else ""
    waited = count(scheduler.patience, "check")
    return Reason(
        f"{decision} by {kind}.",
        f"{config.monitor} did not improve for more than {waited}{stood}: "
        f"{told} reduces the rate then.",
    )
