"""A platform that is killed in the middle of a training has lost nothing of its trail."""

import os
import signal
from pathlib import Path

import httpx2

from mllog_callbacks import read_entries
from processes import drained, drainers, until
from recorded import facts_of
from servers import serving
from uploads import GOOD
from workbench.datasets import DatasetManager
from workbench.store import Store
from workbench.training import ModelTrainer


def test_a_killed_server_recovers_its_log(tmp_path: Path) -> None:
    """Also where what writes the file is killed with it; the platform goes on, in a new session."""
    with serving(tmp_path) as (address, server), httpx2.Client(base_url=address) as client:
        client.post("/api/datasets", params={"name": "late.csv"}, content=GOOD)
        client.post("/api/datasets/late.csv/validate")
        client.post("/api/datasets/late.csv/preprocess")
        body = {"algorithm": "random_forest", "dataset": "late.csv"}
        model = client.post("/api/models", json=body).json()["model"]
        client.put(f"/api/models/{model}/hyperparameters", json={"n_estimators": 100_000})
        client.post(f"/api/models/{model}/train")
        until(lambda: client.get("/api/state").json()["models"][0].get("step", 0) > 50, 60)
        (drainer,) = drainers(tmp_path / "logs")
        for pid in (drainer, server.pid):
            os.kill(pid, signal.SIGKILL)
        assert server.wait(10) == -signal.SIGKILL
    with serving(tmp_path) as (address, _):
        recorded = httpx2.get(f"{address}trail/entries").json()
        assert httpx2.get(f"{address}api/state").json()["models"][0]["status"] == "interrupted"
    drained(tmp_path / "logs")
    entries = list(read_entries(tmp_path / "logs"))
    assert [each["event"] for each in recorded] == [each.event for each in entries]
    assert [each.event for each in entries[:6]] == [
        "DATASET_UPLOADED",
        "DATASET_VALIDATED",
        "DATASET_PREPROCESSED",
        "ALGORITHM_SELECTED",
        "HYPERPARAMETERS_SET",
        "TRAINING_STARTED",
    ]
    *progress, end = entries[6:]
    assert {each.event for each in progress} == {"TRAINING_PROGRESS"}
    steps = [each.metrics_snapshot["step"] for each in progress if each.metrics_snapshot]
    assert steps[:2] == [10, 20]
    assert end.event == "TRAINING_FAILED"
    assert facts_of(end)["stop"]["by"] == "killed"


def test_two_servers_on_one_store_leave_each_others_trainings_alone(tmp_path: Path) -> None:
    """Only those of a server that is gone are interrupted."""
    store = Store(tmp_path)
    first = ModelTrainer(store, DatasetManager(store))
    of_first = store.server()
    for name, server in (("here", of_first.id), ("gone", "of a server that was killed")):
        store.add("models", name, status="training", server=server)
    ModelTrainer(store, DatasetManager(store))
    assert {each["name"]: each["status"] for each in store.all("models")} == {
        "here": "training",
        "gone": "interrupted",
    }
    del first
