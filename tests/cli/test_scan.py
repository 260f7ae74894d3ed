"""`mllog scan`, on files as other tools write them."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from commands import runner
from made_curves import DOCUMENTS, FOLDERS, LOGS, TABLES
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
    assert "train_loss_epoch and val_loss: lower is better (assumed" in result.stderr
    assert "val_acc: higher is better (assumed from the name), by epoch" in result.stderr
    assert "train_loss_step: skipped: values of single steps" in result.stderr


def test_ultralytics_padded_names(tmp_path: Path) -> None:
    """Blanks around names and numbers do not matter."""
    result = scanned(tmp_path / "results.csv", ULTRALYTICS, "--json")
    *issues, last = map(json.loads, result.stdout.splitlines())
    assert [(issue["name"], issue["step"]) for issue in issues] == [("non_finite", 2)]
    assert issues[0]["validation"] == "val/box_loss"
    assert [each["metric"] for each in last["summary"]["curves"]] == ["box_loss", "mAP50(B)"]
    assert last["summary"]["skipped"] == {}


def test_keras_names_in_json_lines(tmp_path: Path) -> None:
    """`loss` is the training value of `val_loss`."""
    rows = [{"epoch": step, "loss": 1 / (step + 1), "val_loss": 1.0} for step in range(3)]
    result = scanned(tmp_path / "log.jsonl", "\n".join(map(json.dumps, rows)))
    assert result.exit_code == 0
    assert "loss and val_loss" in result.stderr


def test_a_direction_is_given_or_refused(tmp_path: Path) -> None:
    """A metric without a name of the field needs one, and one needs its columns."""
    path = tmp_path / "results.csv"
    text = "epoch,val_score\n1,1\n2,2\n3,3\n"
    assert scanned(path, text, "--validation", "val_score").exit_code == 2
    assert scanned(path, text, "--higher-is-better").exit_code == 2
    result = scanned(path, text, "--validation", "val_score", "--higher-is-better")
    assert result.exit_code == 0
    assert "val_score: higher is better, by epoch" in result.stderr


@pytest.mark.parametrize(
    "options", [["--train", "nothing"], ["--ignore", "MLA999"], ["--unit", "week"]]
)
def test_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    """Names that do not exist."""
    assert scanned(tmp_path / "metrics.csv", LIGHTNING, *options).exit_code == 2


@pytest.mark.parametrize("text", ["", '{"loss": 1}\n[1]\n', "{", "\x00\x00"])
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
    result = scanned(tmp_path / "m.csv", "train_loss,train/loss,val_loss\n1,1,1\n")
    assert "ambiguous" in result.stderr
    assert "1 value at most" in result.stderr
    assert result.exit_code == 3


def test_several_files_folders_and_globs(tmp_path: Path) -> None:
    """Each recorded under its name; audit logs in the folder are none of them."""
    for name, text in ("a/metrics.csv", LIGHTNING), ("b/deep/results.csv", ULTRALYTICS):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "b" / "ml-platform-2026-01-30.run.jsonl").write_text("no table")
    folder = runner().invoke(main, ["scan", str(tmp_path)])
    assert folder.exit_code == 1
    first, second = (tmp_path / "a" / "metrics.csv", tmp_path / "b" / "deep" / "results.csv")
    assert f"{first}: error MLA004 Non-finite value: validation loss" in folder.stdout
    assert f"{second}: 1 issue in 2 curves" in folder.stderr
    named = runner().invoke(main, ["scan", str(first), str(tmp_path / "**" / "results.csv")])
    assert (named.stdout, named.exit_code) == (folder.stdout, 1)
    as_json = runner().invoke(main, ["scan", "--json", str(tmp_path), str(first)])
    recorded = [*map(json.loads, as_json.stdout.splitlines())]
    assert [each["summary"]["file"] for each in recorded if "summary" in each] == [
        *map(str, (first, second))
    ]
    assert {each["file"] for each in recorded if "summary" not in each} == {str(first), str(second)}


def test_what_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    """They are recorded; the exit code says that not all were."""
    path = tmp_path / "metrics.csv"
    path.write_text(LIGHTNING)
    (tmp_path / "empty").mkdir()
    result = runner().invoke(main, ["scan", str(tmp_path / "empty"), "none.csv", str(path)])
    assert result.exit_code == 3
    assert "error MLA004" in result.stdout
    assert result.stderr.count("cannot be read") == 2


def test_nothing_looked_at_is_not_nothing_wrong(tmp_path: Path) -> None:
    """Exit code 3, with what was found and what to give."""
    result = scanned(tmp_path / "progress.csv", "step,ep_rew\n" + "1,2\n" * 5)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Found 5 rows (CSV) of step (step), ep_rew (ep_rew, stage not named" in result.stderr
    assert "Name a column with --train or --validation" in result.stderr
    text = scanned(tmp_path / "log.txt", "It was a dark\nand stormy night.\n")
    assert text.exit_code == 3
    assert "--pattern" in text.stderr
    loss = scanned(tmp_path / "log.csv", "epoch,loss\n1,high\n")
    assert loss.exit_code == 3
    assert "loss (other (holds 'high', which is no number))" in loss.stderr


def test_runs_of_a_file(tmp_path: Path) -> None:
    """An epoch that goes back begins another run: each is scanned, and it is said."""
    rows = [(epoch, 1 / (epoch + 1)) for epoch in range(5)]
    text = "epoch,val_loss\n" + "".join(f"{at},{value}\n" for at, value in rows)
    text += "".join(f"{at},nan\n" for at, _ in rows)
    result = scanned(tmp_path / "log.csv", text)
    assert result.stdout.startswith("run 2: error MLA004 Non-finite value: validation loss is NaN")
    assert "run 2 begins at row 6: epoch goes back from 4 to 0" in result.stderr
    assert "1 issue in 1 curve of 2 runs" in result.stderr
    printed = scanned(tmp_path / "log.csv", text, "--json").stdout
    *issues, last = map(json.loads, printed.splitlines())
    assert [(each["run"], each["step"]) for each in issues] == [(2, 0)]
    assert last["summary"]["runs"] == 2


def test_columns_are_listed(tmp_path: Path) -> None:
    """How each was understood, and which belong together."""
    result = scanned(tmp_path / "metrics.csv", LIGHTNING, "--list")
    assert result.exit_code == 0
    assert "metrics.csv: CSV, 6 rows, 1 run" in result.stdout
    assert "loss, validation, lower is better, 2 values" in result.stdout
    assert "loss, training, by step, lower is better" in result.stdout
    assert "-> train_loss_epoch and val_loss: lower is better" in result.stdout
    listed = json.loads(scanned(tmp_path / "m.csv", LIGHTNING, "--list", "--json").stdout)
    assert [each["role"] for each in listed["columns"]][:3] == ["epoch", "step", "metric"]


def test_a_text_log_by_a_pattern(tmp_path: Path) -> None:
    """Groups are columns; a pattern that is none is wrong usage."""
    text = "".join(f"ep {epoch} -> {1 / (epoch + 1)}\n" for epoch in range(5)) + "ep 5 -> nan\n"
    pattern = r"ep (?P<epoch>N) -> (?P<val_loss>N)"
    result = scanned(tmp_path / "log.txt", text, "--pattern", pattern)
    assert "validation loss is NaN at epoch 5" in result.stdout
    assert scanned(tmp_path / "log.txt", text, "--pattern", "(").exit_code == 2
    assert scanned(tmp_path / "log.txt", text, "--pattern", "step (?P<step>N)").exit_code == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(pytest.param("file.csv", text, id=kind) for kind, text in TABLES.items()),
        *(pytest.param("file.json", text, id=kind) for kind, text in DOCUMENTS.items()),
        *(pytest.param("file.log", text, id=kind) for kind, text in LOGS.items()),
    ],
)
def test_every_kind_is_looked_at(tmp_path: Path, name: str, text: str) -> None:
    """None is refused, and none is passed over in silence."""
    result = scanned(tmp_path / name, text, "--json")
    summary = json.loads(result.stdout.splitlines()[-1])["summary"]
    assert summary["scanned"] is (text != LOGS["catboost"])  # which names no metric


@pytest.mark.parametrize("kind", sorted(FOLDERS))
def test_folders_with_one_metric_a_file(tmp_path: Path, kind: str) -> None:
    """They are one table, named by their folder."""
    for name, text in FOLDERS[kind].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = runner().invoke(main, ["scan", str(tmp_path)])
    assert result.exit_code in {0, 1}
    assert "in 1 curve" in result.stderr


def test_other_files_of_a_folder_are_no_failure(tmp_path: Path) -> None:
    """What a folder holds beside its curves is named."""
    (tmp_path / "metrics.csv").write_text(TABLES["camel_case"])
    (tmp_path / "config.json").write_text('{"lr": 0.1}')
    result = runner().invoke(main, ["scan", str(tmp_path)])
    assert result.exit_code in {0, 1}
    assert "1 more file without curves to scan: " in result.stderr
    assert "config.json" in result.stderr
    assert runner().invoke(main, ["scan", str(tmp_path / "config.json")]).exit_code == 3


@pytest.mark.parametrize("called", ["total_timesteps", "iteration"])
def test_units_are_never_invented(tmp_path: Path, called: str) -> None:
    """What a file counts is called as the file calls it, and no iteration is one of boosting."""
    losses = [4.3, 2.1, 1.75, 1.6, 1.5, 1.48, 1.47, *(1.48 + 0.02 * i for i in range(25))]
    rows = "".join(f"{250 * i},{value}\n" for i, value in enumerate(losses))
    result = scanned(tmp_path / "val.csv", f"{called},val_loss\n{rows}")
    assert "boosting" not in result.stdout
    assert "epoch" not in result.stdout
