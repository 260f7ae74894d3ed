"""The rules that may stop a training: whether LightGBM puts them into effect, and what they did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import lightgbm.callback
from lightgbm import CVBooster

from mllog_callbacks.facts import Rule
from mllog_lightgbm.batches import Result, Row, first_free, read_results
from mllog_lightgbm.calls import Audit, name_of

__all__ = ["NOT_KNOWN", "EarlyStop", "Stopping", "read_stop", "stopping"]

_EARLY_STOPPING: Final = getattr(lightgbm.callback, "_EarlyStoppingCallback", None)
_NAME: Final = "early_stopping"
_PARAMETER: Final = "early_stopping_round"
_UNIT: Final = "iteration"


class Stopping(NamedTuple):
    """What may stop a training.

    Attributes:
        rules: LightGBM's own early stopping, by name; each time that it was given.
        callbacks: Names of the caller's callbacks, which may stop it too.
        ignored: The set that early stopping leaves out.
    """

    rules: Mapping[str, Rule]
    callbacks: tuple[str, ...] = ()
    ignored: str = ""

    @property
    def off(self) -> dict[str, Rule]:
        """The rules that are off."""
        return {name: rule for name, rule in self.rules.items() if rule.off is not None}

    def watched(self, results: Sequence[Result]) -> set[tuple[str, str]] | None:
        """Set and metric of what the rules look at; None where none is on."""
        on = [each for each in self.rules.values() if each.off is None]
        if not on or not results:
            return None
        alone = all(each.first_metric_only for each in on)
        return {
            (each.dataset, each.metric)
            for each in results
            if each.dataset != self.ignored and (not alone or each.metric == results[0].metric)
        }


NOT_KNOWN: Final = Stopping({}, ("a callback that is not known",))


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
    validating = isinstance(model, CVBooster) or model.name_valid_sets
    only_training = not validating and known.get("is_valid_contain_train") is True
    rules: dict[str, Rule] = {}
    others = []
    for each in callbacks:
        if _is_early_stopping(each):
            off = _off(each, dart=dart, only_training=only_training)
            given = _is_given(each, known.get("callbacks"), callbacks)
            rules[first_free(_NAME, rules)] = replace(_rule(each, given=given), off=off)
        elif not isinstance(each, Audit) and type(each).__module__ != "lightgbm.callback":
            others.append(name_of(each))
    return Stopping(rules, tuple(others), known.get("train_data_name", "train"))


def _is_early_stopping(callback: object) -> bool:
    """Whether a callback is LightGBM's own early stopping."""
    return _EARLY_STOPPING is not None and isinstance(callback, _EARLY_STOPPING)


def _is_given(callback: object, given: object, default: Collection[Any]) -> bool:
    """Whether the caller gave a callback; else LightGBM added it, for a parameter."""
    listed = given if isinstance(given, Collection) else default
    return any(callback is each for each in listed)


def _rule(callback: Any, *, given: bool) -> Rule:  # noqa: ANN401 - LightGBM's own class
    return Rule(
        name=_NAME,
        patience=callback.stopping_rounds,
        first_metric_only=bool(callback.first_metric_only) or None,
        unit=_UNIT,
        set_by=None if given else _PARAMETER,
    )


def _off(callback: Any, *, dart: bool, only_training: bool) -> str | None:  # noqa: ANN401 - LightGBM's
    if callback.stopping_rounds <= 0:
        return f"stopping_rounds={callback.stopping_rounds}"
    if not callback.enabled:
        return "LightGBM switched this callback off in an earlier training"
    if dart:
        return "LightGBM has none with boosting=dart"
    if only_training:
        return "only the training data is evaluated"
    return None


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """An early stop, as the callback that raised it says.

    Attributes:
        rule: The rule, with the values it compared.
        iteration: The iteration after which it was raised, counted from 1.
        best_iteration: The iteration whose model is kept, counted from 1.
        results: The results at that iteration.
        chooses: Whether the rule chose that iteration, and did not only end the training there.
    """

    rule: Rule
    iteration: int
    best_iteration: int
    results: list[Result]
    chooses: bool = True


def read_stop(
    callback: Any,  # noqa: ANN401 - LightGBM's own class, or any other
    *,
    given: object,
    iteration: int,
    planned: int,
    best_iteration: int,
    at_best: Sequence[Row] | None,
    last: Sequence[Row],
    ignored: str,
) -> EarlyStop:
    """Read an early stop from what it left, once the call is over.

    Args:
        callback: The callback that raised `EarlyStopException`.
        given: The callbacks that the caller gave.
        iteration: The iteration after which it was raised, counted from 1.
        planned: The last that was planned.
        best_iteration: The iteration that it named the best, counted from 1.
        at_best: The results that it named; None where they are not known.
        last: The results of the last iteration.
        ignored: The set that early stopping leaves out: that of the training data.
    """
    results = read_results(at_best)
    if not _is_early_stopping(callback):
        rule = Rule(name=name_of(callback), best_at=best_iteration, unit=_UNIT)
        return EarlyStop(rule, iteration, best_iteration, results)
    # in the last iteration it stops at the first result it looks at, however long it waited
    enough = 0 if iteration == planned else callback.stopping_rounds
    index = _deciding_index(callback, read_results(last), iteration - 1 - enough, ignored)
    if index is not None and callback.best_iter[index] + 1 != best_iteration:
        index = None  # another version's rule
    if index is not None:
        results = read_results(callback.best_score_list[index])
    rule = replace(
        _rule(callback, given=_is_given(callback, given, (callback,))),
        best_at=best_iteration,
        waited=iteration - best_iteration,
        min_delta=_min_delta(callback, index),
    )
    if index is not None and index < len(results):
        deciding = results[index]
        rule = replace(
            rule,
            set=deciding.dataset,
            metric=deciding.metric,
            mode="max" if deciding.higher_is_better else "min",
            best=deciding.value,
            best_deviation=deciding.deviation,
        )
    return EarlyStop(rule, iteration, best_iteration, results)


def _deciding_index(
    callback: Any,  # noqa: ANN401 - LightGBM's own class
    last: Sequence[Result],
    latest: int,
    ignored: str,
) -> int | None:
    """Which of the results decided, as early stopping goes through them.

    Args:
        callback: The callback.
        last: The results of the last iteration.
        latest: The latest best iteration, from 0, at which it stops.
        ignored: The set that is left out.
    """
    for index, (each, best) in enumerate(zip(last, callback.best_iter, strict=False)):
        first = {each.metric, each.metric.split(" ")[-1]}  # the second before 4.7
        if callback.first_metric_only and callback.first_metric not in first:
            continue
        if each.dataset != ignored and best <= latest:
            return index
    return None


def _min_delta(callback: Any, index: int | None) -> float:  # noqa: ANN401 - LightGBM's own class
    """The least change of the result that decided, bound into LightGBM's comparison of it."""
    compare = getattr(callback, "cmp_op", [])
    if index is not None and index < len(compare):
        return float(getattr(compare[index], "keywords", {}).get("delta", 0.0))
    return 0.0
