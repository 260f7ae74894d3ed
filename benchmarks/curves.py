"""How right the detectors are on curves: ``python -m benchmarks.curves [--curves FOLDER]``.

Three sources of curves, each judged by labels that no detector made:

- drawn: shapes whose truth is known by construction (`benchmarks.drawn_curves`);
- trained: small networks and boosted trees with injected faults (`benchmarks.detector_runs`);
- published: files of ``FOLDER`` (or ``$MLLOG_CURVES``), one JSON object a line, labelled by eye:
  ``{"id", "metric", "unit", "higher_is_better", "steps", "train", "validation", "learning_rate",
  "labels": {"must_be_reported": ["overfit@10"], "true_if_reported": ["gap"]}}``. Curves of
  other files there with a label ``overfit``, or with labels by hindsight, are judged by these.

A claim is an issue's name, once a curve; closings are entries and no claims. A claim that is
neither in "must" nor in "true" is false. Of published curves those in the first half by the
checksum of their identifier are for choosing thresholds, those in the second for reporting.

- precision: true claims of all claims; recall: claims found of those that must be reported;
- entries: entries for each true claim;
- false alarms: curves that nothing must be reported of, with a false claim of warning or error,
  and those with any.
"""

import argparse
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.drawn_curves import drawn
from mllog_callbacks.detectors import Issue, Severity, Unit, scan

NAMES: Final = {
    "overfit": "overfitting",
    "gap": "generalisation_gap",
    "plateau": "plateau",
    "nonfinite": "non_finite",
    "diverge": "divergence",
    "spike": "spike",
    "oscillation": "oscillation",
    "stuck": "no_convergence",
}
"""Issues by the names of labels."""

_COVERED: Final = {
    "collapse": {"divergence", "overfitting", "spike"},
    "rising_from_start": {"divergence", "no_convergence"},
    "constant_metric": {"no_convergence"},
    "zero_learning_rate": {"no_convergence"},
}
"""Claims that labels have no name for, and those whose truth makes them true."""

_EXPLAINED: Final = {"plateau": "overfitting", "generalisation_gap": "overfitting"}
"""What is not reported beside a cause: found where the cause is rightly reported."""


@dataclass
class Labelled:
    """A curve and what is true of it.

    Attributes:
        name: Its identifier.
        source: Where it comes from.
        must: Names of issues that must be reported.
        true: Names of issues that are true if reported.
        train: Values on the training data.
        validation: Values on the validation set.
        rates: The learning rate.
        higher_is_better: Its direction.
        unit: What a value stands for.
        judged: Names that the labels say something about; empty for all.
    """

    name: str
    source: str
    must: set[str]
    true: set[str] = field(default_factory=set)
    train: Sequence[float | None] | None = None
    validation: Sequence[float | None] | None = None
    rates: Sequence[float | None] | None = None
    higher_is_better: bool = False
    unit: Unit = "epoch"
    judged: frozenset[str] = frozenset()

    def issues(self) -> list[Issue]:
        """What the detectors find."""
        return scan(
            train=self.train,
            validation=self.validation,
            higher_is_better=self.higher_is_better,
            unit=self.unit,
            learning_rate=self.rates,
        )


