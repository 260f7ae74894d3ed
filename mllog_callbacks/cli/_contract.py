"""`mllog contract`: ask an adapter what every adapter promises."""

import importlib.util
from pathlib import Path

import click

__all__ = ["contract"]

_NO_PYTEST = "The contract needs pytest: pip install 'mllog-callbacks[contract]'"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def contract(folder: Path, pytest_args: tuple[str, ...]) -> None:
    """Check that the adapters described in FOLDER keep the contract of all adapters.

    FOLDER has a module NAME_case.py for each adapter, with an object CASE; see the guide for a new
    adapter. Further arguments are passed to pytest. The exit code is pytest's.
    """
    if importlib.util.find_spec("pytest") is None:
        raise click.ClickException(_NO_PYTEST)
    import pytest  # noqa: PLC0415 - an extra

    here = Path(__file__).parents[1] / "contract"
    suites = [str(here / name) for name in ("suite.py", "faults.py")]
    plugin = ["-p", "mllog_callbacks.contract.plugin", f"--mllog-cases={folder}"]
    raise SystemExit(pytest.main([*plugin, "-p", "no:cacheprovider", *suites, *pytest_args]))
