"""What is special to Hugging Face's trainer; what every adapter does is asked by the contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch.utils.data import IterableDataset
from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
)

from mllog_callbacks import RUN_ENDS, AuditLog, EventType, LogEntry, auto, read_entries
from mllog_transformers import MLAuditCallback
from recorded import Entries, of, one, the_end
from transformers_training import Texts, gpt, trainer


def facts(entry: LogEntry) -> dict[str, Any]:
    """The facts of an entry, without its run's number and its seconds."""
    snapshot = entry.metrics_snapshot or {}
    return {name: each for name, each in snapshot.items() if name not in {"run", "seconds"}}


class Own(TrainerCallback):
    """A user's callback that does something in a hook, once.

    Args:
        hook: Which.
        act: Called with state and control.
        step: At which step.
    """

    def __init__(self, hook: str, act: Any, step: int = 2) -> None:
        self.hook, self.act, self.step = hook, act, step

    def _do(self, hook: str, state: TrainerState, control: TrainerControl) -> None:
        if hook == self.hook and state.global_step == self.step:
            self.act(state, control)

    def on_step_begin(self, *given: Any, **_: Any) -> None:
        """Act where it is asked to be here."""
        self._do("on_step_begin", *given[1:])

    def on_step_end(self, *given: Any, **_: Any) -> None:
        """Likewise."""
        self._do("on_step_end", *given[1:])

    def on_evaluate(self, *given: Any, **_: Any) -> None:
        """Likewise."""
        self._do("on_evaluate", *given[1:])


def fail(*_: object) -> None:
    """Raise."""
    msg = "no more"
    raise ZeroDivisionError(msg)


def interrupt(*_: object) -> None:
    """Interrupt."""
    raise KeyboardInterrupt


def stop(_: TrainerState, control: TrainerControl) -> None:
    """Ask for the end of the training."""
    control.should_training_stop = True


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[LogEntry], Trainer]]:
    """A training with two validation sets, checkpoints, and an early stopping that ends it."""
    folder = tmp_path_factory.mktemp("story")
    with AuditLog(folder / "logs") as log:
        made = trainer(
            folder / "out",
            EarlyStoppingCallback(2),
            MLAuditCallback(log),
            max_steps=30,
            learning_rate=0.3,
            eval_strategy="steps",
            eval_steps=2,
            save_strategy="steps",
            save_steps=2,
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="a_b_loss",
            eval_dataset={"a": Texts(8, seed=1), "a_b": Texts(8, seed=2)},
        )
        made.train()
        made.save_model(str(folder / "final"))
        assert log.flush(10)
        yield list(read_entries(log.path)), made


def test_early_stopping_is_recorded_with_rule_best_and_kept_model(
    story: tuple[list[LogEntry], Trainer],
) -> None:
    """The best checkpoint is loaded; each number is the trainer's own."""
    entries, made = story
    end = one(entries, EventType.TRAINING_STOPPED)
    best = made.state.best_global_step
    assert best is not None
    assert facts(end)["stop"] == {
        "by": "rule",
        "rule": {
            "name": "EarlyStoppingCallback",
            "set": "eval_a_b",
            "metric": "loss",
            "mode": "min",
            "best": made.state.best_metric,
            "best_at": best // 2,
            "waited": 2,
            "patience": 2,
            "unit": "evaluation",
        },
    }
    assert facts(end)["kept"] == {
        "at": best,
        "unit": "step",
        "chosen_by": "load_best_model_at_end",
        "path": made.state.best_model_checkpoint,
    }
    done = made.state.global_step
    assert str(end.decision).startswith(f"Training stopped early after step {done} of 30.")
    evaluated = one(entries, EventType.MODEL_EVALUATED)
    assert facts(evaluated)["results"]["eval_a_b"] == {"loss": made.state.best_metric}
    assert facts(end)["readings"]["train_loss"] == made.state.log_history[-1]["train_loss"]


