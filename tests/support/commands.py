"""Commands, called within the process of the tests."""

import inspect
from typing import Any

from click.testing import CliRunner

__all__ = ["runner"]


def runner() -> CliRunner:
    """What calls commands, with standard error apart in each version of click."""
    mixed = "mix_stderr" in inspect.signature(CliRunner).parameters  # before 8.2, by default
    settings: dict[str, Any] = {"mix_stderr": False} if mixed else {}
    return CliRunner(**settings)
