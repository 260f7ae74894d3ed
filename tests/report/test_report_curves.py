"""The chart of a run at INFO, whose entries are few, is that of the same run at DEBUG."""

import re
from bisect import bisect_right

import lightgbm as lgb
import numpy as np
import pytest

from mllog_callbacks import AuditLog
from mllog_callbacks.reading.story import read_stories
from mllog_callbacks.report._charts import charts_of
from mllog_callbacks.report._drawing import Chart, Series
from mllog_lightgbm import MLAuditCallback

ITERATIONS = 600
PIXEL = 860 / 800  # a chart is 860 units wide


def _rates(iteration: int) -> float:
    return 0.2 * 0.99**iteration + 0.02


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Chart]]:
    """The charts of one training, by the level of its log."""
    drawn: dict[str, list[Chart]] = {}
    for level in ("INFO", "DEBUG"):
        folder = tmp_path_factory.mktemp(level)
        with AuditLog(folder, level=level) as log:
            _train(log)
        (story,) = read_stories([log.path])
        drawn[level] = charts_of(story.main, [])
    return drawn


def _train(log: AuditLog) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(600, 5))
    labels = (features[:, 0] + rng.normal(size=600) > 0).astype(float)
    train = lgb.Dataset(features[:300], labels[:300])
    lgb.train(
        {
            "objective": "binary",
            "metric": ["binary_logloss", "auc"],
            "num_leaves": 4,
            "num_threads": 1,
            "verbosity": -1,
        },
        train,
        ITERATIONS,
        valid_sets=[train, train.create_valid(features[300:], labels[300:])],
        callbacks=[
            MLAuditCallback(log, detectors=[]),
            lgb.reset_parameter(learning_rate=_rates),
        ],
    )


def test_each_curve_is_drawn_within_a_pixel(charts: dict[str, list[Chart]]) -> None:
    """At 800 pixels: the metrics of both sets, and the learning rate."""
    info, debug = charts["INFO"], charts["DEBUG"]
    assert [each.metric for each in info] == [each.metric for each in debug]
    assert {"binary_logloss", "auc"} <= {each.metric for each in info}
    for one, other in zip(info, debug, strict=True):
        for few, many in zip(one.series, other.series, strict=True):
            assert few.name == many.name
            apart = _apart(few, many)
            assert apart <= PIXEL, (one.metric, few.name, apart)


def _apart(one: Series, other: Series) -> float:
    """The most that two curves are apart, up or down, where either has a point."""
    first, second = _points(one), _points(other)
    places = sorted({x for x, _ in [*first, *second]})
    return max(abs(_height(first, x) - _height(second, x)) for x in places)


def _height(points: list[tuple[float, float]], x: float) -> float:
    at = min(max(bisect_right(points, (x, float("inf"))), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[at - 1 : at + 1]
    return y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def _points(series: Series) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for kind, x, y in re.findall(r"([Ml])(-?[\d.]+) ?(-?[\d.]+)", series.path):
        base = (0.0, 0.0) if kind == "M" else found[-1]
        found.append((base[0] + float(x), base[1] + float(y)))
    return found
