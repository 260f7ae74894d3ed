"""Each kind of file, made up small: which curves it holds, and which values."""

import math
from pathlib import Path
from typing import Any

import pytest

from made_curves import DOCUMENTS, FOLDERS, LOGS, TABLES, TRAIN, VALIDATION, lines
from mllog_callbacks.curves import (
    Curve,
    NoCurvesError,
    Source,
    Table,
    curve_files,
    joined,
    observations,
    pair,
    read_file,
    read_tables,
    runs,
    understand,
)
from mllog_callbacks.detectors import Observation


def seen(table: Table) -> list[tuple[Curve, str, list[Observation]]]:
    """Each curve of a table's first run, with what counts it and its observations."""
    columns = understand(table)
    run = runs(table, columns)[0]
    found = []
    for curve in pair(columns).curves:
        axis, values = observations(table, columns, run, curve)
        found.append((curve, axis.called, values))
    return found


def values(observed: list[Observation], *, train: bool) -> list[float]:
    """The values of one side, without those that were not measured."""
    of_side = (each.train if train else each.validation for each in observed)
    return [each for each in of_side if each is not None]


CASES: dict[str, tuple[str, int, int, str]] = {
    # kind: what counts the first curve, its first and its last count, as what it is judged
    "ultralytics": ("epoch", 1, 12, "epoch"),
    "ultralytics_v10": ("epoch", 1, 12, "epoch"),
    "keras_csvlogger": ("epoch", 0, 11, "epoch"),
    "keras_history_csv": ("epoch", 0, 11, "epoch"),
    "lightning": ("epoch", 0, 11, "epoch"),
    "flair": ("epoch", 0, 11, "epoch"),
    "own_csv": ("row", 1, 12, "epoch"),
    "camel_case": ("epoch", 0, 11, "epoch"),
    "decimal_comma": ("epoch", 0, 11, "epoch"),
    "blanks": ("epoch", 0, 11, "epoch"),
    "long": ("epoch", 0, 11, "epoch"),
    "carriage_returns": ("epoch", 0, 11, "epoch"),
    "trainer_state": ("step", 500, 6000, "epoch"),
    "keras_history": ("epoch", 0, 11, "epoch"),
    "evals_result": ("iteration", 0, 11, "iteration"),
    "catboost": ("iteration", 0, 11, "iteration"),
    "lists": ("row", 1, 12, "epoch"),
    "pandas": ("row", 1, 12, "epoch"),
    "lists_of_rows": ("epoch", 0, 11, "epoch"),
    "numbered": ("row", 1, 12, "epoch"),
    "detr": ("epoch", 0, 11, "epoch"),
}


@pytest.mark.parametrize("kind", CASES)
def test_tables_and_documents(kind: str) -> None:
    """The loss of training and of validation, each value at its place."""
    text = (TABLES | DOCUMENTS)[kind]
    (table,) = read_tables(text.encode(), f"file.{'csv' if kind in TABLES else 'json'}")
    _, called, observed = next(each for each in seen(table) if each[0].higher_is_better is False)
    assert values(observed, train=True) == pytest.approx(TRAIN)
    assert values(observed, train=False) == pytest.approx(VALIDATION)
    got = called, observed[0].step, observed[-1].step, observed[0].unit
    assert got == CASES[kind]


LINES: dict[str, tuple[str, int, str]] = {
    "nanogpt": ("step", 2750, "epoch"),
    "modded_nanogpt": ("step", 11, "epoch"),
    "fairseq": ("num updates", 1100, "epoch"),
    "robust_overfitting": ("epoch", 11, "epoch"),
    "torch": ("epoch", 11, "epoch"),
    "lightgbm": ("iteration", 11, "iteration"),
    "xgboost": ("iteration", 11, "iteration"),
    "keras": ("epoch", 11, "epoch"),
    "transformers": ("epoch", 11, "epoch"),
}


