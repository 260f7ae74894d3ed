"""Asking logs in SQL."""

from mllog_callbacks.query._sql import connect

__all__ = ["connect"]
