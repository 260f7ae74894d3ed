"""`mllog scan`: what went wrong in the finished curves of files."""

import os
import sys
from collections.abc import Callable
from errno import ENOENT
from pathlib import Path
from typing import Final, get_args

import click

from mllog_callbacks.cli._objects import json_option
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import FINDINGS, STDIN, UNREADABLE, expand, report_unreadable
from mllog_callbacks.cli._scanned import Asked, Scanned
from mllog_callbacks.curves import (
    READY,
    NoCurvesError,
    Source,
    Table,
    curve_files,
    joined,
    read_file,
    read_tables,
)
from mllog_callbacks.detectors import Unit
from mllog_callbacks.schema import count

__all__ = ["scan"]

_UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
_LISTED: Final = 5


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--train", metavar="COLUMN", help="Values on the training data.")
@click.option("--validation", metavar="COLUMN", help="Values on the validation set.")
@click.option(
    "--higher-is-better/--lower-is-better",
    default=None,
    help="Direction of the columns named; default by their names.",
)
@click.option("--unit", type=click.Choice(_UNITS), help="What a value is judged as.")
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    metavar="REGEX",
    help="How lines of a text log are read: named groups such as (?P<val_loss>N), where N is a "
    f"number; or one of {', '.join(READY)}.",
)
@click.option("--list", "only_list", is_flag=True, help="Show the columns, and detect nothing.")
@click.option("--ignore", multiple=True, metavar="CODE", help="An issue to leave out.")
@json_option()
@click.pass_context
def scan(  # noqa: PLR0913 - one an option
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    train: str | None,
    validation: str | None,
    higher_is_better: bool | None,
    unit: Unit | None,
    patterns: tuple[str, ...],
    only_list: bool,
    ignore: tuple[str, ...],
    as_json: bool,
) -> None:
    """Report what went wrong in the finished curves of a training: overfitting, divergence, ...

    PATH is a file, a folder, a glob, or - for standard input. Tables with any separator, JSON
    documents, JSON Lines, text logs and TensorBoard's event files are read, among them those of
    Lightning, Keras, Hugging Face, Ultralytics, CatBoost, Detectron2, mmdetection, DVCLive, MLflow
    and Weights & Biases. Files with one metric each are put together by folder. The issues are
    those that would have been reported during the training.

    Columns are paired by their names: train/X, TrainX or X with val/X, eval_X, DevX or test_X.
    Directions come from the names of the field, such as loss, error, accuracy and F1; other columns
    are skipped with a notice. --list shows how each column is understood.

    Where an epoch or a step goes back, another run begins; each run is scanned.

    With --json each issue is one object with its file, run and columns, and those of a file are
    followed by {"summary": {"file", "kind", "runs", "curves", "issues", "scanned", "skipped"}}.

    Exit codes: 0 no issue, 1 issues found, 2 usage error, 3 a path cannot be read or holds no
    curve to scan.
    """
    asked = Asked(train, validation, higher_is_better, unit, ignore)
    asked.check()
    failed: list[str] = []

    def cannot_read(path: str, error: Exception) -> None:
        failed.append(path)
        report_unreadable(path, error)

    sources = _sources(paths, patterns, cannot_read)
    scanned = [Scanned.of(each, asked) for each in sources]
    if asked.columns and scanned and not any(each.found.curves for each in scanned):
        raise click.UsageError(_no_column(asked, sources))
    if only_list:
        for each in scanned:
            each.list(as_json=as_json)
        ctx.exit(UNREADABLE if failed or not scanned else 0)
    # what a folder holds beside its curves is no failure, where there are curves
    shown = [each for each in scanned if each.answered or set(each.source.files) & set(paths)]
    shown = shown or scanned
    for each in shown:
        each.print(as_json=as_json, prefixed=len(shown) > 1)
    _print_left_out([each.name for each in scanned if each not in shown])
    if failed or not shown or not all(each.answered for each in shown):
        ctx.exit(UNREADABLE)
    ctx.exit(FINDINGS if any(each.issues for each in shown) else 0)


def _sources(
    paths: tuple[str, ...],
    patterns: tuple[str, ...],
    cannot_read: Callable[[str, Exception], object],
) -> list[Source]:
    """The tables that the paths mean; files within a folder that hold none are passed over."""
    found: list[Source] = []
    left_out: dict[str, Exception] = {}
    for file in expand(paths, cannot_read, _files):
        try:
            found += [Source((file,), table) for table in _tables(file, patterns)]
        except NoCurvesError as error:
            left_out[file] = error
        except OSError as error:
            cannot_read(file, error)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--pattern") from error
    for file, why in left_out.items():
        if file in paths or not found:
            cannot_read(file, why)
    _print_left_out([each for each in left_out if each not in paths and found])
    return joined(found)


def _files(path: str) -> list[Path]:
    """The file itself, or the files below a folder that may hold curves.

    Raises:
        FileNotFoundError: There is no such path.
    """
    root = Path(path)
    if root.is_dir():
        return curve_files(root)
    if not root.exists():
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
    return [root]


def _tables(file: str, patterns: tuple[str, ...]) -> list[Table]:
    if file == STDIN:
        return read_tables(sys.stdin.buffer.read(), patterns=patterns)
    return read_file(Path(file), patterns)


def _no_column(asked: Asked, sources: list[Source]) -> str:
    """Which of the columns named there are not."""
    known = dict.fromkeys(name for each in sources for name in each.table.columns)
    missing = [each for each in asked.columns if each not in known]
    named = " and ".join(map(repr, missing or asked.columns))
    return f"there is no column {named} (in one table); there are {', '.join(known)}"


def _print_left_out(names: list[str]) -> None:
    if names:
        named = ", ".join(names[:_LISTED])
        more = ", ..." if len(names) > _LISTED else ""
        say(f"{count(len(names), 'more file')} without curves to scan: {named}{more}", err=True)
