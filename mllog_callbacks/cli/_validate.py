"""`mllog validate`: which lines of logs are not entries, and why."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import (
    FINDINGS,
    STDIN,
    UNREADABLE,
    expand,
    reason_of,
    report_unreadable,
)
from mllog_callbacks.cli._progress import Status
from mllog_callbacks.schema import count, plain

if TYPE_CHECKING:
    from mllog_callbacks.reading import Line

__all__ = ["validate"]

_LINES_A_LOOK: Final = 1_000  # between two looks at the clock


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@json_option()
@click.pass_context
def validate(ctx: click.Context, paths: tuple[str, ...], *, as_json: bool) -> None:
    """Hold every line of logs against the schema, and against what all JSON readers take.

    PATH is a file, a folder (all *.jsonl files below it, sidecars left out), a glob, or - for
    standard input. Each finding is one line, file:line: field: reason; the count goes to stderr.

    With --json each finding is {"file", "line", "field", "reason"}, each path that cannot be
    read {"file", "error"}, and the last line is {"summary": {"findings", "files",
    "files_with_findings", "lines", "unreadable"}}.

    Exits with 0 where every line is an entry, 1 on findings, 2 on wrong usage, and 3 where a
    path does not exist, cannot be read, or is a folder without logs.
    """
    with Status() as status:
        validation = _Validation(status, as_json=as_json)
        for file in expand(paths, validation.cannot_read):
            validation.read(file)
    validation.finish()
    ctx.exit(validation.exit_code)


@dataclass
class _Summary:
    """What a validation came to."""

    findings: int = 0
    files: int = 0
    files_with_findings: int = 0
    lines: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        if not self.findings:
            return f"no findings in {count(self.files, 'file')}, {count(self.lines, 'line')}"
        files = f"{self.files_with_findings:,} of {count(self.files, 'file')}"
        return f"{count(self.findings, 'finding')} in {files}, {count(self.lines, 'line')}"


class _Validation:
    """Reads files and prints what is wrong with them."""

    def __init__(self, status: Status, *, as_json: bool) -> None:
        self._status = status
        self._as_json = as_json
        self._summary = _Summary()
        self._completed: set[Path] = set()

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        if self._summary.unreadable:
            return UNREADABLE
        return FINDINGS if self._summary.findings else 0

    def read(self, file: str) -> None:
        """Print the findings of one file."""
        before = self._summary.findings
        for line in self._lines(file):
            self._take(file, line)
        self._summary.files_with_findings += self._summary.findings > before

    def finish(self) -> None:
        """Print the count."""
        if self._as_json:
            print_object({"summary": asdict(self._summary)})
        else:
            say(str(self._summary), err=True)

    def _lines(self, file: str) -> Iterator["Line"]:
        from mllog_callbacks.reading import read_lines  # noqa: PLC0415 - loads pydantic: slow

        stream = sys.stdin.buffer if file == STDIN else None
        folder = Path(file).parent
        complete = folder not in self._completed
        self._completed.add(folder)
        try:
            yield from read_lines(file, stream, complete=complete)
            self._summary.files += 1
        except OSError as error:  # of the reading: a closed stdout is none of ours
            self.cannot_read(file, error)

    def _take(self, file: str, line: "Line") -> None:
        summary = self._summary
        summary.lines += 1
        if line.findings:
            summary.findings += len(line.findings)
            self._print(file, line)
        elif summary.lines % _LINES_A_LOOK == 0:
            self._status.show(f"{plain(file)}: {summary}")

    def _print(self, file: str, line: "Line") -> None:
        if sys.stdout.isatty():
            self._status.stop()
        for finding in line.findings:
            if self._as_json:
                print_object({"file": file, "line": line.number, **asdict(finding)})
            else:
                where = f"{file}:{line.number}"
                say(f"{where}: {finding.field}: {finding.reason}")

    def cannot_read(self, path: str, error: OSError) -> None:
        """Say so, and count it."""
        self._summary.unreadable += 1
        if self._as_json:
            print_object({"file": path, "error": reason_of(error)})
        else:
            report_unreadable(path, error)
