"""XGBoost's early stopping: the state it begins with, and what it decided."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xgboost.callback import EarlyStopping, TrainingCallback

from mllog_callbacks.facts import Rule, rules_by_name

__all__ = ["History", "beginning", "deviation_of", "results_at", "rules"]

History = Mapping[str, Mapping[str, Sequence[Any]]]
"""The results by data set and metric; of a cross-validation with their deviations."""


def beginning(callbacks: Sequence[TrainingCallback]) -> dict[str, Rule]:
    """The early stoppings of a call by name, with what they keep of an earlier one."""
    return rules_by_name(
        Rule(
            name=type(each).__name__,
            set=each.data,
            metric=each.metric_name,
            mode=_mode(each),
            patience=each.rounds,
            unit="iteration",
            waited=each.current_rounds or None,
            best=_held(each),
            min_delta=_delta(each),
        )
        for each in _stoppers(callbacks)
    )


def rules(callbacks: Sequence[TrainingCallback], history: History) -> Iterator[Rule]:
    """What each early stopping saw by the end."""
    for each in _stoppers(callbacks):
        found = _watched(each, history)
        if found is None:
            continue
        dataset, metric = found
        best = each.best_scores.get(dataset, {}).get(metric, [None])[-1]
        waited = each.current_rounds
        done = len(history[dataset][metric])
        carried = waited >= done
        yield Rule(
            name=type(each).__name__,
            set=dataset,
            metric=metric,
            mode=_mode(each),
            best=None if best is None else _value_of(best),
            best_at=None if carried else done - waited,
            waited=waited,
            patience=each.rounds,
            min_delta=_delta(each),
            unit="iteration",
            carried=carried or None,
        )


def results_at(
    history: History, index: int, read: Callable[[Any], float] | None = None
) -> dict[str, dict[str, float]]:
    """The results of an iteration, counted from 0; or their deviations, by `deviation_of`."""
    read = _value_of if read is None else read
    return {
        name: {metric: read(values[index]) for metric, values in metrics.items()}
        for name, metrics in history.items()
    }


def deviation_of(result: tuple[float, float]) -> float:
    """The deviation over the folds of a cross-validation."""
    return float(result[1])


def _value_of(result: Any) -> float:  # noqa: ANN401 - a number, or mean and deviation
    """A result; of a cross-validation the mean, before the deviation."""
    return float(result[0] if isinstance(result, tuple) else result)


def _stoppers(callbacks: Sequence[TrainingCallback]) -> list[EarlyStopping]:
    return [each for each in callbacks if isinstance(each, EarlyStopping)]


def _watched(each: EarlyStopping, history: History) -> tuple[str, str] | None:
    """The set and the metric it compares: those it names, else XGBoost's last."""
    dataset = each.data or next(iter([*history][-1:]), "")
    metrics = history.get(dataset, {})
    metric = each.metric_name or next(iter([*metrics][-1:]), "")
    return (dataset, metric) if metric in metrics else None


def _mode(each: EarlyStopping) -> str | None:
    """What it takes for better; before its first comparison it may not have decided."""
    return None if each.maximize is None else "max" if each.maximize else "min"


def _delta(each: EarlyStopping) -> float | None:
    return float(getattr(each, "_min_delta", 0)) or None


def _held(each: EarlyStopping) -> float | None:
    """The best value that it keeps of an earlier training."""
    values = [scores[-1] for metrics in each.best_scores.values() for scores in metrics.values()]
    return _value_of(values[0]) if len(values) == 1 else None
