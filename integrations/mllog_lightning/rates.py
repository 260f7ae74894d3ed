"""Learning rates: what they are, and who changed them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from torch import Tensor

from mllog_callbacks.facts import (
    Compared,
    GroupsJoined,
    HyperparametersSet,
    ParameterChange,
    Scheduler,
)
from mllog_lightning.metrics import results_ever
from mllog_lightning.watch import Moment

__all__ = [
    "RateWatch",
    "named",
    "optimizer_names",
    "plain",
    "rates",
    "rates_of",
    "schedulers",
]

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


def rates_of(optimizer: Any) -> tuple[float, ...]:
    """The learning rates of an optimizer's groups of parameters, each value once."""
    groups = getattr(optimizer, "param_groups", ())
    found = [float(each["lr"]) for each in groups if isinstance(each.get("lr"), (int, float))]
    return tuple(dict.fromkeys(found))


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

    def look(self, trainer: Any, validated: Moment | None = None) -> list[HyperparametersSet]:
        """The changes since the last look that are worth an entry.

        Args:
            trainer: The trainer, between two epochs.
            validated: The last validation; None where there was none.
        """
        now, found = rates(trainer.optimizers), list[HyperparametersSet]()
        names = optimizer_names(trainer.optimizers, trainer.lightning_module)
        for place, optimizer in enumerate(trainer.optimizers):
            self._notice(trainer, place, optimizer)
            mine = [name for name in now if name.startswith(f"optimizer {place},")]
            if joined := {name: now[name] for name in mine if name not in self._recorded}:
                self._recorded = self._recorded | joined
                new = GroupsJoined(
                    optimizer=names[place], rates=tuple(joined.values()), groups=len(mine)
                )
                found.append(HyperparametersSet(joined=new, learning_rate=plain(now)))
            configs = _schedulers(trainer, optimizer)
            decided = any(each.reduce_on_plateau for each in configs)
            before = self.last if decided else self._recorded
            moved = [name for name in mine if _moved(before.get(name), now[name], any_=decided)]
            if moved:
                name = min(moved)
                by_hand = self._by_hand.get(name)
                change = ParameterChange(
                    name="learning rate",
                    of=names[place],
                    group=mine.index(name) if len(mine) > 1 else None,
                    before=before[name],
                    now=now[name],
                    schedulers=schedulers(trainer, configs),
                    by_hand=by_hand if configs else None,
                )
                again = None if by_hand else _compared_again(trainer, configs, validated)
                found.append(
                    HyperparametersSet(change=change, compared=again, learning_rate=plain(now))
                )
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


def _compared_again(
    trainer: Any, configs: Sequence[Any], validated: Moment | None
) -> Compared | None:
    """How often `ReduceLROnPlateau` compared one validation's value, where that was several times.

    It steps after each epoch, also after those that were not validated.
    """
    if len(configs) != 1 or validated is None or not configs[0].reduce_on_plateau:
        return None
    config, times = configs[0], trainer.current_epoch - validated.epoch + 1
    names = {name for name, _ in results_ever(trainer.fit_loop.epoch_loop.val_loop)}
    if config.interval != "epoch" or config.frequency != 1 or config.monitor not in names:
        return None
    return Compared(validated_at=validated.epoch, times=times) if times > 1 else None


def schedulers(
    trainer: Any, configs: Iterable[Any], optimizers: Mapping[str, Any] | None = None
) -> dict[str, Scheduler]:
    """The facts of schedulers, by their classes: numbered where several are of one.

    Args:
        trainer: The trainer.
        configs: Lightning's configurations of the schedulers.
        optimizers: Optimizers by name, where it is to be recorded whose rates they set.
    """
    named: dict[str, Scheduler] = {}
    for each in configs:
        own = getattr(each.scheduler, "optimizer", None)
        of = next((name for name, one in (optimizers or {}).items() if one is own), None)
        found = _scheduler(trainer, each, of)
        many = sum(known.name == found.name for known in named.values())
        named[f"{found.name} {many + 1}" if many else found.name] = found
    return named


def _scheduler(trainer: Any, config: Any, of: str | None) -> Scheduler:
    """The facts of a scheduler."""
    found = config.scheduler
    settings = {
        each: value
        for each, value in vars(found).items()
        if isinstance(value, (int, float, str))
        and not isinstance(value, bool)
        and not each.startswith("_")
        and each not in _NO_SETTINGS
    }
    decides = bool(config.reduce_on_plateau)
    best = getattr(found, "best", None) if decides else None
    return Scheduler(
        name=type(found).__name__,
        of=of,
        settings=settings,
        each=config.interval if trainer.lightning_module.automatic_optimization else None,
        metric=config.monitor if decides else None,
        patience=found.patience if decides else None,
        best=float(best) if isinstance(best, (int, float)) and math.isfinite(best) else None,
    )
