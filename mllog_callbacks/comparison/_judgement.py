"""A run held against another: its score, its end and its pace, each with the noise it has."""

from math import hypot
from typing import Final, NamedTuple

from mllog_callbacks.comparison._parting import Line, noise_of
from mllog_callbacks.comparison._run import ComparedRun
from mllog_callbacks.comparison._score import Mode

__all__ = ["Judgement", "Noise", "judge", "noise_of_run"]

_BEYOND: Final = 2.0
"""So many standard deviations of both runs' noise is beyond it: one in twenty by chance."""

_ROUNDING: Final = 2.0**-20
_FEWEST: Final = 5
_LATE: Final = 0.5
"""The part of a curve, from its end, of which the noise is that of the score."""


class Noise(NamedTuple):
    """How much a score varies without a reason.

    Attributes:
        value: As a standard deviation; None where nothing shows it.
        by: What shows it.
    """

    value: float | None
    by: str


class Judgement(NamedTuple):
    """A run held against another.

    Attributes:
        change: Its score less the other's; None where one has none.
        gain: The same where more is better, else its opposite; None where that is not known.
        noise: The noise of that difference; None where nothing shows it.
        noise_by: What shows it.
        pace: Its seconds a step, as a share of the other's; None where they cannot be compared.
        worse: In what it is worse by more than its noise: "score", "end", "speed".
        better: Whether its score is better by more than its noise.
    """

    change: float | None
    gain: float | None
    noise: float | None
    noise_by: str
    pace: float | None
    worse: tuple[str, ...]
    better: bool


def judge(
    run: ComparedRun,
    other: ComparedRun,
    metric: str,
    mode: Mode,
    noises: tuple[Noise, Noise],
    slower: float | None,
) -> Judgement:
    """Hold a run against another.

    Args:
        run: The run.
        other: The other.
        metric: The metric.
        mode: Which of its values are better.
        noises: The noise of the score of each.
        slower: From which share of the other's seconds a step on it is worse, as in 1.2; None
            where speed is not judged, for the seconds of one run do not show their noise.
    """
    one, two = run.scores.get(metric), other.scores.get(metric)
    change = None if one is None or two is None else one.value - two.value
    gain = None if change is None or not mode else change if mode == "max" else -change
    known = [each.value for each in noises if each.value is not None]
    noise = hypot(*known) if known else None
    pace = run.pace / other.pace if run.pace and other.pace and run.unit == other.unit else None
    worse = []
    least = _BEYOND * (noise or 0.0)
    if two is not None:
        least += _ROUNDING * abs(two.value)
    if (gain is not None and gain < -least) or (one is None and two is not None):
        worse.append("score")
    if _is_worse_end(run, other):
        worse.append("end")
    if slower is not None and pace is not None and pace > slower:
        worse.append("speed")
    by = " and ".join(dict.fromkeys(each.by for each in noises if each.value is not None))
    return Judgement(
        change, gain, noise, by, pace, tuple(worse), better=gain is not None and gain > least
    )


def _is_worse_end(run: ComparedRun, other: ComparedRun) -> bool:
    """Whether it failed, or ended in a way that its verdict calls broken, and the other did not."""
    if other.mood == "good" and run.mood != "good":
        return True
    return run.verdict == "broken" and other.verdict != "broken"


def noise_of_run(run: ComparedRun, metric: str, repeats: float | None) -> Noise:
    """The noise of a run's score, by the best evidence there is.

    Args:
        run: The run.
        metric: The metric.
        repeats: The standard deviation over runs that differ in their seeds alone.
    """
    score = run.scores.get(metric)
    if score is not None and score.error is not None:
        return Noise(score.error, "its folds")
    if repeats is not None:
        return Noise(repeats, "runs that differ in their seeds alone, as far as recorded")
    line = run.curves.get(metric)
    at, values = _late(line) if line is not None else ([], [])
    if len(at) < _FEWEST:
        return Noise(None, "")
    return Noise(noise_of(at, values), "the end of its curve")


def _late(line: Line) -> tuple[list[float], list[float]]:
    """The finite values of the later part of a curve, and where they were measured."""
    pairs = zip(line.at, line.values, strict=True)
    kept = [(at, value) for at, value in pairs if value is not None]
    late = kept[min(int(len(kept) * _LATE), max(len(kept) - _FEWEST, 0)) :]
    return [at for at, _ in late], [value for _, value in late]
