"""Verdicts and threats: each line of their tables names a test that is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mllog_callbacks.integrity import Status
from paths import DOCS, ROOT

INTEGRITY, SECURITY = DOCS / "integrity.md", ROOT / "SECURITY.md"
EVIDENCE = "### The evidence each verdict needs"
ACCEPTED = ("Not found", "Not prevented")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of tables, but for their heads."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith(("| claim", "| They")):
            yield [each.strip() for each in line.strip("|").split(" | ")]


def named(text: str) -> list[tuple[str, str]]:
    """The tests that a text names, and their files."""
    return re.findall(r"`([\w/]+\.py)::(\w+)`", text)


def evidence() -> str:
    """The part of the page on evidence."""
    return INTEGRITY.read_text("utf-8").partition(EVIDENCE)[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("text", "folder"),
    [(evidence(), ROOT / "tests" / "integrity"), (SECURITY.read_text("utf-8"), ROOT)],
    ids=["integrity", "security"],
)
def test_each_line_names_tests_that_are_there(text: str, folder: Path) -> None:
    """What is not found or not prevented is said to be so, and may have none."""
    assert len([*rows(text)]) >= 10
    for row in rows(text):
        tests = named(row[-1])
        assert tests or any(each in row[1] for each in ACCEPTED), row
        for file, name in tests:
            assert f"def {name}(" in (folder / file).read_text("utf-8"), (file, name)


def test_each_verdict_has_its_evidence() -> None:
    """Of each aspect, what is sound and what is not."""
    claims = {row[0] for row in rows(evidence())}
    for aspect in "integrity", "completeness", "authenticity", "life cycle":
        assert f"{aspect} {Status.SOUND}" in claims
    for claim in (
        f"integrity {Status.TAMPERED}",
        f"authenticity {Status.TAMPERED}",
        f"completeness {Status.INCOMPLETE}",
        f"completeness {Status.UNSEALED}",
    ):
        assert claim in claims
