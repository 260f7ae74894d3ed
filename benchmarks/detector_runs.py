"""Trainings with known faults, made for the benchmark of the detectors: small numpy networks.

The label of a run is what was injected: it never looks at the curve, but for two checks that are
part of its definition (see `confirmed`).
"""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from mllog_callbacks.detectors import Unit

__all__ = ["DATA", "FAULTS", "HEALTHY", "Recipe", "Run", "boosted", "confirmed", "recipes", "train"]

Array: TypeAlias = NDArray[np.floating[Any]]

_HEALTHY_RISE: Final = 0.02
_OVERFIT_RISE: Final = 0.10
_LARGEST: Final = 1e30  # what a loss may be before a float of 32 bits would be infinite


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        data: Name of the data set.
        label: What is injected.
        seed: Of the data's split, the weights and the batches.
        rows: Training rows at most.
        noise: Share of training labels that are drawn at random.
        burst: First epoch and number of epochs with the learning rate times `burst_by`.
    """

    data: str
    label: str
    seed: int
    optimiser: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    depth: int = 2
    width: int = 32
    activation: str = "relu"
    bias: float = 0.0
    dropout: float = 0.0
    decay: float = 0.0
    batch: int = 32
    epochs: int = 60
    rows: int = 500
    noise: float = 0.0
    burst: tuple[int, int] = (0, 0)
    burst_by: float = 1.0
    scale: float = 1.0


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
    data = _load(recipe, rng)
    net = _Network(recipe, data, rng)
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
    drawn = _load(replace(base, noise=0.3) if large else base, rng)
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


@dataclass
class _Data:
    rows: Array
    targets: Array
    held_out: Array
    answers: Array
    classes: bool


def _load(recipe: Recipe, rng: np.random.Generator) -> _Data:
    features, labels, classes = _drawn(recipe.data, rng)
    features = features.astype(np.float32)
    order = rng.permutation(len(features))
    features = features[order][: recipe.rows + 600]
    labels = labels[order][: recipe.rows + 600]
    features = (features - features.mean(0)) / (features.std(0) + 1e-9)
    if classes:
        targets = np.eye(int(labels.max()) + 1, dtype=np.float32)[labels.astype(int)]
    else:
        targets = ((labels - labels.mean()) / labels.std())[:, None].astype(np.float32)
    split = min(recipe.rows, int(0.7 * len(features)))
    seen = targets[:split].copy()
    wrong = rng.random(split) < recipe.noise
    seen[wrong] = rng.permutation(seen[wrong])
    return _Data(features[:split], seen, features[split:], targets[split:], classes)


def _drawn(name: str, rng: np.random.Generator) -> tuple[Array, Array, bool]:
    seed = int(rng.integers(2**31))
    rows = 1_600
    match name:
        case "digits" | "wine" | "breast_cancer":
            found = getattr(datasets, f"load_{name}")()
            return found.data, found.target, True
        case "diabetes":
            found = datasets.load_diabetes()
            return found.data, found.target, False
        case "friedman1" | "friedman2":
            more = {"noise": 1.0} if name == "friedman1" else {"noise": 50.0}
            drawn = getattr(datasets, f"make_{name}")(rows, random_state=seed, **more)
            return drawn[0], drawn[1], False
        case "mixture":
            drawn = datasets.make_classification(
                rows, 20, n_informative=8, n_classes=3, flip_y=0.05, random_state=seed
            )
        case "hastie":
            drawn = datasets.make_hastie_10_2(rows, random_state=seed)
            return drawn[0], (drawn[1] + 1) / 2, True
        case "moons":
            drawn = datasets.make_moons(rows, noise=0.3, random_state=seed)
        case _:
            drawn = datasets.make_sparse_uncorrelated(rows, random_state=seed)
            return drawn[0], drawn[1], False
    return drawn[0], drawn[1], True


class _Network:
    """A multi-layer perceptron, trained by backpropagation."""

    def __init__(self, recipe: Recipe, data: _Data, rng: np.random.Generator) -> None:
        self._recipe, self._rng, self._classes = recipe, rng, data.classes
        sizes = [data.rows.shape[1], *[recipe.width] * recipe.depth, data.targets.shape[1]]
        gain = 2.0 if recipe.activation == "relu" else 1.0
        self._weights = [
            rng.normal(0, math.sqrt(gain / a), (a, b)).astype(np.float32)
            for a, b in pairwise(sizes)
        ]
        self._biases = [np.full(size, recipe.bias, np.float32) for size in sizes[1:-1]]
        self._biases.append(np.zeros(sizes[-1], np.float32))
        self._moments = [
            (np.zeros_like(each), np.zeros_like(each)) for each in self._weights + self._biases
        ]
        self._steps = 0

    def epoch(self, rows: Array, targets: Array, rate: float) -> float:
        """Learn from all rows once, in batches; returns the mean loss on the way."""
        total = 0.0
        order = self._rng.permutation(len(rows))
        for start in range(0, len(rows), self._recipe.batch):
            some = order[start : start + self._recipe.batch]
            total += self._learn(rows[some], targets[some], rate) * len(some)
        return total / len(rows)

    def loss(self, rows: Array, targets: Array) -> float:
        """The loss without dropout."""
        return self._loss(self._forward(rows, dropout=0.0)[0][-1], targets)[0]

    def _forward(self, rows: Array, dropout: float) -> tuple[list[Array], list[Array]]:
        layers, masks = [rows], list[Array]()
        for weights, bias in zip(self._weights[:-1], self._biases[:-1], strict=True):
            out = self._activate(layers[-1] @ weights + bias)
            mask = (self._rng.random(out.shape, np.float32) >= dropout) / np.float32(1 - dropout)
            masks.append(mask)
            layers.append(out * mask if dropout else out)
        layers.append(layers[-1] @ self._weights[-1] + self._biases[-1])
        return layers, masks

    def _activate(self, values: Array) -> Array:
        match self._recipe.activation:
            case "relu":
                return np.maximum(values, 0)
            case "tanh":
                return np.tanh(values)
            case _:
                return 1 / (1 + np.exp(-values))

    def _slope(self, out: Array) -> Array:
        match self._recipe.activation:
            case "relu":
                return (out > 0).astype(np.float32)
            case "tanh":
                return 1 - out**2
            case _:
                return out * (1 - out)

    def _loss(self, out: Array, targets: Array) -> tuple[float, Array]:
        """Cross-entropy or mean squared error, and its gradient."""
        if not self._classes:
            return float(np.mean((out - targets) ** 2)), 2 * (out - targets) / len(out)
        shifted = out - out.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        return float(-np.mean((logs * targets).sum(1))), (np.exp(logs) - targets) / len(out)

    def _learn(self, rows: Array, targets: Array, rate: float) -> float:
        dropout = self._recipe.dropout
        layers, masks = self._forward(rows, dropout)
        loss, error = self._loss(layers[-1], targets)
        weights, biases = [], []
        for index in range(len(self._weights) - 1, -1, -1):
            weights.append(layers[index].T @ error + self._recipe.decay * self._weights[index])
            biases.append(error.sum(0))
            if index:
                error = error @ self._weights[index].T
                kept = masks[index - 1] if dropout else 1.0
                clean = layers[index] / np.where(kept == 0, 1, kept)
                error = error * kept * self._slope(clean)
        self._update([*weights[::-1], *biases[::-1]], rate)
        return loss

    def _update(self, gradients: list[Array], rate: float) -> None:
        self._steps += 1
        every = zip(self._weights + self._biases, gradients, self._moments, strict=True)
        for value, gradient, (first, second) in every:
            np.subtract(value, rate * self._step(gradient, first, second), out=value)

    def _step(self, gradient: Array, first: Array, second: Array) -> Array:
        """What to subtract, by the optimiser; its moments are changed in place."""
        if self._recipe.optimiser == "sgd":
            np.add(0.9 * first, gradient, out=first)
            return first
        kept = 0.999 if self._recipe.optimiser == "adam" else 0.99
        np.add(kept * second, (1 - kept) * gradient**2, out=second)
        if self._recipe.optimiser == "rmsprop":
            return gradient / (np.sqrt(second) + 1e-8)
        np.add(0.9 * first, 0.1 * gradient, out=first)
        mean = first / (1 - 0.9**self._steps)
        step: Array = mean / (np.sqrt(second / (1 - kept**self._steps)) + 1e-8)
        return step
