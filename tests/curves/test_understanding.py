"""Cells, columns, pairs and runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllog_callbacks.curves import (
    NoCurvesError,
    Role,
    Table,
    look,
    observations,
    pair,
    read_tables,
    runs,
    understand,
)
from mllog_callbacks.curves._cells import cell_of
from mllog_callbacks.curves._textlogs import read_text
from mllog_callbacks.detectors import DetectorSet


def table(text: str) -> Table:
    """The table of a CSV."""
    (found,) = read_tables(text.encode(), "file.csv")
    return found


@pytest.mark.parametrize(
    "text",
    [
        *("nan", "NaN", "NAN", "-nan", "+nan", "nan(ind)", "-nan(ind)", "-nan(snan)", "1.#QNAN"),
        *("1.#IND", "-1.#IND", "-1.#IND00", "tensor(nan)", "np.float32(nan)", "[nan]", " nan "),
        "tensor(nan, device='cuda:0')",
    ],
)
def test_spellings_of_nan(text: str) -> None:
    """C libraries, Windows, Python, and what frameworks print around it."""
    cell = cell_of(text)
    assert isinstance(cell, float)
    assert math.isnan(cell)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("1.#INF", math.inf),
        ("-∞", -math.inf),
        (10**400, math.inf),
        ("93.5%", 93.5),
        ("tensor(0.5, device='cuda:0', grad_fn=<NllLossBackward0>)", 0.5),
        ("'0.5'", 0.5),
        ("", None),
        ("null", None),
        ("N/A", None),
        ("--", None),
        (None, None),
        (True, None),
        ([1.0], None),
        ("1_000", "1_000"),
        ("high", "high"),
        ("10:00:00", "10:00:00"),
    ],
)
def test_cells(value: object, cell: float | str | None) -> None:
    """Numbers, missing values and texts."""
    assert cell_of(value) == cell


@given(st.text())
def test_any_cell(text: str) -> None:
    """Nothing raises; what Python's own float reads is read alike, but for underscores."""
    cell = cell_of(text)
    assert cell is None or isinstance(cell, float | str)
    try:
        known = float(text)
    except ValueError:
        return
    assert cell == known or math.isnan(known) or "_" in text


def test_roles() -> None:
    """What counts rows, what is a rate, what says how a run goes, and what is a metric."""
    names = "epoch,trainer/global_step,train_lr,grad_norm,eval_runtime,n_parameters,note,val_loss"
    columns = understand(table(f"{names}\n1,2,3,4,5,6,seven,8\n"))
    assert [each.role for each in columns] == [
        *(Role.EPOCH, Role.STEP, Role.RATE, Role.OTHER, Role.OTHER, Role.OTHER, Role.OTHER),
        Role.METRIC,
    ]
    assert columns[6].note == "holds 'seven', which is no number"


@pytest.mark.parametrize(
    ("names", "curves"),
    [
        ("train_loss,test_loss", [("train_loss", "test_loss", "test")]),
        ("loss,eval_loss", [("loss", "eval_loss", "validation")]),
        ("train_loss,dev_loss,test_loss", [("train_loss", "dev_loss", "validation")]),
        ("avg_train_loss,val_loss", [("avg_train_loss", "val_loss", "validation")]),
        ("train_acc,val_accuracy", [("train_acc", "val_accuracy", "validation")]),
        ("total_loss,validation_loss", [("total_loss", "validation_loss", "validation")]),
        ("total_loss,loss_box,loss_cls", [("total_loss", None, "validation")]),
        ("loss_a,loss_b", [("loss_a", None, "validation"), ("loss_b", None, "validation")]),
        ("train_auc,valid_0_auc,valid_1_auc", [
            ("train_auc", "valid_0_auc", "valid_0"), ("train_auc", "valid_1_auc", "valid_1"),
        ]),
        ("train_loss,train_loss_epoch", [("train_loss_epoch", None, "validation")]),
        ("train_loss,train/loss,val_loss", [(None, "val_loss", "validation")]),
        ("policy_loss", [("policy_loss", None, "validation")]),
        ("accuracy", []),
        ("reward", []),
    ],
)  # fmt: skip
def test_pairs(names: str, curves: list[tuple[str | None, str | None, str]]) -> None:
    """Training and validation by their names; what could be meant twice is left out."""
    head = names.split(",")
    found = pair(understand(table(f"epoch,{names}\n" + f"1{',1' * len(head)}\n" * 2)))
    assert [(each.train, each.validation, each.dataset) for each in found.curves] == curves
    used = {name for each in found.curves for name in each.columns}
    assert used | found.skipped.keys() == set(head)


def test_reinforcement_learning_is_only_looked_at_for_nan() -> None:
    """A policy loss is not to be minimised: nothing but a value that is not finite is found."""
    rows = "".join(f"{2000 * i},{(-1) ** i},{i}\n" for i in range(1, 40))
    text = f"time/total_timesteps,train/policy_loss,train/value_loss\n{rows}80000,nan,1\n"
    found = table(text)
    columns = understand(found)
    curves = pair(columns).curves
    assert [each.higher_is_better for each in curves] == [None, None]
    looked = [*look(found, columns, curves, lambda: DetectorSet(ignore=["unknown_direction"]))]
    issues = [issue.name for each in looked for issue in each.issues]
    assert issues == ["non_finite"]
    assert {each.axis.called for each in looked} == {"total timesteps"}


def runs_of(text: str) -> list[tuple[int, str]]:
    """The number of rows of each run, and why it begins."""
    found = table(text)
    return [(len(each.rows), each.why) for each in runs(found, understand(found))]


