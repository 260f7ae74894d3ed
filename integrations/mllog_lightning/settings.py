"""Who chose which setting: the caller or a default; and what stands in their place now.

All of it is read from state that Lightning and PyTorch hold, and compared with signatures.
"""

import inspect
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import torch

from mllog_callbacks import guarded
from mllog_callbacks.facts import Derived, Parameters

__all__ = [
    "Settings",
    "module_settings",
    "optimizer_settings",
    "parameters",
    "resolved",
    "trainer_settings",
]

_PLAIN: Final = (bool, int, float, str, type(None))


class Settings(NamedTuple):
    """Settings of one thing, distinguished by who chose them.

    Attributes:
        of: What they are settings of.
        given: Those that are not as the signature has them: the caller chose them.
        defaults: Those that are.
        in_force: Values that are in the place of these now, by name.
        derived: Values that follow from others that were given, by name.
        source: The names of those.
    """

    of: str
    given: dict[str, object]
    defaults: dict[str, object]
    in_force: Mapping[str, object] = MappingProxyType({})
    derived: Mapping[str, object] = MappingProxyType({})
    source: str = ""

    def derivations(self) -> dict[str, Derived]:
        """What is derived, each with what it follows from."""
        return {
            f"{self.of}.{name}": Derived(value=value, source=self.source)
            for name, value in self.derived.items()
        }


def parameters(settings: Iterable[Settings], framework: str) -> Parameters:
    """The facts of settings, by the thing that they are of.

    Args:
        settings: The settings of each thing.
        framework: Whose defaults the others have.
    """
    known = [*settings]
    return Parameters(
        of=tuple(each.of for each in known),
        given={each.of: each.given for each in known if each.given},
        derived={name: one for each in known for name, one in each.derivations().items()},
        defaults={each.of: each.defaults for each in known if each.defaults},
        framework=framework,
    )


def _distinguished(
    of: str, values: Mapping[str, object], signature: Mapping[str, object]
) -> Settings:
    given = {
        name: value
        for name, value in values.items()
        if name not in signature or not _same(value, signature[name])
    }
    defaults = {name: value for name, value in values.items() if name not in given}
    return Settings(of, given, defaults)


def _same(value: object, default: object) -> bool:
    """Whether a value is a default; values of foreign classes are not compared."""
    if isinstance(value, tuple) and isinstance(default, tuple) and len(value) == len(default):
        return all(map(_same, value, default))
    return isinstance(value, _PLAIN) and isinstance(default, _PLAIN) and value == default


def _other(value: object, first: object) -> bool:
    """Whether a value is known to be another; values of foreign classes are not compared."""
    if isinstance(value, tuple) and isinstance(first, tuple) and len(value) == len(first):
        return any(map(_other, value, first))
    return isinstance(value, _PLAIN) and isinstance(first, _PLAIN) and value != first


def _signature(kind: type) -> dict[str, object]:
    """The defaults of a class's arguments, and of those that it hands on to its bases."""
    found: dict[str, object] = {}
    for each in reversed(kind.__mro__):
        for argument in _arguments(vars(each).get("__init__")):
            if argument.default is not argument.empty:
                found[argument.name] = argument.default
            elif argument.kind not in {argument.VAR_POSITIONAL, argument.VAR_KEYWORD}:
                found.pop(argument.name, None)
    return found


def _arguments(init: Any) -> Iterable[inspect.Parameter]:
    try:
        return inspect.signature(init).parameters.values()
    except (TypeError, ValueError):  # it has none of its own, or does not say
        return ()


def optimizer_settings(
    optimizers: Iterable[Any], names: Iterable[str], *, restored: bool
) -> list[Settings]:
    """The settings that optimizers were made with.

    Groups of parameters may have others: given by group, or set since by a scheduler or a tuner.

    Args:
        optimizers: The optimizers.
        names: What they are called.
        restored: Whether a checkpoint is about to set those of the groups.
    """
    found = []
    for each, name in zip(optimizers, names, strict=True):
        made, signature = getattr(each, "defaults", {}), _signature(type(each))
        apart = _distinguished(name, made, signature | _computed(each, made))
        found.append(apart if restored else apart._replace(in_force=_by_group(each, made)))
    return found


