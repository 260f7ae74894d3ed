"""The types of the front door, `mllog_callbacks/__init__.pyi`, written from its table of names."""

from pathlib import Path
from typing import Final

import mllog_callbacks

__all__ = ["PATH", "stub"]

PATH: Final = Path(__file__).parents[1] / "mllog_callbacks" / "__init__.pyi"


def stub() -> str:
    """The text of the file."""
    lines = ["# Written by `python docs/generate.py`", "from typing import Final", ""]
    imports = {"_version": ("__version__",), **mllog_callbacks._HOMES}  # noqa: SLF001 - our own
    for home in sorted(imports):
        named = "".join(f"    {name} as {name},\n" for name in sorted(imports[home]))
        lines.append(f"from mllog_callbacks.{home} import (\n{named})")
    names = "".join(f'    "{name}",\n' for name in mllog_callbacks.__all__)
    lines += ["", "_HOMES: Final[dict[str, tuple[str, ...]]]", f"__all__ = [\n{names}]"]
    return "\n".join(lines) + "\n"
