"""Where things are in a checkout."""

from pathlib import Path
from typing import Final

__all__ = ["DOCS", "EXAMPLES", "ROOT", "SUPPORT"]

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
EXAMPLES: Final = ROOT / "examples"
SUPPORT: Final = Path(__file__).parent
