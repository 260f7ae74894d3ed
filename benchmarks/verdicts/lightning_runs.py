"""Trainings with Lightning."""

import logging
import tempfile
from typing import Any, cast

import lightning as pl
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.datasets import load_diabetes, load_digits
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics import Accuracy

from benchmarks.verdicts.data import Split, classes, friedman, shuffled, split, tiny
from benchmarks.verdicts.truth import healthy, mistake
from mllog_callbacks import AuditLog
from mllog_lightning import MLAuditCallback


class _Net(pl.LightningModule):
    """Layers, with cross-entropy and accuracy, or the squared error."""

    def __init__(
        self,
        layers: nn.Module,
        outputs: int,
        rate: float = 3e-3,
        optimiser: Any = torch.optim.Adam,
        schedule: Any = None,
    ) -> None:
        super().__init__()
        self.layers, self.outputs, self.rate = layers, outputs, rate
        self.optimiser, self.schedule = optimiser, schedule
        self.accuracy = Accuracy("multiclass", num_classes=max(outputs, 2))

    def loss(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = batch
        shown = self.layers(x)
        if self.outputs == 1:
            return functional.mse_loss(shown.squeeze(-1), y), shown
        return functional.cross_entropy(shown, y), shown

    def training_step(self, batch: Any, _index: int) -> torch.Tensor:
        loss, _ = self.loss(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, _index: int) -> None:
        loss, shown = self.loss(batch)
        self.log("val_loss", loss)
        if self.outputs > 1:
            self.accuracy.update(shown.argmax(-1), batch[1])
            self.log("val_acc", self.accuracy)

    def configure_optimizers(self) -> Any:
        made = self.optimiser(self.parameters(), lr=self.rate)
        return made if self.schedule is None else ([made], [self.schedule(made)])


def _tensors(data: Split, kind: Any) -> Split:
    mean, spread = data.x.mean(0), data.x.std(0) + 1e-9
    scaled = ((each - mean) / spread for each in (data.x, data.x_validation))
    x, x_validation = (torch.tensor(each, dtype=torch.float32) for each in scaled)
    y, y_validation = (torch.tensor(each, dtype=kind) for each in (data.y, data.y_validation))
    return Split(x, y, x_validation, y_validation)


def _digits() -> Split:
    return _tensors(split(*load_digits(return_X_y=True)), torch.long)


def _targets(rows: int = 800) -> Split:
    data = friedman(rows)
    mean, spread = data.y.mean(), data.y.std()
    standard = data._replace(
        y=(data.y - mean) / spread, y_validation=(data.y_validation - mean) / spread
    )
    return _tensors(standard, torch.float32)


def _layers(inputs: int, outputs: int, width: int = 48, drop: float = 0.2) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(drop), nn.Linear(width, outputs)
    )


def _fit(
    log: AuditLog,
    module: Any,
    data: Split,
    epochs: int = 25,
    rules: tuple[Any, ...] = (),
    *,
    validate: bool = True,
) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    batches = DataLoader(TensorDataset(data.x, data.y), 64, shuffle=True)
    held_out = DataLoader(TensorDataset(data.x_validation, data.y_validation), 256)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=any(isinstance(each, ModelCheckpoint) for each in rules),
        num_sanity_val_steps=0,
        callbacks=[*rules, cast("Any", MLAuditCallback(log))],
    )
    trainer.fit(module, batches, held_out if validate else None)


def _keeping(monitor: str = "val_loss", mode: str = "min") -> ModelCheckpoint:
    return ModelCheckpoint(tempfile.mkdtemp(), monitor=monitor, mode=mode)


def _seed() -> None:
    pl.seed_everything(7, verbose=False)
    torch.set_num_threads(1)


@healthy()
def digits_stopped_early(log: AuditLog) -> None:
    _seed()
    rules = (EarlyStopping("val_loss", patience=4), _keeping())
    _fit(log, _Net(_layers(64, 10), 10), _digits(), 40, rules)


