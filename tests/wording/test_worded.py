"""Decision and reasoning are made from facts: nothing is said that is not one."""

from typing import Any

import pytest

from mllog_callbacks.contract import untraced
from mllog_callbacks.facts import (
    EVENTS,
    AlgorithmSelected,
    Batches,
    Best,
    CallFailed,
    Candidates,
    Carried,
    Checkpoint,
    Choice,
    Compared,
    Continued,
    DataSet,
    DatasetValidated,
    Derived,
    EventFacts,
    Failure,
    GroupsJoined,
    HyperparametersSet,
    Kept,
    Method,
    ModelCompared,
    ModelEvaluated,
    ModelSaved,
    ModelSize,
    ParameterChange,
    Parameters,
    Plan,
    Progress,
    Range,
    Rule,
    RunnerUp,
    Saved,
    Scheduler,
    Stop,
    Study,
    TrainingEnded,
    TrainingProgress,
    TrainingStarted,
    Trial,
    Weights,
    dump,
    event_of,
)
from mllog_callbacks.schema import EventType
from mllog_callbacks.wording import worded

RULE = Rule(
    name="EarlyStopping",
    set="valid",
    metric="loss",
    mode="min",
    best=0.123456,
    best_at=17,
    waited=5,
    patience=5,
    unit="iteration",
)
RESULTS = {"valid": {"loss": 0.234567}}