def test_evaluations_are_by_set_whatever_their_names(
    story: tuple[list[LogEntry], Trainer],
) -> None:
    """`eval_a_b_loss` is the loss on `a_b`."""
    entries, made = story
    results = facts(one(entries, EventType.TRAINING_STOPPED))["results"]
    last = {name: row[name] for row in made.state.log_history for name in row}
    assert results["eval_a"] == {"loss": last["eval_a_loss"]}
    assert results["eval_a_b"] == {"loss": last["eval_a_b_loss"]}
    curves = [
        curve
        for entry in entries
        for name, curve in facts(entry).items()
        if name.startswith("curve") and "eval_a" in curve.get("results", {})
    ]
    assert curves


def test_checkpoints_and_deletions_are_recorded(story: tuple[list[LogEntry], Trainer]) -> None:
    """Each with its size; what is deleted for it; the model that the user saves himself."""
    entries, made = story
    saves = [facts(each)["saved"] for each in of(entries, EventType.MODEL_SAVED)]
    checkpoints = [each for each in saves if "holds" in each]
    assert [each["holds"] for each in checkpoints] == [*range(2, made.state.global_step + 1, 2)]
    assert {each["format"] for each in saves} == {"safetensors"}
    assert checkpoints[-1]["bytes"] > 10_000
    deleted = [name for each in checkpoints for name in each.get("deleted", ())]
    there = {each.name for each in Path(made.args.output_dir or "").glob("checkpoint-*")}
    known = {Path(each["path"]).name for each in checkpoints}
    assert {*deleted} == known - there
    assert saves[-1]["path"].endswith("final")


def test_arguments_data_and_model_are_recorded(story: tuple[list[LogEntry], Trainer]) -> None:
    """Given, derived and default ones apart."""
    entries, _ = story
    found = facts(one(entries, EventType.HYPERPARAMETERS_SET))["parameters"]
    assert found["given"]["learning_rate"] == 0.3
    assert found["given"]["metric_for_best_model"] == "a_b_loss"
    assert found["derived"]["do_eval"] == {"value": True, "source": "eval_strategy"}
    assert found["derived"]["greater_is_better"]["value"] is False
    assert found["defaults"]["adam_beta1"] == 0.9
    assert "hub_token" not in found["given"]
    data = facts(one(entries, EventType.DATASET_VALIDATED))["data"]
    assert {name: each["rows"] for name, each in data.items()} == {
        "training": 24,
        "eval_a": 8,
        "eval_a_b": 8,
    }
    model = facts(one(entries, EventType.ALGORITHM_SELECTED))
    sizes = sum(each.numel() for each in gpt().parameters())
    assert model["size"] == {"parameters": sizes, "trainable": sizes}
    assert model["choices"]["lr_scheduler_type"]["value"] == "linear"
    assert model["parameters"]["given"]["n_embd"] == 16
    assert "resid_pdrop" not in model["parameters"]["given"]
    assert {each.model for each in entries} == {"GPT2LMHeadModel"}


@pytest.mark.parametrize(
    ("hook", "act", "decision"),
    [
        ("on_step_end", fail, "failed after step 2 of 6 with ZeroDivisionError"),
        ("on_step_begin", fail, "failed in step 3 of 6 with ZeroDivisionError"),
        ("on_evaluate", fail, "failed after step 2 of 6 with ZeroDivisionError"),
        ("on_step_begin", interrupt, "was stopped by hand in step 3 of 6"),
    ],
)
def test_what_a_callback_raises_is_recorded_with_its_hook(
    log: AuditLog, entries: Entries, tmp_path: Path, hook: str, act: Any, decision: str
) -> None:
    """A step that is done when it is raised is not the one that failed."""
    others = {"eval_strategy": "steps", "eval_steps": 2, "eval_dataset": Texts(8)}
    made = trainer(tmp_path, MLAuditCallback(log), Own(hook, act), **others)
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
        made.train()
    end = the_end(entries())
    assert decision in str(end.decision)
    assert facts(end)["error"]["where"] == f"by a callback in {hook}"
    assert facts(end)["progress"]["done"] == 2


