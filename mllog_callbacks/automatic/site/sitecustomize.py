"""Python imports this as it starts, where ``mllog run`` or an administrator put its folder first.

It switches on what `MLLOG_AUTO` says, and runs the `sitecustomize` that would have been imported
without it. Written for any Python 3, and for any environment: the package may be missing there.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [each for each in sys.path if os.path.abspath(each or os.curdir) != _HERE]


def _start():  # type: ignore[no-untyped-def]  # see above
    try:
        from mllog_callbacks import automatic

        automatic.start()
    except Exception as error:
        _note("{}: {}".format(type(error).__name__, error))


def _note(why):  # type: ignore[no-untyped-def]
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

_spec = PathFinder.find_spec("sitecustomize", sys.path)
if _spec is None or _spec.loader is None:
    _missing = "No module named 'sitecustomize'"
    raise ImportError(_missing, name="sitecustomize")  # as without us; `site` passes over it
sys.modules["sitecustomize"] = _module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
