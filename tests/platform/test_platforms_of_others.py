"""Three platforms as companies have them, audited by one, five and six lines."""

import asyncio
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import platform_lab as lab
import platform_plain as plain
import platform_service as service
from mllog_callbacks import AuditLog, EventType, LogEntry
from mllog_callbacks.integrity import Status, verify
from mllog_callbacks.platform import audit_platform
from recorded import Entries

ENDS = {"TRAINING_COMPLETED", "TRAINING_STOPPED", "TRAINING_FAILED"}


def ends_by_run(entries: list[LogEntry]) -> dict[int, list[str]]:
    """The ends of each run, by its number."""
    found: dict[int, list[str]] = {}
    for each in entries:
        number = (each.metrics_snapshot or {}).get("run")
        if each.event == "TRAINING_STARTED":
            found.setdefault(int(str(number)), [])
        elif each.event in ENDS:
            found[int(str(number))].append(each.event)
    return found


def is_sound(log: AuditLog) -> bool:
    """Whether `verify` finds nothing in the closed log."""
    log.close()
    (found,) = verify([log.path.parent])
    return found.status is Status.SOUND


def use_plain(folder: Path) -> None:
    """What people do with the plain platform."""
    rng = np.random.default_rng(0)
    values = rng.random((60, 3))
    values[:, 2] = values[:, 0] > 0.5
    gaps = values.copy()
    gaps[0, 0] = np.nan
    for name, table in (("credit", values), ("gaps", gaps)):
        np.savetxt(folder / f"{name}.csv", table, delimiter=",", header="a,b,y", comments="")
    (folder / "none.csv").write_text("a,b,y\n")
    datasets = plain.DatasetManager()
    for name in ("credit", "gaps"):
        datasets.upload(str(folder / f"{name}.csv"))
        datasets.validate(name)
    with pytest.raises(ValueError, match="no rows"), pytest.warns(UserWarning, match="Empty input"):
        datasets.upload(str(folder / "none.csv"))
    datasets.preprocess("gaps")
    metrics, results = plain.MetricsCalculator(), {}
    for name, values_ in (("forest", {"n_estimators": 3}), ("logistic", {"C": 0.5})):
        trainer = plain.ModelTrainer(datasets)
        trainer.select_algorithm(name)
        trainer.set_hyperparameters(**values_)
        trainer.train("credit")
        path = str(folder / f"{name}.pkl")
        trainer.save(path)
        trainer.download(path)
        results[name] = metrics.evaluate(trainer.model, values[:, :-1], values[:, -1])
    metrics.compare(results)
    trainer.set_hyperparameters(C=-1.0)
    with pytest.raises(ValueError, match="C"):
        trainer.train("credit")
    trainer.set_hyperparameters(C=1.0)
    thread = threading.Thread(target=trainer.train, args=("credit", 50))
    thread.start()
    trainer.waiting.wait(20)
    trainer.stop()
    thread.join()


