"""Reports in a real browser: offline, without errors, for everyone, and harmless.

Needs Chromium (Debian's `chromium`, or any named by MLLOG_TEST_BROWSER); skips where there is none.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from mllog_callbacks.comparison import Comparison, compare
from mllog_callbacks.reading.story import Story, join
from mllog_callbacks.report import (
    render_card,
    render_comparison,
    render_index,
    render_report,
)
from trails import issue, lines, story_of, story_of_bytes, training

playwright = pytest.importorskip(
    "playwright.sync_api", reason="reports are looked at by playwright, which is not installed"
)
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-core is not installed"
)

BROWSER: Final = os.environ.get("MLLOG_TEST_BROWSER") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to show reports in")

EVIL: Final = {
    "markup": "</script></title><script>harmed=1</script><img src=x onerror=window.harmed=1>",
    "attribute": "\" onmouseover=\"window.harmed=1\" style='x' '",
    "rtl": "\u202egnp.exe\u202c שלום \u2066\u2069 a\u0300\u0301\u0302",
    "long": "w" * 10_000,
    "template": "{{ 7 * 7 }}{% raw %}",
}


def _hostile() -> str:
    recorded = [
        *training(15, model="".join(EVIL.values()), dataset=EVIL["markup"]),
        *[
            ("DATASET_VALIDATED", {"decision": text, "reasoning": text, "model": text})
            for text in EVIL.values()
        ],
        ("ISSUE_DETECTED", issue("error", 3, EVIL["markup"]) | {"model": EVIL["attribute"]}),
        (
            "HYPERPARAMETERS_SET",
            {"metrics_snapshot": {"set_by_caller": {text: text for text in EVIL.values()}}},
        ),
        (
            "TRAINING_PROGRESS",
            {"metrics_snapshot": {"step": 1} | {text: {text: 1.5} for text in EVIL.values()}},
        ),
    ]
    return render_report(story_of(*recorded))


def _variants(many: int) -> Story:
    """Runs of one session that differ in a parameter, one of them in markup."""
    recorded = []
    for number in range(many):
        leaves: object = EVIL["markup"] if number == 3 else number % 20
        start, _, *rest = training(15 + number % 7, model=f"variant {number}")
        settings = {"set_by_caller": {"num_leaves": leaves}, "defaults": {"seed": 0}}
        evaluated = {"iteration": 10, "valid": {"loss": 0.5 - number / 1_000}}
        rest[-2] = (rest[-2][0], rest[-2][1] | {"metrics_snapshot": evaluated})
        named = {"model": f"variant {number}", "metrics_snapshot": settings}
        recorded += [start, ("HYPERPARAMETERS_SET", named), *rest]
    return story_of(*recorded)


def _many(runs: int) -> Comparison:
    """A comparison of very many runs: those of a few variants, each many times over."""
    found = compare([_variants(60)])
    few = found.runs
    names = ((each, few[each * len(few) // runs]) for each in range(runs))
    return replace(found, runs=tuple(replace(run, id=f"s#{each + 1}") for each, run in names))


def _pages() -> dict[str, str]:
    stopped, failed = story_of(*training()), story_of(*training(5, "TRAINING_FAILED"))
    card = render_card([stopped])
    several = [each for n in range(4) for each in training(8 + n, model=f"model {n}")]
    return {
        "stopped": render_report(stopped),
        "unfinished": render_report(story_of(*training(12, None))),
        "damaged": render_report(story_of_bytes(lines(training()).replace(b"valid", b'"', 3))),
        "several": render_report(story_of(*several)),
        "together": render_report(join("together", [stopped, failed, story_of()])),
        "empty": render_report(story_of_bytes(b"")),
        "hostile": _hostile(),
        "compared": render_comparison(compare([_variants(60)], names=(), baseline="#7")),
        "many": render_comparison(_many(10_000)),
        "index": render_index([("a.html", stopped), ("b.html", failed)]),
        "card": f"<!DOCTYPE html><html lang=en><title>c</title><main><h1>c</h1>{card}</main>",
    }


PAGES: Final = _pages()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def shown(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Show a page; afterwards nothing was asked of the network, and nothing complained."""
    contexts: list[Any] = []
    asked: list[str] = []
    said: list[str] = []

    def show(name: str, **options: Any) -> Any:
        file = tmp_path / f"{name}.html"
        file.write_text(PAGES[name], encoding="utf-8")
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith("file:")] == []
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted({*PAGES} - {"many"}))
def test_no_page_breaks_a_rule_of_accessibility(name: str, scheme: str, shown: Any) -> None:
    """All of axe-core's rules, contrast among them, in both themes, with all details open."""
    page = shown(name, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    _assert_accessible(page)


def _assert_accessible(page: Any) -> None:
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.parametrize("name", ["stopped", "several", "together", "hostile", "compared"])
def test_pages_fit_a_phone(name: str, shown: Any) -> None:
    """Nothing but charts and tables scrolls sideways, each within its own frame."""
    page = shown(name, viewport={"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_charts_are_there_with_scripts_off(shown: Any) -> None:
    """Each drawn, its line within its frame; the button that needs a script is not."""
    page = shown("stopped", java_script_enabled=False)
    chart = page.locator("svg[role=group]").first
    assert chart.bounding_box()["width"] > 500
    assert page.locator("svg path.line").count() == 2
    assert page.locator("text=kept: iteration 10, 0.5").is_visible()
    assert page.locator("text=stopped at 20").is_visible()
    assert not page.locator("#theme").is_visible()


def test_a_chart_leads_to_its_issue(shown: Any) -> None:
    """By the keyboard too."""
    page = shown("stopped")
    page.locator("svg a").first.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#issue-1")
    assert "Overfitting" in page.locator("#issue-1").inner_text()


def test_the_theme_can_be_turned_by_hand(shown: Any) -> None:
    """The policy lets the page's own script run, and the button turns light into dark."""
    page = shown("stopped", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator("#theme").click()
    assert page.evaluate(background) != light
    page.locator("#theme").click()
    assert page.evaluate(background) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_names_do_no_harm(scheme: str, shown: Any) -> None:
    """They are shown as text; no script of theirs runs, no element of theirs is made."""
    page = shown("hostile", color_scheme=scheme)
    page.mouse.move(200, 200)
    assert page.evaluate("window.harmed") is None
    assert page.locator("img").count() == 0
    assert page.evaluate("document.scripts.length") == 1
    assert EVIL["markup"] in page.locator("body").inner_text()
    assert len(PAGES["hostile"].encode()) < 100_000


def test_the_policy_stops_what_escaping_would_miss(browser: Any, tmp_path: Path) -> None:
    """A script written into the page does not run."""
    file = tmp_path / "page.html"
    tampered = PAGES["stopped"].replace("<main>", "<main><script>window.harmed=1</script>")
    file.write_text(tampered, encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("window.harmed") is None
    page.close()


def test_print_is_light_and_without_buttons(shown: Any) -> None:
    """Also from a dark screen."""
    page = shown("stopped", color_scheme="dark")
    page.emulate_media(media="print")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert len(page.pdf()) > 10_000


def test_runs_can_be_sorted_and_filtered(shown: Any) -> None:
    """By any column, both ways; by words and by a column's value."""
    page = shown("compared")
    names = "[...document.querySelectorAll('#runs tbody tr:not([hidden]) small')]"
    assert page.inner_text("#shown") == "60 of 60 runs"
    page.click("#runs thead button:has-text('num_leaves')")
    cells = "[...document.querySelectorAll('#runs tbody tr')].map(each => each.cells[4].innerText)"
    numbers = [int(each) for each in page.evaluate(cells) if each.isdigit()]
    assert numbers == sorted(numbers)
    page.click("#runs thead button:has-text('num_leaves')")
    assert page.evaluate(cells)[0] != page.evaluate(cells)[-1]
    assert page.get_attribute("#runs th:has-text('num_leaves')", "aria-sort") == "descending"
    page.fill("#filter", "num_leaves=5")
    assert page.inner_text("#shown") == "3 of 60 runs"
    assert page.evaluate(f"{names}.filter(each => each.parentNode.tagName === 'TH').length") == 3
    page.fill("#filter", "")
    assert page.evaluate("window.harmed") is None


def test_a_page_of_ten_thousand_runs_is_light_and_whole(shown: Any) -> None:
    """It shows the best 500 of them, and says how many more there are; it is sorted as others."""
    page = shown("many")
    assert page.locator("#runs tbody tr").count() == 500
    assert page.inner_text("#shown") == "500 of 500 runs"
    assert page.locator("text=9,500 more runs not shown").count() == 1
    assert len(PAGES["many"].encode()) < 1_000_000
    assert page.evaluate("document.querySelectorAll('*').length") < 20_000
    page.click("#runs thead button:has-text('Run')")
    first, last = ("first", "last")
    names = [getattr(page.locator("#runs tbody th"), each).inner_text() for each in (first, last)]
    assert [each.split()[0] for each in names] == ["s#1", "s#99"]
    page.fill("#filter", "num_leaves=no-such")
    assert page.inner_text("#shown") == "0 of 500 runs"
    _assert_accessible(page)


def test_a_comparison_is_there_with_scripts_off(shown: Any) -> None:
    """The table, unsorted and whole, and the chart; the tools that need scripts are not shown."""
    page = shown("compared", java_script_enabled=False)
    assert page.locator("#runs tbody tr").count() == 60
    assert page.locator("svg .others").count() == 58
    assert not page.locator("#tools").is_visible()
