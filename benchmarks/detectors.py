"""How right, early and cheap the detectors are, beside the rules of other systems.

Run it with ``python -m benchmarks.detectors [--curves FOLDER] [--seeds 20]``. It trains several
hundred small networks and boosted trees with known faults, from seeds that no threshold was chosen
on, and reads published curves from ``FOLDER/*.jsonl``, if given.

How the scores are defined:

- A run counts as alarmed at the first issue of the name (or the first time that a rule fires),
  whatever its severity: an early warning that is wrong is a false alarm.
- Overfitting: over the runs with finite losses on both sets whose label says whether they overfit:
  what was injected, a label that came with a published curve, else its label by hindsight.
  Injected runs with which hindsight disagrees (see `detector_runs.confirmed`) are left out of the
  first table and counted; the second has all as injected. The delay is the step of the alarm less
  that of the lowest validation loss, as a share of the run; "early" counts those below zero.
- Plateau: over runs of 12 finite checks or more. The best so far is that of the values smoothed by
  a running median of three. Local precision: the share of alarms after which, within the next
  max(10, 10 % of the run) checks, the best improves by at most 2 % of what was gained until then.
  Recall: of the runs where, for the last max(10, 20 % of the run) checks or more, less than 1 % of
  the total gain was left (or a label by hindsight says so), the share with an alarm anywhere.
- Instability: an issue non_finite, divergence, spike or oscillation; positive are the runs with
  such a fault injected, negative all other injected labels.
- No convergence: positive are vanishing, dying_relu and slow, negative the healthy ones.
"""

import argparse
import json
import math
import pickle
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.detector_rules import OVERFITTING, PLATEAU, Rule
from benchmarks.detector_runs import DATA, FAULTS, HEALTHY, Run, boosted, confirmed, recipes, train
from mllog_callbacks.detectors import DetectorSet, Observation, scan

FIRST_SEED: Final = 200
"""Thresholds were looked at with seeds 0 to 119 on these data sets, and 1000 on on others."""

INSTABLE: Final = frozenset({"non_finite", "divergence", "spike", "oscillation"})
FAULTY: Final = frozenset(
    {"nan", "nan_divergence", "divergence", "spike", "loss_spike", "oscillation"}
)
STUCK: Final = frozenset({"vanishing", "dying_relu", "slow"})

Alarms = dict[str, int]
"""The step of the first issue of each name."""


