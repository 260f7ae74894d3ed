"""Whatever happens to its audit trail, the example platform answers as without one."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import audit
from disks import fill, freezable_disk, freeze, memory_disk, remount
from mllog_callbacks import AuditLog
from processes import drainers, remove, until
from uploads import GOOD
from workbench.web import create_app

FORMULA = b"size,late\n1,=1+1\n"
Answers = list[tuple[int, Any]]


def used(folder: Path) -> Answers:
    """All that the platform answers to a person who uses it, from the upload to the download."""
    with TestClient(create_app(folder)) as client:
        return list(_use(client))


def _use(client: TestClient) -> Iterator[tuple[int, Any]]:
    def asked(method: str, path: str, **given: Any) -> tuple[int, Any]:
        answer = client.request(method, f"/api/{path}", **given)
        return answer.status_code, answer.json()

    yield asked("POST", "datasets", params={"name": "late.csv"}, content=GOOD)
    yield asked("POST", "datasets", params={"name": "bad.csv"}, content=FORMULA)
    yield asked("POST", "datasets/late.csv/validate")
    yield asked("POST", "datasets/late.csv/preprocess")
    for algorithm, settings in (("logistic_regression", {"C": 0.5}), ("lightgbm", {})):
        body = {"algorithm": algorithm, "dataset": "late.csv"}
        yield asked("POST", "models", json=body)
        model = f"models/late-{algorithm}-1"
        yield asked("PUT", f"{model}/hyperparameters", json=settings)
        yield asked("POST", f"{model}/train")
        until(lambda: _states(client)[-1] not in {"waiting", "training"}, 60)
        yield 0, _states(client)
        yield asked("POST", f"{model}/train")  # once only
        yield asked("POST", f"{model}/evaluate")
        yield asked("POST", f"{model}/stop")
        yield client.get(f"/api/{model}/download").status_code, None
    models = ["late-logistic_regression-1", "late-lightgbm-1"]
    yield asked("POST", "compare", json={"models": models})


def _states(client: TestClient) -> list[str]:
    return [each["status"] for each in client.get("/api/state").json()["models"]]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What the platform answers when nobody audits it."""
    answers = used(tmp_path_factory.mktemp("alone"))
    statuses = {status for status, _ in answers}
    assert statuses == {0, 200, 202, 422}
    return answers


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """A disk without a byte left."""
    fill(folder / "filler")
    yield


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A disk that was mounted anew."""
    remount(folder, "ro")
    yield
    remount(folder, "rw")


@contextmanager
def removed(folder: Path) -> Iterator[None]:
    """Somebody cleaned up, and put a file in the directory's place."""
    remove(folder / "logs")
    (folder / "logs").touch()
    yield


@contextmanager
def drainer_killed(folder: Path) -> Iterator[None]:
    """The process that writes the file is gone."""
    for pid in drainers(folder / "logs"):
        os.kill(pid, signal.SIGKILL)
    yield


FAULTS = {
    "full": full,
    "read-only": read_only,
    "removed": removed,
    "drainer killed": drainer_killed,
}


@pytest.mark.production_guards
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_platform_answers_as_without(tmp_path: Path, expected: Answers, fault: Any) -> None:
    """To every question, the same."""
    with memory_disk(tmp_path / "disk", "256k") as disk:
        log = AuditLog(disk / "logs")
        assert log.flush(10)
        with audit.hook(log), fault(disk):
            assert used(tmp_path / "data") == expected
        assert log.stats.emitted > 30
        with suppress(OSError):
            (disk / "filler").unlink()
        log.close()


@pytest.mark.production_guards
def test_the_platform_answers_as_without_beside_a_disk_that_hangs(
    tmp_path: Path, expected: Answers
) -> None:
    """And nobody waits for it."""
    with freezable_disk(tmp_path / "disk") as disk:
        log = AuditLog(disk / "logs")
        assert log.flush(10)
        with audit.hook(log):
            freeze(disk, frozen=True)
            try:
                assert used(tmp_path / "data") == expected
                assert log.stats.pending > 30
                assert not log.flush(0)
            finally:
                freeze(disk, frozen=False)
        log.close()


@pytest.mark.production_guards
def test_a_platform_whose_log_cannot_be_made_runs_without(
    tmp_path: Path, expected: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says so."""
    (tmp_path / "logs").touch()
    app = create_app(tmp_path / "other")
    audit.start(app, tmp_path / "logs")
    assert used(tmp_path / "data") == expected
    assert ["There will be no audit trail" in each for each in caplog.messages] == [True]
    with TestClient(app) as client:
        assert client.get(f"{audit.PAGE}entries").json() == []
