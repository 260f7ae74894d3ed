"""Each algorithm of the example platform is one run; its framework's adapter records the parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest
from fastapi.testclient import TestClient

import audit
from mllog_callbacks import RUN_ENDS, AuditLog
from processes import until
from recorded import Entries
from uploads import GOOD
from workbench.algorithms import ALGORITHMS
from workbench.web import create_app

SETTINGS: dict[str, dict[str, float]] = {
    "lightgbm": {"num_iterations": 5},
    "logistic_regression": {"C": 0.5},
    "neural_network": {"max_epochs": 2},
    "random_forest": {"n_estimators": 30},
}


@pytest.fixture
def client(tmp_path: Path, log: AuditLog) -> Iterator[TestClient]:
    """A browser on an audited platform with a data set."""
    with audit.hook(log), TestClient(create_app(tmp_path / "data")) as made:
        made.post("/api/datasets", params={"name": "late.csv"}, content=GOOD)
        made.post("/api/datasets/late.csv/validate")
        made.post("/api/datasets/late.csv/preprocess")
        yield made


def trained(client: TestClient, algorithm: str) -> dict[str, Any]:
    """A model, once its training is over."""
    body = {"algorithm": algorithm, "dataset": "late.csv"}
    name = client.post("/api/models", json=body).json()["model"]
    client.put(f"/api/models/{name}/hyperparameters", json=SETTINGS[algorithm])
    client.post(f"/api/models/{name}/train")

    def model() -> dict[str, Any]:
        return dict(client.get("/api/state").json()["models"][0])

    until(lambda: model()["status"] not in {"waiting", "training"}, 100)
    return model()


@pytest.mark.parametrize("algorithm", sorted(SETTINGS))
def test_each_algorithm_is_one_run_with_its_frameworks_news(
    client: TestClient, entries: Entries, tmp_path: Path, algorithm: str
) -> None:
    """All of it under the platform's own names; and the file holds no trace of the audit."""
    if algorithm not in ALGORITHMS:
        pytest.skip("Lightning is not installed")
    model = trained(client, algorithm)
    assert model["status"] == "completed", model.get("error")
    found = [each for each in entries() if each.model == model["name"]]
    assert {each.dataset for each in found} == {"late.csv"}
    assert len(found) == len(entries()) - 3  # those of the data set name no model
    runs = [each for each in found if each.event == "TRAINING_STARTED" or each.event in RUN_ENDS]
    assert [each.event for each in runs] == ["TRAINING_STARTED", "TRAINING_COMPLETED"]
    snapshots = [each.metrics_snapshot or {} for each in found]
    parts = [str(each["part"]) for each in snapshots if "part" in each]
    # The forest is grown by many fits; they are not recorded
    own = [] if algorithm == "random_forest" else ["TRAINING_STARTED", "TRAINING_COMPLETED"]
    assert parts == own
    parameters: list[Any] = [each.get("parameters", {}) for each in snapshots]
    set_by_caller = [
        each.get("set_by_caller", own.get("given"))
        for each, own in zip(snapshots, parameters, strict=True)
    ]
    set_by_caller = [each for each in set_by_caller if each is not None]
    assert set_by_caller[0] == SETTINGS[algorithm]
    assert client.post(f"/api/models/{model['name']}/evaluate").status_code == 200
    content = (tmp_path / "data" / "models" / model["file"]).read_bytes()
    assert b"mllog" not in content
    assert joblib.load(tmp_path / "data" / "models" / model["file"]) is not None
