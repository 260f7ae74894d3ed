"""A training is the same with and without, whatever kind it is."""

import gc
import hashlib
import json
import pickle
import random
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainerCallback

from mllog_callbacks import RUN_ENDS, AuditLog, EventType, LogEntry
from mllog_transformers import MLAuditCallback
from recorded import Entries, of, one
from transformers_training import Texts, gpt, trainer

_TIMES = ("runtime", "_per_second", "model_preparation_time")


def facts(entry: LogEntry) -> dict[str, Any]:
    """The facts of an entry."""
    return dict(entry.metrics_snapshot or {})


def _bytes(folder: Path) -> dict[str, str]:
    """What each file of a folder holds, times left out."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        if path.name == "trainer_state.json":
            state = json.loads(content)
            state["log_history"] = [
                {name: each for name, each in row.items() if not name.endswith(_TIMES)}
                for row in state["log_history"]
            ]
            content = json.dumps(state).encode()
        found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def test_checkpoints_results_and_random_state_are_the_same(log: AuditLog, tmp_path: Path) -> None:
    """Every byte, but the times that the trainer writes into its state."""
    seen = []
    for callbacks in ([], [MLAuditCallback(log)]):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - the state that the trainer saves
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        made = trainer(
            tmp_path / "out",
            *callbacks,
            eval_dataset=Texts(8, seed=1),
            eval_strategy="steps",
            eval_steps=2,
            save_strategy="steps",
            save_steps=2,
            load_best_model_at_end=True,
        )
        out = made.train()
        model: Any = made.model
        weights = pickle.dumps({name: each.numpy() for name, each in model.state_dict().items()})
        numpys: Any = np.random.get_state()  # noqa: NPY002 - as above
        state = random.getstate(), numpys[1].tolist(), torch.get_rng_state().tolist()
        seen.append((out.training_loss, weights, state, _bytes(tmp_path / "out")))
    assert seen[0] == seen[1]
    assert "checkpoint-2/optimizer.pt" in seen[0][3]


def test_the_trainer_is_freed_when_it_is_dropped(log: AuditLog, tmp_path: Path) -> None:
    """Nothing of ours holds it, nor its model."""
    made = trainer(tmp_path, MLAuditCallback(log), max_steps=2)
    made.train()
    freed: list[Any] = [weakref.ref(each) for each in (made, made.model, made.state)]
    del made
    gc.collect()
    assert [each() for each in freed] == [None] * 3


def test_adapters_are_recorded_with_their_share_of_the_parameters(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Of PEFT: what is trained, and what is saved."""
    lora = LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True, task_type="CAUSAL_LM")
    model = get_peft_model(gpt(), lora)
    trainable, total = model.get_nb_trainable_parameters()
    given = {"save_strategy": "steps", "save_steps": 3, "eval_strategy": "steps", "eval_steps": 3}
    made = trainer(
        tmp_path,
        MLAuditCallback(log),
        model=model,
        eval_dataset=Texts(8),
        load_best_model_at_end=True,
        **given,
    )
    made.train()
    recorded = entries()
    found = facts(one(recorded, EventType.ALGORITHM_SELECTED))
    assert found["size"] == {"parameters": total, "trainable": trainable}
    assert found["choices"]["peft"] == {"value": "LoraConfig", "by": "the caller"}
    assert found["choices"]["model"]["value"] == "GPT2LMHeadModel"
    saves = [facts(each)["saved"] for each in of(recorded, EventType.MODEL_SAVED)]
    assert {each["format"] for each in saves} == {"PEFT adapter, safetensors"}
    kept = facts(recorded[-1])["kept"]
    assert kept["chosen_by"] == "load_best_model_at_end"


def test_each_trial_of_a_search_is_a_run(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """With what the search has set; one that is pruned was stopped by that rule."""

    class Third(optuna.pruners.BasePruner):
        def prune(self, study: Any, trial: Any) -> bool:  # noqa: ARG002 - as in optuna
            return bool(trial.number == 2)

    made = trainer(
        tmp_path,
        MLAuditCallback(log),
        model_init=lambda _=None: gpt(),
        eval_dataset=Texts(8),
        eval_strategy="steps",
        eval_steps=2,
        max_steps=4,
    )
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made.hyperparameter_search(
        hp_space=lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 0.01, 0.02)},
        n_trials=3,
        backend="optuna",
        pruner=Third(),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    recorded = entries()
    assert [facts(each)["trial"] for each in of(recorded, EventType.TRAINING_STARTED)] == [0, 1, 2]
    ends = of(recorded, *RUN_ENDS)
    assert [each.event for each in ends] == [
        EventType.TRAINING_COMPLETED,
        EventType.TRAINING_COMPLETED,
        EventType.TRAINING_STOPPED,
    ]
    assert facts(ends[2])["stop"]["rule"]["name"] == "optuna Third"
    given = [facts(each)["parameters"] for each in of(recorded, EventType.HYPERPARAMETERS_SET)]
    assert [0.01 <= each["passed_on"]["learning_rate"] <= 0.02 for each in given] == [True] * 3
    assert "learning_rate" not in given[0]["given"]


def test_a_trainer_of_a_users_own_class_is_audited(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As trl's are; also where it computes its loss itself."""

    class Users(Trainer):
        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            return model(**inputs).loss

    given = trainer(tmp_path, max_steps=2)
    callbacks: list[TrainerCallback] = [MLAuditCallback(log)]
    made = Users(given.model, given.args, train_dataset=Texts(), callbacks=callbacks)
    made.train()
    assert [each.event for each in of(entries(), *RUN_ENDS)] == [EventType.TRAINING_COMPLETED]