def fresh_runs(seeds: int) -> Iterator[Run]:
    """Runs that are trained now."""
    for label in (*HEALTHY, *FAULTS):
        many = seeds if label in HEALTHY else max(1, seeds // 3)
        for recipe in recipes(label, DATA["fresh"], range(FIRST_SEED, FIRST_SEED + many)):
            yield train(recipe)
    for seed in range(FIRST_SEED, FIRST_SEED + seeds // 2):
        yield from (
            boosted(name, label, seed) for name in DATA["fresh"] for label in ("healthy", "overfit")
        )


def published_runs(folder: Path) -> Iterator[Run]:
    """Runs from files of one JSON object a line."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            yield _read(json.loads(line), file.stem)


def _read(given: dict[str, Any], source: str) -> Run:
    labels = given["labels"]
    hindsight = labels.get("hindsight", {})
    overfit = labels.get("overfit", hindsight.get("overfit"))
    plateau = hindsight.get("plateau")
    label = labels.get("injected", "")
    return Run(
        given["id"],
        source,
        label,
        [float(value) for value in given.get("train_loss") or ()],
        [float(value) for value in given.get("val_loss") or ()],
        overfit=None if label or overfit is None else bool(overfit),
        plateau=None if plateau is None else bool(plateau),
    )


def alarms(run: Run, *, scale: float = 1.0, negate: bool = False) -> Alarms:
    """What the detectors report of a run."""
    factor = -scale if negate else scale
    found: Alarms = {}
    for issue in scan(
        train=[factor * value for value in run.train] or None,
        validation=[factor * value for value in run.validation] or None,
        higher_is_better=negate,
        unit=run.unit,
        learning_rate=run.learning_rate or None,
    ):
        found.setdefault(issue.name, issue.step)
    return found


def first(rule: Rule, run: Run) -> int | None:
    """When a rule fires first."""
    train_losses = run.train or run.validation
    losses = run.validation or run.train
    for step, (seen, held_out) in enumerate(zip(train_losses, losses, strict=False)):
        if rule.fires(seen, held_out):
            return step
    return None


class Score(NamedTuple):
    """What came of one method on some runs."""

    hits: int
    misses: int
    false: int
    quiet: int
    delays: Sequence[float] = ()

    def __str__(self) -> str:
        precision = self.hits / max(1, self.hits + self.false)
        recall = self.hits / max(1, self.hits + self.misses)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        recorded = f"P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  "
        recorded += f"false alarms {self.false:3} of {self.false + self.quiet:3}"
        if not self.delays:
            return recorded
        early = sum(delay < 0 for delay in self.delays)
        return f"{recorded}  early {early:3}  median delay {statistics.median(self.delays):6.3f}"


def score(runs: Sequence[tuple[Run, bool]], fired: Iterable[int | None]) -> Score:
    """Compare when a method fired with the truth."""
    counts = {(truth, alarmed): 0 for truth in (True, False) for alarmed in (True, False)}
    delays = []
    for (run, truth), step in zip(runs, fired, strict=True):
        counts[truth, step is not None] += 1
        if truth and step is not None and run.validation:
            best = min(range(len(run.validation)), key=lambda i, run=run: run.validation[i])  # type: ignore[misc]  # bound at once
            delays.append((step - best) / len(run.validation))
    return Score(
        counts[True, True], counts[True, False], counts[False, True], counts[False, False], delays
    )


def overfits(run: Run, *, as_injected: bool = False) -> bool | None:
    """Whether a run overfits; None where that is not known."""
    if run.overfit is not None:
        return run.overfit
    if not run.label.startswith(("overfit", "healthy")):
        return None
    if not as_injected and run.source.startswith("fresh") and not confirmed(run):
        return None
    return run.label.startswith("overfit")


def finite(values: Sequence[float]) -> bool:
    """Whether there are values, all finite."""
    return bool(values) and all(map(math.isfinite, values))


def print_overfitting(
    runs: Sequence[Run], recorded: Sequence[Alarms], *, as_injected: bool
) -> None:
    """One line a source for the detectors, one line a rule for all."""
    known = [
        (run, truth, each)
        for run, each in zip(runs, recorded, strict=True)
        if finite(run.train)
        and finite(run.validation)
        and (truth := overfits(run, as_injected=as_injected)) is not None
    ]
    labelled = [(run, truth) for run, truth, _ in known]
    print(f"\noverfitting{', all as injected' if as_injected else ''}: {len(known)} runs")
    for source in dict.fromkeys(run.source for run, _ in labelled):
        some = [each for each in known if each[0].source == source]
        steps = [each.get("overfitting") for _, _, each in some]
        print(f"  {'detectors, ' + source:34} {score([each[:2] for each in some], steps)}")
    steps = [each.get("overfitting") for _, _, each in known]
    print(f"  {'detectors, all':34} {score(labelled, steps)}")
    for name, make in OVERFITTING.items():
        print(f"  {name:34} {score(labelled, [first(make(), run) for run, _ in labelled])}")


def bests(values: Sequence[float]) -> list[float]:
    """The best so far of the values smoothed by a running median of three."""
    smooth = [statistics.median(values[max(0, i - 1) : i + 2]) for i in range(len(values))]
    return [float(best) for best in np.minimum.accumulate(smooth)]


def ends_flat(best: Sequence[float]) -> bool | None:
    """Whether a run ends on a plateau; None where it gained less than 2 % of its start."""
    gained = best[0] - best[-1]
    if gained <= 0.02 * abs(best[0]):
        return None
    onset = next(i for i, value in enumerate(best) if value - best[-1] <= 0.01 * gained)
    return len(best) - 1 - onset >= max(10, 0.2 * len(best))


def stays_flat(best: Sequence[float], step: int) -> bool:
    """Whether an alarm at a step was followed by a plateau."""
    end = min(len(best) - 1, step + max(10, math.ceil(0.1 * len(best))))
    return best[step] - best[end] <= 0.02 * (best[0] - best[step])


def print_plateau(runs: Sequence[Run], recorded: Sequence[Alarms]) -> None:
    """One line a source for the detectors, one line a rule for all."""
    known = [
        (run, bests(run.validation or run.train), each.get("plateau"))
        for run, each in zip(runs, recorded, strict=True)
        if finite(run.validation or run.train) and len(run.validation or run.train) >= 12  # noqa: PLR2004 - see above
    ]
    print(f"\nplateau: {len(known)} runs")
    for source in dict.fromkeys(run.source for run, _, _ in known):
        some = [each for each in known if each[0].source == source]
        print(f"  {'detectors, ' + source:34} {_flatness(some)}")
    print(f"  {'detectors, all':34} {_flatness(known)}")
    for name, make in PLATEAU.items():
        ruled = [(run, best, first(make(), run)) for run, best, _ in known]
        print(f"  {name:34} {_flatness(ruled)}")


def _flatness(found: Sequence[tuple[Run, list[float], int | None]]) -> str:
    right = [stays_flat(best, step) for _, best, step in found if step is not None]
    positive = [
        step is not None
        for run, best, step in found
        if (ends_flat(best) if run.plateau is None else run.plateau)
    ]
    return (
        f"local precision {sum(right) / max(1, len(right)):.3f} of {len(right):3} alarms  "
        f"recall {sum(positive) / max(1, len(positive)):.3f} of {len(positive):3}"
    )


def print_injected(runs: Sequence[Run], recorded: Sequence[Alarms]) -> None:
    """Instability and no convergence on the runs with injected faults, and what each label got."""
    pairs = list(zip(runs, recorded, strict=True))
    faulty = {run.source for run in runs if run.label in FAULTY}
    injected = [(run, each) for run, each in pairs if run.source in faulty]
    for source in dict.fromkeys(run.source for run, _ in injected):
        some = [(run, each) for run, each in injected if run.source == source]
        truths = [(run, run.label in FAULTY) for run, _ in some]
        steps = [min((each[n] for n in INSTABLE & each.keys()), default=None) for _, each in some]
        print(f"\ninstability, {source}: {score(truths, steps)}".split("  early")[0])
        stuck = [
            (run, run.label in STUCK, each)
            for run, each in some
            if run.label in STUCK or run.label.startswith("healthy")
        ]
        found = [each.get("no_convergence") for _, _, each in stuck]
        print(
            f"no convergence, {source}: {score([each[:2] for each in stuck], found)}".split(
                "  early"
            )[0]
        )
        for label in dict.fromkeys(run.label for run, _ in some):
            got = [each for run, each in some if run.label == label]
            unstable = sum(bool(INSTABLE & each.keys()) for each in got)
            slow = sum("no_convergence" in each for each in got)
            print(
                f"  {label:22} {len(got):4} runs: instability {unstable:4}, no convergence {slow:4}"
            )
    late = sum(_nan_missed(run, each) for run, each in zip(runs, recorded, strict=True))
    print(f"\nfirst non-finite value recorded at another step than its own: {late} runs")


def _nan_missed(run: Run, each: Alarms) -> bool:
    bad = [
        i
        for values in (run.train, run.validation)
        for i, v in enumerate(values)
        if not math.isfinite(v)
    ]
    return (min(bad) if bad else None) != each.get("non_finite")


def print_invariance(runs: Sequence[Run], recorded: Sequence[Alarms]) -> None:
    """How many runs get the very same alarms when scaled or negated."""
    print("\nruns with the same alarms at the same steps")
    for scale in (1e-6, 1e-3, 1e3, 1e6):
        same = sum(
            alarms(run, scale=scale) == each for run, each in zip(runs, recorded, strict=True)
        )
        print(f"  losses times {scale:g}: {same} of {len(runs)}")
    same = sum(alarms(run, negate=True) == each for run, each in zip(runs, recorded, strict=True))
    print(f"  negated, to maximise: {same} of {len(runs)}")


def print_cost(checks: int = 100_000, repeats: int = 5) -> None:
    """Time an observation and bytes of state, all detectors together."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, (2, checks)).tolist()
    seen = [
        Observation(
            i,
            train=1 / (1 + i / 100) + a,
            validation=1.1 / (1 + i / 100) + b,
            learning_rate=0.1,
            seconds=float(i),
        )
        for i, (a, b) in enumerate(zip(*noise, strict=True))
    ]
    taken = []
    for _ in range(repeats):
        detectors = DetectorSet()
        start = time.process_time()
        for each in seen:
            detectors.observe(each)
        taken.append((time.process_time() - start) / checks * 1e6)
    size = len(pickle.dumps(detectors))
    print(f"\nall detectors: {statistics.median(taken):.1f} us an observation, state {size} bytes")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    runs = list(fresh_runs(given.seeds))
    left_out = sum(confirmed(run) is False for run in runs)
    healthy = sum(run.label in HEALTHY for run in runs)
    print(f"{len(runs)} fresh runs, {healthy} of them healthy; hindsight disagrees with {left_out}")
    if given.curves:
        runs += published_runs(given.curves)
    recorded = [alarms(run) for run in runs]
    print_overfitting(runs, recorded, as_injected=False)
    print_overfitting(runs, recorded, as_injected=True)
    print_plateau(runs, recorded)
    print_injected(runs, recorded)
    print_invariance(runs, recorded)
    print_cost()


if __name__ == "__main__":
    main()