@healthy()
def digits_by_accuracy(log: AuditLog) -> None:
    _seed()
    rules = (EarlyStopping("val_acc", patience=5, mode="max"), _keeping("val_acc", "max"))
    _fit(log, _Net(_layers(64, 10), 10), _digits(), 40, rules)


@healthy()
def targets_fixed_epochs(log: AuditLog) -> None:
    _seed()
    _fit(log, _Net(_layers(10, 1, drop=0.0), 1), _targets(), 20)


@healthy()
def cosine_schedule(log: AuditLog) -> None:
    _seed()

    def schedule(made: Any) -> Any:
        return torch.optim.lr_scheduler.CosineAnnealingLR(made, 20)

    _fit(log, _Net(_layers(64, 10), 10, schedule=schedule), _digits(), 20)


@healthy()
def momentum(log: AuditLog) -> None:
    _seed()

    def optimiser(parameters: Any, lr: float) -> Any:
        return torch.optim.SGD(parameters, lr=lr, momentum=0.9)

    net = _Net(_layers(64, 10), 10, rate=0.02, optimiser=optimiser)
    _fit(log, net, _digits(), 15, (_keeping(),))


@healthy()
def without_validation(log: AuditLog) -> None:
    _seed()
    _fit(log, _Net(_layers(64, 10), 10), _digits(), 15, validate=False)


@healthy()
def autoencoder(log: AuditLog) -> None:
    _seed()
    data = _digits()
    x, held_out = data.x, data.x_validation

    class Auto(_Net):
        def loss(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
            shown = self.layers(batch[0])
            return functional.mse_loss(shown, batch[0]), shown

    layers = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 64))
    _fit(log, Auto(layers, 1, rate=5e-3), Split(x, data.y, held_out, data.y_validation), 20)


@healthy()
def two_classes(log: AuditLog) -> None:
    _seed()
    data = _tensors(classes(1_200), torch.long)
    rules = (EarlyStopping("val_loss", patience=5), _keeping())
    _fit(log, _Net(_layers(10, 2, drop=0.3), 2, rate=2e-3), data, 40, rules)


class _Language(_Net):
    """Predicts the next of 27 letters, of texts in which some follow others often."""

    def loss(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
        (text,) = batch[:1]
        shown = self.layers(text[:, :-1])
        return functional.cross_entropy(shown.flatten(0, 1), text[:, 1:].flatten()), shown

    def validation_step(self, batch: Any, _index: int) -> None:
        self.log("val_loss", self.loss(batch)[0])


def _texts(*, follow: bool) -> Split:
    made = torch.Generator().manual_seed(5)
    letters = torch.randint(0, 27, (600, 1), generator=made)
    columns = [letters[:, 0]]
    for _ in range(15):
        likely = (columns[-1] * 5 + 3) % 27
        other = torch.randint(0, 27, (600,), generator=made)
        chance = torch.rand(600, generator=made) < (0.7 if follow else 0.0)
        columns.append(torch.where(chance, likely, other))
    text = torch.stack(columns, 1)
    return Split(text[:400], torch.zeros(400), text[400:], torch.zeros(200))


def _letters() -> nn.Module:
    return nn.Sequential(nn.Embedding(27, 24), nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 27))


@healthy()
def language(log: AuditLog) -> None:
    _seed()
    _fit(log, _Language(_letters(), 27, rate=5e-3), _texts(follow=True), 15, (_keeping(),))


@healthy()
def warmed_up(log: AuditLog) -> None:
    _seed()

    def schedule(made: Any) -> Any:
        return torch.optim.lr_scheduler.LambdaLR(made, lambda epoch: min(1.0, (epoch + 1) / 4))

    net = _Net(_layers(64, 10), 10, rate=4e-3, schedule=schedule)
    _fit(log, net, _digits(), 16, (_keeping(),))


@mistake("MLA005", "MLA008", "MLA026", "MLA007", "MLA014", "MLA006")
def huge_rate(log: AuditLog) -> None:
    _seed()
    _fit(log, _Net(_layers(64, 10), 10, rate=5.0), _digits(), 20)


