"""Small networks in numpy, for the benchmark of the detectors: what a recipe says is trained."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

__all__ = ["Data", "Network", "Recipe", "load"]

Array: TypeAlias = NDArray[np.floating[Any]]


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
class Data:
    """A split data set; of several classes, or else of one number."""

    rows: Array
    targets: Array
    held_out: Array
    answers: Array
    classes: bool


def load(recipe: Recipe, rng: np.random.Generator) -> Data:
    """Load or draw the data of a recipe, split it and spoil the labels it says."""
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
    return Data(features[:split], seen, features[split:], targets[split:], classes)


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


class Network:
    """A multi-layer perceptron, trained by backpropagation."""

    def __init__(self, recipe: Recipe, data: Data, rng: np.random.Generator) -> None:
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
