"""`mllog keygen`: a pair of keys that sign logs."""

import os
from pathlib import Path

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say

__all__ = ["keygen"]

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY


@click.command
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option(words="Print one JSON object that names both files and the public key.")
@click.pass_context
def keygen(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Make a private Ed25519 key in FILE, for its owner alone, and the public one in FILE.pub.

    A session is signed where MLLOG_SIGNING_KEY names the private key's file. Keep that out of
    reach of whoever might change logs, and give FILE.pub to whoever verifies them.

    With --json it is {"private", "public", "key"}; the key is the public one, as chains name it.

    Exits with 0; with 3 where a file is there already or cannot be written.
    """
    from mllog_callbacks.integrity import new_key, read_public_key  # noqa: PLC0415 - slow

    public_file = file.with_name(file.name + ".pub")
    try:
        private, public = new_key()
        _write(file, private, 0o600)
        _write(public_file, public, 0o644)
    except ImportError:
        say('signing needs: pip install "mllog-callbacks[signing]"', err=True)
        ctx.exit(3)
    except OSError as error:
        say(f"cannot be written: {error}", err=True)
        ctx.exit(3)
    if as_json:
        key = read_public_key(public_file)
        print_object({"private": str(file), "public": str(public_file), "key": key})
    say(f"{file} signs, {file}.pub verifies", err=True)


def _write(path: Path, text: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, _NEW, mode), "wb") as stream:
        stream.write(text)
