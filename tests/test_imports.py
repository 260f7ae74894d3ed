"""Imports: what using the package loads, and which module may know which."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mllog_callbacks
from paths import ROOT

CORE, ADAPTERS = ROOT / "mllog_callbacks", ROOT / "integrations"

HEAVY = (
    "lightgbm sklearn torch lightning pytorch_lightning xgboost numpy pandas rich jinja2 IPython"
)

# A package imports only from floors below its own; within a package, freely
FLOORS: tuple[set[str], ...] = (
    {"_lazy", "_version", "exceptions", "files"},
    {"chain"},
    {"schema"},
    {"sinks"},
    {"detectors", "recording"},
    {"facts"},
    {"adapter", "integrity"},
    {"reading"},
    {"shipping"},
    {"query"},
    {"report"},
    {"mllog_callbacks"},  # the front door
    {"cli", "platform"},
    {path.name for path in ADAPTERS.iterdir() if path.is_dir() and path.name.startswith("mllog")},
    {"cli._demo"},  # it stands on the adapters' roof
)

UPWARDS: dict[str, tuple[str, str]] = {
    "mllog_callbacks.recording._log": (
        "report",
        "a notebook shows a log as its card: drawn, and loaded, when a cell asks for it",
    ),
    "mllog_callbacks.integrity._lifecycle": (
        "adapter",
        "until the numbers that runs go by stand on a floor below both",
    ),
}
"""The modules that import from above, what, and why it may be."""

# Modules that adapters import from, beside the front door: a family of names, each
PUBLIC = {"detectors", "schema"}


def _sources() -> list[Path]:
    return [*CORE.rglob("*.py"), *ADAPTERS.rglob("*.py")]


def _module(path: Path) -> str:
    """The dotted name of a source file."""
    root = ROOT if path.is_relative_to(CORE) else ADAPTERS
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _place(module: str) -> str | None:
    """The name under which a module stands in the table; None for what is not ours."""
    top, _, rest = module.partition(".")
    if top != "mllog_callbacks":  # nor is the standard library's `platform` ours
        return top if top in FLOORS[-2] else None
    return "cli._demo" if rest.startswith("cli._demo") else rest.partition(".")[0] or top


def _imported(source: str) -> Iterator[str]:
    """Every module that a source names in an import, also in functions and for types alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = (CORE / alias.name).is_dir() or (CORE / f"{alias.name}.py").exists()
                yield full if node.module == "mllog_callbacks" and is_module else str(node.module)


def _floor(place: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if place in floor)


def _violations(module: str, source: str) -> list[str]:
    """The imports of a module that its floor does not allow."""
    own = _place(module)
    assert own is not None
    places = {place for name in _imported(source) if (place := _place(name)) not in {None, own}}
    return sorted(place for place in places if place and _floor(place) >= _floor(own))


@pytest.mark.parametrize("path", _sources(), ids=_module)
def test_modules_import_only_from_floors_below(path: Path) -> None:
    """Each module has its floor in the table; an exception is there while it is needed."""
    module = _module(path)
    allowed = [UPWARDS[module][0]] if module in UPWARDS else []
    assert _violations(module, path.read_text("utf-8")) == allowed


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        (
            "mllog_callbacks.schema._entry",
            "from mllog_callbacks.recording._log import AuditLog",
            ["recording"],
        ),
        ("mllog_callbacks.schema._entry", "def f():\n import mllog_callbacks.cli", ["cli"]),
        (
            "mllog_callbacks.sinks._files",
            "from mllog_callbacks import AuditLog",
            ["mllog_callbacks"],
        ),
        (
            "mllog_callbacks.sinks._files",
            "from mllog_callbacks import chain, recording",
            ["recording"],
        ),
        ("mllog_callbacks.sinks._files", "import mllog_callbacks.sinks._base, os", []),
        ("mllog_callbacks.cli", "from mllog_callbacks.cli._demo import demo", ["cli._demo"]),
        ("mllog_lightgbm.training", "from mllog_lightgbm import facts", []),
    ],
)
def test_the_table_finds_an_import_upwards(module: str, line: str, found: list[str]) -> None:
    """In any form that imports take."""
    assert _violations(module, line) == found


