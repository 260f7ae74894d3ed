"""What surrounds a process by its own account: a job, a container, a notebook, seeds."""

import os
import sys
from hashlib import sha256
from typing import Any, Final

from mllog_callbacks.schema import masked

__all__ = ["environment", "notebook"]

_NAMES: Final = (
    *("SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_ARRAY_TASK_ID", "SLURM_CLUSTER_NAME"),
    *("PBS_JOBID", "LSB_JOBID", "JOB_ID", "TORCHELASTIC_RUN_ID", "RAY_JOB_ID"),
    *("KUBERNETES_SERVICE_HOST", "HOSTNAME", "POD_NAME", "POD_NAMESPACE", "JOB_COMPLETION_INDEX"),
    *("TRAINING_JOB_NAME", "AZUREML_RUN_ID", "CLOUD_ML_JOB_ID", "DATABRICKS_RUNTIME_VERSION"),
    *("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SHA", "CI_PROJECT_PATH", "CI_JOB_ID"),
    *("CI_COMMIT_SHA", "BUILD_TAG", "AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID"),
    *("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "WANDB_RUN_ID"),
    *("PYTHONHASHSEED", "PL_GLOBAL_SEED", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"),
    *("LOGNAME", "USER", "SUDO_USER"),
)
"""Variables that name a job, a container, a seed, a limit or a user; no others are recorded."""

_LONGEST: Final = 200
_NOTEBOOKS: Final = ("JPY_SESSION_NAME", "__vsc_ipynb_file__")


def environment() -> dict[str, str]:
    """What the environment claims, by the names of a fixed list; secrets masked."""
    found = {name: os.environ[name] for name in _NAMES if os.environ.get(name)}
    return {name: str(each)[:_LONGEST] for name, each in masked(found).items()}


def notebook() -> dict[str, object] | None:
    """The notebook and the cells executed so far, where this is one; the cells as a hash."""
    module = sys.modules.get("IPython")
    try:
        shell: Any = module.get_ipython() if module is not None else None
        if shell is None or not hasattr(shell, "kernel"):
            return None
        cells = [str(each) for each in shell.history_manager.input_hist_raw[1:]]
        known = {**shell.user_ns, **os.environ}
    except Exception:  # noqa: BLE001 - of IPython, in whatever version
        return None
    name = next((str(known[each]) for each in _NOTEBOOKS if known.get(each)), None)
    text = "\0".join(cells).encode("utf-8", "surrogatepass")
    facts = {"name": name, "cells": len(cells), "cells_sha256": sha256(text).hexdigest()}
    return masked({key: each for key, each in facts.items() if each is not None})  # type: ignore[no-any-return]  # of a mapping
