"""What is shipped: the sdist, and the wheel built from it, alone."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from paths import ROOT

ADAPTERS = [path.parent.name for path in (ROOT / "integrations").glob("*/py.typed")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that `build` makes from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, installed alone; its requirements come from the environment of the tests."""
    target = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, wheel], check=True, capture_output=True)
    return target


def test_the_top_level_holds_only_the_packages_meant(built: Path) -> None:
    """The core, the adapters, and the wheel's own metadata."""
    (wheel,) = built.glob("*.whl")
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    packages = {name for name in names if not name.endswith(".dist-info")}
    assert packages == {"mllog_callbacks", *ADAPTERS}
    assert len(names) == len(packages) + 1


def test_types_and_schema_are_shipped(built: Path) -> None:
    """Type checkers and readers of the schema find what they need."""
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {
        "mllog_callbacks/py.typed",
        "mllog_callbacks/entry.schema.json",
        "mllog_callbacks/report/templates/report.html.j2",
        "mllog_callbacks/report/templates/style.css",
        *(f"{adapter}/py.typed" for adapter in ADAPTERS),
    }


def test_the_sdist_holds_what_its_tests_need(built: Path) -> None:
    """A packager can run them."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {
        "tox.ini",
        "constraints.txt",
        "README.md",
        "LICENSE",
        "tests/test_package.py",
    }


def test_the_wheel_alone_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    """Its script, from its own files, and not from the checkout."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    where = subprocess.run(
        [sys.executable, "-c", "import mllog_lightgbm as m; print(m.__file__)"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(where.stdout).is_relative_to(installed)
    shown = subprocess.run(
        [installed / "bin" / "mllog", "demo", "--json"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert '"event":"TRAINING_STOPPED"' in shown.stdout.splitlines()[-1]


def test_the_extra_all_brings_every_other() -> None:
    """But Spark, which needs Java."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    (every,) = extras.pop("all")
    named = every.removeprefix("mllog-callbacks[").removesuffix("]").split(",")
    brought = {requirement for name in named for requirement in extras[name]}
    missing = {name for name, needs in extras.items() if not brought.issuperset(needs)}
    assert missing == {"spark"}
