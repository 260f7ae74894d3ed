"""What holds for every command that reads: paths, exit codes, --json, closed pipes, completion."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from commands import MLLOG, run
from mllog_callbacks.cli import main
from trails import lines, training, write

CLAIMS: Any = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
READERS = ["validate", "summary", "tail", "report"]


def call(command: str, *arguments: str | Path, folder: Path, stdin: bytes = b"") -> int:
    """The exit code of a command, its output where its own folder is."""
    shown = run(command, *arguments, folder=folder, stdin=stdin)
    assert b"Traceback" not in shown.stderr
    return shown.returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two logs, one in a folder of its own, and a damaged one elsewhere."""
    write(tmp_path / "logs", lines(training()), "one")
    write(tmp_path / "logs" / "deeper", lines(training()), "two")
    write(tmp_path / "bad", b"{}\n" + lines(training()), "bad")
    return tmp_path


@pytest.mark.parametrize("command", READERS)
def test_files_folders_globs_and_standard_input_are_paths(command: str, folder: Path) -> None:
    """Each alone and together, all good: exit 0."""
    file = next((folder / "logs").glob("*.jsonl"))
    assert call(command, file, folder=folder) == 0
    assert call(command, "logs", folder=folder) == 0
    assert call(command, "logs/**/*.jsonl", file, folder=folder) == 0
    assert call(command, "-", folder=folder, stdin=lines(training())) == 0


@pytest.mark.parametrize("command", READERS)
def test_exit_codes_mean_the_same_everywhere(command: str, folder: Path) -> None:
    """1 on findings, 2 on wrong usage, 3 where a path cannot be read, whatever else there is."""
    assert call(command, "bad", "-n30" if command == "tail" else "bad", folder=folder) == 1
    assert call(command, "--none", "logs", folder=folder) == 2
    assert call(command, "nowhere", "logs", folder=folder) == 3
    assert call(command, "nowhere/*.jsonl", folder=folder) == 3


@pytest.mark.parametrize("command", [*READERS, "recover", "schema"])
def test_json_is_json(command: str, folder: Path) -> None:
    """One value a line, or one in all; nothing else on stdout."""
    paths = [] if command == "schema" else ["logs"]
    shown = run(command, "--json", *paths, folder=folder).stdout
    values = [shown] if command == "schema" else shown.splitlines()
    assert all(isinstance(json.loads(value), dict) for value in values)


def test_every_command_takes_json() -> None:
    """But those whose output is a shell's script, pytest's, or messages sent elsewhere."""
    commands = set(main.list_commands(click.Context(main)))
    for name in sorted(commands - {"completion", "contract", "watch"}):
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert "as_json" in [each.name for each in command.params], name


@pytest.mark.parametrize(
    "arguments", [["summary", "logs"], ["tail", "-n", "50", "logs"], ["report", "-o", "-", "-"]]
)
def test_a_closed_pipe_is_quiet(arguments: list[str], folder: Path) -> None:
    """Nothing on stderr, though nobody reads what is printed."""
    with subprocess.Popen(
        [*MLLOG, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(lines(training()))
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(60) in {0, 1}


@pytest.mark.parametrize("command", ["summary", "tail"])
def test_without_a_terminal_there_are_no_colours(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor with NO_COLOR, where a terminal is claimed."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert b"\x1b" not in run(command, "logs", folder=folder).stdout
    coloured = re.compile(rb"\x1b\[(\d+;)*3\d")
    assert coloured.search(run(command, "logs", folder=folder, **CLAIMS).stdout)
    plain = run(command, "logs", folder=folder, NO_COLOR="1", **CLAIMS).stdout
    assert not coloured.search(plain)


def test_recover_takes_folders_files_and_globs(folder: Path) -> None:
    """A path that does not exist is exit 3."""
    shown = run("recover", "logs", "logs/deeper/*.jsonl", "bad", folder=folder)
    assert shown.returncode == 0
    assert shown.stderr.count(b"Nothing to recover in ") == 3
    assert run("recover", "nowhere", folder=folder).returncode == 3


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_completion_completes_in_bash(folder: Path) -> None:
    """The script that is printed names the commands, asked as bash asks."""
    script = run("completion", "bash", folder=folder).stdout.decode()
    assert "_MLLOG_COMPLETE=bash_complete" in script
    asked = subprocess.run(
        MLLOG,
        env=os.environ
        | {"_MLLOG_COMPLETE": "bash_complete", "COMP_WORDS": "mllog su", "COMP_CWORD": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert asked.stdout.split() == ["plain,summary"]
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_knows_other_shells(shell: str) -> None:
    """And refuses those it does not know."""
    assert b"_MLLOG_COMPLETE" in run("completion", shell).stdout
    assert run("completion", "tcsh").returncode == 2
