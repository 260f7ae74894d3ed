"""Real trainings of many kinds, on data that no threshold was chosen on, for `detectors_heldout`.

What was done to a training is known: whether its learning rate is too high, and whether its model
is too large for its rows.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import lightgbm as lgb
import numpy as np
import torch
import xgboost as xgb
from sklearn import datasets
from torch import nn

from benchmarks.hindsight import Curve
from mllog_callbacks.detectors import Facts

__all__ = ["Training", "trainings"]


class Training(NamedTuple):
    """What a training left.

    Attributes:
        name: Its recipe and seed.
        curves: Its metrics.
        rates: Its learning rate at each check.
        facts: What an adapter would know.
        rate_too_high: Whether the recipe's rate is.
        too_large: Whether its model is too large for its rows.
    """

    name: str
    curves: list[Curve]
    rates: list[float]
    facts: Facts
    rate_too_high: bool
    too_large: bool


class _Table(NamedTuple):
    rows: Any
    targets: Any
    held_out: Any
    answers: Any
    classes: int


def _table(name: str, seed: int, rows: int, held_out: int, noise: float) -> _Table:
    rng, many = np.random.default_rng(seed), rows + held_out
    match name:
        case "digits" | "breast_cancer":
            found = getattr(datasets, f"load_{name}")()
            values, labels = found.data, found.target
        case "circles":
            values, labels = datasets.make_circles(many, noise=0.15, factor=0.5, random_state=seed)
        case "blobs":
            values, labels = datasets.make_blobs(
                many, 10, centers=6, cluster_std=6.0, random_state=seed
            )
        case "quantiles":
            values, labels = datasets.make_gaussian_quantiles(
                n_samples=many, n_features=10, n_classes=3, random_state=seed
            )
        case _:
            values, labels = datasets.make_friedman3(many, noise=0.1, random_state=seed)
            labels = (labels - labels.mean()) / labels.std()
    order = rng.permutation(len(values))[:many]
    values, labels = values[order], labels[order]
    rows = min(rows, len(values) - min(held_out, len(values) // 3))
    spread = values[:rows].std(0)
    values = (values - values[:rows].mean(0)) / np.where(spread > 0, spread, 1)
    classes = 0 if name == "friedman3" else int(labels.max()) + 1
    seen = labels[:rows].copy()
    wrong = rng.random(rows) < noise
    seen[wrong] = rng.permutation(seen[wrong])
    return _Table(values[:rows], seen, values[rows:], labels[rows:], classes)


_SCORES: Final = {"auc"}


def _boosted(name: str, seed: int, recipe: dict[str, Any]) -> Training:
    given = dict(recipe)
    high, large = given.pop("rate_too_high", False), given.pop("too_large", False)
    data = _table(
        given.pop("data"),
        seed,
        given.pop("rows", 1_000),
        given.pop("held_out", 400),
        given.pop("noise", 0.0),
    )
    rounds, engine = given.pop("rounds", 200), given.pop("engine", "lightgbm")
    seen: dict[str, dict[str, list[float]]] = {}
    if engine == "xgboost":
        kind = {"objective": "multi:softprob", "num_class": data.classes, "nthread": 1}
        drawn = xgb.DMatrix(data.rows, data.targets), xgb.DMatrix(data.held_out, data.answers)
        sets = list(zip(drawn, ("train", "valid"), strict=True))
        xgb.train(kind | given | {"seed": seed}, drawn[0], rounds, evals=sets, evals_result=seen,
                  verbose_eval=False)  # fmt: skip
    else:
        kind = {"verbosity": -1, "num_threads": 1, "seed": seed}
        kind |= {0: {"objective": "regression"}, 2: {"objective": "binary"}}.get(
            data.classes, {"objective": "multiclass", "num_class": data.classes}
        )
        rows = lgb.Dataset(data.rows, data.targets)
        lgb.train(
            kind | given,
            rows,
            rounds,
            valid_sets=[rows, rows.create_valid(data.held_out, data.answers)],
            valid_names=["train", "valid"],
            callbacks=[lgb.record_evaluation(seen)],
        )
    rate = float(given.get("learning_rate", 0.1))
    curves = [
        Curve(metric, "iteration", seen["train"][metric], values, metric in _SCORES)
        for metric, values in seen["valid"].items()
    ]
    leaves = None if engine == "xgboost" else given.get("num_leaves", 31)
    facts = Facts(
        rows=len(data.rows),
        features=data.rows.shape[1],
        num_leaves=leaves,
        min_data_in_leaf=None if leaves is None else given.get("min_data_in_leaf", 20),
        learning_rate=rate,
    )
    return Training(f"{name}/{seed}", curves, [rate] * rounds, facts, high, large)


_SCHEDULES: Final[dict[str, Callable[[float], float]]] = {
    "constant": lambda part: 1.0,  # noqa: ARG005 - as the others
    "cosine": lambda part: 0.5 * (1 + math.cos(math.pi * part)),
    "steps": lambda part: 0.1 ** int(3 * part),
    "restarts": lambda part: 0.5 * (1 + math.cos(math.pi * (4 * part % 1))),
    "jump": lambda part: 100.0 if part >= 0.5 else 1.0,  # noqa: PLR2004 - half
}
_OPTIMISERS: Final[dict[str, Callable[..., torch.optim.Optimizer]]] = {
    "adam": torch.optim.Adam,
    "sgd": lambda weights, lr: torch.optim.SGD(weights, lr, momentum=0.9),
}


def _network(features: int, out: int, recipe: dict[str, Any]) -> nn.Module:
    width, dropout = recipe.get("width", 48), recipe.get("dropout", 0.0)
    layers: list[nn.Module] = []
    for size in (features, width):
        layers += [nn.Linear(size, width), nn.ReLU()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers, nn.Linear(width, out))


def _fitted(name: str, seed: int, recipe: dict[str, Any]) -> Training:
    torch.manual_seed(seed)
    data = _table(
        recipe["data"], seed, recipe.get("rows", 600), recipe.get("held_out", 400),
        recipe.get("noise", 0.0),
    )  # fmt: skip
    kind = torch.long if data.classes else torch.float32
    rows, held_out = (
        torch.tensor(each, dtype=torch.float32) for each in (data.rows, data.held_out)
    )
    targets, answers = (torch.tensor(each, dtype=kind) for each in (data.targets, data.answers))
    model = _network(rows.shape[1], data.classes or 1, recipe)
    first, epochs, batch = recipe.get("lr", 1e-3), recipe.get("epochs", 60), recipe.get("batch", 32)
    optimiser = _OPTIMISERS[recipe.get("optimiser", "adam")](model.parameters(), lr=first)

    def loss(out: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        if data.classes:
            return nn.functional.cross_entropy(out, wanted)
        return nn.functional.mse_loss(out.squeeze(-1), wanted)

    losses = Curve("loss", "epoch", [], [])
    scores = Curve("accuracy", "epoch", [], [], higher_is_better=True)
    steps, rates = Curve("loss", "step", [], []), []
    for epoch in range(epochs):
        rates.append(first * _SCHEDULES[recipe.get("schedule", "constant")](epoch / epochs))
        optimiser.param_groups[0]["lr"] = rates[-1]
        model.train()
        batches = torch.randperm(len(rows)).split(batch)  # type: ignore[no-untyped-call]  # torch's
        for number, some in enumerate(batches):
            off = 30.0 if (epoch, number) in recipe.get("bad_batches", ()) else 1.0
            now = loss(model(off * rows[some]), targets[some])
            optimiser.zero_grad()
            now.backward()  # type: ignore[no-untyped-call]  # torch's
            optimiser.step()
            steps.train.append(float(now.detach()))
        model.eval()
        with torch.no_grad():
            out = model(held_out)
        losses.train.append(float(np.mean(steps.train[-len(batches) :])))
        losses.validation.append(float(loss(out, answers)))
        if data.classes:
            scores.validation.append(float((out.argmax(1) == answers).float().mean()))
    curves = [steps] if recipe.get("by_step") else [losses, *([scores] if data.classes else [])]
    facts = Facts(rows=len(rows), dropout=recipe.get("dropout"), learning_rate=first)
    high, large = recipe.get("rate_too_high", False), recipe.get("too_large", False)
    by_step = [rate for rate in rates for _ in batches]
    return Training(
        f"{name}/{seed}", curves, by_step if recipe.get("by_step") else rates, facts, high, large
    )


_HIGH: Final = {"rate_too_high": True}
_LARGE: Final = {"too_large": True}
_BOOSTED: Final[dict[str, dict[str, Any]]] = {
    "small and slow": {"data": "circles", "num_leaves": 7, "learning_rate": 0.05, "rows": 2_000,
                       "metric": ["binary_logloss", "auc"]},
    "several classes": {"data": "quantiles", "num_leaves": 7, "rows": 2_500,
                        "metric": ["multi_logloss", "multi_error"]},
    "a number": {"data": "friedman3", "num_leaves": 7, "metric": ["l2", "l1"]},
    "noisy labels": {"data": "circles", "rows": 300, "noise": 0.4, **_LARGE,
                     "metric": ["binary_logloss", "binary_error"], "rounds": 300},
    "large trees on few rows": {"data": "breast_cancer", "rows": 200, "num_leaves": 63,
                                "min_data_in_leaf": 2, "learning_rate": 0.2, "noise": 0.3, **_LARGE,
                                "metric": ["binary_logloss", "auc"]},
    "few rows held out": {"data": "circles", "held_out": 20, "num_leaves": 7,
                          "metric": ["binary_logloss", "binary_error"]},
    "rate of 3": {"data": "circles", "learning_rate": 3.0, "rounds": 100, **_HIGH,
                  "metric": ["binary_logloss"]},
    "rate of 2.1": {"data": "friedman3", "learning_rate": 2.1, "rounds": 100, **_HIGH},
    "rate of a hundred thousandth": {"data": "circles", "learning_rate": 1e-5},
    "bagging": {"data": "quantiles", "bagging_fraction": 0.3, "bagging_freq": 1, "num_leaves": 15},
    "dart": {"data": "friedman3", "boosting": "dart", "num_leaves": 15},
    "xgboost": {"data": "quantiles", "engine": "xgboost", "max_depth": 3, "learning_rate": 0.05,
                "rows": 2_000},
    "xgboost on few rows": {"data": "quantiles", "engine": "xgboost", "max_depth": 8, "rows": 150,
                            "noise": 0.3, "learning_rate": 0.3, **_LARGE},
}  # fmt: skip
_NETWORKS: Final[dict[str, dict[str, Any]]] = {
    "dropout": {"data": "digits", "dropout": 0.3, "rows": 900},
    "cosine": {"data": "blobs", "dropout": 0.2, "optimiser": "sgd", "lr": 0.02,
               "schedule": "cosine"},
    "steps": {"data": "digits", "optimiser": "sgd", "lr": 0.02, "schedule": "steps",
              "dropout": 0.2},
    "warm restarts": {"data": "digits", "optimiser": "sgd", "lr": 0.02, "schedule": "restarts"},
    "few epochs": {"data": "quantiles", "epochs": 8},
    "few rows": {"data": "digits", "rows": 50, "epochs": 120, "width": 96, **_LARGE},
    "few rows of a number": {"data": "friedman3", "rows": 60, "epochs": 150, "width": 128,
                             **_LARGE},
    "wrong labels": {"data": "quantiles", "noise": 0.4, "epochs": 100, "width": 96, **_LARGE},
    "twenty rows held out": {"data": "quantiles", "held_out": 20, "dropout": 0.2},
    "near zero": {"data": "breast_cancer", "epochs": 150},
    "rate of a millionth": {"data": "digits", "optimiser": "sgd", "lr": 1e-6, "epochs": 30},
    "rate of 2": {"data": "digits", "optimiser": "sgd", "lr": 2.0, "epochs": 40, **_HIGH},
    "Adam's rate of 0.3": {"data": "quantiles", "lr": 0.3, "epochs": 50, **_HIGH},
    "rate that jumps": {"data": "blobs", "optimiser": "sgd", "lr": 0.02, "schedule": "jump",
                        **_HIGH},
    "bad batches": {"data": "quantiles", "optimiser": "sgd", "lr": 2e-3, "dropout": 0.1,
                    "bad_batches": {(20, 3), (35, 9)}},
    "batches of four, by step": {"data": "quantiles", "batch": 4, "epochs": 20, "by_step": True},
    "rate of 1, by step": {"data": "digits", "optimiser": "sgd", "lr": 1.0, "epochs": 50,
                           "by_step": True, **_HIGH},
}  # fmt: skip


def trainings(seeds: range) -> Iterator[Training]:
    """All recipes with each seed."""
    torch.set_num_threads(1)
    for seed in seeds:
        for name, recipe in _BOOSTED.items():
            yield _boosted(name, seed, recipe)
        for name, recipe in _NETWORKS.items():
            yield _fitted(name, seed, recipe)