def published(folder: Path) -> Iterator[Labelled]:
    """Curves of files with labels by eye, with a published label, or with labels by hindsight."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            given = json.loads(line)
            if "must_be_reported" in given["labels"]:
                yield _by_eye(given)
            else:
                yield from _otherwise(given, file.stem)


def _by_eye(given: dict[str, Any]) -> Labelled:
    labels = given["labels"]
    half = "report" if zlib.crc32(given["id"].encode()) % 2 else "choose"
    must = {NAMES[each.partition("@")[0]] for each in labels["must_be_reported"]}
    true = {NAMES[each.partition("@")[0]] for each in labels["true_if_reported"]}
    return Labelled(
        given["id"],
        f"by eye, {half}",
        must,
        true,
        _numbers(given["train"]),
        _numbers(given["validation"]),
        _numbers(given["learning_rate"]),
        given["higher_is_better"],
        "epoch" if len(given["steps"]) < 500 else given["unit"],  # noqa: PLR2004 - as `mllog scan`
    )


def _otherwise(given: dict[str, Any], source: str) -> Iterator[Labelled]:
    labels = given["labels"]
    hindsight = labels.get("hindsight", {})
    known = {
        "overfitting": labels.get("overfit", hindsight.get("overfit")),
        "plateau": hindsight.get("plateau"),
    }
    recorded = {name: bool(each) for name, each in known.items() if each is not None}
    if not recorded or not given.get("val_loss"):
        return
    yield Labelled(
        given["id"],
        source,
        {name for name, each in recorded.items() if each},
        set(),
        _numbers(given.get("train_loss")),
        _numbers(given["val_loss"]),
        unit="iteration" if "lightgbm" in source else "epoch",
        judged=frozenset(recorded),
    )


def _numbers(values: Sequence[Any] | None) -> list[float | None] | None:
    if not values or all(each is None for each in values):
        return None
    return [None if each is None else float(each) for each in values]


def trained(seeds: int) -> Iterator[Labelled]:
    """Networks and boosted trees trained now, labelled by the fault that was injected."""
    from benchmarks.detector_runs import FAULTS, HEALTHY, boosted, recipes, train  # noqa: PLC0415

    faults = {
        "overfit": "overfitting",
        "overfit_noisy_labels": "overfitting",
        "nan": "non_finite",
        "divergence": "divergence",
        "spike": "spike",
        "oscillation": "oscillation",
        "vanishing": "no_convergence",
        "dying_relu": "no_convergence",
        "slow": "no_convergence",
    }
    data = ("wine", "friedman2", "moons")
    made = [
        train(recipe)
        for label in (*HEALTHY, *FAULTS)
        for recipe in recipes(label, data, range(700, 700 + seeds))
    ]
    made += [
        boosted(name, label, seed)
        for seed in range(700, 700 + seeds)
        for name in data
        for label in ("healthy", "overfit")
    ]
    for run in made:
        must = {faults[run.label]} if run.label in faults else set()
        # what stands beside an injected fault is not known: only healthy runs judge other claims
        judged = frozenset(must) if must else frozenset()
        true = {"plateau", "generalisation_gap"} if not must else set()
        yield Labelled(
            f"{run.label} {run.name}",
            f"trained, {run.unit}",
            must,
            true,
            run.train or None,
            run.validation or None,
            run.learning_rate or None,
            unit=run.unit,
            judged=judged,
        )


@dataclass
class Score:
    """What came of some curves."""

    right: int = 0
    false: int = 0
    must: int = 0
    found: int = 0
    entries: int = 0
    fine: int = 0
    alarmed: int = 0
    disturbed: int = 0
    by_name: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, curve: Labelled, issues: Sequence[Issue]) -> list[str]:
        """Judge the issues of a curve; returns what is wrong with them."""
        entries = [each for each in issues if not curve.judged or each.name in curve.judged]
        claims = {each.name: each for each in reversed(entries) if each.state != "closed"}
        allowed = curve.must | curve.true
        true = {n for n in claims if n in allowed or _COVERED.get(n, set()) & allowed}
        false = claims.keys() - true
        self.entries += len(entries)
        self.right += len(true)
        self.false += len(false)
        self.must += len(curve.must)
        found = {n for n in curve.must if n in claims or _EXPLAINED.get(n) in true}
        self.found += len(found)
        if not curve.must:
            self.fine += 1
            self.disturbed += bool(false)
            loud = {each.name for each in entries if each.severity is not Severity.INFO}
            self.alarmed += bool(false & loud)
        for name in claims:
            self._count(name, "right" if name in true else "false")
        for name in curve.must:
            self._count(name, "must")
            if name in found:
                self._count(name, "found")
        missed = sorted(curve.must - found)
        return [f"false {n}@{claims[n].step}" for n in sorted(false)] + [
            f"missed {n}" for n in missed
        ]

    def _count(self, name: str, what: str) -> None:
        self.by_name.setdefault(name, Counter())[what] += 1

    def row(self, title: str) -> str:
        """A line of the table."""
        return (
            f"| {title} | {_share(self.right, self.right + self.false)} | "
            f"{_share(self.found, self.must)} | {self.entries / max(1, self.right):.2f} | "
            f"{_share(self.alarmed, self.fine)} | {_share(self.disturbed, self.fine)} |"
        )

    def names(self) -> Iterator[str]:
        """A line for each issue."""
        for name, n in sorted(self.by_name.items()):
            right, false = n["right"], n["false"]
            yield (
                f"| {name} | {_share(right, right + false)} | {_share(n['found'], n['must'])} "
                "| | | |"
            )


def _share(part: int, whole: int) -> str:
    return "-" if not whole else f"{part / whole:.3f} ({part} of {whole})"


def judge(curves: Iterable[Labelled], *, verbose: bool = False) -> Iterator[str]:
    """The lines of the table."""
    scores: dict[str, Score] = {}
    for curve in curves:
        wrong = scores.setdefault(curve.source, Score()).add(curve, curve.issues())
        if wrong and verbose:
            yield f"    {curve.source}: {curve.name}: {', '.join(wrong)}"
    yield "| curves | precision | recall | entries | false alarms | any false claim |"
    yield "|---|---|---|---|---|---|"
    for source, score in scores.items():
        yield score.row(f"**{source}**")
        yield from score.names()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given = os.environ.get("MLLOG_CURVES")
    parser.add_argument("--curves", type=Path, default=Path(given) if given else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--only", default="", help="drawn, trained or published")
    asked = parser.parse_args()
    curves: list[Labelled] = []
    if asked.only in {"", "drawn"}:
        curves += (Labelled(**vars(each)) for each in drawn(asked.seeds))
    if asked.only in {"", "trained"}:
        curves += trained(asked.seeds)
    if asked.curves and asked.only in {"", "published"}:
        curves += published(asked.curves)
    for line in judge(curves, verbose=asked.verbose):
        print(line)


if __name__ == "__main__":
    main()
