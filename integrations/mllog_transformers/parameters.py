"""The arguments of a training: those that were given, those that follow from them, and the rest."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final

import transformers
from transformers import TrainingArguments
from transformers.trainer_pt_utils import AcceleratorConfig

from mllog_callbacks.facts import Derived, HyperparametersSet, Parameters

__all__ = ["FRAMEWORK", "hyperparameters", "is_given"]

FRAMEWORK: Final = f"Transformers {transformers.__version__}"

_DERIVED: Final[Mapping[str, str]] = {
    "do_eval": "eval_strategy",
    "eval_steps": "logging_steps",
    "metric_for_best_model": "what needs one: load_best_model_at_end or lr_scheduler_type",
    "greater_is_better": "metric_for_best_model",
    "dataloader_pin_memory": "use_cpu",
    "gradient_checkpointing": "activation_checkpointing",
    "gradient_checkpointing_kwargs": "activation_checkpointing_kwargs",
}
"""Arguments that the class sets by itself where they are not given, and what they follow from."""

_EMPTY: Final[tuple[object, ...]] = (None, "", "none", "no", [], (), {}, False)
"""Values that say the same: the class makes one of another."""

_MODE: Final = "greater_is_better"
"""The argument of which None and False are not the same."""


def hyperparameters(
    args: TrainingArguments, trial: Mapping[str, object] | None
) -> HyperparametersSet:
    """The facts of a training's arguments.

    An argument counts as given where its value is not its default: that somebody gave a default
    cannot be seen. What the class itself derives is apart.

    Args:
        args: The arguments.
        trial: What a search has set; None where there is none.
    """
    given: dict[str, object] = {}
    derived: dict[str, Derived] = {}
    defaults: dict[str, object] = {}
    values: dict[str, object] = args.to_dict()  # type: ignore[no-untyped-call]  # it has no types
    for field in fields(args):
        name = field.name
        if name not in values or name in (trial or {}):
            continue
        value = values[name]
        if not is_given(field, getattr(args, name)):
            defaults[name] = value
        elif name in _DERIVED and _follows(name, args):
            derived[name] = Derived(value=value, source=_DERIVED[name])
        else:
            given[name] = value
    found = Parameters(
        given=given,
        passed_on=dict(trial) if trial else None,
        passed_on_by="the search" if trial else None,
        derived=derived,
        defaults=defaults,
        framework=FRAMEWORK,
    )
    return HyperparametersSet(parameters=found)


def is_given(field: "Field[Any]", value: object) -> bool:
    """Whether a value is another than the field's default."""
    default = field.default
    if default is MISSING:
        default = None if field.default_factory is MISSING else field.default_factory()
    if isinstance(value, AcceleratorConfig):  # what it is made of where it is not given
        default = AcceleratorConfig()
    if field.name != _MODE and value in _EMPTY and default in _EMPTY:
        return False
    return bool(value != default)


def _follows(name: str, args: TrainingArguments) -> bool:
    """Whether the class sets an argument to its value, by what it looks at."""
    match name:
        case "do_eval":
            return args.eval_strategy != "no"
        case "eval_steps":
            return args.eval_steps == args.logging_steps
        case "metric_for_best_model":
            return args.metric_for_best_model == "loss"
        case "greater_is_better":
            metric = args.metric_for_best_model
            return metric is not None and args.greater_is_better is not metric.endswith("loss")
        case "dataloader_pin_memory":
            return args.use_cpu
        case _:
            return True
