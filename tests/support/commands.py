"""Commands, called within the process of the tests or in one of their own."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner

__all__ = ["MLLOG", "run", "runner"]

MLLOG = [sys.executable, "-c", "from mllog_callbacks.cli import main; main(prog_name='mllog')"]


def run(
    *arguments: str | Path, stdin: bytes = b"", folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Call `mllog` in a process of its own."""
    return subprocess.run(
        [*MLLOG, *map(str, arguments)],
        input=stdin,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        check=False,
        timeout=60,
    )


def runner() -> CliRunner:
    """What calls commands, with standard error apart in each version of click."""
    mixed = "mix_stderr" in inspect.signature(CliRunner).parameters  # before 8.2, by default
    settings: dict[str, Any] = {"mix_stderr": False} if mixed else {}
    return CliRunner(**settings)
