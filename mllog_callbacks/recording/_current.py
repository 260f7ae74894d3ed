"""Which scope holds: one variable of the context, which asyncio's tasks inherit."""

from contextlib import suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mllog_callbacks.recording._context import Scope

__all__ = ["current", "leave"]

current: Final[ContextVar["Scope | None"]] = ContextVar("mllog_scope", default=None)
"""The scope of the call under way."""


def leave(token: "Token[Scope | None]") -> None:
    """Let the scope of before hold again; in a coroutine that was resumed elsewhere, none did."""
    with suppress(ValueError):  # the token is of another context
        current.reset(token)
