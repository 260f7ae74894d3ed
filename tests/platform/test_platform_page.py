"""A person at the example platform's page, in a real browser: every action leaves its entry."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from mllog_callbacks import EventType, Line, LogEntry, read_lines
from mllog_callbacks.reading._strict import find_logs
from processes import until
from servers import serving

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MARKUP = "<img src=x onerror=document.title='run'>"
ROWS = [f"{n},{n % 7},{n * n % 11},{'yes' if n % 3 else MARKUP}" for n in range(120)]

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="needs chromium and chromedriver (Debian: chromium, chromium-driver)",
    ),
    pytest.mark.timeout(300),
]


class Page:
    """The page in a browser, and the trail that its server leaves."""

    def __init__(self, browser: webdriver.Chrome, address: str, folder: Path) -> None:
        self.browser = browser
        self.address = address
        self.folder = folder
        browser.get(address)
        until(lambda: self.all("#algorithm option"))

    def all(self, selector: str) -> list[WebElement]:
        """The elements there are."""
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def on(self, selector: str, do: Callable[[WebElement], object]) -> None:
        """Do something with an element, once it is there and while the page does not redraw it."""

        def done() -> bool:
            try:
                do(self.all(selector)[0])
            except (IndexError, StaleElementReferenceException):
                return False
            return True

        until(done)

    def click(self, selector: str) -> None:
        """Click an element."""
        self.on(selector, lambda it: self.browser.execute_script("arguments[0].click()", it))

    def lines(self) -> list[Line]:
        """What stands in the log."""
        return [line for file in find_logs(self.folder / "logs") for line in read_lines(file)]

    def entries(self) -> list[LogEntry]:
        """The same, each of which must be an entry."""
        lines = self.lines()
        assert not [line for line in lines if line.findings]
        return [line.entry for line in lines if line.entry]

    def leaves(self, do: Callable[[], object], *events: str) -> list[LogEntry]:
        """Do something, and wait for the entries it must leave; they may come with others."""
        before = len(self.entries())
        do()
        until(lambda: set(events) <= {each.event for each in self.entries()[before:]}, 60)
        return self.entries()[before:]

    def upload(self, file: Path, name: str = "") -> None:
        """Upload a file."""
        self.browser.find_element(By.ID, "file").send_keys(str(file))
        self.on("#name", lambda field: _fill(field, name))
        self.click("#upload button")
        until(lambda: self.all("#upload button:enabled"))

    def select(self, algorithm: str) -> None:
        """Begin a model."""
        self.on("#algorithm", lambda it: Select(it).select_by_value(algorithm))
        self.click("#select button")

    def train(self, model: str, **settings: int) -> None:
        """Set hyperparameters in the model's card, and train it."""
        card = f".model[data-name='{model}']"
        until(lambda: self.all(f"{card} form"))
        for name, value in settings.items():
            self.on(f"{card} [name={name}]", partial(_fill, text=str(value)))
        self.click(f"{card} form button")

    def status(self, model: str) -> str:
        """What the model's card says."""
        return str(
            self.browser.execute_script(
                "return document.querySelector(arguments[0])?.textContent ?? ''",
                f".model[data-name='{model}'] .badge",
            )
        )

    def asked(self) -> set[tuple[str, str]]:
        """What the page has asked its server for: methods and paths."""
        events = [json.loads(each["message"])["message"] for each in self._performance()]
        sent = [each["params"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return {(each["request"]["method"], urlsplit(each["request"]["url"]).path) for each in sent}

    def _performance(self) -> list[dict[str, Any]]:
        return self.browser.get_log("performance")  # type: ignore[no-any-return,no-untyped-call]


def _fill(field: WebElement, text: str) -> None:
    field.clear()
    field.send_keys(text)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A browser at a server of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument("--window-size=1500,1000")
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(tmp_path / "downloads")}
    )
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    with serving(tmp_path) as (address, _):
        browser = webdriver.Chrome(options, webdriver.ChromeService(str(DRIVER)))
        try:
            yield Page(browser, address, tmp_path)
        finally:
            browser.quit()


def written(path: Path, *rows: str) -> Path:
    """A CSV file."""
    path.write_text("\n".join([f"{MARKUP} size,weekday,rest,late", *rows]), "utf-8")
    return path


