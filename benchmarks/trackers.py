"""What may stand beside us in a LightGBM training: each as a way to get its callbacks.

All record each iteration's metrics, but for our INFO, which records those that a person reads.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb

from benchmarks.peers import PEERS
from mllog_callbacks import AuditLog
from mllog_lightgbm import MLAuditCallback

__all__ = ["BASE", "TRACKERS", "Tracker", "keep_mlflow_in"]

Tracker = Callable[[Path], AbstractContextManager[list[Any]]]
"""Gives the callbacks of one training, whose files belong into a folder."""


@contextmanager
def _nothing(_: Path) -> Iterator[list[Any]]:
    yield []


@contextmanager
def _record_evaluation(_: Path) -> Iterator[list[Any]]:
    yield [lgb.record_evaluation({})]


def _audited(level: str) -> Tracker:
    @contextmanager
    def tracker(folder: Path) -> Iterator[list[Any]]:
        with AuditLog(folder, level=level) as log:
            yield [MLAuditCallback(log)]

    return tracker


def _logged(peer: str) -> Tracker:
    """A line an iteration, by a logger of `benchmarks.peers`."""

    @contextmanager
    def tracker(folder: Path) -> Iterator[list[Any]]:
        logger = PEERS[peer](folder)
        yield [lambda _env: logger.emit()]
        logger.finish()
        logger.close()

    return tracker


@contextmanager
def _tensorboard(folder: Path) -> Iterator[list[Any]]:
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - each peer is optional

    with SummaryWriter(str(folder)) as writer:
        yield [_each(writer.add_scalar)]


@contextmanager
def _dvclive(folder: Path) -> Iterator[list[Any]]:
    from dvclive import Live  # noqa: PLC0415 - optional
    from dvclive.lgbm import DVCLiveCallback  # noqa: PLC0415 - optional

    with Live(str(folder), save_dvc_exp=False, report=None) as live:
        yield [DVCLiveCallback(live=live)]


def keep_mlflow_in(folder: Path) -> None:
    """Let MLflow keep its runs in files: its small distribution has no database."""
    import mlflow  # noqa: PLC0415 - optional

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(folder.as_uri())
    mlflow.set_experiment("benchmark")


@contextmanager
def _mlflow(folder: Path) -> Iterator[list[Any]]:
    """The callback that MLflow's autolog adds."""
    import mlflow  # noqa: PLC0415 - optional
    from mlflow.lightgbm import _autolog_callback  # noqa: PLC0415 - optional
    from mlflow.utils.autologging_utils import batch_metrics_logger  # noqa: PLC0415 - optional

    keep_mlflow_in(folder)
    results: list[Any] = []
    record: Callable[..., object] = _autolog_callback
    with mlflow.start_run() as run, batch_metrics_logger(run.info.run_id) as logger:
        yield [lambda env: record(env, logger, results)]


@contextmanager
def _wandb(folder: Path) -> Iterator[list[Any]]:
    import wandb  # noqa: PLC0415 - optional
    from wandb.integration.lightgbm import wandb_callback  # noqa: PLC0415 - optional

    settings = wandb.Settings(silent=True, console="off")
    with wandb.init(mode="offline", dir=str(folder), settings=settings):
        yield [wandb_callback()]


def _each(record: Callable[[str, float, int], object]) -> Callable[[Any], None]:
    def callback(env: Any) -> None:  # noqa: ANN401 - LightGBM's CallbackEnv
        for name, metric, value, *_ in env.evaluation_result_list:
            record(f"{name}_{metric}", value, env.iteration)

    return callback


BASE: Final = "no callback"
"""What all are compared with."""

TRACKERS: Final[Mapping[str, Tracker]] = {
    BASE: _nothing,
    "record_evaluation": _record_evaluation,
    "MLAuditCallback, INFO": _audited("INFO"),
    "MLAuditCallback, DEBUG": _audited("DEBUG"),
    "structlog on bytes": _logged("structlog on bytes"),
    "stdlib QueueHandler": _logged("stdlib QueueHandler"),
    "loguru": _logged("loguru"),
    "TensorBoard": _tensorboard,
    "W&B, offline": _wandb,
    "DVCLive": _dvclive,
    "MLflow autolog, local files": _mlflow,
}

# Nobody is called from a benchmark
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "DVC_NO_ANALYTICS": "1"}
# and MLflow's files, which it is about to give up, cost less than its database
os.environ |= {"DVCLIVE_LOGLEVEL": "ERROR", "MLFLOW_ALLOW_FILE_STORE": "true"}
