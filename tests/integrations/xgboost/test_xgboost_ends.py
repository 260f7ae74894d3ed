"""Every way out, through every entry point, has exactly one end: the table in `docs` is true."""

from itertools import pairwise

import pytest
import xgboost as xgb

import paths
from ends_table import EndsTable, row
from mllog_callbacks import AuditLog
from recorded import Entries
from xgboost_ways_out import ENTRY_POINTS, go, ways

TABLE = EndsTable(
    paths.DOCS / "xgboost-ends.md",
    "XGBoost",
    "tests/integrations/xgboost/test_xgboost_ends.py",
    "Each training plans 5 iterations and measures a metric that is best in the second.",
    [name for name, _ in ways(1)],
    [*ENTRY_POINTS],
)
CASES = [
    (name, way, entry_point)
    for entry_point, (_, calls) in ENTRY_POINTS.items()
    for name, way in ways(calls)
]


@pytest.mark.skipif(xgb.__version__ < "3", reason="XGBoost 2 calls its callbacks in any order")
@pytest.mark.filterwarnings("ignore")  # what XGBoost thinks of parameters that it does not use
def test_every_way_out_ends_as_the_table_says(
    log: AuditLog, entries: Entries, capfd: pytest.CaptureFixture[str]
) -> None:
    """On the installed version; a version that is not in the table is held to the newest in it."""
    marks = [0]
    for _, way, entry_point in CASES:
        go(ENTRY_POINTS[entry_point][0], way, log)
        marks.append(log.stats.emitted)
    recorded = entries()
    found = [
        row(name, entry_point, recorded[first:last])
        for (name, _, entry_point), (first, last) in zip(CASES, pairwise(marks), strict=True)
    ]
    capfd.readouterr()  # XGBoost's own complaints
    assert sorted(found) == TABLE.rows({*found}, xgb.__version__)
