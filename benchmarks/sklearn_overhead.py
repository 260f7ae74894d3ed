"""What auditing costs a search of scikit-learn: 100 candidates, 5 folds, iris.

Run it with ``python benchmarks/sklearn_overhead.py [--repeats 15]``. Candidates take turns within
one run, see `turns`; beside the audited search stand MLflow's autologging without and with its
logging of models, where MLflow is installed.
"""

import argparse
import contextlib
import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from benchmarks.trackers import keep_mlflow_in
from benchmarks.turns import take_turns
from mllog_callbacks import AuditLog
from mllog_sklearn import audited

Search = Callable[[], Any]


def search(estimator: object = None) -> GridSearchCV:
    """100 candidates of a quick estimator, which is the hardest case: 500 fits and one more."""
    depths, leaves = list(range(1, 11)), list(range(1, 11))
    grid = {"max_depth": depths, "min_samples_leaf": leaves}
    inner = DecisionTreeClassifier(random_state=0) if estimator is None else estimator
    return GridSearchCV(inner, grid, cv=5)


def seconds(made: Search) -> float:
    """The seconds that one fit takes, its process's CPU included."""
    features, labels = load_iris(return_X_y=True)
    fitted = made()
    start = time.process_time()
    fitted.fit(features, labels)
    return time.process_time() - start


@contextlib.contextmanager
def autologging(folder: str, *, models: bool) -> Iterator[None]:
    """MLflow's autologging, into files of its own; what it prints is put aside."""
    import mlflow  # noqa: PLC0415 - compared where it is installed

    keep_mlflow_in(Path(folder) / "mlflow")
    mlflow.sklearn.autolog(log_models=models, silent=True)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        mlflow.sklearn.autolog(disable=True, silent=True)


def candidates(log: AuditLog, debug: AuditLog, folder: str) -> dict[str, Callable[[], float]]:
    """What is compared."""
    made: dict[str, Callable[[], float]] = {
        "bare": lambda: seconds(search),
        "audited search": lambda: seconds(lambda: audited(search(), log)),
        "audited search of an audited estimator": lambda: seconds(
            lambda: audited(search(audited(DecisionTreeClassifier(random_state=0), log)), log)
        ),
        "audited search, DEBUG": lambda: seconds(lambda: audited(search(), debug)),
    }
    with contextlib.suppress(ImportError):
        import mlflow  # noqa: F401, PLC0415 - only to see whether it is there

        for models in (False, True):
            name = f"MLflow autolog, {'with' if models else 'without'} models"
            made[name] = lambda models=models: _autologged(folder, models=models)  # type: ignore[misc]  # bound now
    return made


def _autologged(folder: str, *, models: bool) -> float:
    with autologging(folder, models=models):
        return seconds(search)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    np.random.seed(0)  # noqa: NPY002 - what estimators draw from
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        AuditLog(folder) as log,
        AuditLog(folder, level="DEBUG") as debug,
    ):
        compared = candidates(log, debug, folder)
        for run in compared.values():  # warms caches for all alike
            run()
        turns = take_turns(compared, repeats)
        print(turns.table("bare", "CPU time of GridSearchCV, 500 fits on iris"))


if __name__ == "__main__":
    main()
