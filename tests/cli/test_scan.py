"""`mllog scan`, on files as other tools write them."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from commands import runner
from mllog_callbacks.cli import main

LIGHTNING = """\
epoch,step,train_loss_step,train_loss_epoch,val_loss,val_acc,lr-Adam
0,49,2.3,,,,0.001
0,99,,,1.9,0.3,
0,99,,2.1,,,
1,149,1.5,,,,0.001
1,199,,,nan,0.4,
1,199,,1.6,,,
"""

ULTRALYTICS = """\
                  epoch,         train/box_loss,           val/box_loss,       metrics/mAP50(B)
                      1,                    1.5,                    1.6,                    0.1
                      2,                    1.2,                    inf,                    0.2
"""


def scanned(path: Path, text: str, *options: str) -> Result:
    """What the command says of a file with this text."""
    path.write_text(text)
    return runner().invoke(main, ["scan", str(path), *options])


def test_lightnings_sparse_rows(tmp_path: Path) -> None:
    """Rows of an epoch are taken together; what was assumed and left out is said."""
    result = scanned(tmp_path / "metrics.csv", LIGHTNING)
    assert result.exit_code == 1
    assert "error MLA004 Non-finite value: validation loss is NaN at epoch 1." in result.stdout
    assert "train_loss_epoch and val_loss: less is better (assumed" in result.stderr
    assert "val_acc: skipped: its direction is not known" in result.stderr
    assert "train_loss_step: skipped" in result.stderr


def test_ultralytics_padded_names(tmp_path: Path) -> None:
    """Blanks around names and numbers do not matter."""
    result = scanned(tmp_path / "results.csv", ULTRALYTICS, "--json")
    *issues, last = map(json.loads, result.stdout.splitlines())
    assert [(issue["name"], issue["step"]) for issue in issues] == [("non_finite", 2)]
    assert issues[0]["validation"] == "val/box_loss"
    assert last["summary"]["skipped"].keys() == {"metrics/mAP50(B)"}


def test_keras_names_in_json_lines(tmp_path: Path) -> None:
    """`loss` is the training value of `val_loss`."""
    rows = [{"epoch": step, "loss": 1 / (step + 1), "val_loss": 1.0} for step in range(3)]
    result = scanned(tmp_path / "log.jsonl", "\n".join(map(json.dumps, rows)))
    assert result.exit_code == 0
    assert "loss and val_loss" in result.stderr


def test_a_direction_is_told_or_refused(tmp_path: Path) -> None:
    """A metric without "loss" in its name needs one, and one needs its columns."""
    path = tmp_path / "results.csv"
    column = "metrics/mAP50(B)"
    assert scanned(path, ULTRALYTICS, "--validation", column).exit_code == 2
    assert scanned(path, ULTRALYTICS, "--higher-is-better").exit_code == 2
    told = scanned(path, ULTRALYTICS, "--validation", column, "--higher-is-better")
    assert told.exit_code == 0
    assert "more is better (as told)" in told.stderr


@pytest.mark.parametrize(
    "options", [["--train", "nothing"], ["--ignore", "MLA999"], ["--unit", "week"]]
)
def test_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    """Names that do not exist."""
    assert scanned(tmp_path / "metrics.csv", LIGHTNING, *options).exit_code == 2


@pytest.mark.parametrize(
    "text", ["", '{"loss": 1}\n[1]\n', "{", "epoch,loss\n1,high\n", "\x00\x00"]
)
def test_what_cannot_be_read(tmp_path: Path, text: str) -> None:
    """No rows, no objects, no numbers: said on stderr, with nothing on stdout."""
    result = scanned(tmp_path / "metrics.csv", text)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "cannot be read" in result.stderr


def test_a_missing_file(tmp_path: Path) -> None:
    """As for every command."""
    assert runner().invoke(main, ["scan", str(tmp_path / "none.csv")]).exit_code == 3


def test_columns_that_are_ambiguous_are_left_out(tmp_path: Path) -> None:
    """Two could be meant: neither is taken."""
    result = scanned(tmp_path / "m.csv", "train_loss,train_loss_epoch,val_loss\n1,1,1\n")
    assert "ambiguous" in result.stderr
    assert "0 issues in 0 curves" in result.stderr


def test_several_files_folders_and_globs(tmp_path: Path) -> None:
    """Each told under its name; audit logs in the folder are none of them."""
    for name, text in ("a/metrics.csv", LIGHTNING), ("b/deep/results.csv", ULTRALYTICS):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "b" / "ml-platform-2026-01-30.run.jsonl").write_text("no table")
    folder = runner().invoke(main, ["scan", str(tmp_path)])
    assert folder.exit_code == 1
    first, second = (tmp_path / "a" / "metrics.csv", tmp_path / "b" / "deep" / "results.csv")
    assert f"{first}: error MLA004 Non-finite value: validation loss" in folder.stdout
    assert f"{second}: 1 issue in 1 curve" in folder.stderr
    named = runner().invoke(main, ["scan", str(first), str(tmp_path / "**" / "results.csv")])
    assert (named.stdout, named.exit_code) == (folder.stdout, 1)
    as_json = runner().invoke(main, ["scan", "--json", str(tmp_path), str(first)])
    told = [*map(json.loads, as_json.stdout.splitlines())]
    assert [each["summary"]["file"] for each in told if "summary" in each] == [
        *map(str, (first, second))
    ]
    assert {each["file"] for each in told if "summary" not in each} == {str(first), str(second)}


def test_what_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    """They are told; the exit code says that not all were."""
    path = tmp_path / "metrics.csv"
    path.write_text(LIGHTNING)
    (tmp_path / "empty").mkdir()
    result = runner().invoke(main, ["scan", str(tmp_path / "empty"), "none.csv", str(path)])
    assert result.exit_code == 3
    assert "error MLA004" in result.stdout
    assert result.stderr.count("cannot be read") == 2
