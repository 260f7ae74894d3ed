"""Learning rates: what they are, and who changed them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from torch import Tensor

from mllog_callbacks import Reason
from mllog_callbacks.schema import assigned, count, number
from mllog_lightning.metrics import results_ever
from mllog_lightning.watch import Moment

__all__ = ["Change", "RateWatch", "described", "named", "optimizer_names", "plain", "rates"]

_OTHERS: Final = "code of the module or of a callback"
_FIRST: Final = (0, 0)
"""Places of an optimizer, and of a group of its parameters."""

_NO_SETTINGS: Final = frozenset({"last_epoch", "verbose", "best", "num_bad_epochs", "mode_worse"})


def rates(optimizers: Iterable[Any]) -> dict[str, float]:
    """The learning rate of each group of parameters; what stands on a device is not read."""
    found = {}
    for place, optimizer in enumerate(optimizers):
        for group, each in enumerate(getattr(optimizer, "param_groups", ())):
            rate = _rate(each)
            if rate is not None:
                found[_name(place, group)] = rate
    return found


def _name(place: int, group: int) -> str:
    return f"optimizer {place}, group {group}"


def _rate(group: Mapping[str, Any]) -> float | None:
    rate = group.get("lr")
    if type(rate) is float:  # nearly always
        return rate
    if isinstance(rate, Tensor) and rate.device.type == "cpu" and rate.numel() == 1:
        rate = rate.item()
    return float(rate) if isinstance(rate, (int, float)) else None


def named(found: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    """Rates under the names that curves have for them: where there is but one, the plain one."""
    if len(found) == 1:
        return [("learning_rate", next(iter(found.values())))]
    return [(f"learning_rate of {name}", rate) for name, rate in found.items()]


def plain(found: Mapping[str, float]) -> float | Mapping[str, float]:
    """The one learning rate where there is but one, else all."""
    return next(iter(found.values())) if len(found) == 1 else found


def described(before: Mapping[str, float], now: Mapping[str, float]) -> str:
    """The learning rates of an epoch, in words: schedulers have stepped when it is recorded."""
    at_end = _listed(now)
    if not before or before == now:
        return f"The learning rate is {at_end}." if now else ""
    return f"The learning rate was {_listed(before)} when it began, and is {at_end} now."


def _listed(found: Mapping[str, float]) -> str:
    """Rates in words: the one, or each with the optimizer and group that it is of."""
    if len(found) == 1:
        return number(next(iter(found.values())))
    return ", ".join(f"{number(rate)} ({name})" for name, rate in found.items())


def optimizer_names(optimizers: Sequence[Any], module: Any) -> list[str]:
    """Names by which a reader distinguishes optimizers: those of one class by what they train.

    Args:
        optimizers: The optimizers.
        module: What they train; None where that is not known.
    """
    kinds = [type(each).__name__ for each in optimizers]
    children = dict(module.named_children()) if module is not None else {}
    owners = {id(p): name for name, each in children.items() for p in each.parameters()}
    found = []
    for place, (kind, optimizer) in enumerate(zip(kinds, optimizers, strict=True)):
        if kinds.count(kind) == 1:
            found.append(kind)
            continue
        groups = getattr(optimizer, "param_groups", ())
        trained = dict.fromkeys(
            owners[id(each)] for group in groups for each in group["params"] if id(each) in owners
        )
        of = f" for {' and '.join(trained)}" if trained else ""
        found.append(f"{kind} {kinds[: place + 1].count(kind)}{of}")
    return found


class Change(NamedTuple):
    """A change of a learning rate that is worth an entry.

    Attributes:
        reason: From what to what, by whom, and why.
        rates: All learning rates now.
        compared: How often a scheduler has compared the values of one validation, and which.
    """

    reason: Reason
    rates: dict[str, float]
    compared: Mapping[str, int] | None = None

    def facts(self) -> dict[str, object]:
        """What the entry holds."""
        found: dict[str, object] = {"learning_rate": plain(self.rates)}
        return found if self.compared is None else found | {"compared": self.compared}


class RateWatch:
    """Watches learning rates between epochs.

    What a schedule does a little of in each epoch is recorded when it has come to a factor of two;
    what `ReduceLROnPlateau` does is recorded each time: it is a decision. So is a group of
    parameters that joins an optimizer, as those of layers do that are unfrozen.

    Attributes:
        last: The rates at the last look.
        used: The first optimizer's first rate, as it was when that stepped last; None without.
    """

    def __init__(self) -> None:
        self._recorded: dict[str, float] = {}
        self._seen: dict[tuple[int, int], float] = {}
        self._by_hand: dict[str, tuple[float, float]] = {}
        self.last: dict[str, float] = {}
        self.used: float | None = None

    def begin(self, trainer: Any) -> None:
        """Take the rates at the start."""
        self._recorded = self.last = rates(trainer.optimizers)
        for place, optimizer in enumerate(trainer.optimizers):
            self._notice(trainer, place, optimizer)
        self.used = self._seen.get(_FIRST)

    def use(self, trainer: Any, optimizer: Any) -> None:
        """Take the rates with which an optimizer is about to step."""
        for place, each in enumerate(trainer.optimizers):
            if each is optimizer:
                self._notice(trainer, place, optimizer)
                if not place:
                    self.used = self._seen.get(_FIRST)

    def _notice(self, trainer: Any, place: int, optimizer: Any) -> None:
        """See which rates have changed since the last time, and which no scheduler has set."""
        for group, each in enumerate(getattr(optimizer, "param_groups", ())):
            rate, at = _rate(each), (place, group)
            before = self._seen.get(at)
            if rate is None or rate == before:
                continue
            self._seen[at] = rate
            if before is None or _is_scheduled(trainer, optimizer, group, before, rate):
                continue
            self._by_hand[_name(place, group)] = before, rate

    def look(self, trainer: Any, validated: Moment | None = None) -> list[Change]:
        """The changes since the last look that are worth an entry.

        Args:
            trainer: The trainer, between two epochs.
            validated: The last validation; None where there was none.
        """
        now, found = rates(trainer.optimizers), []
        names = optimizer_names(trainer.optimizers, trainer.lightning_module)
        for place, optimizer in enumerate(trainer.optimizers):
            self._notice(trainer, place, optimizer)
            configs = _schedulers(trainer, optimizer)
            mine = [name for name in now if name.startswith(f"optimizer {place},")]
            if joined := {name: now[name] for name in mine if name not in self._recorded}:
                self._recorded = self._recorded | joined
                found.append(Change(_joined(names[place], [*joined.values()], len(mine)), now))
            decided = any(each.reduce_on_plateau for each in configs)
            before = self.last if decided else self._recorded
            moved = [name for name in mine if _moved(before.get(name), now[name], any_=decided)]
            if moved:
                name = min(moved)
                group = f", {name.partition(', ')[2]}," if len(mine) > 1 else ""
                change = f"{names[place]}{group} was set from {number(before[name])}"
                decision = f"The learning rate of {change} to {number(now[name])}"
                reason = _why(trainer, decision, configs, self._by_hand.get(name))
                again = _compared_again(trainer, configs, validated)
                if again is not None and name not in self._by_hand:
                    reason = reason._replace(reasoning=f"{reason.reasoning} {_again(again)}")
                found.append(Change(reason, now, again))
                self._recorded = now
                for each in mine:
                    self._by_hand.pop(each, None)
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


def _is_scheduled(trainer: Any, optimizer: object, group: int, before: float, now: float) -> bool:
    """Whether a change may be a scheduler's: it says what it set last, and what it does."""
    for config in _schedulers(trainer, optimizer):
        left = getattr(config.scheduler, "_last_lr", None)
        if not isinstance(left, (list, tuple)) or group >= len(left):
            return True  # it does not say
        if float(left[group]) == now:
            reduces = config.reduce_on_plateau
            if not reduces or _is_reduction(config.scheduler, group, before, now):
                return True
    return False


