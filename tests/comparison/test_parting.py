"""Where curves part: the first step at which they differ by more than their noise."""

import math
import random

import pytest

from mllog_callbacks.comparison._parting import Line, noise_of, parting
from mllog_callbacks.facts import thinned

STEPS = 60


def _line(values: list[float | None]) -> Line:
    return Line([*range(1, len(values) + 1)], values)


def _course(noise: float = 0.0, seed: int = 0, rate: float = 0.1) -> list[float | None]:
    rng = random.Random(seed)  # noqa: S311 - a curve's noise
    return [math.exp(-rate * step) + rng.gauss(0, noise) for step in range(1, STEPS + 1)]


def _changed(values: list[float | None], at: int, slope: float) -> list[float | None]:
    """The same up to a step, and then away from it."""
    return [
        each if each is None or step < at else each + slope * (step - at + 1)
        for step, each in enumerate(values, 1)
    ]


def test_equal_curves_part_nowhere() -> None:
    """Also where they are noise."""
    assert parting(_line(_course(0.1)), _line(_course(0.1))).at is None


def test_curves_without_noise_part_at_the_step_of_the_change() -> None:
    """Exactly: nothing hides it."""
    one = _course()
    found = parting(_line(_changed(one, 31, 0.001)), _line(one))
    assert (found.at, found.noise) == (31, 0.0)


def test_a_changed_rate_parts_curves_at_the_first_step() -> None:
    """A difference that runs smoothly has no noise, however steep it is."""
    assert parting(_line(_course(rate=0.2)), _line(_course(rate=0.1))).at == 1


@pytest.mark.parametrize("seed", range(40))
def test_noise_alone_does_not_part_curves(seed: int) -> None:
    """Two seeds of one training."""
    found = parting(_line(_course(0.05, seed)), _line(_course(0.05, seed + 1_000)))
    assert found.at is None


@pytest.mark.parametrize("seed", range(10))
def test_a_change_beyond_the_noise_is_found_soon_after_it(seed: int) -> None:
    """Within some steps: the noise hides its beginning."""
    one, other = _course(0.01, seed), _course(0.01, seed + 1_000)
    found = parting(_line(_changed(one, 31, 0.02)), _line(other))
    assert found.at is not None
    assert 30 <= found.at <= 38


def test_thinned_curves_do_not_part_for_their_thinning() -> None:
    """Each keeps other points, between which a chart shows the same."""
    one = [math.sin(step / 50) for step in range(1_000)]
    kept = thinned([*range(1_000)], [one], 30)
    assert len(kept) < 40
    thin = Line(kept, [one[at] for at in kept])
    assert parting(thin, Line([*range(1_000)], one)).at is None


def test_a_value_that_is_not_finite_parts_a_curve() -> None:
    """Of one alone; where both are not finite they are the same."""
    one = _course()
    broken = [each if step < 40 else None for step, each in enumerate(one, 1)]
    assert parting(_line(broken), _line(one)).at == 40
    assert parting(_line(broken), _line(broken)).at is None


def test_of_too_few_steps_nothing_is_said() -> None:
    """No noise can be estimated: it says so."""
    found = parting(_line([1.0, 0.5]), _line([1.0, 0.9]))
    assert (found.at, found.not_known) == (None, "fewer than 5 steps in common")
    assert parting(Line([], []), Line([], [])).not_known


@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_noise_is_estimated_beside_a_trend(noise: float) -> None:
    """Within a fifth, of 2,000 values on uneven steps."""
    rng = random.Random(1)  # noqa: S311 - likewise
    at = sorted(rng.uniform(0, 2_000) for _ in range(2_000))
    values = [3 * math.exp(-each / 500) + rng.gauss(0, noise) for each in at]
    assert noise_of(at, values) == pytest.approx(noise, rel=0.2)
