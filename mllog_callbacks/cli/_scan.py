"""`mllog scan`: what went wrong in the finished curves of files."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from errno import ENOENT
from pathlib import Path
from typing import Final, NamedTuple, get_args

import click

from mllog_callbacks.cli._curves import (
    Curve,
    Pairing,
    Table,
    TableError,
    observations,
    pair,
    read_table,
)
from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._paths import FINDINGS, STDIN, UNREADABLE, expand, tell_unreadable
from mllog_callbacks.detectors import DetectorSet, Issue, Unit
from mllog_callbacks.files import is_log
from mllog_callbacks.schema import count

__all__ = ["scan"]

_TABLES: Final = frozenset({".csv", ".jsonl", ".ndjson"})
_JSON: Final = frozenset({".jsonl", ".ndjson"})
_UNITS: Final[tuple[Unit, ...]] = get_args(Unit)


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--train", metavar="COLUMN", help="Values on the training data.")
@click.option("--validation", metavar="COLUMN", help="Values on the validation set.")
@click.option(
    "--higher-is-better/--lower-is-better",
    default=None,
    help="Direction of the columns named; default lower, where their name has 'loss' in it.",
)
@click.option("--unit", type=click.Choice(_UNITS), help="What a row stands for.")
@click.option("--ignore", multiple=True, metavar="CODE", help="An issue that is not told.")
@json_option()
@click.pass_context
def scan(
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    train: str | None,
    validation: str | None,
    higher_is_better: bool | None,
    unit: Unit | None,
    ignore: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what went wrong in the finished curves of a training: overfitting, divergence, ...

    PATH is a file, a folder (all *.csv, *.jsonl and *.ndjson files below it that are no audit
    logs), a glob, or - for standard input. A file is CSV, or JSON Lines where it ends in .jsonl or
    .ndjson or begins with a brace: the metrics.csv of Lightning, the results.csv of Ultralytics.
    The issues are those that would have been told while it ran.

    Without --train and --validation, columns are paired by their names: train/X, train_X or
    training_X with val/X, val_X, valid_X or validation_X, or X with val_X, for every X with
    "loss" in it, of which less is better. All else is left out, and said so: whether more or less
    of a metric is better is never guessed.

    With --json each issue is one object with its file and its columns, and those of a file are
    followed by {"summary": {"file", "curves", "issues", "skipped"}}.

    Exits with 0 where there is no issue, 1 on issues, 2 on wrong usage, and 3 where a path
    cannot be read.
    """
    unreadable: list[str] = []

    def cannot_read(path: str, error: Exception) -> None:
        unreadable.append(path)
        tell_unreadable(path, error)

    files = expand(paths, cannot_read, _tables)
    issues = 0
    for file in files:
        try:
            scanned = _scan(file, train, validation, higher_is_better, unit, ignore)
        except (OSError, TableError) as error:
            cannot_read(file, error)
            continue
        issues += len(scanned.issues)
        if as_json:
            _print_json(scanned)
        else:
            _print(scanned, f"{click.format_filename(file)}: " if len(files) > 1 else "")
    ctx.exit(UNREADABLE if unreadable else FINDINGS if issues else 0)


class _Scanned(NamedTuple):
    """What a file came to."""

    file: str
    found: Pairing
    issues: list[tuple[Curve, Issue]]


def _scan(
    file: str,
    train: str | None,
    validation: str | None,
    higher_is_better: bool | None,  # noqa: FBT001 - as the option has it
    unit: Unit | None,
    ignore: tuple[str, ...],
) -> _Scanned:
    table = _read(file)
    found = _chosen(table, train, validation, higher_is_better=higher_is_better)
    told = ((curve, _issues(table, curve, unit, ignore)) for curve in found.curves)
    return _Scanned(file, found, [(curve, issue) for curve, each in told for issue in each])


def _tables(path: str) -> list[Path]:
    """The file itself, or the tables below a folder.

    Raises:
        FileNotFoundError: There is no such path.
    """
    root = Path(path)
    if not root.is_dir():
        if not root.exists():
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
        return [root]
    below = (each for each in root.rglob("*") if each.suffix in _TABLES and each.is_file())
    return sorted(each for each in below if not is_log(each.name))


def _read(file: str) -> Table:
    raw = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"it is no UTF-8: {error}"
        raise TableError(msg) from error
    as_json = Path(file).suffix in _JSON or text.lstrip().startswith("{")
    return read_table(text, as_json=as_json)


def _chosen(
    table: Table, train: str | None, validation: str | None, *, higher_is_better: bool | None
) -> Pairing:
    """The curve that the options name, or all that pair by convention."""
    named = [name for name in (train, validation) if name is not None]
    if not named:
        if higher_is_better is not None:
            msg = "a direction needs the columns it is of: --train, --validation or both"
            raise click.UsageError(msg)
        return pair(table.columns)
    for name in named:
        if name not in table.columns:
            msg = f"there is no column {name!r}; there are {', '.join(table.columns)}"
            raise click.UsageError(msg)
    if higher_is_better is not None:
        return Pairing([Curve(named[-1], train, validation, higher_is_better)])
    if not all("loss" in name.casefold() for name in named):
        msg = f"say of {named[-1]!r} whether --higher-is-better or --lower-is-better"
        raise click.UsageError(msg)
    return Pairing([Curve(named[-1], train, validation, higher_is_better=False, assumed=True)])


def _issues(table: Table, curve: Curve, unit: Unit | None, ignore: tuple[str, ...]) -> list[Issue]:
    try:
        detectors = DetectorSet(ignore=ignore)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--ignore") from error
    return [issue for each in observations(table, curve, unit) for issue in detectors.observe(each)]


def _print(scanned: _Scanned, prefix: str) -> None:
    for _, issue in scanned.issues:
        head = f"{prefix}{issue.severity} {issue.code} {issue.decision}"
        click.echo(f"{head}\n    {issue.reasoning}")
    for line in _notes(scanned.found):
        click.echo(f"{prefix}{line}", err=True)
    issues, curves = len(scanned.issues), len(scanned.found.curves)
    click.echo(f"{prefix}{count(issues, 'issue')} in {count(curves, 'curve')}", err=True)


def _notes(found: Pairing) -> Iterator[str]:
    """What was assumed, and what was left out."""
    for curve in found.curves:
        columns = " and ".join(filter(None, (curve.train, curve.validation)))
        why = "assumed, from its name" if curve.assumed else "as told"
        yield f"{columns}: {'more' if curve.higher_is_better else 'less'} is better ({why})"
    for name, reason in found.skipped.items():
        yield f"{name}: skipped: {reason}"


def _print_json(scanned: _Scanned) -> None:
    for curve, issue in scanned.issues:
        columns = {"file": scanned.file, "train": curve.train, "validation": curve.validation}
        print_object(columns | asdict(issue))
    summary = {
        "file": scanned.file,
        "curves": [asdict(curve) for curve in scanned.found.curves],
        "issues": len(scanned.issues),
        "skipped": scanned.found.skipped,
    }
    print_object({"summary": summary})
