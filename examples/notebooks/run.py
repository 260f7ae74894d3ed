"""Run the notebooks and write each beside its source, with its outputs.

``python examples/notebooks/run.py`` writes ``*.ipynb`` from the ``py:percent`` sources; they need
``mllog-callbacks[all]``, jupytext, nbclient and ipykernel.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def executed(source: Path) -> nbformat.NotebookNode:
    """A notebook with its outputs, run in an empty folder."""
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same in every run
    with TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}})
        client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran is nobody's business
        if "outputs" in cell:  # nor what libraries say of the machine
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    notebook.metadata.pop("widgets", None)
    return notebook


def main() -> None:
    """Write all notebooks, or those named on the command line."""
    for source in sorted(HERE.glob("*.py")):
        wanted = not sys.argv[1:] or source.stem in sys.argv[1:]
        if source.name != Path(__file__).name and wanted:
            notebook = executed(source)
            target = source.with_suffix(".ipynb")
            nbformat.write(notebook, target)
            print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
