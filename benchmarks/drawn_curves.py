"""Curves whose truth is known by construction, drawn anew for each seed."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mllog_callbacks.detectors import Unit

__all__ = ["Drawn", "drawn"]


@dataclass
class Drawn:
    """A curve and what is true of it; the attributes are those of `benchmarks.curves.Labelled`."""

    name: str
    source: str
    must: set[str]
    true: set[str] = field(default_factory=set)
    train: Sequence[float | None] | None = None
    validation: Sequence[float | None] | None = None
    rates: Sequence[float | None] | None = None
    higher_is_better: bool = False
    unit: Unit = "epoch"
    judged: frozenset[str] = frozenset()


class _Pen:
    """Draws what a curve varies, from one seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self.n = self._rng.choice([20, 40, 80, 150, 300])
        self.scale = 10 ** self._rng.uniform(-3, 3)
        self.noise = 10 ** self._rng.uniform(-3, -1.7)
        self.floor = self._rng.uniform(0.1, 0.5)

    def uniform(self, low: float, high: float) -> float:
        """A number between two."""
        return self._rng.uniform(low, high)

    def decay(
        self, speed: float, floor: float | None = None, noise: float | None = None
    ) -> list[float]:
        """An exponential fall to a floor, `speed` times its length within the run."""
        floor = self.floor if floor is None else floor
        sigma = self.noise if noise is None else noise
        return [
            self.scale
            * (floor + (1 - floor) * math.exp(-speed * i / self.n))
            * (1 + self._rng.gauss(0, sigma))
            for i in range(self.n)
        ]

    def noisy(self, values: Sequence[float]) -> list[float]:
        """Values with relative noise, scaled."""
        return [self.scale * each * (1 + self._rng.gauss(0, self.noise)) for each in values]


def _healthy(pen: _Pen) -> Drawn:
    """Falls until the end."""
    speed = pen.uniform(1.0, 2.2)
    return Drawn(
        "", "", set(), train=pen.decay(speed), validation=pen.decay(speed, pen.floor + 0.05)
    )


def _healthy_power(pen: _Pen) -> Drawn:
    """A power law, as language models have."""
    power = pen.uniform(0.25, 0.6)
    both = [[(1 + 9 * i / pen.n) ** -power * (1 + gap) for i in range(pen.n)] for gap in (0, 0.05)]
    return Drawn("", "", set(), train=pen.noisy(both[0]), validation=pen.noisy(both[1]))


def _factors(pen: _Pen) -> Drawn:
    """Falls by factors, over orders of magnitude, until the end."""
    speed = pen.uniform(5, 9)
    return Drawn("", "", set(), train=pen.decay(speed, 0.0), validation=pen.decay(speed, 0.0))


