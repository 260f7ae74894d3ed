"""Trainings with known faults, made for the benchmark of the detectors.

The label of a run is what was injected: it never looks at the curve, but for two checks that are
part of its definition (see `confirmed`).
"""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import lightgbm as lgb
import numpy as np

from benchmarks.detector_networks import Network, Recipe, load
from mllog_callbacks.detectors import Unit

__all__ = ["DATA", "FAULTS", "HEALTHY", "Run", "boosted", "confirmed", "recipes", "train"]

_HEALTHY_RISE: Final = 0.02
_OVERFIT_RISE: Final = 0.10
_LARGEST: Final = 1e30  # what a loss may be before a float of 32 bits would be infinite


@dataclass
class Run:
    """What a training left: one value an epoch or iteration.

    Attributes:
        name: Its own name.
        source: Where it comes from; scores are also given by source.
        label: What was injected; empty where nothing is known.
        train: Training loss; empty where there is none.
        validation: Validation loss; empty where there is none.
        learning_rate: Learning rate; empty where it is not known.
        unit: What a value stands for.
        overfit: Whether it overfits, where that is known otherwise than by the label.
        plateau: Whether it ends on a plateau, likewise.
    """

    name: str
    source: str
    label: str
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    unit: Unit = "epoch"
    overfit: bool | None = None
    plateau: bool | None = None


HEALTHY: Final = ("healthy", "healthy_noisy", "healthy_steps")
FAULTS: Final = (
    "overfit",
    "overfit_noisy_labels",
    "nan",
    "divergence",
    "spike",
    "oscillation",
    "vanishing",
    "dying_relu",
    "slow",
)
DATA: Final = {
    "tuning": ("digits", "breast_cancer", "mixture", "friedman1"),
    "fresh": ("wine", "diabetes", "friedman2", "hastie", "moons", "sparse"),
}


def recipes(label: str, data: tuple[str, ...], seeds: range) -> Iterator[Recipe]:
    """The recipes of one label, varied by a generator that the seeds start."""
    for seed in seeds:
        for name in data:
            rng = np.random.default_rng(zlib.crc32(f"{label} {name} {seed}".encode()))
            yield _varied(Recipe(name, label, seed), rng)


