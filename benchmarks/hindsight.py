"""What was wrong with a training, judged by its whole curve: for the benchmark of the detectors.

Labels are "yes", "no", or None where it cannot be said: borderline cases, and curves that are too
short. None of this is what a detector computes: all of the curve is in view, and smoothing is
centred. Values are turned so that less is better, and cut at the first that is not finite. With S
the centred mean of the values (after a running median of three) over a twentieth of the curve,
`noise` the standard deviation by second differences, `error` that of S, and `gain` the first value
less the least S:

- overfitting: at the end the validation loss stands above its least S by 4 errors, by 10 % of the
  gain or of the least, and for a positive loss by 3 % of the least, while the training loss fell by
  2 % since; no: 2 errors at most, 3 % of the gain and 2 % of the least, or no fall. Where it came
  back later, nothing is said: an alarm was right when it was recorded.
- plateau: the last third brought 1 % of the gain, or 2 errors and no falling trend (t > -2); no:
  4 % of the gain and 4 errors.
- divergence: a running median of three stands above the first value by it or by the gain; no: by
  half of that nowhere.
- spike: a value stands above the median of five on either side by 10 times the noise about it, by
  25 % of the range before and of the level, and falls back; no: nowhere by 4 times the noise and
  10 %.
- oscillation: in a window of the curve residuals about a line deviate by 10 % of the level and 5 %
  of the first value, the line falls by less than that, and half of the changes reverse; no: 5 % of
  the level, 2 % of the first value, or a fall of three deviations, in all windows.
- no convergence: less than 3 % of the first value was ever gained; no: 10 % within the patience.
"""

import math
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mllog_callbacks.detectors import Unit

__all__ = ["NAMES", "Curve", "Label", "labels"]

Array: TypeAlias = NDArray[np.floating[Any]]
Label: TypeAlias = Literal["yes", "no"] | None

NAMES: Final = (
    "overfitting",
    "plateau",
    "divergence",
    "spike",
    "oscillation",
    "no_convergence",
    "non_finite",
)
_WINDOW: Final[dict[Unit, int]] = {"epoch": 15, "iteration": 50, "step": 200}
_PATIENCE: Final[dict[Unit, int]] = {"epoch": 15, "iteration": 50, "step": 500}
_WHITE: Final = math.sqrt(12 / math.pi)  # mean absolute second difference of white noise


class Curve(NamedTuple):
    """One metric of a training.

    Attributes:
        metric: Its name.
        unit: What a value stands for.
        train: On the training data; empty where not measured.
        validation: On the validation data, likewise.
        higher_is_better: Its direction.
    """

    metric: str
    unit: Unit
    train: list[float]
    validation: list[float]
    higher_is_better: bool = False

    @property
    def finite(self) -> int:
        """The number of checks before the first value that is not finite."""
        both = [self.train, self.validation]
        bad = [i for each in both for i, value in enumerate(each) if not math.isfinite(value)]
        return min(bad, default=max(map(len, both)))

    def losses(self, values: list[float]) -> Array:
        """The finite values, turned."""
        return np.array(values[: self.finite], float) * (-1 if self.higher_is_better else 1)


def labels(curve: Curve) -> dict[str, Label]:
    """The label of each name."""
    train, validation = curve.losses(curve.train), curve.losses(curve.validation)
    trained = train if len(train) else validation
    watched = validation if len(validation) else train
    found: dict[str, Label] = dict.fromkeys(NAMES)
    whole = max(len(curve.train), len(curve.validation))
    found["non_finite"] = "no" if curve.finite == whole else "yes"
    if len(watched) < 6:  # noqa: PLR2004 - nothing can be said of fewer
        return found
    found["overfitting"] = _overfitting(curve, train, validation)
    found["plateau"] = _plateau(curve, watched)
    found["divergence"] = _divergence(trained)
    found["spike"] = _spike(curve, [each for each in (train, validation) if len(each)])
    found["oscillation"] = _oscillation(curve, trained)
    found["no_convergence"] = _no_convergence(curve, trained)
    return found


