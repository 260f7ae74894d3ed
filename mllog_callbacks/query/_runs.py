"""The table `runs`: a row a run, as `mllog compare` has it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mllog_callbacks.comparison import ComparedRun, compare
from mllog_callbacks.reading.story import each_story

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["RUNS", "make_runs"]

RUNS: Final[Mapping[str, str]] = {
    "id": "VARCHAR",
    "session": "VARCHAR",
    "run": "BIGINT",
    "within": "VARCHAR",
    "title": "VARCHAR",
    "model": "VARCHAR",
    "dataset": "VARCHAR",
    "began": "TIMESTAMP",
    "verdict": "VARCHAR",
    "reason": "VARCHAR",
    "ended": "VARCHAR",
    "seconds": "DOUBLE",
    "steps": "DOUBLE",
    "unit": "VARCHAR",
    "metric": "VARCHAR",
    "score": "DOUBLE",
    "deviation": "DOUBLE",
    "mode": "VARCHAR",
    "scores": "JSON",
    "parameters": "JSON",
    "issues": "JSON",
    "study": "VARCHAR",
    "trial": "BIGINT",
}
"""Its columns, and DuckDB's types of them."""

_PARAMETERS: Final = "parameters."
_BATCH: Final = 500


def make_runs(connection: "DuckDBPyConnection", files: Iterable[Path]) -> None:
    """Make the table `runs` of the logs in files."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in RUNS.items())
    connection.execute(f"CREATE TABLE runs ({columns})")
    found = compare(each_story(files))
    rows = [_row(run) for run in (*found.runs, *found.inner)]
    marks = ", ".join("?" * len(RUNS))
    for start in range(0, len(rows), _BATCH):
        connection.executemany(
            f"INSERT INTO runs VALUES ({marks})",  # noqa: S608 - question marks
            rows[start : start + _BATCH],
        )


def _row(run: ComparedRun) -> list[Any]:
    score = next(iter(run.scores.values()), None)
    values: dict[str, Any] = {
        "id": run.id,
        "session": run.session,
        "run": run.number,
        "within": run.outer or None,
        "title": run.title,
        "model": _trait(run, "model"),
        "dataset": _trait(run, "dataset"),
        "began": run.began,
        "verdict": run.verdict,
        "reason": run.reason,
        "ended": run.ended,
        "seconds": run.seconds,
        "steps": run.steps,
        "unit": run.unit or None,
        "metric": score and score.name,
        "score": score and score.value,
        "deviation": score and score.deviation,
        "mode": (score and score.mode) or None,
        "scores": _json({name: each.value for name, each in run.scores.items()}),
        "parameters": _json(dict(_parameters(run))),
        "issues": _json([each._asdict() for each in run.issues]),
        "study": run.labels.get("study"),
        "trial": run.labels.get("trial"),
    }
    return [values[name] for name in RUNS]


def _trait(run: ComparedRun, name: str) -> object:
    found = run.traits.get(name)
    return None if found is None else found.value


def _parameters(run: ComparedRun) -> Iterator[tuple[str, object]]:
    """All parameters, defaults too, by their names."""
    for name, each in run.traits.items():
        if name.startswith(_PARAMETERS):
            yield name.removeprefix(_PARAMETERS), each.value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
