"""Python imports this as it starts, where ``mllog run`` or an administrator put its folder first.

It switches on what `MLLOG_AUTO` says, and runs the `sitecustomize` that would have been imported
without it. Written for any Python 3, and for any environment: the package may be missing there.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [each for each in sys.path if os.path.abspath(each or os.curdir) != _HERE]


def _start() -> None:
    try:
        from mllog_callbacks import automatic

        automatic.start()
    except Exception as error:
        _note("{}: {}".format(type(error).__name__, error))


def _note(why: str) -> None:
    """Let ``mllog run`` know that this process is not audited, and why."""
    path = os.environ.get("MLLOG_RUN_NOTES")
    if path:
        import json

        line = json.dumps({"pid": os.getpid(), "python": sys.executable, "not_audited": why})
        try:
            with open(path, "a") as file:
                file.write(line + "\n")
        except OSError:
            pass


if os.environ.get("MLLOG_AUTO", "0").lower() not in {"", "0", "false", "no", "off"}:
    _start()

# The user's own: our folder is off the path now. Where there is none, the error is as without us.
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401 - the user's
