"""Running estimates in constant memory: level, noise, and the best at a growing distance."""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

__all__ = ["ROUNDING", "BestSince", "Changes", "Follower", "Level", "Noise", "Rises"]

ROUNDING: Final = 2.0**-20
"""Up to this share of a value it is repeated: a few of the last places of a 32-bit number."""


class Level:
    """An exponential mean: weight 2 / (span + 1) for the newest value, as in pandas' `ewm`."""

    __slots__ = ("_weight", "value")

    def __init__(self, span: float) -> None:
        self._weight = 2 / (span + 1)
        self.value = math.nan

    def update(self, value: float) -> float:
        """Take a value; returns the level with it."""
        if math.isnan(self.value):
            self.value = value
        else:
            self.value += self._weight * (value - self.value)
        return self.value

    def extend(self, values: Sequence[float]) -> list[float]:
        """Take values in their order; returns the level with each."""
        level, weight = self.value, self._weight
        levels = []
        for value in values:
            level = self.update(value) if math.isnan(level) else level + weight * (value - level)
            levels.append(level)
        self.value = level
        return levels


class Noise:
    """Mean size of a series' noise, as a standard deviation: a trend does not count as noise.

    The absolute second differences of white noise with standard deviation s have the mean
    sqrt(12 / pi) s. One value may not raise the estimate by more than three times itself, so that
    an outlier is not taken for noise (as in the clipped updates of Huber's estimators).

    A metric that takes few values, such as a share of 15 rows, repeats itself exactly, and its
    second differences are often zero: their mean would say that there is no noise. But such a
    metric cannot change by less than one of its steps, and as a count of rows it varies by the
    root of that count (Poisson): by a step at least, as soon as it counts any. So the noise of a
    series that has repeated a value is the smallest change seen in it at least, and infinite as
    long as none was seen: how far its next value is nobody knows.
    """

    __slots__ = ("_state", "_weight", "value")

    def __init__(self, weight: float = 0.2) -> None:
        self._weight = weight
        self._state = _BEGUN
        self.value = math.nan

    def twin(self) -> "Noise":
        """Another that has seen the same."""
        other = Noise(self._weight)
        other._state, other.value = self._state, self.value
        return other

    def update(self, value: float) -> float:
        """Take a value; returns the noise known with it, NaN before the third value."""
        self.extend((value,))
        return self.value

    def extend(self, values: Sequence[float]) -> Sequence[float]:
        """Take values in their order; returns the noise known with each.

        Several detectors follow one series, one after the other: it is computed once for them.
        """
        global _latest  # noqa: PLW0603 - one tuple, replaced whole: threads need no lock
        state, weight = self._state, self._weight
        taken, by, before, found, after = _latest
        if taken is not values or by != weight or before != state:
            found, after = _noises(values, state, weight)
            _latest = values, weight, state, found, after
        self._state, self.value = after, found[-1]
        return found


_State: TypeAlias = tuple[float, float, float, float, bool, float]
"""Of a series so far: the value before the last, the last, the noise known, the smallest change,
whether a value was repeated, and the weight of the next value."""

_BEGUN: Final[_State] = (math.nan, math.nan, math.nan, math.inf, False, 1.0)
"""The first values are of a steep start: their weights are 1, 2/3, 2/4, 2/5 and so on."""

_latest: tuple[Sequence[float], float, _State, Sequence[float], _State]
_latest = (), 0.0, _BEGUN, (), _BEGUN

_DEVIATION: Final = 1 / math.sqrt(12 / math.pi)
_CLIP: Final = 3.0


def _noises(
    values: Sequence[float], state: _State, weight: float
) -> tuple[Sequence[float], _State]:
    """The noise known with each value, and the state with all of them."""
    before, last, known, step, repeats, newest = state
    found = []
    for value in values:
        size = abs(value - 2 * last + before) * _DEVIATION
        change = value - last if value > last else last - value
        if change < step:
            if change > ROUNDING * abs(value):
                step = change
            else:
                repeats = True
        if known > 0:
            most = _CLIP * known
            if newest > weight:
                newest = max(weight, newest / (1 + newest / 2))
            known += newest * ((size if size < most else most) - known)
        elif not math.isnan(size):
            known = size
        found.append(step if repeats and known < step else known)
        before, last = last, value
    return found, (before, last, known, step, repeats, newest)


