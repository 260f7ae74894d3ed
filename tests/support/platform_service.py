"""An asynchronous service with pydantic models, whose jobs are tasks; it knows nothing of logging.

Its methods have names of their own, and one more line names each role's.
"""

import asyncio
import enum
import uuid
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pydantic


class JobState(enum.StrEnum):
    """What a job does."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class DatasetInfo(pydantic.BaseModel):
    """What the service says of a data set."""

    dataset_id: str
    n_rows: int
    n_columns: int


class Report(pydantic.BaseModel):
    """What a check found."""

    passed: bool
    findings: list[str] = []


class TrainRequest(pydantic.BaseModel):
    """What a client asks for."""

    dataset_id: str
    algorithm: str = "mean"
    params: dict[str, Any] = {}


class Params(pydantic.BaseModel):
    """Hyperparameters."""

    rounds: int = 3
    rate: float = 0.1


class Job(pydantic.BaseModel):
    """A training."""

    job_id: str
    dataset_id: str
    state: JobState = JobState.QUEUED
    detail: str | None = None


class Store:
    """What all requests share: a service is made for each of them."""

    def __init__(self) -> None:
        self.tables: dict[str, np.ndarray] = {}
        self.jobs: dict[str, Job] = {}
        self.params: dict[str, Params] = {}
        self.tasks: dict[str, asyncio.Task[Job]] = {}
        self.models: dict[str, float] = {}


class DatasetService:
    """Tables."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def ingest(self, dataset_id: str, text: str) -> DatasetInfo:
        """Take a CSV text."""
        rows = [row.split(",") for row in text.strip().splitlines()[1:]]
        if not rows:
            msg = "no rows"
            raise ValueError(msg)
        self.store.tables[dataset_id] = np.array(rows, float)
        return DatasetInfo(dataset_id=dataset_id, n_rows=len(rows), n_columns=len(rows[0]))

    async def check(self, dataset_id: str) -> Report:
        """Look for gaps."""
        gaps = int(np.isnan(self.store.tables[dataset_id]).sum())
        return Report(passed=not gaps, findings=[f"{gaps} gaps"] if gaps else [])

    async def prepare(self, dataset_id: str) -> DatasetInfo:
        """Fill gaps."""
        table = np.nan_to_num(self.store.tables[dataset_id])
        self.store.tables[dataset_id] = table
        return DatasetInfo(dataset_id=dataset_id, n_rows=len(table), n_columns=table.shape[1])


class TrainingService:
    """Jobs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def pick(self, job_id: str, algorithm: str) -> None:
        """Choose what to train."""

    async def configure(self, job_id: str, params: Params) -> None:
        """Set hyperparameters."""
        self.store.params[job_id] = params

    async def submit(self, request: TrainRequest) -> Job:
        """Make a job and its task."""
        job = Job(job_id=uuid.uuid4().hex[:8], dataset_id=request.dataset_id)
        self.store.jobs[job.job_id] = job
        self.store.tasks[job.job_id] = asyncio.create_task(self.run(job, request))
        return job

    async def run(self, job: Job, request: TrainRequest) -> Job:
        """Train; nothing is raised to anybody."""
        job.state = JobState.RUNNING
        try:
            loop = asyncio.get_running_loop()
            self.store.models[job.job_id] = await loop.run_in_executor(None, self._fit, request)
            await self._finish(job, request)
        except asyncio.CancelledError:
            job.state = JobState.CANCELLED
        except Exception as error:  # noqa: BLE001 - as services do
            job.state, job.detail = JobState.FAILED, str(error)
        return job

    async def _finish(self, job: Job, request: TrainRequest) -> None:
        rounds = request.params.get("rounds", 3)
        for done in range(1, rounds + 1):
            await self.record_client(job.job_id, percent=100 * done / rounds)
            await asyncio.sleep(0.002)
        job.state = JobState.DONE

    def _fit(self, request: TrainRequest) -> float:
        if request.params.get("rate", 1) < 0:
            msg = "rate is negative"
            raise ValueError(msg)
        return float(self.store.tables[request.dataset_id][:, -1].mean())

    async def record_client(self, job_id: str, percent: float) -> None:
        """Over a socket."""

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job's task."""
        task = self.store.tasks.get(job_id)
        return task is not None and task.cancel()

    async def job(self, job_id: str) -> Job:
        """Its state."""
        return self.store.jobs[job_id]

    async def persist(self, job_id: str) -> str:
        """Say where it is."""
        return f"s3://models/{job_id}"

    async def export(self, job_id: str) -> AsyncIterator[bytes]:
        """In chunks."""
        yield f"{self.store.models[job_id]}".encode()
        yield b"\n"


class MetricsService:
    """Scores."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def score(self, job_id: str) -> dict[str, float]:
        """One score."""
        table = self.store.tables[self.store.jobs[job_id].dataset_id]
        return {"mae": float(np.abs(table[:, -1] - self.store.models[job_id]).mean())}

    async def rank(self, job_ids: list[str]) -> list[dict[str, Any]]:
        """The best first."""
        scores = [{"job_id": each, **(await self.score(each))} for each in job_ids]
        return sorted(scores, key=lambda each: each["mae"])