def actions(address: str) -> set[tuple[str, str]]:
    """What the platform can be asked to do, by its own account: all but looking at it."""
    paths = httpx2.get(f"{address}openapi.json").json()["paths"]
    asked = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    return {each for each in asked if each[0] != "GET" or each[1].endswith("/download")}


def train(
    page: Page, algorithm: str, settings: dict[str, int], event: str, number: int = 1
) -> None:
    """Select an algorithm, set some of its hyperparameters, and train until an event."""
    page.leaves(lambda: page.select(algorithm), "ALGORITHM_SELECTED")
    events = ("HYPERPARAMETERS_SET", "TRAINING_STARTED", event)
    page.leaves(lambda: page.train(f"late-{algorithm}-{number}", **settings), *events)


def evaluate(page: Page, model: str) -> None:
    """Evaluate a model, and choose it for comparison."""
    card = f".model[data-name='{model}']"
    until(lambda: page.status(model) == "completed")
    page.leaves(lambda: page.click(f"{card} .evaluate"), "MODEL_EVALUATED")
    page.click(f"{card} .choose input")


def test_every_action_of_the_page_leaves_its_entry(page: Page, tmp_path: Path) -> None:
    """All fifteen event types, each with its names; and the trail beside shows them all."""
    good = written(tmp_path / "late.csv", *ROWS)
    bad = written(tmp_path / "bad.csv", "=1+1,2,3,yes")
    uploaded = ("DATASET_UPLOADED", "DATASET_VALIDATED", "DATASET_PREPROCESSED")
    page.leaves(lambda: page.upload(good), *uploaded)
    page.leaves(lambda: page.upload(bad), "ISSUE_DETECTED")
    (refused,) = page.leaves(lambda: page.upload(good, "../x"), "ISSUE_DETECTED")
    assert "A name has up to 80 letters" in str(refused.reasoning)
    train(page, "logistic_regression", {"max_iter": 50}, "TRAINING_COMPLETED")
    train(page, "lightgbm", {"num_iterations": 20}, "TRAINING_COMPLETED")
    train(page, "random_forest", {"max_depth": -5}, "TRAINING_FAILED")
    train(page, "random_forest", {"n_estimators": 100_000}, "TRAINING_PROGRESS", number=2)
    page.leaves(lambda: page.click(".stop"), "TRAINING_STOPPED")
    for model in ("late-logistic_regression-1", "late-lightgbm-1"):
        evaluate(page, model)
    page.leaves(lambda: page.click("#compare"), "MODEL_COMPARED")
    page.leaves(lambda: page.click(".download"), "MODEL_DOWNLOADED")
    entries = page.entries()
    assert {each.event for each in entries} == set(EventType)
    for entry in entries:
        assert entry.decision
        assert entry.dataset
        assert entry.model or entry.event.startswith(("DATASET", "ISSUE"))
    _every_action_was_taken(page)
    _the_page_is_as_written(page, len(entries))
    until(lambda: list((tmp_path / "downloads").glob("*.joblib")))


def _every_action_was_taken(page: Page) -> None:
    """By the page itself, through its own buttons."""
    wanted = actions(page.address)
    taken = {
        (method, template)
        for method, path in page.asked()
        for verb, template in wanted
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), unquote(path))
    }
    assert taken == wanted
    assert len(wanted) == 10


def _the_page_is_as_written(page: Page, count: int) -> None:
    """No markup of a name was run, and the trail stands beside."""
    browser = page.browser
    assert browser.title == "Workbench"
    recorded = browser.get_log("browser")  # type: ignore[no-untyped-call]  # it has no types
    severe = [each for each in recorded if each["level"] == "SEVERE"]
    assert all("422" in each["message"] for each in severe), severe
    until(lambda: page.all("#beside iframe"))
    browser.switch_to.frame(page.all("#beside iframe")[0])
    until(lambda: page.browser.find_element(By.ID, "count").text == f"{count} entries")
    shown = browser.execute_script(
        "return [...document.querySelectorAll('#entries li')].map(each => each.dataset.event)"
    )
    assert {*shown} == {each.value for each in EventType}
    assert page.all("#entries img") == []
    browser.switch_to.default_content()