@mistake("MLA026", "MLA021")
def shuffled_labels(log: AuditLog) -> None:
    _seed()
    data = _digits()
    data = data._replace(
        y=data.y[torch.randperm(len(data.y))],
        y_validation=data.y_validation[torch.randperm(len(data.y_validation))],
    )
    _fit(log, _Net(_layers(64, 10, width=128, drop=0.0), 10), data, 20, (_keeping(),))


@mistake("MLA024")
def accuracy_minimised(log: AuditLog) -> None:
    _seed()
    rules = (EarlyStopping("val_acc", patience=4), _keeping("val_acc"))
    _fit(log, _Net(_layers(64, 10), 10), _digits(), 20, rules)


@mistake("MLA023")
def validated_on_training(log: AuditLog) -> None:
    _seed()
    data = _digits()
    same = data._replace(x_validation=data.x, y_validation=data.y)
    rules = (EarlyStopping("train_loss", patience=4), _keeping("train_loss"))
    _fit(log, _Net(_layers(64, 10), 10), same, 15, rules)


@mistake("MLA029")
def eight_validation_rows(log: AuditLog) -> None:
    _seed()
    rules = (EarlyStopping("val_loss", patience=4), _keeping())
    data = tiny(split(*load_digits(return_X_y=True)))
    _fit(log, _Net(_layers(64, 10), 10), _tensors(data, torch.long), 25, rules)


@mistake("MLA001")
def overfitted(log: AuditLog) -> None:
    _seed()
    data = _tensors(split(*load_diabetes(return_X_y=True)), torch.float32)
    data = data._replace(y=(data.y - 150) / 77, y_validation=(data.y_validation - 150) / 77)
    _fit(log, _Net(_layers(10, 1, width=256, drop=0.0), 1, rate=1e-2), data, 60)


@mistake("MLA016")
def no_rate(log: AuditLog) -> None:
    _seed()
    _fit(log, _Net(_layers(64, 10, drop=0.0), 10, rate=0.0), _digits(), 15)


class _Logarithm(_Net):
    """Takes the logarithm of what is negative from some epoch on."""

    def loss(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
        loss, shown = super().loss(batch)
        return (loss if self.current_epoch < 4 else loss * torch.log(-loss)), shown


@mistake("MLA004", lost=True)
def nan_from_the_fifth_epoch(log: AuditLog) -> None:
    _seed()
    _fit(log, _Logarithm(_layers(64, 10), 10), _digits(), 15)


@mistake("MLA026", "MLA015", "MLA008", "MLA012")
def dead_units(log: AuditLog) -> None:
    _seed()
    layers: Any = _layers(64, 10)
    with torch.no_grad():
        layers[0].bias.fill_(-1_000.0)
    _fit(log, _Net(layers, 10, rate=1e-3), _digits(), 25)


@mistake("MLA026", "MLA021", "MLA008")
def language_of_noise(log: AuditLog) -> None:
    _seed()
    _fit(log, _Language(_letters(), 27, rate=5e-3), _texts(follow=False), 20, (_keeping(),))


@mistake("MLA022")
def twelve_slow_epochs(log: AuditLog) -> None:
    _seed()
    _fit(log, _Net(_layers(64, 10), 10, rate=5e-5), _digits(), 12)


@mistake("MLA026", "MLA021")
def shuffled_targets(log: AuditLog) -> None:
    _seed()
    data = shuffled(friedman(800))
    mean, spread = data.y.mean(), data.y.std()
    data = data._replace(
        y=(data.y - mean) / spread, y_validation=(data.y_validation - mean) / spread
    )
    layers = _layers(10, 1, drop=0.3)
    _fit(log, _Net(layers, 1), _tensors(data, torch.float32), 20, (_keeping(),))


@mistake("MLA015")
def score_is_never_updated(log: AuditLog) -> None:
    _seed()

    class Empty(_Net):
        def validation_step(self, batch: Any, _index: int) -> None:
            self.log("val_loss", 0.0 * self.loss(batch)[0])

    _fit(log, Empty(_layers(64, 10), 10), _digits(), 15, (_keeping(),))