class Follower:
    """An exponential mean that follows a fall at once where it is beyond the noise.

    A plain mean lags behind a steep start: the best level it ever comes to is then above values
    that were there, and a rise from these does not show. A rise is smoothed as ever, so that an
    outlier is no rise.

    Attributes:
        value: The level.
        calmest: The least noise known with any of the values that were last taken together.
    """

    __slots__ = ("_noise", "_weight", "calmest", "value")

    _BEYOND: Final = 3.0  # standard deviations: less than twice in a thousand by noise alone

    def __init__(self, span: float) -> None:
        self._weight = 2 / (span + 1)
        self._noise = Noise()
        self.value = self.calmest = math.nan

    @property
    def noise(self) -> float:
        """The standard deviation of the noise."""
        return self._noise.value

    def twin(self) -> "Follower":
        """Another that has seen the same."""
        other = Follower(0)
        other._weight, other._noise = self._weight, self._noise.twin()
        other.value, other.calmest = self.value, self.calmest
        return other

    def update(self, value: float) -> float:
        """Take a value; returns the level with it."""
        self.extend((value,))
        return self.value

    def extend(self, values: Sequence[float]) -> list[float]:
        """Take values in their order; returns the level with each."""
        return self.follow(values)[0]

    def follow(self, values: Sequence[float]) -> tuple[list[float], Sequence[float]]:
        """Take values in their order; returns the level and the noise known with each."""
        level, weight, beyond = self.value, self._weight, self._BEYOND
        noises = self._noise.extend(values)
        self.calmest = min(noises)
        levels = []
        for value, noise in zip(values, noises, strict=True):
            # nothing is known of the noise at first, and of a first level nothing but the value
            if level - value <= beyond * noise or value > level:
                level += weight * (value - level)
            else:
                level = value
            levels.append(level)
        self.value = level
        return levels, noises


class Changes:
    """Mean size of a series' changes, of noise and trend together: cheap, and slow to follow."""

    __slots__ = ("last", "size")

    _WEIGHT: Final = 0.05

    def __init__(self) -> None:
        self.last = math.nan
        self.size = math.nan

    def update(self, value: float) -> float:
        """Take a value; returns the mean size with it, NaN before the second value."""
        self.extend((value,))
        return self.size

    def extend(self, values: Sequence[float]) -> None:
        """Take values in their order."""
        last, size = self.last, self.size
        for value in values:
            change = abs(value - last)
            last = value
            if size > 0:
                size += self._WEIGHT * (change - size)
            elif change >= 0:
                size = change
        self.last, self.size = last, size


class Rises:
    """Mean size of a series' noise by its rises alone: a series that only falls has none.

    However steep and bent its fall is, which `Noise` takes for noise at first. The rises of white
    noise with standard deviation s have the mean s / sqrt(pi). Outliers are clipped as there.
    """

    __slots__ = ("_last", "_mean", "_weight")

    _DEVIATION: Final = math.sqrt(math.pi)
    _CLIP: Final = 6.0  # twice that of `Noise`: half of the changes are no rises

    def __init__(self, weight: float = 0.2) -> None:
        self._weight = weight
        self._last = math.inf
        self._mean = 0.0

    @property
    def noise(self) -> float:
        """The standard deviation of the noise behind the rises."""
        return self._DEVIATION * self._mean

    def extend(self, values: Sequence[float]) -> None:
        """Take values in their order."""
        last, mean, weight, clip = self._last, self._mean, self._weight, self._CLIP
        for value in values:
            rise = value - last if value > last else 0.0
            last = value
            mean += weight * ((clip * mean if rise > clip * mean > 0 else rise) - mean)
        self._last, self._mean = last, mean


class BestSince:
    """The best (lowest) value up to each of a bounded number of earlier times.

    Times are kept at a stride that doubles whenever the memory is full; a question is answered
    from the nearest time kept that is not later.

    Args:
        kept: How many times are kept at most.
    """

    __slots__ = ("_bests", "_count", "_kept", "_stride", "best")

    def __init__(self, kept: int = 64) -> None:
        self._kept = kept
        self._bests: list[float] = []
        self._stride = 1
        self._count = 0
        self.best = math.inf

    def update(self, value: float) -> float:
        """Take a value; returns the best so far."""
        if value < self.best:
            self.best = value
        if self._count % self._stride == 0:
            if len(self._bests) == self._kept:
                self._bests = self._bests[::2]
                self._stride *= 2
            self._bests.append(self.best)
        self._count += 1
        return self.best

    def extend(self, values: Sequence[float]) -> None:
        """Take values in their order."""
        if min(values) < self.best:
            best, stride, count = self.best, self._stride, self._count
            for value in values:
                if value < best:
                    best = value
                if not count % stride:
                    if len(self._bests) == self._kept:
                        self._bests = self._bests[::2]
                        self._stride = stride = 2 * stride
                    self._bests.append(best)
                count += 1
            self.best, self._count = best, count
            return
        end = self._count + len(values)
        while self._count < end:
            self.update(self.best)
            following = -(-self._count // self._stride) * self._stride  # that is kept
            self._count = min(following, end)

    def twin(self) -> "BestSince":
        """Another that has seen the same."""
        other = BestSince(self._kept)
        other._bests, other.best = [*self._bests], self.best
        other._stride, other._count = self._stride, self._count
        return other

    def ago(self, checks: int) -> float:
        """The best so far as it was `checks` values ago, or up to one stride before."""
        index = (self._count - 1 - checks) // self._stride
        return self._bests[max(0, index)]
