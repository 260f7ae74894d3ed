"""The documentation is true: its code runs, its commands exist, its entries are of today."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import PythonCodeBlockParser

import generate
import mllog_callbacks
from commands import runner
from mllog_callbacks import EventType, LogEntry, platform
from mllog_callbacks.cli import main
from mllog_callbacks.recording import _log as log_module
from mllog_callbacks.recording._settings import Settings
from paths import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))
SYBIL = Sybil(parsers=[PythonCodeBlockParser()], pattern="*.md", path=str(ROOT))


def _examples(page: Path) -> list[Example]:
    return list(SYBIL.parse(page).examples())


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own to run in, no log from before, and no hook left after it."""
    attached: list[platform.Attachment] = []

    def audit_platform(**given: Any) -> platform.Attachment:
        attached.append(ours(**given))
        return attached[-1]

    ours = platform.audit_platform
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log_module, "_default", None)
    monkeypatch.setattr(platform, "audit_platform", audit_platform)
    yield
    for each in attached:
        each.detach()
    if log_module._default is not None:  # noqa: SLF001 - made by the page
        log_module._default.close()  # noqa: SLF001 - as above


@pytest.mark.usefixtures("aside")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if _examples(page)], ids=lambda page: page.stem
)
def test_the_code_of_a_page_runs(page: Path) -> None:
    """From top to bottom, as one who follows it would type it."""
    for example in _examples(page):
        example.evaluate()


def test_what_the_readme_imports_is_there() -> None:
    """Its code leaves out what a reader has; whole examples stand on the pages, and run there."""
    for example in _examples(ROOT / "README.md"):
        tree = ast.parse(example.parsed)
        imports: list[ast.stmt] = [
            each for each in tree.body if isinstance(each, (ast.Import, ast.ImportFrom))
        ]
        exec(compile(ast.Module(imports, []), "README.md", "exec"), {})  # noqa: S102 - our own


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """Each `mllog NAME` that stands in code; its own help is asked."""
    code = "\n".join(re.findall(r"```.*?```|`[^`]+`", page.read_text("utf-8"), re.DOTALL))
    for name in {*re.findall(r"\bmllog ([a-z]+)", code)}:
        result = runner().invoke(main, [name, "--help"])
        assert result.exit_code == 0, f"mllog {name}: {result.output}"


def test_what_is_generated_is_up_to_date() -> None:
    """The table of detectors, and an entry of each type; ``python docs/generate.py`` updates it.

    Numbers differ from run to run (times, a file's hash). With other versions of the frameworks
    there are other defaults to record.
    """
    shown = (ROOT / "docs" / "events.md").read_text("utf-8")
    if not all(f"{each} {version(name)}" in shown for name, each in _SHOWN.items()):
        pytest.skip("the catalogue was made with other versions of the frameworks")
    for path, page in generate.pages():
        assert _without_numbers(path.read_text("utf-8")) == _without_numbers(page), path.name


_SHOWN = {"lightgbm": "LightGBM", "scikit-learn": "scikit-learn"}


def _without_numbers(text: str) -> str:
    return re.sub(r"[0-9a-f]{64}|\d[\d.,TZ:e-]*", "#", text)


def test_the_catalogue_shows_an_entry_of_each_type() -> None:
    """And each is one, down to the order of its fields."""
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    shown = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    entries = [LogEntry.model_validate_json(each) for each in shown]
    assert [entry.event for entry in entries] == list(EventType)
    assert {tuple(re.findall(r'^  "(\w+)":', each, re.MULTILINE)) for each in shown} == {
        tuple(LogEntry.model_fields)
    }


def test_the_reference_has_every_public_name() -> None:
    """Those of the front door and of the adapters, each once."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    named = re.findall(r"^\.\. (auto\w+|currentmodule):: (\S+)$", page, re.MULTILINE)
    module, documented = "", []
    for directive, name in named:
        if directive == "currentmodule":
            module = name
        elif module in {"mllog_callbacks.facts", "mllog_callbacks.schema"}:
            assert hasattr(import_module(module), name)
        else:
            documented.append(name)
    adapters = sorted(path.parent.name for path in ROOT.glob("integrations/*/py.typed"))
    names = [f"{each}.{name}" for each in adapters for name in import_module(each).__all__]
    expected = {*mllog_callbacks.__all__, *names} - {"__version__"}
    assert sorted(set(documented) - {"mllog_callbacks"}) == sorted(expected)


def test_operations_list_every_environment_variable() -> None:
    """Those that a log reads when it is made."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    read = {f"MLLOG_{name.upper()}" for name in (*Settings._fields, "spool", "signing_key")}
    assert read <= {*re.findall(r"^\| `(MLLOG_\w+)` \|", page, re.MULTILINE)}
