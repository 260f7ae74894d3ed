"""Runs the trainings, and shows how right their verdicts are."""

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.verdicts import __doc__ as description
from benchmarks.verdicts.scoring import Outcome, outcome_of
from benchmarks.verdicts.truth import ALL

_FRAMEWORKS: Final = ("lightgbm", "xgboost", "sklearn", "lightning")


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--half", choices=("built", "held", "both"), default="built")
    parser.add_argument("--only", default="", help="trainings with this in their names")
    parser.add_argument("--keep", type=Path, help="folder to keep the logs in")
    asked = parser.parse_args()
    for framework in _FRAMEWORKS:
        importlib.import_module(f"benchmarks.verdicts.{framework}_runs")
    chosen = [
        each
        for each in ALL.values()
        if asked.half in {each.half, "both"} and asked.only in each.name
    ]
    outcomes, began = [], perf_counter()
    for each in chosen:
        folder = asked.keep and asked.keep / each.name.replace(": ", "-")
        outcomes.append(outcome_of(each, folder))
        print(_line(outcomes[-1]), flush=True)
    print(f"\n{len(chosen)} trainings in {perf_counter() - began:.0f} s")
    _totals("healthy", [each for each in outcomes if each.of.is_healthy])
    _totals("with a mistake", [each for each in outcomes if not each.of.is_healthy])


def _line(outcome: Outcome) -> str:
    right = "right" if outcome.right else "WRONG"
    truth = "/".join(outcome.of.words) + (f" {','.join(outcome.of.findings)}")
    said = f"{outcome.word}, {outcome.finding or '-'}, {outcome.entries} entries"
    return f"{right} {outcome.of.name:45} {said:32} | {truth}" + (
        "" if outcome.right else f"\n      {outcome.reason} {' '.join(outcome.issues)}"
    )


def _totals(name: str, outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    of = len(outcomes)
    print(f"{name}: {of}")
    for what in ("verdict", "finding", "severity", "entries"):
        right = sum(getattr(each, f"{what}_right") for each in outcomes)
        print(f"  {what:9} right {right:3} of {of} ({right / of:.0%})")
    runs = sum(each.of.runs for each in outcomes)
    print(f"  entries of issues for each run: {sum(each.entries for each in outcomes) / runs:.2f}")


if __name__ == "__main__":
    main()
