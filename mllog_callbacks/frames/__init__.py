"""Watching functions from within their own frame; standard library only, as imports load it."""

from mllog_callbacks.frames._in_frame import Call, Changed, Watched

__all__ = ["Call", "Changed", "Watched"]