def _steps_down(pen: _Pen) -> Drawn:
    """Two drops of the learning rate, each with a fall; rests shortly between."""
    pen.n = max(pen.n, 60)
    third = pen.n // 3
    levels = [1.0, 0.6, 0.35]
    values = [
        (levels[i // third if i < 3 * third else 2])
        + 0.25 * math.exp(-4 * (i % third) / third) * (i < 3 * third)
        for i in range(pen.n)
    ]
    rates = [0.1 / 10 ** min(i // third, 2) for i in range(pen.n)]
    return Drawn("", "", set(), {"plateau"}, pen.noisy(values), pen.noisy(values), rates)


def _cosine(pen: _Pen) -> Drawn:
    """A cosine schedule, whose loss falls as the rate does."""
    pen.n = max(pen.n, 40)
    rates = [0.05 * (1 + math.cos(math.pi * i / pen.n)) for i in range(pen.n)]
    values = [0.3 + 0.4 * math.exp(-12 * i / pen.n) + 3 * rate for i, rate in enumerate(rates)]
    return Drawn("", "", set(), set(), pen.noisy(values), pen.noisy(values), rates)


def _plateau(pen: _Pen) -> Drawn:
    """Comes to rest in the first quarter, and stays."""
    pen.n = max(pen.n, 40)
    return Drawn("", "", {"plateau"}, set(), pen.decay(30), pen.decay(30, pen.floor + 0.03))


def _overfit(pen: _Pen) -> Drawn:
    """The validation loss turns while the training loss goes on."""
    turn = int(pen.n * pen.uniform(0.2, 0.5))
    rise = pen.uniform(0.25, 1.0)
    validation = [
        0.3 + 0.7 * math.exp(-5 * i / turn) + rise * max(0, i - turn) / (pen.n - turn)
        for i in range(pen.n)
    ]
    return Drawn(
        "", "", {"overfitting"}, {"generalisation_gap"}, pen.decay(4, 0.0), pen.noisy(validation)
    )


def _overfit_accuracy(pen: _Pen) -> Drawn:
    """Accuracy falls by points, while that on the training data goes to 1."""
    pen.scale, pen.noise = 1.0, 0.002
    turn = int(pen.n * pen.uniform(0.2, 0.4))
    fall = pen.uniform(0.06, 0.15)
    validation = [
        0.85 - 0.5 * math.exp(-5 * i / turn) - fall * max(0, i - turn) / (pen.n - turn)
        for i in range(pen.n)
    ]
    train = [1 - 0.6 * math.exp(-4 * i / pen.n) for i in range(pen.n)]
    return Drawn(
        "",
        "",
        {"overfitting"},
        {"plateau"},
        pen.noisy(train),
        pen.noisy(validation),
        higher_is_better=True,
    )


def _accuracy_rests(pen: _Pen) -> Drawn:
    """Accuracy that loses a tenth of a percent: nothing."""
    pen.scale, pen.noise = 1.0, 0.0005
    turn = pen.n // 2
    validation = [
        0.97 - 0.5 * math.exp(-8 * i / turn) - 0.001 * max(0, i - turn) / (pen.n - turn)
        for i in range(pen.n)
    ]
    train = [0.999 - 0.6 * math.exp(-10 * i / pen.n) for i in range(pen.n)]
    return Drawn(
        "", "", set(), {"plateau"}, pen.noisy(train), pen.noisy(validation), higher_is_better=True
    )


def _noise(pen: _Pen) -> Drawn:
    """White noise about a level: nothing is learned, and nothing else happens."""
    values = [pen.scale * (1 + pen.uniform(-0.05, 0.05)) for _ in range(pen.n)]
    return Drawn("", "", set(), {"no_convergence"}, values, values)


def _noise_about_zero(pen: _Pen) -> Drawn:
    """White noise about zero, as the mean of a signed quantity is: no divergence."""
    values = [pen.scale * pen.uniform(-1, 1) for _ in range(max(pen.n, 300))]
    return Drawn("", "", set(), {"oscillation", "no_convergence"}, values, None)


def _constant(pen: _Pen) -> Drawn:
    """The same value in each row."""
    return Drawn("", "", {"constant_metric"}, {"no_convergence"}, [pen.scale] * pen.n, None)


def _all_nan(pen: _Pen) -> Drawn:
    """NaN in each row of validation."""
    return Drawn("", "", {"non_finite"}, set(), pen.decay(2), [math.nan] * pen.n)


def _zero_rate(pen: _Pen) -> Drawn:
    """A learning rate of zero throughout."""
    values = pen.noisy([1.0] * pen.n)
    must = {"zero_learning_rate"}
    return Drawn("", "", must, {"no_convergence", "constant_metric"}, values, values, [0.0] * pen.n)


def _collapse(pen: _Pen) -> Drawn:
    """Falls, then jumps to its start and stays."""
    pen.n = max(pen.n, 40)
    values = pen.decay(6, 0.1)
    at = int(pen.n * pen.uniform(0.4, 0.7))
    values[at:] = [pen.scale * pen.uniform(0.9, 1.05) for _ in values[at:]]
    return Drawn("", "", {"collapse"}, {"spike", "divergence", "plateau"}, values, values)


def _divergence(pen: _Pen) -> Drawn:
    """Grows by factors from some step on."""
    pen.n = max(pen.n, 40)
    values = pen.decay(3)
    at = int(pen.n * pen.uniform(0.3, 0.6))
    for i in range(at, pen.n):
        values[i] = values[at - 1] * 1.35 ** (i - at + 1)
    return Drawn("", "", {"divergence"}, {"collapse", "spike"}, values, values)


def _spike(pen: _Pen) -> Drawn:
    """One value far above, after a larger one early."""
    pen.n = max(pen.n, 80)
    train = pen.decay(3)
    train[int(pen.n * 0.7)] += 3 * pen.scale
    return Drawn("", "", {"spike"}, {"plateau"}, train, pen.decay(3, pen.floor + 0.05))


def _oscillation(pen: _Pen) -> Drawn:
    """Swings by half of its level."""
    pen.n = max(pen.n, 40)
    values = [pen.scale * pen.uniform(0.4, 1.6) for _ in range(pen.n)]
    return Drawn("", "", {"oscillation"}, {"no_convergence"}, values, values)


_SHAPES: Final[tuple[Callable[[_Pen], Drawn], ...]] = (
    _healthy,
    _healthy_power,
    _factors,
    _steps_down,
    _cosine,
    _plateau,
    _overfit,
    _overfit_accuracy,
    _accuracy_rests,
    _noise,
    _noise_about_zero,
    _constant,
    _all_nan,
    _zero_rate,
    _collapse,
    _divergence,
    _spike,
    _oscillation,
)


def drawn(seeds: int) -> Iterator[Drawn]:
    """Curves of each shape."""
    for shape in _SHAPES:
        for seed in range(10 * seeds):
            name = shape.__name__.strip("_")
            curve = shape(_Pen(1_000 * len(name) + seed))
            curve.name, curve.source = f"{name} {seed}", "drawn"
            yield curve
