"""From a saved file alone and a copy of the logs to its story, for each adapter."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
import xgboost
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge

import mllog_lightgbm
import mllog_xgboost
from lightning_training import make_trainer, regression
from mllog_callbacks import AuditLog, fingerprint
from mllog_sklearn import audited, save_model
from paths import ROOT
from sealed import mllog

RNG = np.random.default_rng(0)
DATA, OTHER = RNG.normal(size=(300, 4)), RNG.normal(size=(60, 4))
TARGET, OTHERS = (each[:, 0] + each[:, 1] for each in (DATA, OTHER))


def tensors() -> Any:
    """The data as tensors of 32 bits."""
    return tuple(torch.from_numpy(each.astype("f4")) for each in (DATA, TARGET[:, None]))


def _lightgbm(log: AuditLog, folder: Path) -> Path:
    data = lgb.Dataset(DATA, TARGET)
    model = lgb.train(
        {"verbose": -1, "learning_rate": 0.2},
        data,
        4,
        valid_sets=[data.create_valid(OTHER, OTHERS)],
        callbacks=[mllog_lightgbm.MLAuditCallback(log)],
    )
    model.save_model(folder / "model.txt")
    return folder / "model.txt"


def _xgboost(log: AuditLog, folder: Path) -> Path:
    model = xgboost.XGBRegressor(
        n_estimators=4, learning_rate=0.2, callbacks=[mllog_xgboost.MLAuditCallback(log)]
    )
    model.fit(DATA, TARGET, eval_set=[(OTHER, OTHERS)], verbose=False)
    model.save_model(folder / "model.json")
    return folder / "model.json"


def _sklearn(log: AuditLog, folder: Path) -> Path:
    model = audited(Ridge(alpha=0.2), log).fit(DATA, TARGET)
    return save_model(model, folder / "model.joblib", log)


def _lightning(log: AuditLog, folder: Path) -> Path:
    data = torch.utils.data.TensorDataset(*tensors())
    loader = torch.utils.data.DataLoader(data, batch_size=100)
    trainer = make_trainer(pl, log, folder, max_epochs=2)
    trainer.fit(regression(pl)(), loader, loader)
    trainer.save_checkpoint(folder / "model.ckpt")
    return folder / "model.ckpt"


def _catboost(log: AuditLog, folder: Path) -> Path:
    catboost = pytest.importorskip("catboost", reason="catboost is not installed")
    from mllog_catboost import MLAuditCallback  # noqa: PLC0415 - of the example

    model = catboost.CatBoostRegressor(
        iterations=4, learning_rate=0.2, verbose=0, allow_writing_files=False
    )
    model.fit(DATA, TARGET, eval_set=(OTHER, OTHERS), callbacks=[MLAuditCallback(log)])
    model.save_model(str(folder / "model.cbm"))
    return folder / "model.cbm"


def _tensors() -> Any:
    return torch.utils.data.TensorDataset(*tensors())


ADAPTERS: dict[str, tuple[Callable[[AuditLog, Path], Path], Callable[[], Any] | str]] = {
    "lightgbm": (_lightgbm, lambda: DATA),
    "xgboost": (_xgboost, lambda: DATA),
    "sklearn": (_sklearn, lambda: DATA),
    "lightning": (_lightning, _tensors),
    "catboost": (_catboost, "a pool of CatBoost is not read"),
}
"""For each adapter a training that saves its model, and its data or why that has no hash."""


def change(path: Path, place: int = -20) -> None:
    """Make one byte another."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def traced(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """What `mllog trace` says."""
    shown = mllog("trace", *arguments, "--json")
    found: dict[str, Any] = json.loads(shown.stdout)
    return shown.returncode, found


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.filterwarnings("ignore")
def test_a_saved_file_leads_to_its_story(
    adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine with a copy of the logs: who, when, code, data, evaluation; or not."""
    monkeypatch.setenv("MLLOG_ORIGIN", "1")
    # A process of tests may have no program in a file
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
    monkeypatch.syspath_prepend(ROOT / "examples" / "new_adapter")
    train, data = ADAPTERS[adapter]
    home = tmp_path / "home"
    home.mkdir()
    with AuditLog(home / "logs", dataset="plane", session="run") as log:
        saved = train(log, home)
    there = tmp_path / "there"
    shutil.copytree(home / "logs", there / "logs")
    model = there / f"renamed{saved.suffix}"
    shutil.copy(saved, model)
    shutil.rmtree(home)

    code, answer = traced(model, there / "logs")
    (found,) = answer["matches"]
    assert (code, found["log"]) == (0, {"status": "sound", "reasons": []})
    assert (found["found_as"], found["session"], found["run"]) == ("model", "run", 1)
    assert found["model"]["bytes"] == model.stat().st_size
    assert found["account"]["uid"] == os.getuid()
    assert found["process"]["pid"] == os.getpid()
    assert found["started"] < found["finished"]
    assert found["code"]["script"]["sha256"]
    assert {*found["code"]["git"]} & {"commit", "not_known"}
    assert found["distributions"]["versions"]["numpy"] == np.__version__
    (training,) = (each for each in found["data"].values() if each["role"] == "training")
    if isinstance(data, str):
        assert training["fingerprint"] == {"not_known": data}
    else:
        assert training["fingerprint"]["sha256"] == fingerprint(data()).sha256
    given = {"sklearn": ("alpha", 0.2), "lightning": ("SGD", {"lr": 0.05})}
    name, expected = given.get(adapter, ("learning_rate", 0.2))
    assert found["parameters"][name] == {"value": expected, "by_caller": True}
    if adapter in {"lightgbm", "xgboost", "catboost"}:
        assert found["evaluation"]["same_model"] == "both have 4 x iteration"
    shared = [each["name"] for each in found["issues"] if each["name"] == "shared_rows"]
    assert shared == (["shared_rows"] if adapter == "lightning" else [])  # it validates on them
    assert found["verdict"]["word"] in ({"check"} if shared else {"healthy", "unknown"})
    page = there / "page.html"
    shown = mllog("trace", model, there / "logs", "--report", page)
    assert shown.stdout.startswith(os.fsencode(model))
    assert found["code"]["script"]["sha256"] in page.read_text("utf-8")
    _is_attested(model, there)

    _is_found_when_changed(model, there / saved.name, saved)


