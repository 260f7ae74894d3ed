"""Checks that need the whole run: where the best was, what was monitored, what was gained."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from mllog_callbacks.detectors._baselines import Baseline, baseline_of, not_known
from mllog_callbacks.detectors._course import Course
from mllog_callbacks.detectors._facts import Facts
from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._protocol import Issue, Observation, Severity
from mllog_callbacks.detectors._run_end import RunEnd
from mllog_callbacks.detectors._stated import StatedDirections
from mllog_callbacks.schema import assumed_direction, count, parse_metric_name

__all__ = ["AT_END", "Curve", "at_end"]

FEWEST: Final = 5
"""Validation checks from which on the place of the best says something."""

_FOR_END: Final = 10
_LATELY: Final = 0.2
_STILL: Final = 0.05
_WORSE: Final = 0.05
_NOISES: Final = 3.0

_SHORT: Final = 0.1
_NEARLY_ALL: Final = 0.9
_FEW_ROWS: Final = 25


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


def at_end(
    curves: Sequence[Curve], end: RunEnd, facts: Facts, stated: StatedDirections
) -> Iterator[Issue]:
    """The issues that only the whole run shows.

    Args:
        curves: All curves of the run.
        end: How it ended.
        facts: What is known of the training.
        stated: The directions that the caller states.
    """
    if end.by == "error":
        return
    yield from _monitored(curves, end, facts)
    yield from _wrong_mode(curves, end, stated)
    yield from _baselines(curves, facts)
    yield from _leaks(curves, end, facts)
    yield from _small(curves, end, facts)
    for curve in curves:
        if not curve.directed or not curve.validation.checks:
            continue
        for check in (_best_at_start, _ended_worse, _best_at_end):
            issue = check(curve, end, facts)
            if issue is not None:
                yield issue


def _monitored(curves: Sequence[Curve], end: RunEnd, facts: Facts) -> Iterator[Issue]:
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
    copies = [name for name, each in (facts.sets or {}).items() if each.same_as]
    others = any(each.role != "training" for each in (facts.sets or {}).values())
    if facts.early_stopping and copies and not others:
        yield kind("monitored_training_data").issue(
            curves[0].place if curves else Observation(0),
            "Early stopping watches the training data.",
            f"The set {copies[0]} is the training data, and there is no other: its values go on "
            "improving when the model gets worse on new data.",
            {"set": copies[0]},
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


def _wrong_mode(curves: Sequence[Curve], end: RunEnd, stated: StatedDirections) -> Iterator[Issue]:
    for rule in end.all_rules():
        metric, mode = str(rule.get("metric") or ""), rule.get("mode")
        said = stated(metric)
        higher = assumed_direction(metric) if said is None else said
        if higher is None or mode not in {"min", "max"} or (mode == "max") == higher:
            continue
        better = "higher" if higher else "lower"
        yield kind("monitor_mode").issue(
            curves[0].place if curves else Observation(0),
            f"{rule.get('name')} keeps the worst {metric}: its mode is {mode}.",
            f"{'By its name' if said is None else 'As directions= states,'} {better} values of "
            f"{metric} are better, and mode={mode!r} takes the others for improvements.",
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
    """The training was still gaining when its plan was done; a warning where it gained much."""
    course, place = curve.validation, curve.place
    if end.by != "plan" or course.checks < _FOR_END or course.best_step != course.last_step:
        return None
    gained, lately = course.first - course.best, course.lately(_LATELY)
    if not lately >= _STILL * gained > 0:
        return None
    trend = lately / math.ceil(_LATELY * course.checks)
    noise = max(course.noise - trend, 0.0)  # the changes are of both
    short = lately >= _SHORT * gained and lately > _NOISES * noise
    if not short and not facts.early_stopping:
        return None
    subject = place.subject(train=False)
    never = "Early stopping never triggered: the" if facts.early_stopping else "The"
    return kind("best_at_end").issue(
        place,
        f"{subject} was still improving at the end ({place.at}).",
        f"{never} last fifth of the run brought {lately:.3g} of the {gained:.3g} gained in all.",
        {"best": place.own(course.best), "gained": gained, "gained_lately": lately},
        Severity.WARNING if short else Severity.INFO,
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


def _no_better(curve: Curve, facts: Facts) -> Issue | None:
    """Compares the best value with that of a prediction which uses no feature."""
    known, place = _known(curve, facts), curve.place
    if known is None or known.gain(_best(curve)) > known.chance:
        return None
    best = _best(curve)
    return kind("no_better_than_baseline").issue(
        place,
        f"{place.subject(train=False)} is no better than without any feature: {best:.4g} against "
        f"{known.value:.4g}.",
        f"Its best is {best:.4g}; the baseline is {known.value:.4g}, {known.words}"
        f"{_allowed(known, best)}.",
        {"best": best, "baseline": known.value, "chance": known.chance},
        subject=place.curve(train=False),
    )


def _allowed(known: Baseline, best: float) -> str:
    """That a value is better by no more than chance brings; empty where it is not better."""
    if known.gain(best) <= 0:
        return ""
    return f", and a difference of {known.chance:.2g} comes by chance on so few rows"


def _known(curve: Curve, facts: Facts) -> Baseline | None:
    """The baseline of a curve on a validation set; a few rows show nothing about it."""
    rows = _rows(curve, facts)
    if not curve.validation.checks or (rows is not None and rows <= _FEW_ROWS):
        return None
    return baseline_of(curve.place.metric, curve.place.dataset, facts)


def _best(curve: Curve) -> float:
    return curve.place.own(curve.validation.best)


def _baselines(curves: Sequence[Curve], facts: Facts) -> Iterator[Issue]:
    """The sets on which no metric with a baseline is better than that."""
    measured = [each for each in curves if each.directed and each.validation.checks]
    for _, of_set in groupby(sorted(measured, key=_set), key=_set):
        compared = [each for each in of_set if _known(each, facts) is not None]
        found = [_no_better(each, facts) for each in compared]
        issues = [each for each in found if each is not None]
        if len(issues) == len(compared):
            yield from issues


def _set(curve: Curve) -> str:
    return curve.place.dataset


def _leaks(curves: Sequence[Curve], end: RunEnd, facts: Facts) -> Iterator[Issue]:
    """One feature has nearly all gain, and the score is near-perfect."""
    name, share = max(end.importance.items(), key=lambda each: each[1], default=("", 0.0))
    if share < _NEARLY_ALL or max(facts.features or 0, len(end.importance)) < 2:  # noqa: PLR2004 - else it is the only one
        return
    for curve in curves:
        known = _known(curve, facts) if curve.directed else None
        if known is not None and known.is_perfect(_best(curve)):
            place = curve.place
            yield kind("possible_leak").issue(
                place,
                f"Feature {name} may contain the target.",
                f"{name} has {share:.1%} of all gain, and {place.subject(train=False)} is "
                f"near-perfect: {_best(curve):.4g}; the baseline is {known.value:.4g}, "
                f"{known.words}.",
                {"feature": name, "share": share, "best": _best(curve), "baseline": known.value},
                subject=place.curve(train=False),
            )
            return


def _small(curves: Sequence[Curve], end: RunEnd, facts: Facts) -> Iterator[Issue]:
    """A rule has chosen the model or the end by a validation set of a few rows."""
    decides = facts.early_stopping or end.chosen_by is not None or end.rule is not None
    named = end.rule.get("set") if end.rule else None
    for curve in curves if decides else ():
        place, rows = curve.place, _rows(curve, facts)
        if not curve.validation.checks or rows is None or rows > _FEW_ROWS:
            continue
        if named in {None, "", place.dataset}:
            error = 1 / math.sqrt(rows)
            yield kind("small_validation_set").issue(
                place,
                f"The {place.dataset} set that decided has {count(rows, 'row')}.",
                f"{count(rows, 'row')} give a mean with a standard error of {error:.0%} of the "
                "deviation of single rows: too much to distinguish models or iterations.",
                {"rows": rows, "standard_error": error},
                subject=place.curve(train=False),
            )
            return


def _rows(curve: Curve, facts: Facts) -> int | None:
    data = (facts.sets or {}).get(curve.place.dataset)
    return None if data is None or data.role == "training" else data.rows


AT_END: Final[Mapping[str, Callable[[Sequence[Curve], RunEnd, Facts], str]]] = {
    "best_at_start": lambda curves, _end, _facts: _too_few(curves, FEWEST),
    "best_at_end": lambda curves, end, _facts: (
        "the run did not end as planned" if end.by != "plan" else _too_few(curves, _FOR_END)
    ),
    "monitored_training_data": lambda _curves, end, facts: (
        ""
        if facts.early_stopping or [*end.all_rules()]
        else "no rule stopped the run or chose its model"
    ),
    "monitor_mode": lambda _curves, end, _facts: (
        "" if any(each.get("mode") for each in end.all_rules()) else "no rule with a known mode"
    ),
    "ended_worse": lambda curves, end, _facts: (
        "which model is kept is not known" if not end.keeps else _too_few(curves, FEWEST)
    ),
    "no_better_than_baseline": lambda curves, _end, facts: (
        ""
        if any(_known(each, facts) for each in curves)
        else not_known(facts) or "no metric with a known baseline on a validation set"
    ),
    "possible_leak": lambda curves, end, facts: (
        "the importance of features is not known"
        if not end.importance
        else ""
        if any(_known(each, facts) for each in curves)
        else not_known(facts) or "no metric with a known baseline on a validation set"
    ),
    "small_validation_set": lambda curves, _end, facts: (
        ""
        if any(_rows(each, facts) for each in curves)
        else "the rows of the validation set are not known"
    ),
}
"""The checks at the end of a run by name, and why each could not run; empty where it could."""


def _too_few(curves: Sequence[Curve], needed: int) -> str:
    most = max((each.validation.checks for each in curves if each.directed), default=0)
    if not most:
        return "no validation values of a metric with a known direction"
    return "" if most >= needed else f"{count(most, 'check')}, needs {needed}"