@pytest.mark.parametrize("kind", LINES)
def test_text_logs(kind: str) -> None:
    """Lines of programs, read by ready patterns or by their shape."""
    table = read_tables(LOGS[kind].encode(), "train.log")[0]
    _, called, observed = seen(table)[0]
    assert values(observed, train=True) == pytest.approx(TRAIN)
    assert values(observed, train=False) == pytest.approx(VALIDATION)
    assert (called, observed[-1].step, observed[0].unit) == LINES[kind]


def test_logs_of_batches() -> None:
    """Several rows an epoch are no epochs, and the value of a batch isn't that of the epoch."""
    (table,) = read_tables(LOGS["imagenet"].encode(), "log.txt")
    _, called, observed = seen(table)[0]
    assert (called, len(observed)) == ("row", 24)
    (table,) = read_tables(LOGS["yolox"].encode(), "log.txt")
    curve, called, observed = seen(table)[0]
    assert (curve.metric, called) == ("total_loss", "epoch")
    assert values(observed, train=True) == TRAIN


def test_catboosts_log_names_no_metric() -> None:
    """It is read, and its direction is for the reader to say."""
    (table,) = read_tables(LOGS["catboost"].encode(), "log.txt")
    assert table.columns == ("iteration", "learn_metric", "test_metric")
    assert pair(understand(table)).curves == []


def test_nanogpt_has_two_kinds_of_lines() -> None:
    """Evaluations by step and batches by iteration are curves of their own."""
    tables = read_tables(LOGS["nanogpt"].encode(), "log.txt")
    assert [each.name for each in tables] == ["lines by step", "lines by iter"]


def test_detectron2() -> None:
    """The total loss beside a validation that is computed more rarely; its parts are left out."""
    (table,) = read_tables(DOCUMENTS["detectron2"].encode(), "metrics.json")
    ((curve, called, observed),) = seen(table)
    assert (curve.train, curve.validation) == ("total_loss", "validation_loss")
    assert (called, observed[0].step, observed[0].unit) == ("iteration", 19, "epoch")
    assert values(observed, train=False) == VALIDATION[2::3]
    assert pair(understand(table)).skipped["loss_cls"].startswith("a part of the total")


def test_mmdetection() -> None:
    """Rows by mode; the rows of training are neither epochs nor iterations of the whole."""
    (table,) = read_tables(DOCUMENTS["mmdetection"].encode(), "x.log.json")
    (train, called, observed), (validation, by, evaluated) = seen(table)
    assert (train.train, called, len(observed)) == ("train/loss", "row", 24)
    assert (validation.validation, by, len(evaluated)) == ("val/bbox_mAP", "epoch", 12)
    assert validation.higher_is_better is True


def test_catboost_knows_directions() -> None:
    """What the file says is no assumption."""
    (table,) = read_tables(DOCUMENTS["catboost"].encode(), "catboost_training.json")
    own = pair(understand(table)).curves[1]
    assert (own.metric, own.higher_is_better, own.assumed) == ("MyScore", True, False)


def test_a_summary_is_no_row() -> None:
    """The trainer's last row has the mean loss of the training, and no evaluation."""
    (table,) = read_tables(DOCUMENTS["trainer_state"].encode(), "trainer_state.json")
    assert "train_loss" not in table.columns


@pytest.mark.parametrize("kind", FOLDERS)
def test_folders_with_one_metric_a_file(kind: str, tmp_path: Path) -> None:
    """Put together, they are a table."""
    for name, text in FOLDERS[kind].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    sources = [
        Source((str(file),), table) for file in curve_files(tmp_path) for table in read_file(file)
    ]
    (source,) = joined(sources)
    assert len(source.files) == 2
    ((_, _, observed),) = seen(source.table)
    assert values(observed, train=True) == pytest.approx(TRAIN)
    assert values(observed, train=False) == pytest.approx(VALIDATION)


def test_files_of_different_runs_stay_apart(tmp_path: Path) -> None:
    """A loss and a validation loss of different names are of different trainings."""
    for name in "big_train_loss.tsv", "small_val_loss.tsv":
        (tmp_path / name).write_text(FOLDERS["dvclive"]["plots/metrics/val/loss.tsv"])
    files = curve_files(tmp_path)
    sources = [Source((str(file),), table) for file in files for table in read_file(file)]
    assert [each.files for each in joined(sources)] == [(str(file),) for file in files]


