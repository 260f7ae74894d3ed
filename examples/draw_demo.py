"""Draw the README's picture: the real `mllog demo`, as a terminal shows it.

Run it with ``python examples/draw_demo.py``; it writes ``examples/demo.svg``.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

COLUMNS = 140


def main() -> None:
    """Run the demo in a terminal of a fixed width, and draw what it printed."""
    with TemporaryDirectory() as folder:
        environment = os.environ | {
            "COLUMNS": str(COLUMNS),
            "FORCE_COLOR": "1",
            "MLLOG_DIR": "logs",
            "MLLOG_SESSION": "demo",
        }
        shown = subprocess.run(
            [Path(sys.executable).with_name("mllog"), "demo"],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
    console = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w"))  # noqa: SIM115 - till the end
    console.print(Text.from_ansi("$ mllog demo\n" + shown.stdout + shown.stderr))
    drawn = console.export_svg(title="mllog demo", unique_id="demo")
    # the fonts are those of the reader's machine: nothing is fetched
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("Fira Code", "Menlo, Consolas, DejaVu Sans Mono")
    Path(__file__).with_name("demo.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
