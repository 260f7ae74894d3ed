"""Hugging Face's Trainer, for the contract."""

import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import (
    EarlyStoppingCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from mllog_callbacks.contract import ROUNDS, Case, Outcome, Way, raise_in
from mllog_transformers import MLAuditCallback
from transformers_training import only_new_garbage, trainer

_ROWS = 16
_PATIENCE = 5


class _Line(nn.Module):
    """A linear regression, which computes its loss as the trainer wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        return {"loss": nn.functional.mse_loss(self.layer(x), labels)}


class _Points(Dataset[dict[str, Tensor]]):
    def __init__(self, seed: int) -> None:
        chance = torch.Generator().manual_seed(seed)
        self.x = torch.randn(_ROWS, 4, generator=chance)
        self.y = self.x.sum(1, keepdim=True) + 0.1 * torch.randn(_ROWS, 1, generator=chance)

    def __len__(self) -> int:
        return _ROWS

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"x": self.x[index], "labels": self.y[index]}


class _UsersOwn(TrainerCallback):
    def __init__(self, way: Way) -> None:
        self.way = way

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002 - as in Transformers
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002 - likewise
        **kwargs: Any,  # noqa: ARG002 - likewise
    ) -> None:
        raise_in(self.way, state.global_step)


def _train(audit: MLAuditCallback | None, way: Way) -> Outcome:
    stopped = way is Way.STOPPED
    torch.manual_seed(0)
    model = _Line()
    others: list[TrainerCallback] = [_UsersOwn(way)]
    others += [EarlyStoppingCallback(_PATIENCE)] if stopped else []
    others += [] if audit is None else [audit]
    with tempfile.TemporaryDirectory() as folder, only_new_garbage():
        made = trainer(
            Path(folder),
            *others,
            model=model,
            data=_Points(0),
            eval_dataset=_Points(1),
            max_steps=ROUNDS,
            per_device_train_batch_size=_ROWS,
            eval_strategy="steps",
            eval_steps=1 if stopped else 10,
            metric_for_best_model="loss",
            learning_rate=0.9 if stopped else 0.01,
            optim="sgd" if stopped else "adamw_torch",
        )
        made.train()
    weights = b"".join(each.detach().numpy().tobytes() for each in model.parameters())
    sizes = [_ROWS, ROUNDS, _PATIENCE, sum(each.numel() for each in model.parameters())]
    given: Any = made.args.to_dict()  # type: ignore[no-untyped-call]  # it has no types
    known = [given, made.state.log_history, transformers.__version__, sizes]
    return Outcome(weights, [*known, made.state.global_step, made.state.best_global_step])


CASE = Case(
    "mllog_transformers",
    "transformers",
    ("transformers",),
    MLAuditCallback,
    _train,
    threaded=False,  # `TrainingArguments` resets what Accelerate shares in a process
)