def _is_reduction(scheduler: Any, group: int, before: float, now: float) -> bool:
    """Whether `ReduceLROnPlateau` comes from one rate to another, in one step or in several."""
    least, factor = scheduler.min_lrs[group], scheduler.factor
    rate = before
    while rate > now and not math.isclose(rate, now):
        rate = max(rate * factor, least)
        if rate == least:
            break
    return rate != before and math.isclose(rate, now)


def _why(
    trainer: Any,
    decision: str,
    configs: Sequence[Any],
    by_hand: tuple[float, float] | None,
) -> Reason:
    if not configs:
        return Reason(f"{decision}.", f"No scheduler that Lightning knows did it: {_OTHERS} did.")
    if by_hand is not None:
        before, now = map(number, by_hand)
        recorded = " and ".join(map(_settings, configs))
        return Reason(
            f"{decision}.",
            f"It went from {before} to {now} by no step of {recorded}: {_OTHERS} changed it.",
        )
    if len(configs) > 1:
        recorded = " and ".join(f"{_settings(each)} {_when(trainer, each)}" for each in configs)
        return Reason(f"{decision}.", f"Its schedulers step by turns: {recorded}.")
    return _why_one(decision, configs[0], _when(trainer, configs[0]))


def _when(trainer: Any, config: Any) -> str:
    automatic = trainer.lightning_module.automatic_optimization
    return f"each {config.interval}" if automatic else "when code of the module calls it"


def _compared_again(
    trainer: Any, configs: Sequence[Any], validated: Moment | None
) -> dict[str, int] | None:
    """How often `ReduceLROnPlateau` compared one validation's value, where that was several times.

    It steps after each epoch, also after those that were not validated.
    """
    if len(configs) != 1 or validated is None or not configs[0].reduce_on_plateau:
        return None
    config, times = configs[0], trainer.current_epoch - validated.epoch + 1
    names = {name for name, _ in results_ever(trainer.fit_loop.epoch_loop.val_loop)}
    if config.interval != "epoch" or config.frequency != 1 or config.monitor not in names:
        return None
    return {"validated_at": validated.epoch, "times": times} if times > 1 else None


def _again(compared: Mapping[str, int]) -> str:
    epoch, times = compared["validated_at"], compared["times"]
    return f"It compared the value of one validation, after epoch {epoch:,}, {times:,} times."


def _joined(optimizer: str, rates_: Sequence[float], groups: int) -> Reason:
    what, at = count(len(rates_), "group"), " and ".join(map(number, rates_))
    return Reason(
        f"{what} of parameters joined {optimizer}, with a learning rate of {at}.",
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


def _why_one(decision: str, config: Any, when: str) -> Reason:
    scheduler, recorded = config.scheduler, _settings(config)
    kind = type(scheduler).__name__
    if not config.reduce_on_plateau:
        return Reason(f"{decision} by {kind}.", f"{recorded} steps {when}.")
    best = getattr(scheduler, "best", None)
    stood = f"; its best was {number(best)}" if isinstance(best, (int, float)) else ""
    waited = count(scheduler.patience, "check")
    return Reason(
        f"{decision} by {kind}.",
        f"{config.monitor} did not improve for more than {waited}{stood}: "
        f"{recorded} reduces the rate then.",
    )