def test_an_epoch_that_goes_back_begins_a_run() -> None:
    """Keras' CSVLogger(append=True), of a longer and of a shorter training."""
    rows = [*range(10), *range(5), *range(20)]
    text = "epoch,loss,val_loss\n" + "".join(f"{each},1,1\n" for each in rows)
    back = "epoch goes back from {} to 0"
    assert runs_of(text) == [(10, ""), (5, back.format(9)), (20, back.format(4))]


def test_names_that_are_repeated_begin_a_run() -> None:
    """As of a program that writes them at each start."""
    assert runs_of("loss,val_loss\n3,3\n2,2\nloss,val_loss\n5,5\n") == [
        (2, ""),
        (1, "the line of names is repeated"),
    ]


def test_late_rows_of_a_validation_begin_none() -> None:
    """Its row may be written after the training has gone on."""
    text = "step,loss,val_loss\n10,1,\n20,1,\n18,,1\n30,1,\n28,,1\n"
    assert runs_of(text) == [(5, "")]


def test_steps_that_begin_anew_each_epoch_begin_no_run() -> None:
    """As mmdetection's; within an epoch they do."""
    assert runs_of("epoch,iter,loss\n1,10,1\n1,20,1\n2,10,1\n2,20,1\n") == [(4, "")]
    assert runs_of("epoch,iter,loss\n1,10,1\n1,20,1\n1,10,1\n1,20,1\n") == [
        (2, ""),
        (2, "iter goes back from 20 to 10"),
    ]


def axis_of(text: str) -> tuple[str, str, bool, list[tuple[int, float | None]]]:
    """What counts the first curve, and its training values."""
    found = table(text)
    columns = understand(found)
    curve = pair(columns).curves[0]
    axis, seen = observations(found, columns, runs(found, columns)[0], curve)
    return axis.called, axis.unit, axis.averaged, [(each.step, each.train) for each in seen]


def test_the_last_batch_is_not_the_epoch() -> None:
    """Several training values an epoch beside one of the validation: their mean."""
    rows = "".join(f"{e},{2 * e},1,\n{e},{2 * e + 1},2,\n{e},{2 * e + 1},,3\n" for e in range(3))
    found = axis_of("epoch,step,train_loss,val_loss\n" + rows)
    assert found == ("epoch", "epoch", True, [(0, 1.5), (1, 1.5), (2, 1.5)])


def test_values_every_few_steps_are_checks() -> None:
    """Values of every step are judged as those of single batches, others are not."""
    every = axis_of("step,loss\n" + "".join(f"{i},1\n" for i in range(600)))
    assert every[:2] == ("step", "step")
    some = axis_of("step,loss\n" + "".join(f"{10 * i},1\n" for i in range(600)))
    assert some[:2] == ("step", "epoch")
    few = axis_of("step,loss\n" + "".join(f"{i},1\n" for i in range(60)))
    assert few[:2] == ("step", "epoch")


def test_an_iteration_is_none_of_boosting() -> None:
    """A column of that name says nothing of what is iterated."""
    assert axis_of("iteration,val_loss\n250,1\n500,2\n")[:2] == ("iteration", "epoch")


def test_fractions_of_epochs_count_nothing() -> None:
    """Rows do, from 1."""
    assert axis_of("epoch,loss\n0.5,1\n1.0,2\n") == ("row", "epoch", False, [(1, 1.0), (2, 2.0)])


@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    """Are a table, or said to be none."""
    try:
        tables = read_tables(raw)
    except NoCurvesError:
        return
    for each in tables:
        columns = understand(each)
        for run in runs(each, columns):
            for curve in pair(columns).curves:
                observations(each, columns, run, curve)


_CELLS = st.one_of(
    st.sampled_from(["", "nan", "1e999", "x", "epoch", "loss"]),
    st.floats(allow_nan=True).map(str),
    st.integers(-5, 30).map(str),
)
_NAMES = ["epoch", "step", "loss", "val_loss", "train/acc", "val/acc", "lr", "iter", "", "time"]


@given(
    st.lists(st.sampled_from(_NAMES), min_size=1, max_size=6),
    st.lists(st.lists(_CELLS, min_size=1, max_size=6), max_size=12),
    st.sampled_from([",", "\t", ";"]),
)
def test_any_table(names: list[str], rows: list[list[str]], separator: str) -> None:
    """Each row is of exactly one run, and observations grow within a run."""
    text = "\n".join(separator.join(each) for each in (names, *rows))
    try:
        tables = read_tables(text.encode(), "file.csv")
    except NoCurvesError:
        return
    for each in tables:
        columns = understand(each)
        found = runs(each, columns)
        assert sum(len(run.rows) for run in found) == len(each.rows)
        for run in found:
            for curve in pair(columns).curves:
                steps = [seen.step for seen in observations(each, columns, run, curve)[1]]
                assert steps == sorted(set(steps))


def test_an_evaluation_belongs_to_the_row_before() -> None:
    """As Hugging Face's trainer prints them, by fractions of epochs."""
    rows = "".join(f"{e / 2},{e},\n{e / 2},,{e + 1}\n" for e in range(1, 4))
    found = table("epoch,loss,eval_loss\n" + rows)
    columns = understand(found)
    curve = pair(columns).curves[0]
    _, seen = observations(found, columns, runs(found, columns)[0], curve)
    assert [(each.step, each.train, each.validation) for each in seen] == [
        *((1, 1.0, 2.0), (3, 2.0, 3.0), (5, 3.0, 4.0))
    ]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part", ["x", "a-", "a ", "loss", "a. ", "train ", "{", "[1] a", "{}:", "|train|{"]
)
def test_a_long_line_takes_no_long_time(part: str) -> None:
    """Whatever it repeats: no pattern looks at it from each of its characters to its end."""
    with pytest.raises(NoCurvesError):
        read_text(part * (300_000 // len(part)))
