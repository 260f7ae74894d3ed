"""The example platform as a process of its own, for tests that need one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paths import EXAMPLES

SERVE = EXAMPLES / "platform" / "serve.py"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address and the process of a server whose data and logs are in a folder."""
    command = [sys.executable, str(SERVE), "--port", "0"]
    places = ["--data", str(folder / "data"), "--logs", str(folder / "logs")]
    with (folder / "errors").open("w") as errors:
        server = subprocess.Popen(
            [*command, *places], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address, (folder / "errors").read_text()
        yield address, server
    finally:
        server.kill()
        server.communicate()
