"""Learning rates: what they are, and who changed them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from torch import Tensor

from mllog_callbacks import Reason
from mllog_callbacks.wording import assigned, count, number

__all__ = ["Change", "RateWatch", "described", "plain", "rates"]

_NO_SETTINGS: Final = frozenset({"last_epoch", "verbose", "best", "num_bad_epochs", "mode_worse"})


def rates(optimizers: Iterable[Any]) -> dict[str, float]:
    """The learning rate of each group of parameters; what stands on a device is not read."""
    found = {}
    for place, optimizer in enumerate(optimizers):
        for group, each in enumerate(getattr(optimizer, "param_groups", ())):
            rate = _rate(each)
            if rate is not None:
                found[f"optimizer {place}, group {group}"] = rate
    return found


def _rate(group: Mapping[str, Any]) -> float | None:
    rate = group.get("lr")
    if isinstance(rate, Tensor) and rate.device.type == "cpu" and rate.numel() == 1:
        rate = rate.item()
    return float(rate) if isinstance(rate, (int, float)) else None


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
    what `ReduceLROnPlateau` does is told each time: it is a decision.

    Attributes:
        last: The rates at the last look.
        used: The first optimizer's first rate, as it was when that stepped last; None without.
    """

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self.used: float | None = None

    def begin(self, trainer: Any) -> None:
        """Take the rates at the start."""
        self._told = self.last = rates(trainer.optimizers)
        self.used = next(iter(self.last.values()), None)

    def use(self, trainer: Any, optimizer: Any) -> None:
        """Take the rate with which an optimizer is about to step; only the first one's is kept."""
        if optimizer is trainer.optimizers[0]:
            groups = getattr(optimizer, "param_groups", ())
            self.used = _rate(groups[0]) if groups else None

    def look(self, trainer: Any) -> list[Change]:
        """The changes since the last look that are worth telling."""
        now, found = rates(trainer.optimizers), []
        for place, optimizer in enumerate(trainer.optimizers):
            configs = _schedulers(trainer, optimizer)
            mine = {name for name in now if name.startswith(f"optimizer {place},")}
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
        return Reason(f"{decision}.", "No scheduler that Lightning knows did it: user code did.")
    if len(configs) > 1:
        told = " and ".join(f"{_settings(each)} each {each.interval}" for each in configs)
        return Reason(f"{decision}.", f"Its schedulers step by turns: {told}.")
    return _why_one(decision, configs[0])


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
