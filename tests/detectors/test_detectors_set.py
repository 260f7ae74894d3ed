"""Many metrics side by side, what is chosen and ignored, and reasons from facts."""

import base64
import math
import pickle
from dataclasses import replace

import pytest

from mllog_callbacks.detectors import (
    KINDS,
    DetectorSet,
    Facts,
    Issue,
    Observation,
    Overfitting,
    Passage,
    Plateau,
)


def run(
    detectors: DetectorSet,
    train: list[float],
    validation: list[float] | None = None,
    rates: list[float] | None = None,
) -> list[Issue]:
    """All issues of a run."""
    recorded = []
    for step, value in enumerate(train):
        seen = Observation(
            step,
            train=value,
            validation=None if validation is None else validation[step],
            learning_rate=None if rates is None else rates[step],
        )
        recorded += detectors.observe(seen)
    return recorded


def overfitted() -> tuple[list[float], list[float]]:
    """Training and validation losses of a run that overfits from epoch 9 on."""
    train = [0.9**step for step in range(30)]
    validation = [1 - 0.08 * step for step in range(10)] + [0.28 + 0.05 * s for s in range(1, 21)]
    return train, validation


def test_streams_do_not_disturb_each_other() -> None:
    """Two sets and two metrics, in turns: each records what it would record alone."""
    train, validation = overfitted()
    alone = run(DetectorSet(), train, validation)
    together = DetectorSet()
    recorded = []
    for step, value in enumerate(train):
        recorded += together.observe(
            Observation(step, train=value, validation=validation[step], dataset="valid_0")
        )
        recorded += together.observe(Observation(step, validation=0.5, dataset="valid_1"))
        recorded += together.observe(
            Observation(step, metric="auc", train=0.5, higher_is_better=True)
        )
    first = next(issue for issue in recorded if issue.name == "overfitting")
    assert first.step == next(issue for issue in alone if issue.name == "overfitting").step
    assert "valid_0 loss" in first.reasoning


def test_what_is_of_the_training_data_is_recorded_once() -> None:
    """It is observed with each validation set."""
    detectors = DetectorSet()
    recorded = []
    for dataset in ("valid_0", "valid_1"):
        recorded += detectors.observe(
            Observation(0, train=math.nan, validation=0.5, dataset=dataset)
        )
    assert [issue.name for issue in recorded] == ["non_finite"]


def test_an_unknown_direction_is_said_once_and_never_guessed() -> None:
    """A rise of it means nothing; a value that is not finite does."""
    detectors = DetectorSet()
    recorded = []
    for step, value in enumerate([1.0, 0.5, *[float(each) for each in range(1, 60)], math.nan]):
        recorded += detectors.observe(
            Observation(step, metric="magic", validation=value, higher_is_better=None)
        )
    assert [(issue.name, issue.step) for issue in recorded] == [
        ("unknown_direction", 0),
        ("non_finite", 61),
    ]


def test_unknown_directions_of_a_step_are_said_together() -> None:
    """One issue names them all; what comes later has its own, and what is known none."""
    detectors = DetectorSet()

    def recorded(step: int, count: int) -> list[str]:
        seen = [
            Observation(step, metric=f"m{n}", validation=1.0, higher_is_better=None)
            for n in range(count)
        ]
        found = detectors.look([*seen, Observation(step, validation=1.0)])
        return [issue.decision for issue in found]

    rest = ": directions unknown, so only non-finite values and stalls are checked."
    assert recorded(0, 2) == [f"m0, m1{rest}"]
    assert recorded(1, 3) == [f"m2{rest.replace('directions', 'direction')}"]
    assert recorded(2, 20) == [
        f"{', '.join(f'm{n}' for n in range(3, 13))} and 7 more metrics{rest}"
    ]
    assert recorded(3, 20) == []


def test_unknown_directions_are_said_together_in_passages_too() -> None:
    """And what is not finite beside them stays an issue of its own."""
    columns = {"a": [1.0, math.nan], "b": [1.0, 2.0]}
    found = DetectorSet().follow(
        Passage(
            Observation(0, "iteration", name, "valid", None, values[0], None), [0, 1], None, values
        )
        for name, values in columns.items()
    )
    assert [(each.name, each.step) for each in found] == [
        ("unknown_direction", 0),
        ("non_finite", 1),
    ]
    assert found[0].metrics == {"metrics": "a, b"}
    assert "optimisation directions of a, b are not specified" in found[0].reasoning


def test_choose_configure_and_ignore() -> None:
    """Detectors by instance or by name, issues by code or by name."""
    train, validation = overfitted()
    chosen = DetectorSet(detectors=[Overfitting(rise=0.5), "non_finite"])
    by_default = run(DetectorSet(["overfitting"]), train, validation)
    assert run(chosen, train, validation)[0].step > by_default[0].step
    for ignored in ("MLA001", "overfitting"):
        recorded = run(DetectorSet(ignore=[ignored]), train, validation)
        assert "overfitting" not in {issue.name for issue in recorded}


def test_an_instance_given_stays_as_it_was() -> None:
    """It is a pattern: each stream has a copy."""
    pattern = Plateau()
    before = vars(pattern).copy()
    run(DetectorSet([pattern]), [1.0] * 50)
    assert vars(pattern) == before


@pytest.mark.parametrize("arguments", [{"detectors": ["overfit"]}, {"ignore": ["MLA999"]}])
def test_what_does_not_exist_is_refused(arguments: dict[str, list[str]]) -> None:
    """With the names that do."""
    with pytest.raises(ValueError, match="expected"):
        DetectorSet(**arguments)  # type: ignore[arg-type]  # either of the two