class _Draw:
    """Draws what a recipe varies."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.epochs = self.of(30, 40, 60, 100, 150)
        self.late = int(self.epochs * self.of(0.3, 0.5, 0.7))

    def of(self, *choices: Any) -> Any:  # noqa: ANN401 - of the type of its choices
        return choices[int(self._rng.integers(len(choices)))]


def _healthy(draw: _Draw) -> dict[str, Any]:
    optimiser, rate = draw.of(("adam", 1e-3), ("adam", 5e-4), ("sgd", 0.01), ("rmsprop", 5e-4))
    return {
        "optimiser": optimiser,
        "learning_rate": rate,
        "dropout": draw.of(0.0, 0.3),
        "decay": draw.of(1e-4, 1e-3, 1e-2),
        "schedule": draw.of("cosine", "constant"),
        "scale": draw.of(1.0, 1.0, 1e-4, 1e5),
    }


def _healthy_noisy(draw: _Draw) -> dict[str, Any]:
    return {
        "optimiser": "sgd",
        "learning_rate": draw.of(0.005, 0.01),
        "batch": 8,
        "epochs": min(draw.epochs, 60),
        "decay": 1e-2,
        "dropout": 0.2,
        "activation": draw.of("relu", "tanh"),
    }


def _healthy_steps(draw: _Draw) -> dict[str, Any]:
    rate = draw.of(0.02, 0.01)
    return {
        "optimiser": "sgd",
        "learning_rate": rate,
        "decay": 5e-3,
        "dropout": 0.2,
        "schedule": "steps",
    }


def _overfit(draw: _Draw) -> dict[str, Any]:
    rate = draw.of(2e-3, 5e-3)
    return {
        "depth": 3,
        "width": 128,
        "learning_rate": rate,
        "rows": 120,
        "epochs": max(60, draw.epochs),
    }


def _nan(draw: _Draw) -> dict[str, Any]:
    if draw.of(0, 1):
        burst = (draw.late, draw.epochs)
        return {"optimiser": "sgd", "learning_rate": 0.02, "burst": burst, "burst_by": 1e7}
    return {"optimiser": "sgd", "learning_rate": draw.of(1e4, 1e6), "depth": 3}


def _divergence(draw: _Draw) -> dict[str, Any]:
    burst = {"burst": (draw.late, draw.epochs), "burst_by": draw.of(200.0, 1e3)}
    return {"optimiser": "sgd", "learning_rate": 0.05} | burst


def _spike(draw: _Draw) -> dict[str, Any]:
    burst = {"burst": (draw.late, 1), "burst_by": draw.of(300.0, 600.0)}
    return {"learning_rate": 1e-3, "dropout": 0.2, "depth": 2, "width": 64} | burst


_MADE: Final[dict[str, Callable[[_Draw], dict[str, Any]]]] = {
    "healthy": _healthy,
    "healthy_noisy": _healthy_noisy,
    "healthy_steps": _healthy_steps,
    "overfit": _overfit,
    "overfit_noisy_labels": lambda draw: _overfit(draw) | {"rows": 300, "noise": 0.3},
    "nan": _nan,
    "divergence": _divergence,
    "spike": _spike,
    "oscillation": lambda draw: {
        "optimiser": "sgd",
        "learning_rate": draw.of(0.3, 0.6, 1.0),
        "depth": 3,
        "width": 128,
    },
    "vanishing": lambda draw: {
        "optimiser": "sgd",
        "learning_rate": 0.01,
        "depth": draw.of(8, 12),
        "activation": "sigmoid",
    },
    "dying_relu": lambda draw: {"depth": 3, "width": 64, "bias": draw.of(-20.0, -50.0)},
    "slow": lambda draw: {"optimiser": "sgd", "learning_rate": draw.of(1e-7, 1e-8)},
}
"""What each label changes of a recipe."""


def _varied(base: Recipe, rng: np.random.Generator) -> Recipe:
    draw = _Draw(rng)
    size = {"epochs": draw.epochs, "depth": draw.of(1, 2, 3), "width": draw.of(16, 32, 64)}
    return replace(base, **(size | _MADE[base.label](draw)))


def confirmed(run: Run) -> bool | None:
    """Whether hindsight agrees with what was injected; None where nothing need be looked at.

    A healthy run whose validation loss ends more than 2 % above its best is in truth a little
    overfitted, and one that was to overfit and ends less than 10 % above never did: both are left
    out of the scores, and counted. The level at the end is the median of the last 5 %, the best
    that of the values smoothed over three, as in the labels of the published curves.
    """
    values = [value for value in run.validation if math.isfinite(value)]
    if not run.label.startswith(("healthy", "overfit")) or len(values) < len(run.validation):
        return None
    smooth = np.convolve(values, np.ones(3) / 3, "valid")
    end = float(np.median(values[-max(3, len(values) // 20) :]))
    rise = end / float(smooth.min()) - 1
    # the standard deviation of white noise, from the median of its second differences
    noise = float(np.median(np.abs(np.diff(values, 2)))) / (
        0.6745 * math.sqrt(6) * float(smooth.min())
    )
    if run.label.startswith("healthy"):
        return rise <= max(_HEALTHY_RISE, 2 * noise)
    return rise >= _OVERFIT_RISE


def train(recipe: Recipe) -> Run:
    """Train a network by a recipe; the losses are means over an epoch, times `recipe.scale`."""
    rng = np.random.default_rng(zlib.crc32(repr(recipe).encode()))
    data = load(recipe, rng)
    net = Network(recipe, data, rng)
    run = Run(f"{recipe.data}/{recipe.label}/{recipe.seed}", "fresh numpy networks", recipe.label)
    with np.errstate(all="ignore"):
        for epoch in range(recipe.epochs):
            rate = _rate(recipe, epoch)
            run.train.append(_bounded(net.epoch(data.rows, data.targets, rate)) * recipe.scale)
            run.validation.append(_bounded(net.loss(data.held_out, data.answers)) * recipe.scale)
            run.learning_rate.append(rate)
    return run


def boosted(data: str, label: str, seed: int) -> Run:
    """Train boosted trees: small and slow ones are healthy, large ones on noisy labels overfit."""
    base = Recipe(data, label, seed)
    rng = np.random.default_rng(zlib.crc32(repr(base).encode()))
    large = label == "overfit"
    drawn = load(replace(base, noise=0.3) if large else base, rng)
    seen, held_out = (
        values.argmax(1) if drawn.classes else values[:, 0]
        for values in (drawn.targets, drawn.answers)
    )
    several = drawn.targets.shape[1]
    objective = {"objective": "multiclass", "num_class": several}
    params: dict[str, Any] = {"objective": "regression"} if not drawn.classes else objective
    params |= {"verbosity": -1, "num_threads": 1, "seed": seed}
    params |= (
        {"num_leaves": 63, "learning_rate": 0.2, "min_data_in_leaf": 2}
        if large
        else {"num_leaves": 7, "learning_rate": 0.03, "min_data_in_leaf": 40, "lambda_l2": 5.0}
    )
    results: dict[str, dict[str, list[float]]] = {}
    rows = lgb.Dataset(drawn.rows, seen)
    valid = rows.create_valid(drawn.held_out, held_out)
    lgb.train(
        params,
        rows,
        150,
        valid_sets=[rows, valid],
        valid_names=["train", "valid"],
        callbacks=[lgb.record_evaluation(results)],
    )
    (losses,), (held_out_losses,) = results["train"].values(), results["valid"].values()
    run = Run(f"{data}/{label}/{seed}", "fresh boosted trees", label, losses, held_out_losses)
    return replace(run, unit="iteration")


def _bounded(loss: float) -> float:
    return loss if abs(loss) < _LARGEST else math.nan


def _rate(recipe: Recipe, epoch: int) -> float:
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate *= 0.5 * (1 + math.cos(math.pi * epoch / recipe.epochs))
    elif recipe.schedule == "steps":
        rate *= 0.1 ** (3 * epoch // recipe.epochs)
    first, many = recipe.burst
    return rate * recipe.burst_by if first <= epoch < first + many else rate
