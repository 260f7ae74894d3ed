"""The benchmarks compare fairly: candidates take turns, and ratios are of the same turn."""

import pytest

from benchmarks.turns import Spread, Turns, take_turns


def test_each_turn_measures_each_candidate_once() -> None:
    """After one call of each that is not measured; the order differs from turn to turn."""
    called: list[str] = []

    def candidate(name: str) -> float:
        called.append(name)
        return float(len(called))

    names = ["a", "b", "c"]
    turns = take_turns({name: lambda name=name: candidate(name) for name in names}, 20)  # type: ignore[misc]  # a name of its own each
    orders = [tuple(called[start : start + 3]) for start in range(0, len(called), 3)]
    assert orders[0] == ("a", "b", "c")
    assert {frozenset(order) for order in orders} == {frozenset(names)}
    assert len(set(orders)) > 3
    assert [len(taken) for taken in turns.values()] == [20, 20, 20]
    assert min(min(taken) for taken in turns.values()) == 4


def test_a_busy_turn_does_not_change_a_ratio() -> None:
    """It was as busy for the candidate as for what that is compared with."""
    turns = Turns({"base": [1.0, 10.0, 2.0], "other": [1.1, 11.0, 2.2]})
    assert turns.ratios("base")["other"] == pytest.approx((1.1, 1.1, 1.1))


def test_a_spread_is_the_median_with_the_quartiles() -> None:
    """Also of one figure alone."""
    assert Spread.of([1, 2, 3, 4, 5]) == (3, 2, 4)
    assert Spread.of([2]) == (2, 2, 2)


def test_the_table_records_base_and_spread() -> None:
    """One row a candidate, in Markdown."""
    table = Turns({"none": [1.0, 1.0], "ours": [1.0, 1.02]}).table("none", "CPU time")
    assert table.splitlines() == [
        "| CPU time, as a ratio | median [quartiles] |",
        "|---|---|",
        "| none | 1.000 [1.000, 1.000] |",
        "| ours | 1.010 [1.005, 1.015] |",
    ]