def _is_attested(model: Path, there: Path) -> None:
    """The statement on it holds, and not for another byte of the model."""
    stated = mllog("attest", model, there / "logs", MLLOG_SIGNING_KEY="")
    assert stated.returncode == 0, stated.stderr
    (there / "statement").write_bytes(stated.stdout)
    shown = mllog("check", there / "statement", "--model", model, there / "logs", "--json")
    found = {each["claim"]: each["status"] for each in json.loads(shown.stdout)["findings"]}
    assert shown.returncode == 0, shown.stdout
    assert (found.pop("signature"), {*found.values()}) == (None, {"sound"})
    change(model)
    shown = mllog("check", there / "statement", "--model", model)
    assert (shown.returncode, b"subject: tampered" in shown.stdout) == (1, True)
    change(model)


def _is_found_when_changed(model: Path, original: Path, saved: Path) -> None:
    """A byte of the log, and of the model under its own name."""
    logs = model.parent / "logs"
    (line,) = logs.glob("*.jsonl")
    change(line, 100)
    code, answer = traced(model, logs)
    (found,) = answer["matches"]
    assert (code, found["log"]["status"]) == (1, "tampered")
    assert found["log"]["reasons"][0].startswith(f"{line.name}:1")
    assert answer["unsound"][0].startswith("run was changed afterwards")
    change(line, 100)

    shutil.copy(model, original)
    change(original)
    code, answer = traced(original, logs)
    assert (code, answer["found"], answer["compared"]["saved models"]) == (1, False, 1)
    assert answer["near"][0].startswith(f"{saved} was saved at ")


def test_secrets_in_data_reach_no_log(tmp_path: Path) -> None:
    """Values are hashed; none of them is in a file of the log, nor in what is traced."""
    secrets = [f"hunter{number}z" for number in range(20)]
    frame = pd.DataFrame({"note": secrets, "x": range(20)})
    with AuditLog(tmp_path / "logs", session="run") as log:
        audited(DummyRegressor(), log).fit(frame, frame["x"])
    frame.to_parquet(tmp_path / "data.parquet")
    code, answer = traced(tmp_path / "data.parquet", tmp_path / "logs")
    files = [each.read_bytes() for each in (tmp_path / "logs").rglob("*") if each.is_file()]
    held = b"".join(files).decode() + json.dumps(answer)
    assert (code, [each for each in secrets if each in held]) == (0, [])


def test_data_and_commits_lead_to_their_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of data by its values, with the label among its columns; a changed one is not."""
    monkeypatch.setenv("MLLOG_ORIGIN", "1")
    frame = pd.DataFrame(DATA, columns=["a", "b", "c", "d"]).assign(label=TARGET)
    file = tmp_path / "data.csv"
    frame.to_csv(file, index=False)
    with AuditLog(tmp_path / "logs", session="run") as log:
        read = pd.read_csv(file)
        audited(Ridge(), log).fit(read.drop(columns="label"), read["label"])
    code, answer = traced(file, tmp_path / "logs")
    (found,) = answer["matches"]
    assert (code, found["found_as"], found["data"]["training"]["rows"]) == (0, "data", 300)
    shown = mllog("fingerprint", file, "--columns", "a,b,c,d", "--json")
    known = found["data"]["training"]["fingerprint"]
    assert json.loads(shown.stdout)["sha256"] == known["sha256"]

    frame["c"] = frame["c"].where(frame.index != 17, frame["c"] + 1e-9)
    frame.to_csv(file, index=False)
    code, answer = traced(file, tmp_path / "logs")
    assert (code, answer["found"]) == (1, False)
    assert "has the same shape or columns, and other values" in answer["near"][0]

    origin = json.loads((tmp_path / "logs/_integrity/run.origin").read_bytes())
    if commit := origin["git"].get("commit"):
        code, answer = traced(commit[:12], tmp_path / "logs")
        assert (code, answer["matches"][0]["session"]) == (0, "run")
    code, answer = traced("0123456", tmp_path / "logs")
    assert (code, answer["found"]) == (1, False)
    assert mllog("trace", "nothing", tmp_path / "logs").returncode == 2
