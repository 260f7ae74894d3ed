"""Wrong usage of commands that give a verdict."""

from typing import Any

import click

from mllog_callbacks.cli._paths import UNREADABLE

__all__ = ["VerdictCommand", "VerdictUsageError"]


class VerdictUsageError(click.UsageError):
    """Wrong usage that exits with 3."""

    exit_code = UNREADABLE


class VerdictCommand(click.Command):
    """Wrong usage exits with 3 here: 2 is a verdict."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:  # noqa: ANN401 - click's
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            raise VerdictUsageError(error.message, error.ctx) from error
