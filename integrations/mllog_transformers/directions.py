"""Whether more of a metric is better, by its name, or by the training's arguments."""

from transformers import TrainingArguments

from mllog_callbacks.schema import assumed_direction

__all__ = ["Directions"]


class Directions:
    """The direction of each metric of a training.

    A metric's usual name goes before `greater_is_better`: the class sets that itself, for every
    metric whose name does not end in "loss".

    Args:
        args: The training's arguments.
        about: Set and metric that `metric_for_best_model` names; None where it names none.
    """

    def __init__(self, args: TrainingArguments, about: tuple[str, str] | None) -> None:
        self._chosen = None if about is None else about[1]
        self._greater = args.greater_is_better

    def __call__(self, metric: str) -> bool | None:
        """Whether more is better; None where neither the name nor an argument says so."""
        known = assumed_direction(metric)
        if known is None and metric == self._chosen:
            return self._greater
        return known
