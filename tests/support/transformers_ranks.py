"""A training of several processes, which torchrun starts: logs in the folder given.

Run it with ``torchrun --nproc-per-node 2 tests/support/transformers_ranks.py FOLDER [fail]``; with
``fail`` the second process raises in its third step.
"""

import sys
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from mllog_callbacks import AuditLog
from mllog_transformers import MLAuditCallback
from transformers_training import Texts, trainer


class _Failing(TrainerCallback):
    def on_step_begin(self, *given: Any, **_: Any) -> None:
        """Raise where it is asked to."""
        args, state = given[:2]
        if state.global_step == 2 and args.process_index == 1:
            msg = "one of two"
            raise ZeroDivisionError(msg)


def main() -> None:
    """Train."""
    folder = Path(sys.argv[1])
    others = [_Failing()] if "fail" in sys.argv else []
    with AuditLog(folder / "logs") as log:
        made = trainer(
            folder / "out",
            MLAuditCallback(log),
            *others,
            ddp_backend="gloo",
            max_steps=4,
            save_strategy="steps",
            save_steps=2,
            eval_strategy="steps",
            eval_steps=2,
            eval_dataset=Texts(8),
        )
        made.train()


if __name__ == "__main__":
    main()