def _past_the_doors(module: str, source: str) -> list[str]:
    """The imports of a module from within another package."""
    own = tuple(module.split(".")[:2])
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # a name with an underscore is a module, or as private; `__version__` is neither
            names = [alias.name for alias in node.names if not alias.name.startswith("__")]
            private = [name for name in names if name.startswith("_")]
            named = [f"{node.module}.{name}" for name in private] or [str(node.module)]
        else:
            continue
        for name in named:
            top, *rest = name.split(".")
            inside = len(rest) > 1 and rest != ["reading", "story"]  # a package with its own door
            if top == "mllog_callbacks" and inside and (top, rest[0]) != own:
                found.append(name)
    return sorted(found)


@pytest.mark.parametrize("path", [*CORE.rglob("*.py")], ids=_module)
def test_a_package_is_entered_through_its_door(path: Path) -> None:
    """The drainer's modules too: the door of the chain is as light as they need it.

    Without exception; the command line loads its own modules by their names, which no import says.
    """
    assert _past_the_doors(_module(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from mllog_callbacks.chain import Chain, block", []),
        ("from mllog_callbacks.reading.story import Story", []),
        ("from mllog_callbacks.reading import story", []),
        ("from mllog_callbacks.report._page import x", ["mllog_callbacks.report._page"]),
        ("from mllog_callbacks.chain import _records", ["mllog_callbacks.chain._records"]),
        ("import mllog_callbacks.chain._records", ["mllog_callbacks.chain._records"]),
        ("from mllog_callbacks.sinks.spool._sink import x", []),
        ("from mllog_callbacks.sinks import _base", []),  # its own
        ("from mllog_callbacks.cli.shown import x", ["mllog_callbacks.cli.shown"]),
        ("from mllog_callbacks._version import __version__", []),
    ],
)
def test_the_walk_finds_who_comes_past_a_door(line: str, found: list[str]) -> None:
    """In any form that imports take."""
    assert _past_the_doors("mllog_callbacks.sinks._files", f"def f():\n {line}") == found


@pytest.mark.parametrize("path", [*ADAPTERS.rglob("*.py")], ids=_module)
def test_adapters_use_the_public_front_door_alone(path: Path) -> None:
    """So that anyone's adapter has the same power."""
    source = path.read_text("utf-8")
    own = _place(_module(path))
    assert {_place(name) for name in _imported(source)} <= {None, "mllog_callbacks", own, *PUBLIC}
    taken = {
        alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "mllog_callbacks"
        for alias in node.names
    }
    assert taken <= {*mllog_callbacks.__all__, *PUBLIC}


def _loaded_by(code: str) -> set[str]:
    """The top-level modules that a new process has loaded after running some code."""
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in shown.stdout.splitlines()[-1].split()}


def test_importing_the_package_loads_nothing_heavy() -> None:
    """Nor pydantic: that is loaded with the first name that needs it."""
    loaded = _loaded_by("import mllog_callbacks")
    assert loaded & {*HEAVY.split(), "click", "pydantic", "pydantic_settings"} == set()
    assert "mllog_callbacks" in loaded


def test_importing_all_names_loads_no_framework() -> None:
    """Nor what only the command line needs, or only the settings."""
    loaded = _loaded_by("from mllog_callbacks import *")
    assert loaded & {*HEAVY.split(), "click", "pydantic_settings"} == set()
    assert "pydantic" in loaded


def test_logging_loads_no_framework(tmp_path: Path) -> None:
    """A training that uses none of them does not pay for them."""
    loaded = _loaded_by(
        "from mllog_callbacks import AuditLog\n"
        f"with AuditLog({str(tmp_path)!r}) as log:\n"
        " log.emit('MODEL_SAVED', metrics_snapshot={'a': [1.5, 2**70, 'b']})"
    )
    assert loaded & {*HEAVY.split(), "click"} == set()
    assert [*tmp_path.glob("*.jsonl")] != []


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["validate", "--help"], ["validate", "--x"]]
)
def test_help_and_parsing_load_nothing_heavy(arguments: list[str]) -> None:
    """What makes `mllog --help` quick."""
    loaded = _loaded_by(
        f"from mllog_callbacks.cli import main\ntry: main({arguments})\nexcept SystemExit: pass"
    )
    assert loaded & {*HEAVY.split(), "pydantic", "pydantic_settings"} == set()
    assert "click" in loaded
