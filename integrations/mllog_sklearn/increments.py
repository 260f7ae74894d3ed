"""A call of `partial_fit`: one increment of a training that never says that it ends."""

from mllog_sklearn.fits import Fit

__all__ = ["Increment"]


class Increment(Fit):
    """One call of partial_fit."""
