"""Are the detectors right on trainings that nothing was chosen on: judged by hindsight.

Run it with ``python -m benchmarks.detectors_heldout [--seeds 4]``. It trains small models of many
kinds, labels each metric by its whole curve (`benchmarks.hindsight`), and shows the detectors the
same curves as a training would. Beside them stand two rules that are widely used, on all labels:
patience (ten checks without a better value), and SageMaker Debugger's by their documented defaults
(Overfit: (validation - train) / train above 0.1; LossNotDecreasing: 10 steps, 0.1 %). Probable
causes are held against what was done to the training.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

from benchmarks.detector_rules import EarlyStopping, SageMakerOverfit
from benchmarks.heldout_runs import Training, trainings
from benchmarks.hindsight import NAMES, Curve, labels
from mllog_callbacks.detectors import DetectorSet, Issue, Observation

FIRST_SEED: Final = 9_000


def issues(training: Training) -> list[list[Issue]]:
    """What is recorded of each curve of a training, all seen side by side."""
    detectors = DetectorSet(facts=training.facts)
    found: list[list[Issue]] = [[] for _ in training.curves]
    for step, rate in enumerate(training.rates):
        for so_far, curve in zip(found, training.curves, strict=True):
            train, validation = (
                each[step] if step < len(each) else None for each in (curve.train, curve.validation)
            )
            seen = Observation(step, curve.unit, curve.metric, "valid", train, validation)
            seen = seen._replace(higher_is_better=curve.higher_is_better, learning_rate=rate)
            so_far.extend(detectors.observe(seen))
    return found


def rules(curve: Curve) -> set[str]:
    """The rules that fire somewhere."""
    train, validation = (curve.losses(each).tolist() for each in (curve.train, curve.validation))
    patience, overfit = EarlyStopping(10), SageMakerOverfit()
    fired = set()
    for seen, held_out in zip_longest(train or validation, validation or train):
        if patience.fires(seen, held_out):
            fired.add("patience 10")
        if train and validation and overfit.fires(seen, held_out):
            fired.add("SageMaker Overfit")
    watched = train or validation
    ten_apart = zip(watched[::10], watched[10::10], strict=False)
    if any(before > 0 and before - now < 0.001 * before for before, now in ten_apart):
        fired.add("SageMaker LossNotDecreasing")
    return fired


_BESIDE: Final = {
    "overfitting": ("SageMaker Overfit", "patience 10"),
    "plateau": ("patience 10", "SageMaker LossNotDecreasing"),
    "no_convergence": ("SageMaker LossNotDecreasing",),
}


def table(judged: Sequence[tuple[Curve, list[Issue]]]) -> Iterable[str]:
    """Hits, misses and false alarms of each detector, and of the rules beside it."""
    yield "| detector | yes | hits | no | false alarms | others: hits, false alarms |"
    yield "|---|---|---|---|---|---|"
    seen = [
        (labels(curve), {each.name for each in recorded}, rules(curve))
        for curve, recorded in judged
    ]
    for name in NAMES:
        count = Counter((label[name], name in recorded) for label, recorded, _ in seen)
        beside = []
        for rule in _BESIDE.get(name, ()):
            fired = Counter(label[name] for label, _, ruled in seen if rule in ruled)
            beside.append(f"{rule} {fired['yes']}, {fired['no']}")
        yes, no = (count[each, True] + count[each, False] for each in ("yes", "no"))
        yield (
            f"| {name} | {yes} | {count['yes', True]} | {no} | {count['no', True]} "
            f"| {'; '.join(beside)} |"
        )


def causes(training: Training, recorded: Iterable[Issue]) -> Iterable[tuple[str, bool]]:
    """The probable causes named, and whether they are true of the recipe."""
    for issue in recorded:
        _, named, cause = issue.reasoning.partition("Probable cause: ")
        if named and "learning rate" in cause:
            yield f"{issue.name}: learning rate", training.rate_too_high
        elif named:
            yield f"{issue.name}: size", training.too_large


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    given = parser.parse_args()
    judged: list[tuple[Curve, list[Issue]]] = []
    named: Counter[tuple[str, bool]] = Counter()
    count = 0
    for training in trainings(range(FIRST_SEED, FIRST_SEED + given.seeds)):
        count += 1
        found = issues(training)
        judged += zip(training.curves, found, strict=True)
        named.update(causes(training, (each for recorded in found for each in recorded)))
    print(f"{count} trainings, {len(judged)} curves\n")
    print("\n".join(table(judged)))
    print("\n| issue and cause | true | false |\n|---|---|---|")
    for cause in sorted({cause for cause, _ in named}):
        print(f"| {cause} | {named[cause, True]} | {named[cause, False]} |")


if __name__ == "__main__":
    main()
