"""Checks that need the whole run: where the best was, what was monitored, what was gained."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mllog_callbacks.detectors._course import Course
from mllog_callbacks.detectors._facts import Facts
from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._protocol import Issue, Observation
from mllog_callbacks.detectors._run_end import RunEnd
from mllog_callbacks.schema import assumed_direction, count, parse_metric_name

__all__ = ["AT_END", "Curve", "at_end"]

FEWEST: Final = 5
"""Validation checks from which on the place of the best says something."""

_FOR_END: Final = 10
_LATELY: Final = 0.2
_STILL: Final = 0.05
_WORSE: Final = 0.05
_NOISES: Final = 3.0
_PRIOR: Final = 0.99

_LOG_LOSSES: Final = frozenset(
    {"binary_logloss", "multi_logloss", "logloss", "mlogloss", "log_loss", "cross_entropy"}
)
_ERRORS: Final = frozenset({"binary_error", "multi_error", "error", "merror"})
_ACCURACIES: Final = frozenset({"accuracy", "acc"})


class Curve:
    """A metric on a validation set, and on the training data, at the end of its run.

    Args:
        place: The last observation of it.
        train: Its values on the training data.
        validation: Its values on the validation set.
        same: At how many checks both had the very same value; 0 where they differed once.
    """

    def __init__(self, place: Observation, train: Course, validation: Course, same: int) -> None:
        self.place, self.train, self.validation, self.same = place, train, validation, same

    @property
    def main(self) -> Course:
        """The values that decide: on the validation set, where there are any."""
        return self.validation if self.validation.checks else self.train

    @property
    def directed(self) -> bool:
        """Whether its direction is known."""
        return self.place.higher_is_better is not None


def at_end(curves: Sequence[Curve], end: RunEnd, facts: Facts) -> Iterator[Issue]:
    """The issues that only the whole run shows.

    Args:
        curves: All curves of the run.
        end: How it ended.
        facts: What is known of the training.
    """
    if end.by == "error":
        return
    yield from _monitored(curves, end)
    yield from _wrong_mode(curves, end)
    for curve in curves:
        if not curve.directed or not curve.validation.checks:
            continue
        for check in (_baseline, _best_at_start, _ended_worse, _best_at_end):
            issue = check(curve, end, facts)
            if issue is not None:
                yield issue


def _monitored(curves: Sequence[Curve], end: RunEnd) -> Iterator[Issue]:
    for rule in end.all_rules():
        monitored = _of_training(rule, curves)
        if monitored:
            yield kind("monitored_training_data").issue(
                curves[0].place if curves else Observation(0),
                f"{rule.get('name')} watches the training data.",
                f"{monitored}, which goes on improving when the model gets worse on new data.",
                {"rule": str(rule.get("name")), "metric": str(rule.get("metric"))},
            )
            return
    for curve in curves:
        if curve.same >= FEWEST:
            place = curve.place
            yield kind("monitored_training_data").issue(
                place,
                f"The validation set {place.dataset} gives the training data's values.",
                f"{place.metric} was the very same on both at all {count(curve.same, 'check')}; "
                "it does not show how the model does on new data.",
                {"repeated": curve.same},
                subject=place.curve(train=False),
            )
            return


def _of_training(rule: Mapping[str, Any], curves: Sequence[Curve]) -> str:
    """Why a rule is taken to watch the training data; empty where it is not."""
    metric, dataset = str(rule.get("metric") or ""), rule.get("set")
    if parse_metric_name(metric).stage == "training":
        return f"It monitors {metric}"
    for curve in curves:
        only_training = curve.train.checks and not curve.validation.checks
        if only_training and curve.place.metric == metric and curve.place.dataset == dataset:
            return f"It monitors {metric} on {dataset}, the training data"
    return ""


def _wrong_mode(curves: Sequence[Curve], end: RunEnd) -> Iterator[Issue]:
    for rule in end.all_rules():
        metric, mode = str(rule.get("metric") or ""), rule.get("mode")
        higher = assumed_direction(metric) if metric else None
        if higher is None or mode not in {"min", "max"} or (mode == "max") == higher:
            continue
        better = "higher" if higher else "lower"
        yield kind("monitor_mode").issue(
            curves[0].place if curves else Observation(0),
            f"{rule.get('name')} keeps the worst {metric}: its mode is {mode}.",
            f"By its name {better} values of {metric} are better, and mode={mode!r} takes the "
            "others for improvements.",
            {"metric": metric, "mode": str(mode)},
        )
        return


def _best_at_start(curve: Curve, _end: RunEnd, _facts: Facts) -> Issue | None:
    course, place = curve.validation, curve.place
    if course.checks < FEWEST or course.best < course.first:
        return None
    if not course.level - course.first > max(course.noise, 0.0):
        return None
    subject, shown = place.subject(train=False), place.shown
    return kind("best_at_start").issue(
        place,
        f"{subject} was best at the first of {course.checks:,} checks.",
        f"It was {shown(course.first)} at {place.counted} {course.best_step:,} and is "
        f"{shown(course.last)} at {place.at}: the training has not improved it.",
        {"best": place.own(course.best), "best_step": course.best_step},
        subject=place.curve(train=False),
        since=course.best_step,
    )


def _best_at_end(curve: Curve, end: RunEnd, facts: Facts) -> Issue | None:
    course, place = curve.validation, curve.place
    stopped_as_planned = end.by == "plan" and facts.early_stopping is True
    if not stopped_as_planned or course.checks < _FOR_END or course.best_step != course.last_step:
        return None
    gained, lately = course.first - course.best, course.lately(_LATELY)
    if not lately >= _STILL * gained > 0:
        return None
    subject = place.subject(train=False)
    return kind("best_at_end").issue(
        place,
        f"{subject} was still improving at the end ({place.at}).",
        f"Early stopping never triggered: the last fifth of the run brought {lately:.3g} of the "
        f"{gained:.3g} gained in all.",
        {"best": place.own(course.best), "gained": gained, "gained_lately": lately},
        subject=place.curve(train=False),
    )


def _ended_worse(curve: Curve, end: RunEnd, _facts: Facts) -> Issue | None:
    course, place = curve.validation, curve.place
    above = course.level - course.first
    chosen = end.chosen_by is not None
    if course.checks < FEWEST or chosen or not end.keeps:
        return None
    if not above > _WORSE * abs(course.first) > 0 or not above > _NOISES * course.noise:
        return None
    subject, shown = place.subject(train=False), place.shown
    return kind("ended_worse").issue(
        place,
        f"{subject} ended worse than it began.",
        f"It was {shown(course.first)} at first, {shown(course.best)} at its best "
        f"({place.counted} {course.best_step:,}) and is {shown(course.last)} at {place.at}, of "
        "which the model is kept.",
        {
            "start": place.own(course.first),
            "best": place.own(course.best),
            "value": place.own(course.last),
        },
        subject=place.curve(train=False),
    )


def _baseline(curve: Curve, _end: RunEnd, facts: Facts) -> Issue | None:
    """Compares the best value with what the class shares alone give."""
    counts = [each for each in (facts.classes or {}).values() if each > 0]
    course, place = curve.validation, curve.place
    if len(counts) < 2 or not course.checks:  # noqa: PLR2004 - one class has no entropy
        return None
    shares = [each / sum(counts) for each in counts]
    baseline, words = _given(parse_metric_name(place.metric).key, shares)
    if not words:
        return None
    best = course.best
    if place.higher_is_better:
        worse = -best <= baseline
    else:
        worse = best >= (_PRIOR * baseline if words == _ENTROPY else baseline)
    if not worse:
        return None
    subject = place.subject(train=False)
    return kind("no_better_than_baseline").issue(
        place,
        f"{subject} is no better than guessing from the class shares.",
        f"Its best is {place.shown(best)}; {words} is {baseline:.4g} (the largest class has "
        f"{max(shares):.0%} of the training rows).",
        {"best": place.own(best), "baseline": baseline},
        subject=place.curve(train=False),
    )


_ENTROPY: Final = "the entropy of the class shares"


def _given(metric: str, shares: Sequence[float]) -> tuple[float, str]:
    """The baseline of a metric, and what it is; no words where there is none."""
    if metric in _LOG_LOSSES:
        return -sum(each * math.log(each) for each in shares), _ENTROPY
    if metric in _ERRORS:
        return 1 - max(shares), "the error of always predicting the largest class"
    if metric in _ACCURACIES:
        return max(shares), "the accuracy of always predicting the largest class"
    return math.nan, ""


AT_END: Final[Mapping[str, Callable[[Sequence[Curve], RunEnd, Facts], str]]] = {
    "best_at_start": lambda curves, _end, _facts: _too_few(curves, FEWEST),
    "best_at_end": lambda curves, end, facts: (
        "no early stopping"
        if not facts.early_stopping
        else "the run did not end as planned"
        if end.by != "plan"
        else _too_few(curves, _FOR_END)
    ),
    "monitored_training_data": lambda _curves, end, _facts: (
        "" if [*end.all_rules()] else "no rule stopped the run or chose its model"
    ),
    "monitor_mode": lambda _curves, end, _facts: (
        "" if any(each.get("mode") for each in end.all_rules()) else "no rule with a known mode"
    ),
    "ended_worse": lambda curves, end, _facts: (
        "which model is kept is not known" if not end.keeps else _too_few(curves, FEWEST)
    ),
    "no_better_than_baseline": lambda curves, _end, facts: (
        "class counts are not known"
        if not facts.classes
        else ""
        if any(
            _given(parse_metric_name(each.place.metric).key, [1.0])[1]
            for each in curves
            if each.validation.checks
        )
        else "no log loss, error rate or accuracy on a validation set"
    ),
}
"""The checks at the end of a run by name, and why each could not run; empty where it could."""


def _too_few(curves: Sequence[Curve], needed: int) -> str:
    most = max((each.validation.checks for each in curves if each.directed), default=0)
    if not most:
        return "no validation values of a metric with a known direction"
    return "" if most >= needed else f"{count(most, 'check')}, needs {needed}"