def test_codes_are_stable() -> None:
    """They stand in logs and in `ignore=`: never renumber."""
    assert [(each.code, each.name) for each in KINDS] == [
        ("MLA001", "overfitting"),
        ("MLA002", "generalisation_gap"),
        ("MLA003", "plateau"),
        ("MLA004", "non_finite"),
        ("MLA005", "divergence"),
        ("MLA006", "spike"),
        ("MLA007", "oscillation"),
        ("MLA008", "no_convergence"),
        ("MLA009", "stalled"),
        ("MLA010", "vanishing_gradient"),
        ("MLA011", "exploding_gradient"),
        ("MLA012", "dead_units"),
        ("MLA013", "unknown_direction"),
        ("MLA014", "collapse"),
        ("MLA015", "constant_metric"),
        ("MLA016", "zero_learning_rate"),
        ("MLA021", "best_at_start"),
        ("MLA022", "best_at_end"),
        ("MLA023", "monitored_training_data"),
        ("MLA024", "monitor_mode"),
        ("MLA025", "ended_worse"),
        ("MLA026", "no_better_than_baseline"),
        ("MLA027", "rising_from_start"),
        ("MLA028", "possible_leak"),
        ("MLA029", "small_validation_set"),
        ("MLA101", "class_imbalance"),
        ("MLA102", "constant_features"),
        ("MLA103", "shared_rows"),
        ("MLA104", "no_labels"),
        ("MLA111", "not_converged"),
        ("MLA112", "undefined_metric"),
        ("MLA113", "failed_fits"),
        ("MLA114", "framework_warning"),
    ]


def reason(facts: Facts) -> str:
    """Why a run that overfits does so, with these facts."""
    recorded = run(DetectorSet(["overfitting"], facts=facts), *overfitted())
    return recorded[0].reasoning


def test_causes_come_from_facts_only() -> None:
    """None is named without; leaves against rows are, with their numbers, as probable."""
    assert "robable" not in reason(Facts())
    assert "robable" not in reason(Facts(rows=100_000, num_leaves=31))
    recorded = reason(Facts(rows=398, features=30, num_leaves=63, min_data_in_leaf=1))
    assert "Probable cause: up to num_leaves=63 leaves for 398 training rows" in recorded
    assert "min_data_in_leaf=1" in recorded
    assert "robable" not in reason(Facts(rows=398, num_leaves=63, min_data_in_leaf=20))
    assert "more features (500) than training rows (100)" in reason(Facts(rows=100, features=500))
    assert "dropout=0" in reason(Facts(rows=100, dropout=0.0))


def test_what_the_framework_will_do_is_said_where_it_is_known() -> None:
    """Early stopping on, with its patience, or off."""
    assert "arly stopping" not in reason(Facts())
    assert "ends the training after 50 checks" in reason(Facts(early_stopping=True, patience=50))
    assert reason(Facts(early_stopping=True)).endswith("Early stopping is on.")
    assert "will run to its planned end" in reason(Facts(early_stopping=False))


def test_a_loss_that_is_the_entropy_of_the_classes() -> None:
    """Nothing but the shares of the classes was learned."""
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    facts = Facts(classes={"no": 900, "yes": 100})
    recorded = run(DetectorSet(["no_convergence"], facts=facts), [entropy] * 20)
    assert "only the class shares are learned" in recorded[0].reasoning


def _seen(detectors: DetectorSet, steps: range) -> list[Issue]:
    """Issues of a curve that overfits, over some of its steps."""
    curve = [1.0, 0.6, 0.4, 0.3, 0.28, 0.3, 0.35, 0.42, 0.5, 0.6, 0.7, 0.8]
    return [
        replace(issue, id=0)  # stalls have numbers as well
        for step in steps
        for issue in detectors.observe(
            Observation(step, train=1 / (step + 1), validation=curve[step], seconds=step * 9e9)
        )
        if issue.name != "stalled"
    ]


def test_what_was_seen_can_be_saved_as_text_and_restored() -> None:
    """The rest of a curve brings the issues that the whole would have brought, and no stall."""
    whole = _seen(DetectorSet(), range(12))
    first, second = DetectorSet(), DetectorSet()
    before = _seen(first, range(5))
    second.restore(first.saved())
    assert before + _seen(second, range(5, 12)) == whole
    assert "overfitting" in {issue.name for issue in whole}
    third = DetectorSet()
    third.restore(first.saved())
    assert third.observe(Observation(5, validation=0.3, seconds=9e12)) == []


@pytest.mark.parametrize("text", ["", "no state", "AAAA"])
def test_what_is_no_state_is_refused(text: str) -> None:
    """And so is that of other detectors, or of another version."""
    detectors = DetectorSet()
    with pytest.raises(ValueError, match="no state of detectors"):
        detectors.restore(text)
    with pytest.raises(ValueError, match="not of the detectors non_finite, "):
        detectors.restore(DetectorSet(["spike"]).saved())
    old = base64.b64encode(pickle.dumps(("0.0.1", detectors))).decode()
    with pytest.raises(ValueError, match=r"is of version 0\.0\.1"):
        detectors.restore(old)


def test_a_set_can_be_taken_of_some_detectors() -> None:
    """It ignores what the whole ignores."""
    some = DetectorSet(ignore=["MLA004"]).among(["non_finite", "stalled"])
    assert some.observe(Observation(0, validation=math.nan)) == []
    assert not DetectorSet(["overfitting"]).among(["stalled"]).watches
