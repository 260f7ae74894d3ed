"""The facts of a rule that may stop a training."""

from collections.abc import Iterable
from typing import Annotated

from mllog_callbacks.facts._course import Best
from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["Rule", "rules_by_name"]


class Rule(Group):
    """The rule that stopped a training, with the values it compared."""

    name: Annotated[str, Fact("The rule", "early_stopping")]
    set: Annotated[str | None, Fact("The data set whose metric decided", "valid_0")] = None
    metric: Annotated[str | None, Fact("The metric that decided", "binary_logloss")] = None
    mode: Annotated[str | None, Fact('Which values are better: "min" or "max"', "min")] = None
    best: Annotated[float | None, Fact("The best value by this rule", 0.164495)] = None
    best_at: Annotated[int | None, Fact("Where it was measured", 26)] = None
    best_deviation: Annotated[
        float | None, Fact("Standard deviation of the best value over folds", 0.0123)
    ] = None
    waited: Annotated[int | None, Fact("Checks without improvement since", 50)] = None
    patience: Annotated[int | None, Fact("Checks without improvement it allows", 50)] = None
    min_delta: Annotated[float | None, Fact("Least change that counts", 0.0)] = None
    first_metric_only: Annotated[
        bool | None, Fact("Whether it looks at the first metric alone", example=True)
    ] = None
    unit: Annotated[str | None, Fact("What a check is", "iteration")] = None
    set_by: Annotated[
        str | None, Fact("The parameter that switched it on", "early_stopping_round")
    ] = None
    off: Annotated[
        str | None, Fact("Why it is off; absent where it is on", "boosting=dart has none")
    ] = None
    value: Annotated[float | None, Fact("The value that met it")] = None
    threshold: Annotated[float | None, Fact("The value that it was compared with")] = None
    step: Annotated[int | None, Fact("Where that was measured, as the rule counts", 12)] = None
    trial: Annotated[int | None, Fact("Number of the trial of a search", 3)] = None
    message: Annotated[str | None, Fact("The framework's own words on it")] = None
    carried: Annotated[
        bool | None, Fact("Whether the best value is of an earlier training", example=True)
    ] = None

    condition: Annotated[
        str | None,
        Fact("Which of its conditions was met, where it has several", "stopping_threshold"),
    ] = None
    counts_as: Annotated[
        str | None, Fact("The value that met it, where that is no finite number", "NaN")
    ] = None
    best_unit: Annotated[
        str | None, Fact("What `best_at` counts, where that is no check", "epoch")
    ] = None
    passed_over: Annotated[
        Best | None, Fact("A better value that did not count: it is within `min_delta`")
    ] = None
    met_at: Annotated[
        int | None, Fact("The epoch after which it was met, where the training went on", 2)
    ] = None

    @property
    def is_met(self) -> bool:
        """Whether its patience was reached, or another of its conditions was met."""
        if self.condition is not None:
            return True
        if self.off is not None or self.waited is None or self.patience is None:
            return False
        return self.waited >= self.patience


def rules_by_name(rules: Iterable[Rule]) -> dict[str, Rule]:
    """Rules by their names, as an end has them; further ones of a name are numbered."""
    named: dict[str, Rule] = {}
    for rule in rules:
        same = sum(each.name == rule.name for each in named.values())
        named[f"{rule.name} {same + 1}" if same else rule.name] = rule
    return named