FACTS: list[EventFacts] = [
    TrainingStarted(
        plan=Plan(unit="iteration", most=1200),
        continues=Continued(at=7, unit="iteration", path="m.json"),
        rules={"EarlyStopping": RULE},
        called_by="XGBClassifier.fit",
        machines=3,
    ),
    TrainingStarted(plan=Plan(unit="epoch"), data={"train": DataSet(role="training", rows=90)}),
    DatasetValidated(
        data={
            "training": DataSet(
                role="training",
                rows=1200,
                features=30,
                classes={"no": 900, "yes": 300},
                weights=Range(least=0.5, largest=2.0, mean=1.25),
                missing=12,
                categorical=("region",),
                init_scores=True,
            ),
            "fit": DataSet(role="training", same_as="training"),
        }
    ),
    AlgorithmSelected(choices={"booster": Choice(value="dart", by="the caller")}),
    HyperparametersSet(
        parameters=Parameters(
            given={"eta": 0.123},
            passed_on={"num_class": 4},
            passed_on_by="XGBClassifier",
            derived={"base_score": Derived(value=0.37, source="the labels")},
            without_effect={"scale_pos_weight": "the objective is multiclass"},
            unknown=("objetive",),
            defaults={"max_bin": 256},
            framework="XGBoost 3.2.0",
        )
    ),
    TrainingProgress(
        progress=Progress(unit="iteration", done=20, planned=1200),
        results=RESULTS,
        best={"valid": {"loss": Best(value=0.123456, at=17)}},
        changed={"eta": 0.0625},
    ),
    ModelEvaluated(
        results=RESULTS,
        kept=Kept(at=17, unit="iteration", chosen_by="EarlyStopping"),
        computed_by="XGBoost",
    ),
    ModelSaved(saved=Saved(path="m.json", bytes=4321, format="json", unit="iteration", holds=17)),
    TrainingEnded(
        progress=Progress(unit="iteration", done=22, planned=1200, total=29),
        stop=Stop(by="rule", rule=RULE),
        kept=Kept(at=22, unit="iteration"),
        results=RESULTS,
        importance={"age": 0.4321},
        importance_by="gain",
    ),
    TrainingEnded(
        progress=Progress(unit="epoch", done=3, planned=3),
        stop=Stop(by="plan"),
        rules={"EarlyStopping": RULE},
    ),
    TrainingEnded(
        progress=Progress(unit="epoch", done=2, planned=9),
        stop=Stop(by="error"),
        error=Failure(type="ValueError", message="no rows", where="in the evaluation"),
        consequence="no model was returned",
    ),
    TrainingEnded(stop=Stop(by="hand"), error=Failure(type="KeyboardInterrupt")),
    TrainingEnded(stop=Stop(by="request", requested_by="Stopper")),
    TrainingEnded(folds=5, progress=Progress(unit="iteration", done=1), consequence="no result"),
    TrainingStarted(
        plan=Plan(unit="trial", most=20),
        study=Study(
            name="credit",
            directions={"value": "min"},
            sampler=Method(name="TPESampler", parameters={"n_startup_trials": 10}),
            pruner=Method(name="MedianPruner"),
            jobs=2,
            timeout=600.0,
            trials_before=7,
        ),
    ),
    *(
        TrainingProgress(
            progress=Progress(unit="trial", done=3, planned=20), results={}, trial=each
        )
        for each in (
            Trial(
                number=2,
                state="complete",
                parameters={"x": 0.125},
                values={"value": 0.234567},
                best_so_far=True,
            ),
            Trial(
                number=3,
                state="pruned",
                parameters={},
                rule=Rule(name="MedianPruner", mode="min", value=2.5, threshold=1.5, step=4),
            ),
            Trial(
                number=4,
                state="failed",
                parameters={},
                error=Failure(type="ValueError", message="no rows", raised_in="f, t.py line 3"),
            ),
            Trial(number=5, state="failed", parameters={}, error=Failure(where="no finite value")),
        )
    ),
    ModelCompared(
        candidates=Candidates(
            candidates=2,
            number=(0, 2),
            parameters={"x": (0.5, 0.125)},
            mean={"value": (0.25, 0.234567)},
            rank={"value": (2, 1)},
            chosen=2,
        ),
        runner_up=RunnerUp(number=0, value=0.25, margin=0.015433, parameters={"x": 0.5}),
    ),
    ModelCompared(
        candidates=Candidates(
            candidates=2,
            number=(0, 2),
            parameters={},
            mean={"value 0": (0.25, 0.5)},
            rank={"value 0": (1, 2)},
        ),
    ),
    TrainingStarted(
        plan=Plan(unit="epoch", most=3), most_steps=20, steps_before=48, machines=2, launches=True
    ),
    AlgorithmSelected(
        choices={"model": Choice(value="GAN", by="the caller")},
        framework="Lightning 2.6.6",
        size=ModelSize(parameters=6090, trainable=6090),
        optimizers=("Adam 1 for net", "Adam 2 for other"),
        learning_rates={"Adam 1 for net": (0.001,)},
        schedulers={"StepLR": Scheduler(name="StepLR", of="Adam 1 for net")},
    ),
    HyperparametersSet(
        parameters=Parameters(
            of=("SGD", "Trainer"),
            given={"SGD": {"lr": 0.1}, "Trainer": {"max_epochs": 3}},
            defaults={"SGD": {"momentum": 0, "dampening": 0}},
        ),
        changed={"SGD": {"lr": 0.01}},
        carried={
            "EarlyStopping": Carried(
                callback="EarlyStopping", metric="val_loss", waited=2, best=0.5
            )
        },
    ),
    HyperparametersSet(
        change=ParameterChange(
            name="learning rate",
            of="SGD",
            group=1,
            before=0.1,
            now=0.05,
            schedulers={
                "ReduceLROnPlateau": Scheduler(
                    name="ReduceLROnPlateau", metric="val_loss", patience=2, best=0.25
                )
            },
        ),
        compared=Compared(validated_at=5, times=4),
    ),
    HyperparametersSet(joined=GroupsJoined(optimizer="SGD", rates=(0.001,), groups=2)),
    HyperparametersSet(unfrozen=2, trainable=45, parameters_of_model=50, epoch=2, by="Finetuning"),
    TrainingProgress(
        progress=Progress(unit="epoch", done=3, planned=5),
        results=RESULTS,
        epoch=3,
        step=19,
        batches=Batches(epoch=3, done=3, planned=8),
        learning_rate=0.005,
        learning_rate_before=0.05,
    ),
    TrainingProgress(
        progress=Progress(unit="epoch", done=2),
        results={},
        restored_from="last.ckpt",
        step=19,
        batches=Batches(epoch=3, done=3, planned=8),
    ),
    ModelEvaluated(results={}, computed_by="Lightning", call="test", without="Its data had none"),
    ModelEvaluated(results=RESULTS, computed_by="Lightning", epoch=3, step=24, steps_since=8),
    ModelSaved(
        saved=Saved(path="a.ckpt", best=False, by="ModelCheckpoint", written=False),
        progress=Progress(unit="epoch", done=3),
        step=24,
        monitor="val_loss",
        mode="min",
        save_top_k=1,
        score=0.456789,
        best_model_path="b.ckpt",
        best_model_score=0.345678,
    ),
    TrainingEnded(
        progress=Progress(unit="epoch", done=3, planned=5),
        step=24,
        stop=Stop(
            by="rule",
            rule=Rule(
                name="EarlyStopping",
                metric="val_loss",
                unit="check",
                condition="stopping_threshold",
                value=0.123456,
                threshold=0.2,
                met_at=1,
            ),
            held_until={"min_epochs": 3},
        ),
        best_checkpoint=Checkpoint(
            path="a.ckpt",
            monitor="val_loss",
            by="ModelCheckpoint",
            score=0.456789,
            epoch=2,
            step=16,
            better=Best(value=0.345678, at=3),
        ),
        weights=Weights(averaged_by="StochasticWeightAveraging", updates=5),
    ),
    CallFailed(call="validate", error=Failure(type="ValueError", message="no rows")),
]


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: type(facts).__name__)
def test_every_number_that_is_said_is_a_fact(facts: EventFacts) -> None:
    """Rounded for people; sentences end, and are separated."""
    reason = worded(facts)
    assert reason.decision
    in_which = dump(facts).get("progress", {})
    following = in_which.get("done", 0) + 1 if isinstance(in_which, dict) else 0
    for text in reason:
        assert untraced(text, [following], dump(facts)) == [], text
        assert ".." not in text
        assert "  " not in text
        assert not text or text.endswith(".")


