"""The rules that may stop a training, and whether LightGBM puts them into effect."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from lightgbm import CVBooster

from mllog_lightgbm.calls import Audit, name_of
from mllog_lightgbm.names import first_free
from mllog_lightgbm.results import Result
from mllog_lightgbm.stops import is_early_stopping

__all__ = ["NOT_KNOWN", "EarlyStopping", "Stopping", "stopping"]


class EarlyStopping(NamedTuple):
    """LightGBM's own early stopping.

    Attributes:
        patience: Iterations without improvement that it allows.
        first_metric_only: Whether it looks at the first metric alone.
        by_parameter: Whether the parameter `early_stopping_round` has set it.
        off: Why it is off; empty where it is on.
    """

    patience: int
    first_metric_only: bool = False
    by_parameter: bool = False
    off: str = ""

    def as_fact(self) -> dict[str, object]:
        """The rule, by the names of facts."""
        told: dict[str, object] = {
            "patience": self.patience,
            "unit": "iteration",
            "on": not self.off,
        }
        return {**told, "why_off": self.off} if self.off else told


class Stopping(NamedTuple):
    """What may stop a training.

    Attributes:
        rules: LightGBM's own early stopping, each time it was given.
        others: Names of callbacks of the caller, which may stop it too.
        ignored: The set that early stopping leaves out.
    """

    rules: Sequence[EarlyStopping]
    others: Sequence[str] = ()
    ignored: str = ""

    @property
    def on(self) -> bool | None:
        """Whether early stopping is on; None where a callback of the caller may stop it too."""
        if any(not each.off for each in self.rules):
            return True
        return None if self.others else False

    @property
    def patience(self) -> int | None:
        """The most iterations without improvement that a rule which is on allows."""
        return max((each.patience for each in self.rules if not each.off), default=None)

    def as_facts(self) -> dict[str, dict[str, object]]:
        """The rules by their names."""
        found: dict[str, dict[str, object]] = {}
        for each in self.rules:
            found[first_free("early_stopping", {*found})] = each.as_fact()
        return found

    def watched(self, results: Sequence[Result]) -> set[tuple[str, str]] | None:
        """Set and metric of what the rules look at; None where none is on."""
        on = [each for each in self.rules if not each.off]
        if not on or not results:
            return None
        alone = all(each.first_metric_only for each in on)
        return {
            (each.dataset, each.metric)
            for each in results
            if each.dataset != self.ignored and (not alone or each.metric == results[0].metric)
        }


NOT_KNOWN: Final = Stopping((), ("?",))


def stopping(
    model: Any,  # noqa: ANN401 - a booster, or one a fold
    callbacks: Collection[Any],
    known: Mapping[str, Any],
    dart: bool,  # noqa: FBT001 - called through `guarded`, by place
) -> Stopping:
    """Read what may stop a training, before its first iteration.

    Args:
        model: What is trained.
        callbacks: Those that LightGBM calls after each iteration.
        known: The variables of its call.
        dart: Whether it boosts by dart.
    """
    given = known.get("callbacks")
    listed = given if isinstance(given, Collection) else callbacks
    validating = isinstance(model, CVBooster) or model.name_valid_sets
    only_training = not validating and known.get("is_valid_contain_train") is True
    rules, others = [], []
    for each in callbacks:
        if is_early_stopping(each):
            by_parameter = all(each is not one for one in listed)
            off = _off(each, dart=dart, only_training=only_training)
            first = bool(each.first_metric_only)
            rules.append(EarlyStopping(each.stopping_rounds, first, by_parameter, off))
        elif not isinstance(each, Audit) and type(each).__module__ != "lightgbm.callback":
            others.append(name_of(each))
    return Stopping(rules, others, known.get("train_data_name", "train"))


def _off(callback: Any, *, dart: bool, only_training: bool) -> str:  # noqa: ANN401 - LightGBM's
    if callback.stopping_rounds <= 0:
        return f"stopping_rounds={callback.stopping_rounds}"
    if not callback.enabled:
        return "LightGBM switched this callback off in an earlier training"
    if dart:
        return "LightGBM has none with boosting=dart"
    if only_training:
        return "only the training data is evaluated"
    return ""
