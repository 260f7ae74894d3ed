"""Every way out of a Lightning trainer leaves one end; docs/lightning-ends.md shows them all."""

import os

import pytest

import lightning_ends
from lightning_training import VERSION

# asked for now: the tests themselves see none of the settings of the shell
OTHER = os.environ.get("MLLOG_TEST_LIGHTNING_PYTHON", "")


@pytest.fixture(scope="module")
def outcomes() -> list[lightning_ends.Outcome]:
    """How all ways end with the version of Lightning that is installed."""
    return lightning_ends.outcomes()


def test_each_way_out_has_exactly_one_end(outcomes: list[lightning_ends.Outcome]) -> None:
    """Of a fit one end of a run; of the others one entry in all."""
    assert [row for row in outcomes if len(row.events) != 1] == []
    assert len(outcomes) == len(lightning_ends.WAYS)


def test_the_table_in_the_documentation_is_true(outcomes: list[lightning_ends.Outcome]) -> None:
    """Event by event, with what is said."""
    text = lightning_ends.TABLE.read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = [cell.strip() for cell in lines[0].strip("|").split("|")]
    own = f"Lightning {VERSION}"  # a version that is not shown is to end as the newest that is
    column = heads.index(own) if own in heads else len(heads) - 2
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert [(row[0], row[1], row[column], row[-1]) for row in shown] == [
        (row.call, row.name, ", ".join(row.events), row.decision) for row in outcomes
    ]


@pytest.mark.skipif(
    not OTHER,
    reason="MLLOG_TEST_LIGHTNING_PYTHON names no interpreter with another version of Lightning",
)
def test_the_oldest_version_ends_alike(outcomes: list[lightning_ends.Outcome]) -> None:
    """The whole table, written anew with another version: an interpreter that has 2.4."""
    version, others = lightning_ends.by_other(OTHER)
    made = lightning_ends.rendered({version: others, VERSION: outcomes})
    assert made == lightning_ends.TABLE.read_text("utf-8")
