"""`mllog attach --explain`: what would be audited of a platform, and what to name by hand."""

import json

import pytest
from click.testing import CliRunner

from mllog_callbacks.cli import main

PLAIN = """\
datasets: platform_plain.DatasetManager
  upload               DATASET_UPLOADED
  validate             DATASET_VALIDATED, ISSUE_DETECTED
  preprocess           DATASET_PREPROCESSED
"""


def explained(*arguments: str) -> str:
    """The output of the command."""
    result = CliRunner().invoke(main, ["attach", "--explain", *arguments])
    assert result.exit_code == 0
    return result.output


def test_a_platform_in_the_roles_own_names_needs_no_names() -> None:
    """Each method with the events it leaves, and the call that audits it."""
    output = explained("platform_plain")
    assert output.startswith(PLAIN)
    assert output.splitlines()[-1] == (
        "audit_platform(datasets=DatasetManager, trainer=ModelTrainer, metrics=MetricsCalculator)"
    )


def test_other_names_are_proposed() -> None:
    """To be named by hand: a likeness is no evidence."""
    output = explained("platform_service")
    assert "  ingest               perhaps upload: name it by hand" in output
    assert '"train": "run"' in output.splitlines()[-1]
    assert "status" in output
    (trainer,) = explained("platform_lab:Experiment.launch", "--json").splitlines()[1:2]
    found = json.loads(trainer)
    assert (found["role"], found["proposed"]["train"]) == ("trainer", ["launch"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["platform_plain"], 2, "add --explain"),
        (["--explain", "no.such.module"], 3, "cannot be imported"),
        (["--explain", "recorded"], 1, "no class with methods of a role"),
    ],
)
def test_what_cannot_be_explained_is_said(arguments: list[str], code: int, words: str) -> None:
    """By the exit code, and in words."""
    result = CliRunner().invoke(main, ["attach", *arguments])
    assert (result.exit_code, words in result.output) == (code, True)
