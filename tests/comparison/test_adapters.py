"""Twelve runs of every adapter, one change each: what differs is named, and the best is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import torch
import xgboost as xgb
from pytorch_lightning import LightningModule, Trainer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from mllog_callbacks import AuditLog, audit_context, read_trail
from mllog_callbacks.report import ComparedTrail
from mllog_lightning import MLAuditCallback as LightningCallback
from mllog_sklearn import audited
from mllog_xgboost import MLAuditCallback as XGBoostCallback

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)


def _xgboost(log: AuditLog, rows: int = 400, **changed: Any) -> None:
    params = {"objective": "binary:logistic", "nthread": 1, "max_depth": 3, "eta": 0.3} | changed
    sets = [(xgb.DMatrix(X[400:], Y[400:]), "valid")]
    train = xgb.DMatrix(X[:rows], Y[:rows])
    xgb.train(params, train, 8, evals=sets, verbose_eval=False, callbacks=[XGBoostCallback(log)])


class _Module(LightningModule):
    def __init__(self, rate: float, momentum: float, weight_decay: float) -> None:  # noqa: ARG002 - Lightning reads them from here
        super().__init__()
        self.save_hyperparameters()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(30, 1)

    def training_step(self, batch: Any, _index: int) -> Any:
        return self._loss(batch)

    def validation_step(self, batch: Any, _index: int) -> None:
        self.log("val_loss", self._loss(batch))

    def _loss(self, batch: Any) -> Any:
        return torch.nn.functional.binary_cross_entropy_with_logits(
            self.layer(batch[0]).squeeze(1), batch[1]
        )

    def configure_optimizers(self) -> Any:
        given = {name: self.hparams[name] for name in ("momentum", "weight_decay")}
        return torch.optim.SGD(self.parameters(), lr=self.hparams["rate"], **given)


def _lightning(log: AuditLog, rows: int = 400, **changed: Any) -> None:
    def loader(part: slice) -> Any:
        tensors = (torch.as_tensor(each[part], dtype=torch.float32) for each in (X, Y))
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors), batch_size=50)

    module = {"rate": 0.1, "momentum": 0.0, "weight_decay": 0.0}
    module |= {name: changed.pop(name) for name in [*module] if name in changed}
    trainer = Trainer(
        **{"max_epochs": 4} | changed,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        callbacks=[LightningCallback(log)],
    )
    trainer.fit(_Module(**module), loader(slice(rows)), loader(slice(400, None)))


def _sklearn(log: AuditLog, rows: int = 400, **changed: Any) -> None:
    model = audited(LogisticRegression(**{"max_iter": 500} | changed), log=log)
    model.fit(X[:rows], Y[:rows]).score(X[400:], Y[400:])


ADAPTERS: Final[dict[str, tuple[Callable[..., None], dict[str, dict[str, Any]]]]] = {
    "xgboost": (
        _xgboost,
        {
            "max_depth": {"max_depth": 1},
            "eta": {"eta": 0.05},
            "subsample": {"subsample": 0.5},
            "colsample_bytree": {"colsample_bytree": 0.3},
            "lambda": {"lambda": 30.0},
            "alpha": {"alpha": 5.0},
            "gamma": {"gamma": 5.0},
            "min_child_weight": {"min_child_weight": 20},
            "max_bin": {"max_bin": 8},
        },
    ),
    "lightning": (
        _lightning,
        {
            "rate": {"rate": 0.01},
            "momentum": {"momentum": 0.5},
            "weight_decay": {"weight_decay": 0.5},
            "gradient_clip_val": {"gradient_clip_val": 0.01},
            "accumulate_grad_batches": {"accumulate_grad_batches": 4},
            "max_epochs": {"max_epochs": 2},
            "limit_train_batches": {"limit_train_batches": 2},
            "min_epochs": {"min_epochs": 2},
            "max_steps": {"max_steps": 20},
        },
    ),
    "sklearn": (
        _sklearn,
        {
            "C": {"C": 0.01},
            "tol": {"tol": 0.5},
            "fit_intercept": {"fit_intercept": False},
            "solver": {"solver": "liblinear"},
            "class_weight": {"class_weight": "balanced"},
            "max_iter": {"max_iter": 400},
            "warm_start": {"warm_start": True},
            "random_state": {"random_state": 7},
            "intercept_scaling": {"intercept_scaling": 2.0},
        },
    ),
}
"""By adapter, how it trains, and the one parameter that is changed in each of nine runs."""

OTHERS: Final[dict[str, dict[str, Any]]] = {
    "base": {},
    "data": {"rows": 300},
    "code": {"commit": "b2"},
}
"""The runs in which no parameter is changed."""


def _runs(adapter: str) -> dict[str, dict[str, Any]]:
    return OTHERS | ADAPTERS[adapter][1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ComparedTrail]:
    """The comparison of each adapter's runs, a session each."""
    found = {}
    for adapter, (train, _) in ADAPTERS.items():
        folder: Path = tmp_path_factory.mktemp(adapter)
        for name, changed in _runs(adapter).items():
            settings = {key: value for key, value in changed.items() if key != "commit"}
            commit = changed.get("commit", "a1")
            with AuditLog(folder, session=name) as log, audit_context(commit=commit):
                train(log, **settings)
        found[adapter] = read_trail(folder).compare(baseline="base")
    return found


