"""The running estimates that the detectors share, and what the detectors import."""

import math
import random
import subprocess
import sys

import pytest

from mllog_callbacks.detectors._smoothing import BestSince, Level, Noise, Rises


def test_the_noise_of_a_series_of_few_values_is_a_step_at_least() -> None:
    """However long it stands still; infinite while no step was seen, also of 32-bit numbers."""
    still = Noise()
    assert [still.update(0.2) for _ in range(9)][-1] == math.inf
    assert still.update(0.2 * (1 + 1e-7)) == math.inf  # rounded otherwise
    assert still.update(0.2 + 1 / 15) == pytest.approx(1 / 15)
    assert [still.update(4 / 15) for _ in range(200)][-1] == pytest.approx(1 / 15)


def test_the_noise_of_a_series_that_repeats_no_value_has_no_floor() -> None:
    """A smooth curve is not taken for one of few values, however small its changes become."""
    smooth = Noise()
    assert 0 < [smooth.update(1 / (1 + step)) for step in range(200)][-1] < 1e-4


def test_a_level_is_an_exponential_mean() -> None:
    """Weight 2 / (span + 1) for the newest value, beginning with the first."""
    level = Level(3)
    assert [level.update(value) for value in (1.0, 2.0, 2.0)] == [1.0, 1.5, 1.75]


def test_noise_is_a_standard_deviation_and_a_trend_is_none() -> None:
    """White noise on a steep line: its deviation is found within a fifth on average."""
    rng = random.Random(1)  # noqa: S311 - no secret
    noise = Noise(weight=0.02)
    values = [noise.update(100.0 * step + rng.gauss(0, 2.0)) for step in range(2_000)]
    assert sum(values[1_000:]) / 1_000 == pytest.approx(2.0, rel=0.2)
    line = Noise()
    assert [line.update(3.0 * step) for step in range(9)][-1] == 0


def test_an_outlier_is_not_taken_for_noise() -> None:
    """It raises the estimate by at most a weighted twice itself."""
    noise = Noise(weight=0.2)
    for step in range(50):
        before = noise.update(float(step % 2))
    assert noise.update(1e9) <= before * 1.4 + 1e-9


def test_noise_by_rises_is_a_standard_deviation_and_a_bent_fall_is_none() -> None:
    """White noise: its deviation is found within a fifth on average; and one outlier is not."""
    rng = random.Random(1)  # noqa: S311 - no secret
    seen, found = Rises(weight=0.02), []
    for _ in range(2_000):
        seen.extend([rng.gauss(0, 2.0)])
        found.append(seen.noise)
    assert sum(found[1_000:]) / 1_000 == pytest.approx(2.0, rel=0.2)
    seen.extend([1e9])
    assert seen.noise <= 1.2 * found[-1]
    falls = Rises()
    falls.extend([0.5**step for step in range(9)])
    assert falls.noise == 0


@pytest.mark.parametrize("checks", [1, 10, 63, 64, 65, 1_000, 5_000])
def test_the_best_at_a_distance(checks: int) -> None:
    """Exact while all times fit; later from up to one stride before, of which 32 fit at least."""
    kept = BestSince()
    for step in range(checks):
        assert kept.update(float(-step)) == -step
    for distance in (0, checks // 4, checks // 2, checks - 1):
        exact = -(checks - 1 - distance)
        found = kept.ago(distance)
        assert exact <= found <= exact + (0 if checks <= 64 else checks / 32)


def test_the_detectors_need_the_standard_library_only() -> None:
    """And their package's version and words, which need no more: they cost nothing to import."""
    code = (
        "import sys; before = {*sys.modules}; import mllog_callbacks.detectors;"
        "print(*{name.partition('.')[0] for name in {*sys.modules} - before})"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {*shown.stdout.split()} - sys.stdlib_module_names == {"mllog_callbacks"}
