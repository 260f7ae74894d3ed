"""Draw the README's picture of a report: of a real training, as Chromium shows it.

Run it with ``python examples/draw_report.py``; it writes ``examples/report.png``. It needs
``mllog-callbacks[demo]``, playwright, and Chromium (MLLOG_TEST_BROWSER names another).
"""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import lightgbm as lgb
from playwright.sync_api import sync_playwright
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from mllog_callbacks import AuditLog, read_trail
from mllog_lightgbm import MLAuditCallback

WIDTH, HEIGHT, SCALE = 940, 1700, 0.7
# Letters all alike make a small file
FLAGS = ["--no-sandbox", "--disable-lcd-text", "--disable-font-subpixel-positioning"]


def main() -> None:
    """Train, make the report, and keep a picture of its upper part."""
    browser = os.environ.get("MLLOG_TEST_BROWSER") or shutil.which("chromium")
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        page = _report(Path(folder))
        shown = driver.chromium.launch(executable_path=browser, args=FLAGS)
        size = {"width": WIDTH, "height": HEIGHT}
        tab = shown.new_page(viewport=size, color_scheme="light", device_scale_factor=SCALE)
        tab.goto(page.as_uri())
        tab.screenshot(path=Path(__file__).with_name("report.png"))
        shown.close()


def _report(folder: Path) -> Path:
    features, labels = load_breast_cancer(return_X_y=True)
    parts = train_test_split(features, labels, test_size=0.4, stratify=labels, random_state=0)
    params = {"objective": "binary", "num_leaves": 63, "min_data_in_leaf": 3, "verbosity": -1}
    with AuditLog(folder, dataset="breast_cancer", session="example", level="DEBUG") as log:
        data = lgb.Dataset(parts[0], parts[2])
        lgb.train(
            params | {"learning_rate": 0.1, "seed": 0, "num_threads": 1},
            data,
            num_boost_round=400,
            valid_sets=[data, data.create_valid(parts[1], parts[3])],
            valid_names=["training", "valid"],
            callbacks=[
                lgb.early_stopping(60, verbose=False),
                MLAuditCallback(log, detectors=["overfitting"]),
            ],
        )
    return read_trail(folder).save(folder / "report.html")


if __name__ == "__main__":
    main()
