"""The types of the front door, `mllog_callbacks/__init__.pyi`, written from its table of names.

``python docs/generate.py`` writes them. They come as ruff would format them.
"""

from pathlib import Path
from typing import Final

import mllog_callbacks

__all__ = ["PATH", "stub"]

PATH: Final = Path(__file__).parents[1] / "mllog_callbacks" / "__init__.pyi"


def stub() -> str:
    """The text of the file."""
    imports = "\n".join(
        f"from mllog_callbacks.{home} import {name} as {name}"
        for home, names in mllog_callbacks._HOMES.items()  # noqa: SLF001 - our own
        for name in names
    )
    names = "".join(f'    "{name}",\n' for name in mllog_callbacks.__all__)
    return (
        "# Written by `python docs/generate.py`\n"
        "from typing import Final\n\n"
        "from mllog_callbacks._version import __version__ as __version__\n"
        f"{imports}\n\n"
        "_HOMES: Final[dict[str, tuple[str, ...]]]\n"
        f"__all__ = [\n{names}]\n"
    )
