"""The check of the contract finds what is invented, and nothing else."""

import numpy as np
import pytest

from mllog_callbacks.contract import untraced


@pytest.mark.parametrize(
    "text",
    [
        "Iteration 137 is the best (0.0912346).",
        "1,000 rows, 2 hyperparameters; 4.7.0 are the defaults.",
        "valid_0 and MLA003 and conv2d name things.",
        "13 iterations later, in iteration 150.",
        "1: 400 (40.0%)",
        "It rose by 10.9%, from 0.5 to 0.5545, and by 1.50e-05.",
        "learning_rate=0.05, -3.",
    ],
)
def test_what_follows_from_facts_is_traced(text: str) -> None:
    """Values at their printed precision, counts, differences, shares."""
    labels = np.array([1.0] * 400 + [0.0] * 600)
    facts = [{"learning_rate": 0.05, "b": -3}, 0.091234567, 1000, "LightGBM 4.7.0", labels, 1.5e-5]
    snapshot = {"iteration": 150, "best": 137, "from": 0.5, "to": 0.5545}
    assert untraced(text, facts, snapshot) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Iteration 138 is the best (0.0912356).", ["138", "0.0912356"]),
        ("1,001 rows with LightGBM 4.7.1.", ["4.7.1", "1,001"]),
        ("51.0% are positive", ["51.0%"]),
        ("learning_rate=0.06", ["0.06"]),
    ],
)
def test_what_is_invented_is_found(text: str, found: list[str]) -> None:
    """A digit that is wrong, or a number that nothing has."""
    facts = [{"learning_rate": 0.05}, 0.091234567, 1000, "LightGBM 4.7.0", 3, 17]
    assert untraced(text, facts, {"best": 137}) == found
