"""Sending logs elsewhere, and checking what arrived."""

from mllog_callbacks.shipping._otlp import Mirror
from mllog_callbacks.shipping._reconcile import Place, Reconciled, reconcile

__all__ = ["Mirror", "Place", "Reconciled", "reconcile"]