def test_plain_classes_are_audited_by_one_line(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """All fifteen events, each with its names and the right words."""
    with audit_platform(datasets=plain.DatasetManager, trainer=plain.ModelTrainer,
                        metrics=plain.MetricsCalculator, log=log):  # fmt: skip
        use_plain(tmp_path)
    found = entries()
    assert {each.event for each in found} == set(EventType)
    decisions = [str(each.decision) for each in found]
    assert "credit was uploaded." in decisions
    assert "credit was validated and accepted." in decisions
    assert "gaps is not valid." in decisions
    assert "DatasetManager.upload failed for none.csv." in decisions
    assert "2 models compared; forest is the best." in decisions
    assert any(each.startswith("Training of logistic failed after") for each in decisions)
    assert "Training of logistic stopped by ModelTrainer.stop." in decisions
    assert Counter(map(tuple, ends_by_run(found).values())) == {
        ("TRAINING_COMPLETED",): 2,
        ("TRAINING_FAILED",): 1,
        ("TRAINING_STOPPED",): 1,
    }
    assert is_sound(log)


SERVICE_NAMES = {
    "upload": "ingest",
    "validate": "check",
    "preprocess": "prepare",
    "select_algorithm": "pick",
    "set_hyperparameters": "configure",
    "train": "run",
    "stop": "cancel",
    "status": "job",
    "report_progress": "record_client",
    "save": "persist",
    "download": "export",
    "evaluate": "score",
    "compare": "rank",
}


async def use_service(store: service.Store) -> list[str]:
    """What clients do; each request has objects of its own."""
    csv = "a,b,y\n" + "\n".join(f"{i},{i * 2},{i % 2}" for i in range(30))
    await service.DatasetService(store).ingest("churn", csv)
    await service.DatasetService(store).ingest("gaps", csv + "\nnan,1,1")
    with pytest.raises(ValueError, match="no rows"):
        await service.DatasetService(store).ingest("empty", "a,b,y\n")
    for name in ("churn", "gaps"):
        await service.DatasetService(store).check(name)
    await service.DatasetService(store).prepare("gaps")
    jobs = []
    for params in ({}, {"rate": 0.2}, {"rate": -1}, {"rounds": 5_000}):
        request = service.TrainRequest(dataset_id="churn", params=params)
        job = await service.TrainingService(store).submit(request)
        await service.TrainingService(store).pick(job.job_id, "mean")
        await service.TrainingService(store).configure(job.job_id, service.Params(rounds=4))
        jobs.append(job.job_id)
        if "rounds" in params:
            await asyncio.sleep(0.02)
            await service.TrainingService(store).cancel(job.job_id)
        await asyncio.wait([store.tasks[job.job_id]])
        await service.TrainingService(store).job(job.job_id)
    await service.TrainingService(store).persist(jobs[0])
    _ = [each async for each in service.TrainingService(store).export(jobs[0])]
    await service.MetricsService(store).rank(jobs[:2])
    return [str(store.jobs[each].state) for each in jobs]


def test_an_asynchronous_service_is_audited_by_five_lines(log: AuditLog, entries: Entries) -> None:
    """Jobs that are tasks, requests with objects of their own, an executor, states in enums."""
    bare = asyncio.run(use_service(service.Store()))
    with audit_platform(datasets=service.DatasetService, trainer=service.TrainingService,
                        metrics=service.MetricsService, names=SERVICE_NAMES, log=log):  # fmt: skip
        states = asyncio.run(use_service(service.Store()))
    assert states == bare == ["done", "done", "failed", "cancelled"]
    found = entries()
    assert {each.event for each in found} == set(EventType)
    ends = [each for each in found if each.event in ENDS]
    assert [each.event.partition("_")[2] for each in ends] == [
        *("COMPLETED", "COMPLETED", "FAILED", "STOPPED")
    ]
    assert all(len(each) == 1 for each in ends_by_run(found).values())
    assert {each.dataset for each in ends} == {"churn"}
    jobs = [each.model for each in ends]
    assert ends[2].decision == f"Training of {jobs[2]} failed: rate is negative."
    assert ends[3].decision == f"Training of {jobs[3]} stopped by TrainingService.cancel."
    compared = next(each for each in found if each.event == "MODEL_COMPARED")
    assert set((compared.metrics_snapshot or {})["candidates"]) == {jobs[0], jobs[1]}  # type: ignore[arg-type]  # a mapping
    progress = [each for each in found if "% of the training" in str(each.decision)]
    assert progress
    assert len(progress) < 60
    assert all(each.dataset == "churn" and each.model in jobs for each in progress)
    assert is_sound(log)


LAB_NAMES = {
    "upload": "register_frame",
    "validate": "run_checks",
    "preprocess": "clean",
    "select_algorithm": "choose",
    "set_hyperparameters": "tune",
    "train": "launch",
    "stop": "halt",
    "report_progress": "on_step",
    "save": "store",
    "download": "fetch",
    "evaluate": "assess",
    "compare": "league",
}


def use_lab(folder: Path) -> dict[str, Any]:
    """What the lab's people do; workers that began long before run their experiments."""
    farm, catalogue, judge = lab.Farm(), lab.Catalogue(), lab.Judge()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.random((40, 2)), columns=["a", "b"])
    frame["y"] = (frame["a"] > 0.5).astype(int)
    frame.loc[0, "b"] = np.nan
    catalogue.register_frame("leads", frame)
    with pytest.raises(ValueError, match="empty"):
        catalogue.register_frame("none", frame.iloc[:0])
    catalogue.run_checks("leads")
    clean = catalogue.clean("leads")
    catalogue.run_checks("leads")
    outcomes: dict[str, Any] = {}

    def launch(each: lab.Experiment, steps: int) -> None:
        outcomes[each.experiment_id] = each.launch("leads", steps)

    experiments = [lab.Experiment(catalogue, f"exp-{each}") for each in range(4)]
    for each in experiments:
        each.choose("bagged").tune(lab.TreeSettings(max_depth=2))
    for each, steps in zip(experiments, (4, 300, 4, 4), strict=True):
        if steps > 100:
            farm.waiting.put(lambda each=each: launch(each, 300))
            each.started.wait(20)
            each.halt()
        else:
            farm.waiting.put(lambda each=each: launch(each, 4))
    catalogue.register_frame("odd", clean.assign(y=0.5))
    farm.close()
    outcomes["odd"] = lab.Experiment(catalogue, "exp-odd").launch("odd")
    scores = {}
    for each in (experiments[0], experiments[2]):
        model = outcomes[each.experiment_id].model
        each.store(folder / f"{each.experiment_id}.joblib", model)
        each.fetch(folder / f"{each.experiment_id}.joblib")
        scores[each.experiment_id] = judge.assess(model, clean)
    judge.league(scores)
    return {name: each.success for name, each in outcomes.items()}


def test_a_platform_on_scikit_learn_is_audited_by_six_lines(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Frames of checks, outcomes with errors, workers that began before, searches within."""
    bare = use_lab(tmp_path)
    with audit_platform(datasets=lab.Catalogue, trainer=lab.Experiment, metrics=lab.Judge,
                        names=LAB_NAMES, log=log):  # fmt: skip
        assert use_lab(tmp_path) == bare
    found = entries()
    assert {each.event for each in found} == set(EventType)
    ends = {str(each.model): each for each in found if each.event in ENDS}
    assert {name: each.event.partition("_")[2] for name, each in ends.items()} == {
        **dict.fromkeys(["exp-0", "exp-2", "exp-3"], "COMPLETED"),
        "exp-1": "STOPPED",
        "exp-odd": "FAILED",
    }
    assert all(len(each) == 1 for each in ends_by_run(found).values())
    validated = [each for each in found if each.event == "DATASET_VALIDATED"]
    assert [each.decision for each in validated] == [
        "leads was validated and refused.",
        "leads was validated and accepted.",
    ]
    assert validated[0].reasoning == "Catalogue.run_checks found in 3 checks: b has no gaps."
    assert is_sound(log)
