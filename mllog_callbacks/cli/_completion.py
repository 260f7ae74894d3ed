"""`mllog completion`: click's own completion, as a script for a shell."""

import click
from click.shell_completion import get_completion_class

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_MLLOG_COMPLETE"


@click.command
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    r"""Print the script that completes commands and options in SHELL.

    \b
    bash: echo 'eval "$(mllog completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(mllog completion zsh)"' >> ~/.zshrc
    fish: mllog completion fish > ~/.config/fish/completions/mllog.fish
    """
    made = get_completion_class(shell)
    if made is None:  # pragma: no cover - click knows all three
        msg = f"click has no completion for {shell}"
        raise click.UsageError(msg)
    click.echo(made(ctx.find_root().command, {}, "mllog", _VARIABLE).source())
