"""Which settings were given, which are defaults, and which values are in force in their place."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from lightning_training import loader, make_trainer, regression, snapshot
from mllog_callbacks import AuditLog, EventType, LogEntry
from recorded import Entries, of


def _trained(log: AuditLog, entries: Entries, folder: Path, module: Any, **kwargs: Any) -> Any:
    """The entries of a short training."""
    make_trainer(pl, log, folder, **{"max_epochs": 1} | kwargs).fit(
        module, loader(), loader(seed=1)
    )
    return entries()


def _settings(recorded: list[LogEntry]) -> LogEntry:
    return of(recorded, EventType.HYPERPARAMETERS_SET)[0]


def test_what_groups_of_parameters_have_of_their_own_is_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The optimizer's own value stands for the groups that have none."""

    class Grouped(regression(pl)):  # type: ignore[misc]  # a class made by a function
        def configure_optimizers(self) -> Any:
            groups = [
                {"params": self.net[0].parameters(), "lr": 0.02},
                {"params": self.net[2].parameters(), "lr": 0.003, "weight_decay": 0.0},
            ]
            return torch.optim.AdamW(groups, lr=0.1)

    recorded = _settings(_trained(log, entries, tmp_path, Grouped()))
    assert snapshot(recorded)["changed"] == {
        "AdamW": {"lr": [0.02, 0.003], "weight_decay": [0.01, 0.0]}
    }
    assert (
        "Other values are in force by now: AdamW(lr=[0.02, 0.003], weight_decay=[0.01, 0.0])."
        in str(recorded.reasoning)
    )


def test_hyperparameters_that_were_changed_since_are_not_recorded_as_given(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """The given value stays the given one."""
    module = regression(pl)(rate=0.02)
    module.hparams.rate = 0.01
    numbers = snapshot(_settings(_trained(log, entries, tmp_path, module)))
    assert numbers["parameters"]["given"]["Regression"] == {"rate": 0.02}
    assert numbers["changed"] == {"Regression": {"rate": 0.01}}


def test_defaults_of_a_base_were_not_given(log: AuditLog, entries: Entries, tmp_path: Path) -> None:
    """A class that hands its arguments on has those of its bases; a callable one is no function."""

    class Wide(regression(pl)):  # type: ignore[misc]  # likewise
        def __init__(self, *given: Any, measure: Any = None, **named: Any) -> None:
            super().__init__(*given, **named)
            self.measure = measure
            self.save_hyperparameters()

    with pytest.warns(UserWarning, match="instance of `nn.Module`"):
        module = Wide(rate=0.02, measure=torch.nn.L1Loss())
    recorded = _settings(_trained(log, entries, tmp_path, module))
    assert "Wide(rate=0.02, measure=L1Loss())" in str(recorded.decision)
    assert snapshot(recorded)["parameters"]["defaults"]["Wide"] == {"hidden": 4}


def test_arguments_that_lightning_overrules_are_recorded_with_what_stands(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """A trial run is one of few steps, whatever was given beside."""
    module = regression(pl)()
    recorded = _settings(
        _trained(log, entries, tmp_path, module, max_epochs=7, fast_dev_run=2, precision="32")
    )
    assert snapshot(recorded)["parameters"]["given"]["Trainer"]["max_epochs"] == 7
    assert snapshot(recorded)["changed"] == {"Trainer": {"max_epochs": 1}}


def test_where_nothing_stands_otherwise_nothing_is_said_of_it(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Which is the rule."""
    recorded = _settings(_trained(log, entries, tmp_path, regression(pl)()))
    assert "changed" not in snapshot(recorded)
    assert "in force" not in str(recorded.reasoning)


@pytest.mark.parametrize(("given", "by_caller"), [({}, {}), ({"max_eval": 9}, {"max_eval": 9})])
def test_what_an_optimizer_computes_was_not_given(
    log: AuditLog, entries: Entries, tmp_path: Path, given: Any, by_caller: Any
) -> None:
    """LBFGS makes its evaluations of its iterations."""

    class Newton(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            return torch.optim.LBFGS(self.parameters(), max_iter=4, **given)

    recorded = _settings(_trained(log, entries, tmp_path, Newton()))
    assert snapshot(recorded)["parameters"]["given"]["LBFGS"] == {"max_iter": 4, **by_caller}


def test_a_group_that_joins_an_optimizer_is_recorded(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """As when layers are unfrozen; what changes its rate later is recorded as well."""

    class Thawing(regression(pl)):  # type: ignore[misc]  # likewise
        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.net[2].parameters(), lr=0.05)

        def on_train_epoch_start(self) -> None:
            (optimizer,) = self.trainer.optimizers
            if self.current_epoch == 1:
                optimizer.add_param_group({"params": self.net[0].parameters(), "lr": 0.001})
            if self.current_epoch == 2:
                optimizer.param_groups[1]["lr"] = 0.01

    recorded = of(
        _trained(log, entries, tmp_path, Thawing(), max_epochs=3), EventType.HYPERPARAMETERS_SET
    )[1:]
    assert [each.decision for each in recorded] == [
        "1 group of parameters joined SGD, with a learning rate of 0.001.",
        "The learning rate of SGD, group 1, was set from 0.001 to 0.01.",
    ]
    assert (
        recorded[0].reasoning == "Code of the module or of a callback did it; it has 2 groups now."
    )
    assert str(recorded[1].reasoning).endswith("code of the module or of a callback did.")


def test_batches_that_are_accumulated_by_a_schedule_are_recorded_as_they_change(
    log: AuditLog, entries: Entries, tmp_path: Path
) -> None:
    """Its callback sets them at the start of an epoch."""
    schedule = pl.callbacks.GradientAccumulationScheduler({1: 4})
    trainer = make_trainer(pl, log, tmp_path, schedule, max_epochs=2)
    trainer.fit(regression(pl)(), loader(), loader(seed=1))
    (recorded,) = of(entries(), EventType.HYPERPARAMETERS_SET)[1:]
    assert recorded.decision == (
        "accumulate_grad_batches was set from 1 to 4 by GradientAccumulationScheduler."
    )
    assert str(recorded.reasoning).startswith("GradientAccumulationScheduler(scheduling={")
    assert str(recorded.reasoning).endswith(" did it in epoch 2 of 2, after 8 steps.")
    facts = snapshot(recorded)
    assert facts["accumulate_grad_batches"] == facts["change"]["now"] == 4
    assert facts["change"]["settings"] == {"scheduling": str(schedule.scheduling)}
