"""Every way out of a call of Lightning's trainer, driven for real, and the table of them.

``python tests/support/lightning_ends.py`` prints, for the version of Lightning it runs with,
how each way ended in the trail, as JSON; with ``--write OTHER_PYTHON`` it writes the table in
docs/lightning-ends.md, for its own version and that of another interpreter.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pytorch_lightning as pl
import torch
from torch.utils.data import Dataset

from lightning_training import VERSION, loader, make_trainer, regression
from mllog_callbacks import AuditLog, EventType, read_entries
from paths import DOCS, ROOT

TABLE: Final = DOCS / "lightning-ends.md"
ERROR: Final = "a column is missing"

_HEAD: Final = """# Every way out of a Lightning trainer, and the end in the trail

Written by `python tests/support/lightning_ends.py --write PYTHON_OF_2.4`, which drives each
way for real; the tests keep it true. A fit has one `TRAINING_STARTED` and exactly one end. The
other calls are no trainings: each leaves one entry. In a distributed training rank zero records,
and each other rank its own failure (`tests/integrations/lightning/test_lightning_ranks.py`).

"""


class Way(NamedTuple):
    """A way out.

    Attributes:
        name: What happens.
        call: The trainer's method.
        trainer: Arguments of the trainer.
        prepare: Makes it happen, to the module.
    """

    name: str
    call: str = "fit"
    trainer: Mapping[str, Any] = MappingProxyType({})
    prepare: Callable[[Any], object] = id


class _BrokenRows(Dataset[Any]):
    """Fails in the process that reads it."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, place: int) -> Any:
        raise ValueError(ERROR)


def _raises(hook: str, error: Callable[[], BaseException]) -> Callable[[Any], None]:
    def prepare(module: Any) -> None:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise error()

        setattr(module, hook, fail)

    return prepare


def _missing() -> ValueError:
    return ValueError(ERROR)


def _overrides(hook: str, function: Callable[..., Any]) -> Callable[[Any], None]:
    return lambda module: setattr(module, hook, lambda *args: function(module, *args))


def _stops(module: Any, *_args: Any) -> None:
    module.trainer.should_stop = True