@pytest.mark.filterwarnings("ignore:.*num_workers")
@pytest.mark.parametrize(
    ("adapter", "name"),
    [(each, name) for each in ADAPTERS for name in _runs(each)],
)
def test_what_was_changed_is_what_differs(
    adapter: str, name: str, made: dict[str, ComparedTrail]
) -> None:
    """The parameter, set by the caller; or facts of the training data; and nothing of the base."""
    found = made[adapter]
    differences = [each for each in found.differences(found.find(name)) if each.is_chosen]
    names = {each.name for each in differences}
    if name == "base":
        assert names == set()
    elif name == "data":
        assert "data.training.rows" in names
        assert all(each.startswith("data.training") for each in names)
    elif name == "code":
        (only,) = differences
        assert (only.name, only.here and only.here.value) == ("context.commit", "b2")
    else:
        changed = [each for each in differences if each.name.startswith("parameters.")]
        assert name in {each.name.rpartition(".")[2].rpartition(" ")[2] for each in changed}
        # of Lightning's a module has it, and so has the optimizer to which the module hands it on
        assert len(changed) == (2 if name in {"rate", "momentum", "weight_decay"} else 1)
        here = {(each.here.value, each.here.by) for each in changed if each.here is not None}
        assert here == {(_runs(adapter)[name][name], "the caller")}
        assert names - {each.name for each in changed} <= {"data.training.batches"}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_best_has_the_best_score(adapter: str, made: dict[str, ComparedTrail]) -> None:
    """In the direction of its metric."""
    found = made[adapter]
    values = {run.id: run.scores[found.metric].value for run in found.runs}
    assert len(values) == 12
    best = max if found.mode == "max" else min
    assert found.mode == ("max" if adapter == "sklearn" else "min")
    assert found.best is not None
    assert values[found.best.id] == best(values.values())


def test_a_search_has_its_candidates_as_a_group(tmp_path: Path) -> None:
    """With the mean over folds of each, and which was chosen."""
    with AuditLog(tmp_path) as log:
        search = GridSearchCV(LogisticRegression(), {"C": [0.001, 1.0]}, cv=3)
        audited(search, log=log).fit(X[:200], Y[:200])
    found = read_trail(tmp_path).compare()
    (group,) = [each for each in found.groups if each.kind == "candidates"]
    assert [dict(each.parameters) for each in group.members if each.chosen] == [{"C": 1.0}]
    assert all(each.deviation is not None for each in group.members)
    assert found.mode == "max"
