"""`mllog demo`: a real training on real data, and its audit trail as it comes."""

import json
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mllog_callbacks.cli._objects import json_option
from mllog_callbacks.cli._output import say, say_json

if TYPE_CHECKING:
    from mllog_callbacks.recording import AuditLog

__all__ = ["demo"]

_MISSING = "mllog demo trains LightGBM on scikit-learn's data: pip install 'mllog-callbacks[demo]'"
_UNWRITABLE = 3
_POLL_S = 0.05


@click.command
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the log is made.  [default: MLLOG_DIR, or logs]",
)
@json_option(words="Print the entries as they are in the log.")
@click.pass_context
def demo(ctx: click.Context, directory: Path | None, *, as_json: bool) -> None:
    """Train LightGBM on scikit-learn's breast_cancer data and watch its audit trail.

    569 tumours, 30 features; a quarter of the rows is held out. Leaves of three rows are too small
    for them: the model overfits, and early stopping ends the training. The story appears as it is
    written to the log; the log stays.

    Exits with 2 where LightGBM or scikit-learn is missing, 3 where the log cannot be written.
    """
    from mllog_callbacks import AuditLog, LogDirectoryError, SettingsError  # noqa: PLC0415 - slow

    try:
        train = _training()
    except ImportError as error:
        msg = f"{_MISSING} ({error})"
        raise click.UsageError(msg) from error
    try:
        log = AuditLog(directory, dataset="breast_cancer")
    except (LogDirectoryError, SettingsError) as error:
        say(f"Error: {error}", err=True)
        ctx.exit(_UNWRITABLE)
    with log:
        _watch(log, train, as_json=as_json)
    if not as_json:
        _show_next(log.path)


def _training() -> "Callable[[AuditLog], object]":
    import lightgbm  # noqa: PLC0415 - an extra, and slow to import
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415 - likewise
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - likewise

    from mllog_lightgbm import MLAuditCallback  # noqa: PLC0415 - needs the extra

    features, labels = load_breast_cancer(return_X_y=True)
    parts = train_test_split(features, labels, test_size=0.25, stratify=labels, random_state=0)

    def train(log: "AuditLog") -> object:
        training = lightgbm.Dataset(parts[0], parts[2])
        return lightgbm.train(
            {"objective": "binary", "min_data_in_leaf": 3, "seed": 0, "verbosity": -1},
            training,
            num_boost_round=1000,
            valid_sets=[training.create_valid(parts[1], parts[3])],
            callbacks=[lightgbm.early_stopping(50, verbose=False), MLAuditCallback(log)],
        )

    return train


def _watch(log: "AuditLog", train: "Callable[[AuditLog], object]", *, as_json: bool) -> None:
    """Train, and meanwhile show what reaches the file."""
    done = threading.Event()
    show = _print_line if as_json else _storyteller()

    def follow() -> None:
        for line in _follow(log.path, done):
            show(line)

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        train(log)
        log.flush()
    finally:
        done.set()
        follower.join()


def _follow(path: Path, done: threading.Event) -> Iterator[str]:
    """The lines of a growing file, each once it is whole, until `done` is set and all are read."""
    rest = b""
    with path.open("rb") as stream:
        while True:
            last = done.is_set()
            lines = (rest + stream.read()).split(b"\n")
            rest = lines.pop()
            yield from (line.decode() for line in lines)
            if last:
                return
            done.wait(_POLL_S)


def _print_line(line: str) -> None:
    say_json(line)


def _storyteller() -> Callable[[str], None]:
    """A function that shows a line of the log as a person reads it."""
    from mllog_callbacks.cli._narration import storyteller  # noqa: PLC0415 - loads rich: slow

    record = storyteller()
    return lambda line: record(json.loads(line))


def _show_next(path: Path) -> None:
    """Where the log lies, and what to try on it."""
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    quoted = shlex.quote(str(shown))
    say("", err=True)
    say(f"The audit trail is in {shown}", err=True)
    say("Try next:", err=True)
    say(f"  mllog summary {quoted}", err=True)
    say(f"  mllog report --open {quoted}", err=True)
    say(f"  mllog verify {quoted}", err=True)
