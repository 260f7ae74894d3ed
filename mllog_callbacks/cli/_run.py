"""`mllog run`: run a command with auditing on in it and in all that it starts."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import click

from mllog_callbacks.automatic import (
    AUTO,
    FRAMEWORKS,
    NOTES,
    SITE,
    Note,
    Status,
    disabled,
    read_notes,
    statuses,
)
from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._supervising import end_as, supervise

__all__ = ["run"]

_NAMES: Final = [each.name for each in FRAMEWORKS]
_NOBODY: Final = (
    "no Python started with auditing on: python -I, -E and -S leave it out, as does a program that "
    "sets PYTHONPATH anew"
)
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Directory of the logs.")
@click.option("--level", help="Least level recorded: ERROR, INFO or DEBUG.")
@click.option("--dataset", help="Name of the data set, where the training names none.")
@click.option("--model", help="Name of the model, likewise.")
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Audit this framework only.")
@click.option("--explain", is_flag=True, help="Show what is hooked and what is not, and why.")
@json_option("framework", words="With --explain: print JSON, one object a line.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run(
    *,
    directory: Path | None,
    level: str | None,
    dataset: str | None,
    model: str | None,
    only: tuple[str, ...],
    explain: bool,
    as_json: bool,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with every training in it audited, also in the processes that it starts.

    The command is run as it is, with its own input, output, signals and exit code:

    mllog run --dataset churn -- python train.py

    Without COMMAND, --explain shows the frameworks of this Python.
    """
    if not command:
        if not explain:
            msg = "COMMAND is missing, as in: mllog run -- python train.py"
            raise click.UsageError(msg)
        for status in statuses():
            _show(status, as_json=as_json)
        return
    settings = {
        "MLLOG_LEVEL": level,
        "MLLOG_DATASET": dataset,
        "MLLOG_MODEL": model,
        AUTO: ",".join(only) or os.environ.get(AUTO) or "1",
        "MLLOG_DIR": None if disabled() else _usable(directory),
    }
    given = {name: value for name, value in settings.items() if value is not None}
    with tempfile.TemporaryDirectory(prefix="mllog-run-") as folder:
        notes = Path(folder, "notes")
        notes.touch()
        ended = _supervised(command, _environment(given, notes))
        for line in _lines(read_notes(str(notes)), explain=explain, as_json=as_json):
            say(line, err=True)
    end_as(ended)


def _usable(directory: Path | None) -> str:
    """The directory of the logs, once logs can be made there as the environment says.

    Raises:
        click.UsageError: They cannot.
    """
    from mllog_callbacks.exceptions import MLLogError  # noqa: PLC0415 - as below
    from mllog_callbacks.recording import (  # noqa: PLC0415 - slow
        check_signing,
        log_directory,
        signing_required,
    )

    try:
        check_signing(required=signing_required(), unsigned=True)
        return str(log_directory(directory or os.environ.get("MLLOG_DIR") or "logs"))
    except MLLogError as error:
        raise click.UsageError(str(error)) from error


def _supervised(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command, and return its wait status; exit as a shell where it cannot be run."""
    try:
        return supervise(command, environment, partial(_note_exit, environment))
    except FileNotFoundError:
        say(f"mllog run: {command[0]}: command not found", err=True)
        raise SystemExit(_NOT_FOUND) from None
    except OSError as error:
        say(f"mllog run: {command[0]}: {error.strerror}", err=True)
        raise SystemExit(_NOT_EXECUTABLE) from None


def _note_exit(environment: Mapping[str, str], pid: int, status: int) -> None:
    """Leave word of how the command ended: not every kernel keeps that for its drainer."""
    if not disabled():
        from mllog_callbacks.sinks import note_exit  # noqa: PLC0415 - slow

        note_exit(Path(environment["MLLOG_DIR"]), pid, status)


def _environment(given: Mapping[str, str], notes: Path) -> dict[str, str]:
    """The command's environment: ours, with auditing on."""
    environment = dict(os.environ)
    if not disabled():
        before = environment.get("PYTHONPATH")
        paths = [SITE, *(() if not before else before.split(os.pathsep))]
        environment |= given
        environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
        environment[NOTES] = str(notes)
    return environment


def _lines(notes: Sequence[Note], *, explain: bool, as_json: bool) -> Iterator[str]:
    """What a user should know at the end of the command."""
    if explain and as_json:
        yield from map(json.dumps, notes)
        return
    if not disabled() and not any("on" in each for each in notes):
        yield f"mllog run: not audited: {_NOBODY}."
    recorded: set[tuple[object, ...]] = set()
    for note in notes:
        for line in _note_lines(note, explain=explain):
            if (line,) not in recorded:
                recorded.add((line,))
                yield f"mllog run: {line}"


def _note_lines(note: Note, *, explain: bool) -> Iterator[str]:
    python = f"in {note.get('python')}"
    if "not_audited" in note:
        yield f"not audited {python}: {note['not_audited']}"
    elif "why" in note:
        yield f"{note['framework']} is not audited {python}: {note['why']}"
    elif explain and "on" in note:
        yield f"process {note['pid']} {python}: on for {', '.join(note['on'])}"
    elif explain and "hooked" in note:
        yield f"process {note['pid']}: hooked {note['hooked']}"


def _show(status: Status, *, as_json: bool) -> None:
    if as_json:
        print_object(status._asdict())
        return
    version = status.version or ""
    outcome = f"not audited: {status.why_not}" if status.why_not else f"audited: {status.means}"
    say(f"{status.name:<12} {version:<10} {outcome}")