class Failing(Texts):
    """Data of which a row cannot be read."""

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """Return a row."""
        if index == 5:
            fail()
        return super().__getitem__(index)


def test_data_that_cannot_be_read_fail_in_their_step(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Not in one before."""
    made = trainer(tmp_path, MLAuditCallback(log), data=Failing())
    with pytest.raises(ZeroDivisionError):
        made.train()
    end = facts(the_end(entries()))
    assert end["error"]["where"] == "while a batch was read"
    assert end["stop"] == {"by": "error"}


def test_metrics_that_fail_do_so_in_the_evaluation(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """After the step, which is done."""
    made = trainer(
        tmp_path,
        MLAuditCallback(log),
        compute_metrics=fail,
        eval_strategy="steps",
        eval_steps=2,
        eval_dataset=Texts(8),
    )
    with pytest.raises(ZeroDivisionError):
        made.train()
    end = the_end(entries())
    assert facts(end)["error"]["where"] == "in the evaluation"
    assert "failed after step 2 of 6 with ZeroDivisionError" in str(end.decision)


def test_what_fails_before_the_training_has_a_start_and_an_end(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Another callback's assertion, before ours is called; a checkpoint that is not there."""
    with pytest.raises(AssertionError, match="metric_for_best_model"):
        trainer(tmp_path, EarlyStoppingCallback(), MLAuditCallback(log)).train()
    assert "by a callback in on_train_begin" in str(the_end(entries()).reasoning)
    with pytest.raises(ValueError, match="Can't find a valid checkpoint"):
        trainer(tmp_path, MLAuditCallback(log)).train(str(tmp_path / "nowhere"))
    end = of(entries(), EventType.TRAINING_FAILED)[1]
    assert facts(end)["error"]["where"] == "while a checkpoint was loaded"
    assert facts(end)["first_begun"] is False


def test_a_callback_that_ends_the_training_is_named(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Also one that ends each epoch."""
    trainer(tmp_path, Own("on_step_end", stop), MLAuditCallback(log)).train()
    end = facts(the_end(entries()))
    assert end["stop"] == {"by": "request", "requested_by": "Own.on_step_end"}
    assert end["kept"] == {"at": 2, "unit": "step"}

    def end_epoch(_: TrainerState, control: TrainerControl) -> None:
        control.should_epoch_stop = True

    own = Own("on_step_end", end_epoch, step=2)
    trainer(tmp_path, own, MLAuditCallback(log), max_steps=-1, num_train_epochs=1).train()
    end = facts(of(entries(), EventType.TRAINING_STOPPED)[1])
    assert end["stop"] == {"by": "request", "requested_by": "Own.on_step_end"}
    assert end["progress"] == {"unit": "step", "done": 2, "planned": 3}


class Endless(IterableDataset[dict[str, torch.Tensor]]):
    """Data whose number of rows nobody knows: there are 16."""

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        """Return the rows."""
        yield from (Texts(16)[row] for row in range(16))


def test_data_without_a_length_are_recorded_without_rows(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """And a training whose data are read is completed by its steps."""
    trainer(tmp_path, MLAuditCallback(log), data=Endless(), max_steps=5).train()
    recorded = entries()
    assert facts(one(recorded, EventType.DATASET_VALIDATED))["data"] == {
        "training": {"role": "training"}
    }
    assert facts(recorded[0])["plan"] == {"unit": "step", "most": 5}
    assert facts(the_end(recorded))["stop"] == {"by": "plan"}


def test_epochs_are_planned_in_steps(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """With gradients of two batches each, and a schedule."""
    made = trainer(
        tmp_path,
        MLAuditCallback(log),
        max_steps=-1,
        num_train_epochs=2,
        gradient_accumulation_steps=2,
        warmup_steps=1,
        lr_scheduler_type="cosine",
        include_num_input_tokens_seen=True,
    )
    made.train()
    recorded = entries()
    assert facts(recorded[0])["plan"] == {"unit": "step", "most": 4, "epochs": 2.0}
    assert recorded[0].decision == "Training of at most 4 steps (2 epochs) started."
    end = facts(the_end(recorded))
    assert end["progress"] == {"unit": "step", "done": 4, "planned": 4}
    assert end["readings"]["num_input_tokens_seen"] == 24 * 8 * 2
    progress = facts(of(recorded, EventType.TRAINING_PROGRESS)[0])
    assert {"grad_norm", "num_input_tokens_seen"} <= progress["readings"].keys()
    assert "train_tokens_per_second" in progress["readings"]


def test_a_training_that_is_resumed_goes_on_counting(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The steps are those of both."""
    trainer(tmp_path, save_strategy="steps", save_steps=2, max_steps=4).train()
    path = str(tmp_path / "checkpoint-2")
    trainer(tmp_path, MLAuditCallback(log)).train(resume_from_checkpoint=path)
    recorded = entries()
    assert facts(recorded[0])["continues"] == {"at": 2, "unit": "step", "path": path}
    done = [facts(each)["progress"]["done"] for each in of(recorded, EventType.TRAINING_PROGRESS)]
    assert done[0] == 3
    progress = {"unit": "step", "done": 6, "planned": 6, "before": 2}
    assert facts(the_end(recorded))["progress"] == progress


def test_attempts_with_smaller_batches_are_recorded_as_such(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Each with its own end; the second says what ended the first."""

    class Large(transformers.GPT2LMHeadModel):  # type: ignore[no-untyped-call]  # it has no types
        def forward(self, input_ids: Any = None, labels: Any = None) -> Any:
            if len(input_ids) > 7:
                msg = "CUDA out of memory. Tried to allocate"
                raise RuntimeError(msg)
            return super().forward(input_ids=input_ids, labels=labels)

    model = Large(gpt().config)
    made = trainer(tmp_path, MLAuditCallback(log), model=model, auto_find_batch_size=True)
    made.train()
    recorded = entries()
    starts = of(recorded, EventType.TRAINING_STARTED)
    assert [each.event for each in of(recorded, *RUN_ENDS)] == [
        EventType.TRAINING_FAILED,
        EventType.TRAINING_COMPLETED,
    ]
    assert "attempt" not in facts(starts[0])
    assert facts(starts[1])["attempt"] == {
        "number": 2,
        "after": "RuntimeError: CUDA out of memory. Tried to allocate",
        "changed": {"train_batch_size": 7},
    }


def test_an_evaluation_by_itself_is_no_run(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """Nor is a prediction."""
    made = trainer(tmp_path, MLAuditCallback(log), eval_dataset=Texts(8))
    metrics = made.evaluate()
    predicted = made.predict(Texts(8, seed=3)).metrics or {}
    recorded = entries()
    assert [each.event for each in recorded] == [EventType.MODEL_EVALUATED] * 2
    assert facts(recorded[0])["results"] == {"eval": {"loss": metrics["eval_loss"]}}
    assert facts(recorded[1])["results"] == {"test": {"loss": predicted["test_loss"]}}
    assert all("run" not in (each.metrics_snapshot or {}) for each in recorded)


def test_trainings_of_a_block_are_recorded_without_a_callback(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """A trainer that was given one is recorded by that alone."""
    with auto(log=log, dataset="texts"):
        trainer(tmp_path, max_steps=2).train()
        trainer(tmp_path, MLAuditCallback(log, dataset="own"), max_steps=2).train()
    trainer(tmp_path, max_steps=2).train()
    starts = of(entries(), EventType.TRAINING_STARTED)
    assert [each.dataset for each in starts] == ["texts", "own"]
