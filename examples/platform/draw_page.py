"""Draw the picture of the platform's page with its trail beside, as Chromium shows it.

Run it with ``python examples/platform/draw_page.py``; it writes ``examples/platform/page.png``. It
needs what the platform needs, playwright, and Chromium (MLLOG_TEST_BROWSER names another).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, ViewportSize, sync_playwright
from sklearn.datasets import load_breast_cancer

HERE = Path(__file__).parent
SIZE: ViewportSize = {"width": 1400, "height": 947}
GAPS = slice(None, None, 50)
TREES, SHOWN_AT = 2000, 220


def main() -> None:
    """Be a person at the page, and keep a picture of it while a model is being trained."""
    browser = os.environ.get("MLLOG_TEST_BROWSER") or shutil.which("chromium")
    with (
        TemporaryDirectory() as folder,
        _serving(Path(folder)) as address,
        sync_playwright() as driver,
    ):
        shown = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = shown.new_page(viewport=SIZE, color_scheme="light")
        page.goto(address)
        _work(page, _data(Path(folder)))
        page.screenshot(path=HERE / "page.png")
        shown.close()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    command = [sys.executable, str(HERE / "serve.py"), "--port", "0"]
    places = ["--data", str(folder / "data"), "--logs", str(folder / "logs")]
    server = subprocess.Popen([*command, *places], stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip() if server.stdout else ""
    finally:
        server.terminate()
        server.communicate()


def _data(folder: Path) -> Path:
    """Breast-cancer data with twelve gaps, which the platform records and fills."""
    frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "diagnosis"})
    frame["diagnosis"] = frame["diagnosis"].map({0: "malignant", 1: "benign"})
    frame.loc[frame.index[GAPS], "mean radius"] = None
    path = folder / "breast_cancer.csv"
    frame.to_csv(path, index=False)
    return path


def _work(page: Page, data: Path) -> None:
    page.set_input_files("#file", data)
    page.click("#upload button")
    page.wait_for_selector("#datasets .badge.ready")
    for algorithm in ("logistic_regression", "lightgbm"):
        card = _train(page, algorithm)
        page.wait_for_selector(f"{card} .badge.completed")
        page.click(f"{card} .evaluate")
        page.check(f"{card} .choose input")
    page.click("#compare")
    page.wait_for_selector("#comparison *")
    card = _train(page, "random_forest", n_estimators=TREES)
    page.wait_for_selector(f"{card} :text('step {SHOWN_AT} of')", timeout=60_000)


def _train(page: Page, algorithm: str, **settings: int) -> str:
    """Select an algorithm and train; returns where the page shows its model."""
    page.select_option("#algorithm", algorithm)
    page.click("#select button")
    card = f".model[data-name='breast_cancer-{algorithm}-1']"
    for name, value in settings.items():
        page.fill(f"{card} [name={name}]", str(value))
    page.click(f"{card} form button")
    return card


if __name__ == "__main__":
    main()
