"""Training on a Dask cluster: a session on each worker, and what ties them together."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
import pytest
from sklearn.datasets import load_breast_cancer

from mllog_callbacks import RUN_ENDS, AuditLog, EventType, LogEntry, read_entries
from mllog_lightgbm import MLAuditCallback
from recorded import facts_of

distributed = pytest.importorskip("distributed")
dask_array = pytest.importorskip("dask.array")

# Dask's threads and sockets outlive its tests by a moment
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A real cluster of two processes on this machine."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as connected,
    ):
        yield connected


def trained(client: Any, log: AuditLog) -> dict[str, list[LogEntry]]:
    """Train on both workers; returns the entries of each session that they opened."""
    features, labels = load_breast_cancer(return_X_y=True)
    model = lgb.DaskLGBMClassifier(n_estimators=5, num_leaves=7, verbosity=-1, client=client)
    model.fit(
        dask_array.from_array(features, chunks=(285, 30)),
        dask_array.from_array(labels, chunks=285),
        callbacks=[MLAuditCallback(log, dataset="breast_cancer")],
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        files = [path for path in log.path.parent.glob("*.jsonl") if path != log.path]
        recorded = {path.name.split(".")[1]: list(read_entries(path)) for path in files}
        if len(recorded) == 2 and all(
            each and each[-1].event in RUN_ENDS for each in recorded.values()
        ):
            break
        time.sleep(0.1)  # until the workers' drainers have written the last
    return recorded


def test_each_worker_records_its_part(client: Any, tmp_path: Path) -> None:
    """One start and one end each, of the same machines; the sidecars name the caller's session."""
    with AuditLog(tmp_path) as log:
        sessions = trained(client, log)
        parent = log.session
    assert len(sessions) == 2
    machines = set()
    for name, recorded in sessions.items():
        events = [each.event for each in recorded]
        assert events.count(EventType.TRAINING_STARTED) == 1
        assert events[-1] is EventType.TRAINING_COMPLETED
        started = facts_of(recorded[0])
        addresses: list[str] = started["addresses"]
        machines.add(tuple(addresses))
        assert started["machines"] == 2
        assert "Called by LGBMClassifier.fit for lightgbm.dask." in str(recorded[0].reasoning)
        (chosen,) = (each for each in recorded if each.event is EventType.ALGORITHM_SELECTED)
        assert "Chosen by the caller, through lightgbm.dask: tree_learner." in str(chosen.reasoning)
        (given,) = (each for each in recorded if each.event is EventType.HYPERPARAMETERS_SET)
        through = "set by the caller of LGBMClassifier, through lightgbm.dask: "
        assert through in str(given.decision)
        assert "lightgbm.dask may have set num_machines, " in str(given.reasoning)
        together = "2 workers train together; this is one of them: "
        assert f"{together}{', '.join(addresses)}." in str(recorded[0].reasoning)
        (sidecar,) = (tmp_path / "_integrity").glob(f"*{name}*.json")
        assert json.loads(sidecar.read_text())["parent"] == parent
    assert len(machines) == 1
