"""The model that is trained: its class, its size, its configuration, and what trains it."""

from typing import Any, Final

from torch import nn
from transformers import Trainer

from mllog_callbacks.facts import AlgorithmSelected, Choice, ModelSize, Parameters
from mllog_transformers.parameters import FRAMEWORK

__all__ = ["algorithm", "plain_model"]

_CALLER: Final = "the caller"
_DEFAULT: Final = f"the defaults of {FRAMEWORK}"
_ARGUMENTS: Final = ("optim", "lr_scheduler_type")


def algorithm(trainer: Trainer) -> AlgorithmSelected:
    """The facts of model, optimiser, scheduler and precision, as the trainer has them."""
    whole, args = trainer.model, trainer.args
    model = plain_model(whole)
    choices = {"model": Choice(value=type(model).__name__, by=_CALLER)}
    if adapters := getattr(whole, "peft_config", None):
        kinds = sorted({type(each).__name__ for each in adapters.values()})
        choices["peft"] = Choice(value=", ".join(kinds), by=_CALLER)
    defaults = {each.name: each.default for each in args.__dataclass_fields__.values()}
    for name in _ARGUMENTS:
        value = getattr(args, name)
        by = _DEFAULT if value == defaults.get(name) else _CALLER
        choices[name] = Choice(value=str(value.value), by=by)
    mixed = next((each for each in ("bf16", "fp16") if getattr(args, each)), None)
    if mixed is not None:
        choices["mixed_precision"] = Choice(value=mixed, by=_CALLER)
    weight = None if whole is None else next(iter(whole.parameters()), None)
    if weight is not None:
        choices["dtype"] = Choice(value=str(weight.dtype).removeprefix("torch."), by="the model")
    tokenizer = trainer.processing_class
    if tokenizer is not None:
        choices["processing_class"] = Choice(value=type(tokenizer).__name__, by=_CALLER)
    return AlgorithmSelected(
        choices=choices,
        size=None if whole is None else _size(whole),
        parameters=_configuration(model),
    )


def plain_model(model: Any) -> Any:
    """A model without the wrappers of PEFT, torch.compile and distributed training."""
    base = getattr(model, "get_base_model", None)
    if base is not None:
        model = base()
    return getattr(model, "_orig_mod", getattr(model, "module", model))


def _size(model: nn.Module) -> ModelSize:
    sizes = [(each.numel(), each.requires_grad) for each in model.parameters()]
    trainable = sum(many for many, grad in sizes if grad)
    return ModelSize(parameters=sum(many for many, _ in sizes), trainable=trainable)


def _configuration(model: Any) -> Parameters | None:
    """What the model's configuration says that is not the default of its class."""
    config: Any = getattr(model, "config", None)
    differing = getattr(config, "to_diff_dict", None)
    if differing is None:
        return None
    # `to_diff_dict` leaves out the defaults of the base class alone
    usual = type(config)().to_dict()
    own = {
        name: each for name, each in differing().items() if name not in usual or usual[name] != each
    }
    return Parameters(given=own, framework=f"{type(config).__name__} of {FRAMEWORK}")
