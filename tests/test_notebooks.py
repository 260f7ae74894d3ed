"""The example notebooks run as they stand, and each pair is in step."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from paths import EXAMPLES

jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

FOLDER = EXAMPLES / "notebooks"
SOURCES = sorted(each for each in FOLDER.glob("*.py") if each.name != "run.py")
NEEDS = {
    "for_the_auditor": "sklearn",
    "the_run_that_went_wrong": "lightning",
    "why_did_lightgbm_stop": "lightgbm",
}
SAYS = {
    "for_the_auditor": [
        "Candidate 3 of 4 was chosen",
        "search: tampered",
        "As it was: sound",
        "InvalidParameterError",
    ],
    "the_run_that_went_wrong": [
        "Probable cause: the learning rate rose from 0.1 to 1e+20",
        "The process ended with -9.",
        "Training was killed by signal 9 (SIGKILL)",
        "It continues a model loaded from killed/last.ckpt.",
    ],
    "why_did_lightgbm_stop": [
        "last improved by more than 0.002 at iteration",
        "A better value",
        "<svg",
        "2 sessions in the trail",
    ],
}


def _said(notebook: Any) -> str:
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    assert not [each for each in outputs if each.output_type == "error"]
    texts = [each.get("text", "") for each in outputs]
    return "".join([*texts, *(str(each.get("data", "")) for each in outputs)])


def _cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


@pytest.mark.parametrize("source", SOURCES, ids=lambda each: each.stem)
def test_each_notebook_is_in_step_with_its_source(source: Path) -> None:
    """Cell by cell; its outputs are there, and small."""
    kept = source.with_suffix(".ipynb")
    notebook = nbformat.read(kept, as_version=4)
    assert _cells(notebook) == _cells(jupytext.read(source)), f"python {FOLDER}/run.py updates it"
    said = _said(notebook)
    assert [words for words in SAYS[source.stem] if words not in said] == []
    assert kept.stat().st_size < 60_000


@pytest.mark.timeout(400)
@pytest.mark.parametrize("source", SOURCES, ids=lambda each: each.stem)
def test_each_notebook_runs(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first cell to its last, and says what it is there to say."""
    pytest.importorskip(NEEDS[source.stem])
    pytest.importorskip("mllog_" + NEEDS[source.stem])
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    ran = runpy.run_path(str(FOLDER / "run.py"))["executed"](source)
    said = _said(ran)
    assert [words for words in SAYS[source.stem] if words not in said] == []
