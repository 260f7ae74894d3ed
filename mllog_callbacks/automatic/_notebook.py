"""``%load_ext mllog_callbacks``, in IPython."""

from mllog_callbacks.automatic._auto import auto

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(_shell: object) -> None:
    """Audit every training of this notebook; IPython calls this."""
    auto()


def unload_ipython_extension(_shell: object) -> None:
    """Audit none any more; IPython calls this."""
    auto.off()