def _smooth(values: Array) -> tuple[Array, int]:
    """S, and over how many values it goes to either side and in the middle."""
    half = max(3, len(values) // 20) // 2
    calm = [float(np.median(values[max(0, i - 1) : i + 2])) for i in range(len(values))]
    means = [np.mean(calm[max(0, i - half) : i + half + 1]) for i in range(len(calm))]
    return np.array(means), 2 * half + 1


def _noise(values: Array) -> float:
    changes = np.abs(np.diff(values[len(values) // 3 :], 2))
    middle = np.median(changes) if len(changes) else 0.0
    if middle > 0:
        changes = np.minimum(changes, 5 * middle)
    return float(np.mean(changes)) / _WHITE if len(changes) else 0.0


def _error(values: Array, width: int) -> float:
    return _noise(values) * math.sqrt(2 / width)


def _is_positive(curve: Curve, values: Array) -> bool:
    return not curve.higher_is_better and bool(values.min() > 0)


def _overfitting(curve: Curve, train: Array, validation: Array) -> Label:
    if not len(validation) or (not len(train) and curve.unit != "iteration"):
        return None
    smooth, width = _smooth(validation)
    error, positive = _error(validation, width), _is_positive(curve, smooth)
    learned = _smooth(train)[0] if len(train) else None

    def fell(since: int, until: int) -> bool:
        if learned is None:
            return True
        scale = learned[since] if learned.min() > 0 else learned[0] - learned[since]
        return bool(learned[since] - learned[until] >= 0.02 * max(scale, 1e-12))

    def rose(best: float, rise: float) -> bool:
        if rise <= 4 * error or (positive and rise < 0.03 * best):
            return False
        return rise >= 0.1 * (validation[0] - best) or (positive and rise >= 0.1 * best)

    lowest = int(smooth.argmin())
    best, end = float(smooth[lowest]), len(smooth) - 1
    rise = float(validation[-width:].mean()) - best
    if rose(best, rise) and fell(lowest, end) and end - lowest >= width:
        return "yes"
    before = np.minimum.accumulate(smooth)
    if any(rose(float(before[i]), float(smooth[i] - before[i])) for i in range(len(smooth))):
        return None
    gain = max(float(validation[0]) - best, 0.0)
    little = rise <= 0.03 * gain and (not positive or rise <= 0.02 * best)
    return "no" if rise <= 2 * error or little or not fell(lowest, end) else None


def _plateau(curve: Curve, values: Array) -> Label:
    if len(values) < (300 if curve.unit == "step" else 15):
        return None
    smooth, width = _smooth(values)
    bests = np.minimum.accumulate(smooth)
    gain, error = float(values[0] - bests[-1]), _error(values, width)
    if gain <= (3 * _noise(values) if curve.higher_is_better else 0.02 * abs(values[0])):
        return None
    late, third = float(bests[2 * len(bests) // 3] - bests[-1]), values[2 * len(values) // 3 :]
    if late <= 0.01 * gain or (late <= 2 * error and _trend(third) > -2):  # noqa: PLR2004 - see above
        return "yes"
    return "no" if late >= max(0.04 * gain, 4 * error) else None


def _trend(values: Array) -> float:
    """Student's t of the slope."""
    time = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(time @ values / (time @ time))
    residuals = values - values.mean() - slope * time
    error = math.sqrt(float(residuals @ residuals) / max(1, len(values) - 2) / float(time @ time))
    return slope / max(error, 1e-15)


def _divergence(values: Array) -> Label:
    calm = np.array([np.median(values[i : i + 3]) for i in range(len(values) - 2)])
    far = max(abs(values[0]), values[0] - _smooth(values)[0].min())
    if calm.max() > values[0] + far:
        return "yes"
    return "no" if calm.max() <= values[0] + far / 2 else None


def _spike(curve: Curve, series: list[Array]) -> Label:
    found: Label = "no"
    for values in series:
        positive = _is_positive(curve, values)
        share = 1.0 if positive else 0.2
        for at in range(5, len(values)):
            after = values[at + 1 : at + 6]
            level = float(np.median([*values[at - 5 : at], *after]))
            height, size = float(values[at]) - level, share * abs(level)
            noise = _noise_about(values, at)
            low, high = np.percentile(values[:at], [5, 95])
            back = len(after) and np.median(after) < values[at] - height / 2
            if height > max(10 * noise, 0.25 * (high - low), 0.25 * size, 0.0) and back:
                return "yes"
            if height > max(4 * noise, 0.1 * (high - low), 0.1 * size):
                found = None
    return found


def _noise_about(values: Array, at: int) -> float:
    changes = np.abs(np.diff(values[max(0, at - 20) : at + 22], 2))
    own = min(at, 20)
    others = np.delete(changes, [i for i in (own - 2, own - 1, own) if 0 <= i < len(changes)])
    return max(float(np.median(others)) / 1.65, float(np.mean(others)) / _WHITE / 3)


def _oscillation(curve: Curve, values: Array) -> Label:
    window = _WINDOW[curve.unit]
    spread = float(np.subtract(*np.percentile(values, [95, 5])))
    positive, found = _is_positive(curve, values), "no" if len(values) >= window else None
    for begin in range(0, len(values) - window + 1, window // 2):
        part, time = values[begin : begin + window], np.arange(window)
        slope, offset = np.polyfit(time, part, 1)
        deviation, fall = (part - slope * time - offset).std(), -slope * (window - 1)
        level, changes = abs(float(np.median(part))), np.diff(part)
        if positive:
            large = deviation >= 0.1 * level and deviation >= 0.05 * abs(values[0])
            small = deviation <= 0.05 * level or deviation <= 0.02 * abs(values[0])
        else:
            large = deviation >= 0.15 * spread and deviation >= 0.03 * level
            small = deviation <= 0.05 * spread or deviation <= 0.01 * level
        if large and abs(fall) < deviation and np.mean(changes[1:] * changes[:-1] < 0) > 0.5:  # noqa: PLR2004 - half
            return "yes"
        if not small and fall < 3 * deviation:
            found = None
    return "no" if found else None


def _no_convergence(curve: Curve, values: Array) -> Label:
    patience = _PATIENCE[curve.unit]
    if len(values) <= patience or curve.higher_is_better or values[0] <= 0:
        return None
    smooth, _ = _smooth(values)
    if values[0] - smooth.min() < 0.03 * values[0]:
        return "yes"
    return "no" if values[0] - smooth[: patience + 1].min() >= 0.1 * values[0] else None