def _terminates(*_args: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _allocates(*_args: Any) -> None:
    torch.empty(2**60, dtype=torch.uint8)


def _logs_nan(module: Any, *_args: Any) -> None:
    module.log("val_loss", float("nan"))


def _stopper(**kwargs: Any) -> dict[str, Any]:
    return {"more": [pl.callbacks.EarlyStopping("val_loss", **kwargs)], "max_epochs": 20}


WAYS: Final = (
    Way("all epochs"),
    Way("all steps", trainer={"max_steps": 10, "max_epochs": -1}),
    Way("no batches", trainer={"limit_train_batches": 0}),
    Way("EarlyStopping: patience", trainer=_stopper(min_delta=10.0, patience=2)),
    Way("EarlyStopping: stopping_threshold", trainer=_stopper(stopping_threshold=1e9)),
    Way("EarlyStopping: divergence_threshold", trainer=_stopper(divergence_threshold=1e-9)),
    Way(
        "EarlyStopping: not finite",
        trainer=_stopper(),
        prepare=_overrides("validation_step", _logs_nan),
    ),
    Way("max_time", trainer={"max_time": {"seconds": 0}}),
    Way("should_stop set by user code", prepare=_overrides("on_train_epoch_end", _stops)),
    Way("KeyboardInterrupt", prepare=_raises("on_train_batch_start", KeyboardInterrupt)),
    Way("SystemExit", prepare=_raises("on_train_batch_start", SystemExit)),
    Way("SIGTERM", prepare=_overrides("on_train_batch_start", _terminates)),
    Way("error in training_step", prepare=_raises("training_step", _missing)),
    Way("error in the sanity check", prepare=_raises("on_validation_start", _missing)),
    Way("error in prepare_data", prepare=_raises("prepare_data", _missing)),
    Way("error in setup", prepare=_raises("setup", _missing)),
    Way("error in on_train_end", prepare=_raises("on_train_end", _missing)),
    Way("error in on_fit_end", prepare=_raises("on_fit_end", _missing)),
    Way("error in teardown, after the end", prepare=_raises("teardown", _missing)),
    Way("error in a worker of the loader"),
    Way("out of memory", prepare=_overrides("training_step", _allocates)),
    *(
        way
        for call, hook in (
            ("validate", "validation_step"),
            ("test", "test_step"),
            ("predict", "predict_step"),
        )
        for way in (
            Way("finished", call),
            Way("KeyboardInterrupt", call, prepare=_raises(hook, KeyboardInterrupt)),
            Way("error in a step", call, prepare=_raises(hook, _missing)),
            Way("error in setup", call, prepare=_raises("setup", _missing)),
        )
    ),
)


class Outcome(NamedTuple):
    """How a way ended in the trail.

    Attributes:
        call: The trainer's method.
        name: What happened.
        events: The events of the entries that end it.
        decision: The last decision.
    """

    call: str
    name: str
    events: list[str]
    decision: str


def outcome(way: Way, folder: Path) -> Outcome:
    """Go a way."""
    module = regression(pl)()
    way.prepare(module)
    given = dict(way.trainer)
    with AuditLog(folder / "logs") as log:
        trainer = make_trainer(pl, log, folder, *given.pop("more", []), **given)
        data = [loader(16), loader(16, seed=1)] if way.call == "fit" else [loader(16)]
        if "worker" in way.name:
            data[0] = torch.utils.data.DataLoader(_BrokenRows(), num_workers=1)
        before = signal.getsignal(signal.SIGINT)
        try:
            getattr(trainer, way.call)(module, *data)
        except (ValueError, RuntimeError, SystemExit, KeyboardInterrupt):
            pass
        finally:
            signal.signal(signal.SIGINT, before)  # Lightning ignores it after an interrupt
        assert log.flush(10)
        recorded = list(read_entries(log.path))
    starts = [each for each in recorded if each.event == EventType.TRAINING_STARTED]
    assert len(starts) == (1 if way.call == "fit" else 0)
    ends = [each for each in recorded if _is_end(each.event, way.call)]
    return Outcome(way.call, way.name, [str(each.event) for each in ends], str(ends[-1].decision))


def _is_end(event: EventType, call: str) -> bool:
    if call != "fit":
        return True  # every entry counts: there is to be but one
    return event in {
        EventType.TRAINING_COMPLETED,
        EventType.TRAINING_STOPPED,
        EventType.TRAINING_FAILED,
    }


def outcomes() -> list[Outcome]:
    """Go all ways, with the version of Lightning at hand."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [outcome(way, Path(folder) / str(number)) for number, way in enumerate(WAYS)]


def by_other(python: str) -> tuple[str, list[Outcome]]:
    """The version of Lightning of another interpreter, and how all ways end there."""
    found = subprocess.run(
        [python, __file__], check=True, capture_output=True, text=True, env=_environment()
    )
    version, rows = json.loads(found.stdout.splitlines()[-1])
    return version, [Outcome(*row) for row in rows]


def _environment() -> dict[str, str]:
    root = ROOT
    here = os.pathsep.join(map(str, (root, root / "integrations", root / "tests/support")))
    return os.environ | {"PYTHONPATH": here}


def rendered(versions: dict[str, list[Outcome]]) -> str:
    """The table."""
    heads = " | ".join(f"Lightning {version}" for version in versions)
    lines = [
        f"| call | way out | {heads} | what it says |",
        "|---" * (3 + len(versions)) + "|",
    ]
    for rows in zip(*versions.values(), strict=True):
        events = " | ".join(", ".join(row.events) for row in rows)
        lines.append(f"| {rows[0].call} | {rows[0].name} | {events} | {rows[-1].decision} |")
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = outcomes()
    if "--write" in sys.argv:
        TABLE.parent.mkdir(exist_ok=True)
        version, others = by_other(sys.argv[-1])
        TABLE.write_text(rendered({version: others, VERSION: found}), "utf-8")
    sys.stdout.write(json.dumps([VERSION, found]) + "\n")
