"""The command line, `mllog`: each command's module is imported only when that command is called.

Data go to stdout, talk to stderr. Exit codes: 0 fine, 1 findings, 2 usage, 3 unreadable.
"""

from importlib import import_module
from typing import Final

import click

from mllog_callbacks._version import __version__
from mllog_callbacks.cli._output import make_streams_robust
from mllog_callbacks.schema import plain

__all__ = ["main"]

_COMMANDS: Final = {
    "anchor": "Print the heads of chains, to be kept elsewhere.",
    "attach": "Show what of a platform would be audited, and what to name.",
    "attest": "Print a signed statement on a model: what its log says.",
    "check": "Check a statement on a model, or the proof of an entry.",
    "compare": "Show which run is best, and in what others differ.",
    "completion": "Print the script that completes commands in a shell.",
    "contract": "Check that an adapter keeps the contract of all adapters.",
    "demo": "Train LightGBM on a real data set and watch its audit trail.",
    "doctor": "Show which promises hold for logs made here, and why.",
    "fingerprint": "Print what data in a file is known again by.",
    "keygen": "Make a pair of keys that sign logs.",
    "mirror": "Send entries to an OpenTelemetry receiver as they are written.",
    "prove": "Print the proof that an entry is in a log.",
    "prune": "Remove sessions that were kept long enough.",
    "query": "Ask all logs of a folder in SQL.",
    "reconcile": "Name the lines that shipping lost, doubled or made up.",
    "recover": "Complete the files of sessions that were killed.",
    "report": "Make an HTML page of the story of a log.",
    "run": "Run a command with every training in it audited.",
    "scan": "Report what went wrong in finished curves.",
    "schema": "Print the JSON Schema of an entry.",
    "summary": "Show what happened, why it stopped, what went wrong.",
    "tail": "Show the last entries, and those that come.",
    "trace": "Find the runs that a model file, data or a commit comes from.",
    "validate": "List the lines of logs that are not entries, and why.",
    "verify": "Say whether logs are as they were written, and all there.",
    "watch": "Send a message when an issue opens, or a training fails.",
}
"""Each command with its short help; it is the attribute of that name in the module of that name."""


class _LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"{__name__}._{cmd_name}"), cmd_name)
        if not isinstance(command, click.Command):
            msg = f"{cmd_name} is no command"
            raise TypeError(msg)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Call the command; what click says of wrong usage is text as well."""
        make_streams_robust()
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            vars(error)["message"] = plain(error.message)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mllog")
def main() -> None:
    """Audit trails of model trainings: watch one being made, read its story, check it.

    Exit codes: 0 fine, 1 findings, 2 usage, 3 unreadable.
    """
