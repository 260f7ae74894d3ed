"""Lightning's callback class, of whichever distribution is there.

Lightning is published twice, as `pytorch_lightning` and as `lightning`, each with classes of its
own. A callback serves the trainers of both where it has both classes among its bases.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

__all__ = ["DISTRIBUTIONS", "CallbackBase", "version"]

DISTRIBUTIONS: Final = ("pytorch_lightning", "lightning.pytorch")


def _distributions() -> list[str]:
    """Those that are imported, as their user imports what he trains with; else those installed."""
    return [name for name in DISTRIBUTIONS if name in sys.modules] or [
        name for name in DISTRIBUTIONS if _installed(name)
    ]


def _installed(name: str) -> bool:
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            return False
        raise
    return True


if TYPE_CHECKING:
    from pytorch_lightning.callbacks import Callback as CallbackBase
else:
    CallbackBase = type(
        "CallbackBase",
        tuple(import_module(f"{name}.callbacks").Callback for name in _distributions()),
        {"__module__": __name__, "__doc__": "Lightning's own class, or both of them."},
    )


def version(trainer: object) -> str:
    """The version of the distribution that a trainer is of; empty where it does not say."""
    homes = (each.__module__ for each in type(trainer).__mro__)
    home = next((each for each in homes if each.startswith(DISTRIBUTIONS)), "")
    return str(getattr(sys.modules.get(home.partition(".")[0]), "__version__", ""))
