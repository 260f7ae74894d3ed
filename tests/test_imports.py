"""Imports: what using the package loads, and which module may know which."""

import ast
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

import mllog_callbacks
from architecture import ADAPTERS, CORE, LAYERS, imported, module_of, place_of, sources

HEAVY = (
    "lightgbm sklearn torch lightning pytorch_lightning transformers xgboost numpy pandas rich "
    "jinja2 IPython"
)


FLOORS: tuple[Collection[str], ...] = ({"_lazy", "_record", "_version"}, *LAYERS, {"cli._demo"})

# A log shows itself in a notebook by the report's card, which it loads then
UPWARDS = {"mllog_callbacks.recording._log": {"report"}}

# Packages that adapters import from, beside the front door: a family of names, each
PUBLIC = {"detectors", "facts", "schema"}


def _floor(place: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if place in floor)


def _violations(module: str, source: str) -> list[str]:
    """The imports of a module that its floor does not allow."""
    own = place_of(module)
    assert own is not None
    places = {place for name in imported(source) if (place := place_of(name)) not in {None, own}}
    places -= UPWARDS.get(module, set())
    return sorted(place for place in places if place and _floor(place) >= _floor(own))


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_modules_import_only_from_floors_below(path: Path) -> None:
    """Each module has its floor in the table."""
    assert _violations(module_of(path), path.read_text("utf-8")) == []


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
            "from mllog_callbacks import schema, recording",
            ["recording"],
        ),
        ("mllog_callbacks.sinks._files", "import mllog_callbacks.sinks._base, os", []),
        ("mllog_callbacks.cli", "from mllog_callbacks.cli._demo import demo", ["cli._demo"]),
        ("mllog_lightgbm.boosting", "from mllog_lightgbm import facts", []),
    ],
)
def test_the_table_finds_an_import_upwards(module: str, line: str, found: list[str]) -> None:
    """In any form that imports take."""
    assert _violations(module, line) == found


@pytest.mark.parametrize("path", [*ADAPTERS.rglob("*.py")], ids=module_of)
def test_adapters_use_the_public_front_door_alone(path: Path) -> None:
    """So that anyone's adapter has the same power."""
    source = path.read_text("utf-8")
    own = place_of(module_of(path))
    assert {place_of(name) for name in imported(source)} <= {None, "mllog_callbacks", own, *PUBLIC}
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
    assert loaded & {*HEAVY.split(), "click", "pydantic"} == set()
    assert "mllog_callbacks" in loaded


def test_importing_all_names_loads_no_framework() -> None:
    """Nor what only the command line needs."""
    loaded = _loaded_by("from mllog_callbacks import *")
    assert loaded & {*HEAVY.split(), "click"} == set()
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
    assert loaded & {*HEAVY.split(), "pydantic"} == set()
    assert "click" in loaded


def test_every_package_has_its_layer() -> None:
    """In the table of CONTRIBUTING.md, and only there."""
    packages = {path.name for path in CORE.iterdir() if (path / "__init__.py").exists()}
    adapters = {path.name for path in ADAPTERS.iterdir() if (path / "__init__.py").exists()}
    listed = [name for floor in FLOORS[1:-1] for name in floor]
    assert sorted(listed) == sorted({*packages, *adapters, "exceptions", "mllog_callbacks"})


@pytest.mark.parametrize("path", [*CORE.rglob("*.py")], ids=module_of)
def test_a_package_is_entered_by_its_door(path: Path) -> None:
    """What begins with an underscore is used within its own package alone.

    But for the drainer and what gives it its orders: the doors of `sinks` and `sinks.spool` would
    load what it does not need.
    """
    own = module_of(path).split(".")[1:2]
    behind = [
        name
        for name in imported(path.read_text("utf-8"))
        if (parts := name.split("."))[0] == "mllog_callbacks"
        and any(
            part.startswith("_") and part not in {"_lazy", "_record", "_version"} for part in parts
        )
        and parts[1:2] != own
    ]
    assert behind == []