def test_runs_side_by_side() -> None:
    """An export of Weights & Biases has a column for each run."""
    head = '"Step","a - val_loss","a - val_loss__MIN","b - val_loss"'
    text = lines(head, ['"0","1","1","2"', '"1","3","3",""'])
    one, other = read_tables(text.encode(), "wandb.csv")
    assert (one.name, one.columns, len(one.rows)) == ("a", ("Step", "val_loss"), 2)
    assert (other.name, other.columns, len(other.rows)) == ("b", ("Step", "val_loss"), 1)


def test_a_pattern() -> None:
    """Its groups are the columns; N is a number; a ready one is called by its name."""
    text = b"ep 1 -> 0.5\nnoise\nep 2 -> nan\n"
    (table,) = read_tables(text, "log", [r"ep (?P<epoch>N) -> (?P<val_loss>N)"])
    ((_, called, observed),) = seen(table)
    assert called == "epoch"
    assert observed[0].validation == 0.5
    assert math.isnan(observed[1].validation or 0)
    assert read_tables(LOGS["keras"].encode(), "log", ["keras"])[0].columns[0] == "epoch"


@pytest.mark.parametrize("pattern", ["(", "no group"])
def test_patterns_that_are_none(pattern: str) -> None:
    """Said with what is expected."""
    with pytest.raises(ValueError, match=r"regular expression|named group"):
        read_tables(b"text", "log", [pattern])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\x00\x01", "no text"),
        ("It was a dark and stormy night.\nThe rain fell.\n", "--pattern"),
        ('{"lr": 0.1, "name": "run"}', "a JSON document with the names lr, name"),
        ('{"loss": 1}\n[1]\n{\n', "line 2: expected an object"),
        ("[]", "no object"),
    ],
)
def test_what_holds_no_curves(text: str, message: str) -> None:
    """The message says what was found."""
    with pytest.raises(NoCurvesError, match=message):
        read_tables(text.encode(), "file.txt")


def test_a_torn_last_line_is_passed_over() -> None:
    """As a killed process leaves it."""
    text = DOCUMENTS["detr"] + '{"epoch": 12, "train_l'
    (table,) = read_tables(text.encode(), "log.txt")
    assert len(table.rows) == 12
    assert table.notes[0].startswith("1 line passed over (line 13")


def test_event_files(tmp_path: Path) -> None:
    """By TensorBoard's own reader, from the folders that Keras makes."""
    tensorboard: Any = pytest.importorskip("torch.utils.tensorboard")
    for stage, numbers in ("train", TRAIN), ("validation", VALIDATION):
        with tensorboard.SummaryWriter(tmp_path / stage) as writer:
            for step, value in enumerate(numbers):
                writer.add_scalar("epoch_loss", value, step)
                writer.add_scalar("epoch_accuracy", 1 - value, step)
    sources = [
        Source((str(file),), table) for file in curve_files(tmp_path) for table in read_file(file)
    ]
    (source,) = joined(sources)
    found = {curve.metric: observed for curve, _, observed in seen(source.table)}
    assert found.keys() == {"loss", "accuracy"}
    assert values(found["loss"], train=True) == pytest.approx(TRAIN)
    assert values(found["loss"], train=False) == pytest.approx(VALIDATION)


def test_event_files_without_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what to install."""
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes(b"")
    monkeypatch.setattr("mllog_callbacks.curves._events.find_spec", lambda _: None)
    with pytest.raises(NoCurvesError, match=r"mllog-callbacks\[tensorboard\]"):
        read_file(path)


def test_a_trial_is_no_test(tmp_path: Path) -> None:
    """A stage is taken from names of files and folders that name nothing else."""
    folder = tmp_path / "test_of_march"
    folder.mkdir()
    path = folder / "test_run_3.tsv"
    path.write_text(FOLDERS["dvclive"]["plots/metrics/val/loss.tsv"])
    (source,) = joined([Source((str(path),), table) for table in read_file(path)])
    assert source.table.columns == ("step", "loss")
