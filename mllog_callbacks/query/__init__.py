"""Asking logs in SQL."""

from mllog_callbacks.query._sql import connect, is_query

__all__ = ["connect", "is_query"]