def _computed(optimizer: object, made: Mapping[str, object]) -> dict[str, object]:
    """What an optimizer makes of arguments that are not given, where that shows."""
    steps = made.get("max_iter")
    if isinstance(optimizer, torch.optim.LBFGS) and isinstance(steps, int):
        return {"max_eval": steps * 5 // 4}
    return {}


def _by_group(optimizer: Any, made: Mapping[str, object]) -> dict[str, object]:
    """The settings of groups of parameters that are not those of the optimizer."""
    found: dict[str, object] = {}
    for name, value in made.items():
        groups = [group[name] for group in optimizer.param_groups if name in group]
        if any(_other(each, value) for each in groups):
            distinct = [*dict.fromkeys(groups)]
            found[name] = distinct[0] if len(distinct) == 1 else distinct
    return found


def module_settings(module: object) -> Settings | None:
    """The hyperparameters that a module or data module has saved; None where it has none."""
    # not the property `hparams`: it would make an empty one
    own = getattr(module, "__dict__", {})
    saved, made = own.get("_hparams"), own.get("_hparams_initial")
    if not isinstance(saved, Mapping) or not saved:
        return None
    first = dict(made) if isinstance(made, Mapping) else {}
    changed = {name: each for name, each in saved.items() if _other(each, first.get(name, each))}
    values = {name: first.get(name, each) for name, each in saved.items()}
    recorded = _distinguished(type(module).__name__, values, _signature(type(module)))
    return recorded._replace(in_force=changed)


# Where a trainer keeps what it was given, resolved; the name is that of its argument
_ATTRIBUTES: Final = {
    "num_nodes": "num_nodes",
    "precision": "precision",
    "fast_dev_run": "fast_dev_run",
    "max_epochs": "max_epochs",
    "min_epochs": "min_epochs",
    "max_steps": "max_steps",
    "min_steps": "min_steps",
    "limit_train_batches": "limit_train_batches",
    "limit_val_batches": "limit_val_batches",
    "overfit_batches": "overfit_batches",
    "val_check_interval": "val_check_interval",
    "check_val_every_n_epoch": "check_val_every_n_epoch",
    "num_sanity_val_steps": "num_sanity_val_steps",
    "log_every_n_steps": "log_every_n_steps",
    "accumulate_grad_batches": "accumulate_grad_batches",
    "gradient_clip_val": "gradient_clip_val",
    "gradient_clip_algorithm": "gradient_clip_algorithm",
    "detect_anomaly": "_detect_anomaly",
    "barebones": "barebones",
    "reload_dataloaders_every_n_epochs": "reload_dataloaders_every_n_epochs",
}

# What Lightning makes of an argument that was not given (2.4 to 2.6, Trainer.__init__)
_RESOLVED: Final[dict[str, object]] = {
    "precision": "32-true",
    "min_epochs": 0,
    "limit_train_batches": 1.0,
    "limit_val_batches": 1.0,
    "val_check_interval": 1.0,
    "num_sanity_val_steps": 2,
    "log_every_n_steps": 50,
    "fast_dev_run": False,
}


_OVERRULING: Final = ("fast_dev_run", "overfit_batches", "barebones")
"""Arguments by which Lightning sets others."""


def trainer_settings(trainer: Any, asked: Mapping[str, object] | None) -> Settings:
    """A trainer's settings: those its caller gave as he gave them, the others as they are.

    Args:
        trainer: The trainer.
        asked: What its caller gave. Where that is not known, what is as Lightning has it by
            default counts as default.
    """
    read = guarded(getattr)
    values = {name: read(trainer, attribute, None) for name, attribute in _ATTRIBUTES.items()}
    of = type(trainer).__name__
    signature = _signature(type(trainer))
    if asked is None:
        return _distinguished(of, values, signature | _RESOLVED)
    given = {n: v for n, v in asked.items() if n not in signature or not _same(v, signature[n])}
    others: dict[str, object] = {n: value for n, value in values.items() if n not in given}
    made_by = [name for name in _OVERRULING if given.get(name)]
    usual = signature | _RESOLVED
    derived = {n: v for n, v in others.items() if made_by and _other(v, usual.get(n))}
    defaults = {n: v for n, v in others.items() if n not in derived}
    defaults |= {n: v for n, v in asked.items() if n not in given and n not in values}
    in_force = {name: now for name, now in values.items() if _overruled(name, given, now)}
    return Settings(of, given, defaults, in_force, derived, " and ".join(made_by))


def _overruled(name: str, asked: Mapping[str, object], now: object) -> bool:
    """Whether Lightning or its user put another value in the place of what was given."""
    given = asked.get(name)
    return name != "precision" and given is not None and _other(now, given)


def resolved(trainer: Any) -> dict[str, object]:
    """What Lightning made of what it was asked for: where, how and how exactly it computes."""
    return {
        "accelerator": type(trainer.accelerator).__name__,
        "strategy": type(trainer.strategy).__name__,
        "devices": trainer.num_devices,
        "num_nodes": trainer.num_nodes,
        "precision": trainer.precision,
    }
