"""One change each, in every adapter: what differs is named, and the best is found."""

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

from mllog_callbacks import AuditLog, read_trail
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
    def __init__(self, rate: float) -> None:  # noqa: ARG002 - Lightning reads it from here
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
        return torch.optim.SGD(self.parameters(), lr=self.hparams["rate"])


def _lightning(log: AuditLog, rows: int = 400, rate: float = 0.1, **changed: Any) -> None:
    def loader(part: slice) -> Any:
        tensors = (torch.as_tensor(each[part], dtype=torch.float32) for each in (X, Y))
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors), batch_size=50)

    trainer = Trainer(
        **{"max_epochs": 6} | changed,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        callbacks=[LightningCallback(log)],
    )
    trainer.fit(_Module(rate), loader(slice(rows)), loader(slice(400, None)))


def _sklearn(log: AuditLog, rows: int = 400, **changed: Any) -> None:
    model = audited(LogisticRegression(**{"max_iter": 500} | changed), log=log)
    model.fit(X[:rows], Y[:rows]).score(X[400:], Y[400:])


ADAPTERS: Final[dict[str, tuple[Callable[..., None], dict[str, dict[str, Any]]]]] = {
    "xgboost": (
        _xgboost,
        {
            "base": {},
            "max_depth": {"max_depth": 1},
            "eta": {"eta": 0.05},
            "subsample": {"subsample": 0.5},
            "data": {"rows": 300},
        },
    ),
    "lightning": (_lightning, {"base": {}, "rate": {"rate": 0.01}, "data": {"rows": 300}}),
    "sklearn": (_sklearn, {"base": {}, "C": {"C": 0.01}, "data": {"rows": 300}}),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ComparedTrail]:
    """The comparison of each adapter's runs, a session each."""
    found = {}
    for adapter, (train, runs) in ADAPTERS.items():
        folder: Path = tmp_path_factory.mktemp(adapter)
        for name, changed in runs.items():
            with AuditLog(folder, session=name) as log:
                train(log, **changed)
        found[adapter] = read_trail(folder).compare(baseline="base")
    return found


@pytest.mark.filterwarnings("ignore:.*num_workers")
@pytest.mark.parametrize(
    ("adapter", "name"),
    [(each, name) for each, (_, runs) in ADAPTERS.items() for name in runs],
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
    else:
        assert {each.rpartition(".")[2].rpartition(" ")[2] for each in names} >= {name}
        changed = ADAPTERS[adapter][1][name][name]
        assert changed in [each.here and each.here.value for each in differences]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_best_has_the_best_score(adapter: str, made: dict[str, ComparedTrail]) -> None:
    """In the direction of its metric."""
    found = made[adapter]
    values = {run.id: run.scores[found.metric].value for run in found.runs}
    assert len(values) == len(ADAPTERS[adapter][1])
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
