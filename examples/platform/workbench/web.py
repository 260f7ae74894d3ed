"""The platform in a browser: a page, and what it asks for."""

import tempfile
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Body, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from workbench.algorithms import ALGORITHMS
from workbench.datasets import DatasetManager
from workbench.errors import NotFoundError, RefusedError
from workbench.metrics import MetricsCalculator
from workbench.store import Store
from workbench.tables import MAX_BYTES
from workbench.training import ModelTrainer

_STATIC = Path(__file__).parent / "static"
_POLICY = (
    "default-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)


def create_app(folder: Path, beside: str | None = None) -> FastAPI:
    """The platform, on a folder of its own.

    Args:
        folder: Where data sets and models are kept.
        beside: The address of a page to show beside the platform's own; None for none.
    """
    store = Store(folder)
    datasets = DatasetManager(store)
    trainer = ModelTrainer(store, datasets)
    metrics = MetricsCalculator(store, datasets)
    app = FastAPI(title="Workbench")
    _protect(app)
    _add_datasets(app, datasets)
    _add_models(app, trainer)
    _add_metrics(app, trainer, metrics)
    app.mount("/static", StaticFiles(directory=_STATIC))

    @app.get("/api/state")
    def state() -> dict[str, Any]:
        algorithms = [
            {"key": key, "label": each.label, "defaults": each.defaults}
            for key, each in ALGORITHMS.items()
        ]
        return {
            "beside": beside,
            "algorithms": algorithms,
            "datasets": store.all("datasets"),
            "models": store.all("models"),
        }

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(_STATIC / "index.html")

    return app


def _protect(app: FastAPI) -> None:
    """No script but ours, and plain answers to what cannot be done."""

    @app.middleware("http")
    async def protect(request: Request, call_next: Any) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return JSONResponse({"error": "This was asked by another site's page."}, 403)
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.exception_handler(RefusedError)
    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        status = 404 if isinstance(error, NotFoundError) else 422
        return JSONResponse({"error": str(error)}, status)


def _add_datasets(app: FastAPI, datasets: DatasetManager) -> None:
    @app.post("/api/datasets")
    async def upload(request: Request, name: str) -> dict[str, Any]:
        with tempfile.TemporaryFile() as content:
            async for chunk in request.stream():
                if content.tell() <= MAX_BYTES:  # more is read, so that the answer is, too
                    content.write(chunk)
            content.seek(0)
            return vars(await run_in_threadpool(datasets.upload, name, content))

    @app.post("/api/datasets/{name}/validate")
    def validate(name: str) -> dict[str, Any]:
        return vars(datasets.validate(name))

    @app.post("/api/datasets/{name}/preprocess")
    def preprocess(name: str) -> dict[str, Any]:
        return vars(datasets.preprocess(name))


def _add_models(app: FastAPI, trainer: ModelTrainer) -> None:
    @app.post("/api/models")
    def select(
        algorithm: Annotated[str, Body()], dataset: Annotated[str, Body()]
    ) -> dict[str, Any]:
        return {"model": trainer.select_algorithm(algorithm, dataset)}

    @app.put("/api/models/{model}/hyperparameters")
    def set_hyperparameters(model: str, values: dict[str, float | int]) -> dict[str, Any]:
        return trainer.set_hyperparameters(model, values)

    @app.post("/api/models/{model}/train", status_code=202)
    def train(model: str) -> dict[str, Any]:
        trainer.start(model)
        return {"model": model}

    @app.post("/api/models/{model}/stop", status_code=202)
    def stop(model: str) -> dict[str, Any]:
        return {"stopping": trainer.stop(model)}

    @app.get("/api/models/{model}/download")
    def download(model: str) -> FileResponse:
        return FileResponse(trainer.download(model), filename=f"{model}.joblib")


def _add_metrics(app: FastAPI, trainer: ModelTrainer, metrics: MetricsCalculator) -> None:
    @app.post("/api/models/{model}/evaluate")
    def evaluate(model: str) -> dict[str, Any]:
        return metrics.evaluate(model, trainer.dataset_of(model))

    @app.post("/api/compare")
    def compare(models: Annotated[list[str], Body(embed=True)]) -> dict[str, Any]:
        return vars(metrics.compare(models))