def test_every_event_of_a_training_has_words() -> None:
    """And facts of another class are refused."""
    assert {type(each) for each in FACTS} == {*EVENTS.values()}
    with pytest.raises(TypeError, match="no words"):
        worded(EventFacts())


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (FACTS[4], "scale_pos_weight has no effect: the objective is multiclass."),
        (FACTS[4], "Given, and not a parameter in use of XGBoost 3.2.0: objetive."),
        (FACTS[8], "The kept model is not cut to its best: it includes the 5 iterations after it."),
        (FACTS[9], "reached the patience of EarlyStopping"),
        (FACTS[10], "ValueError: no rows was raised in the evaluation."),
        (FACTS[11], "a request to stop, not an error"),
        (FACTS[12], "Stopper ended it."),
        (FACTS[13], "by an exception that no callback can see"),
    ],
)
def test_what_a_reader_looks_for_is_said(facts: EventFacts, said: str) -> None:
    """Of each way out, and of parameters without effect."""
    assert said in worded(facts).reasoning


@pytest.mark.parametrize(
    ("stop", "event"),
    [
        (Stop(by="plan"), EventType.TRAINING_COMPLETED),
        (Stop(by="error"), EventType.TRAINING_FAILED),
        (None, EventType.TRAINING_FAILED),
        (Stop(by="rule"), EventType.TRAINING_STOPPED),
        (Stop(by="hand"), EventType.TRAINING_STOPPED),
    ],
)
def test_the_event_of_an_end_follows_from_its_stop(stop: Stop | None, event: EventType) -> None:
    """Where nobody saw it, its call ended without a result."""
    assert event_of(TrainingEnded(stop=stop)) is event


def test_a_dump_leaves_out_what_is_not_known() -> None:
    """Empty collections as well."""
    found: dict[str, Any] = dump(TrainingStarted(plan=Plan(unit="epoch"), rules={}))
    assert found == {"plan": {"unit": "epoch"}}
    assert set(TrainingStarted.fields_) > found.keys()
