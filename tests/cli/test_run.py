"""`mllog run`: a command is audited, and does not notice."""

import json
import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from commands import MLLOG, run
from mllog_callbacks import EventType
from mllog_callbacks.automatic import SITE
from scripts import DATA, PYTHON, all_entries, bare, ends, mllog_run, starts_and_ends

# XGBoost, as it is imported in a fraction of the time
LIGHT = f"""{DATA}
import xgboost
xgboost.train({{"nthread": 1}}, xgboost.DMatrix(X, y), 2)
"""

# A training in each kind of child, and in the process itself
CHILDREN = f"""{DATA}
import multiprocessing, subprocess, sys

def train(_=None):
    import xgboost
    xgboost.train({{"nthread": 1}}, xgboost.DMatrix(X, y), 2)

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.map(train, [0])
    subprocess.run(["sh", "-c", f"exec '{{sys.executable}}' '{{sys.argv[1]}}'"], check=True)
    train()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.map(train, [0])
    import joblib
    joblib.Parallel(2)([joblib.delayed(train)() for _ in range(2)])
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    GridSearchCV(LogisticRegression(), {{"C": [1, 2]}}, cv=2, n_jobs=2).fit(X, y)
"""

LIGHTNING = """
import importlib, sys
import torch
pl = importlib.import_module(sys.argv[1])
class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, index):
        return self.layer(batch[0]).pow(2).mean()
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)
rows = torch.utils.data.TensorDataset(torch.randn(32, 4))
quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
trainer = pl.Trainer(max_epochs=1, accelerator="cpu", enable_model_summary=False, **quiet)
trainer.fit(Module(), torch.utils.data.DataLoader(rows, 8))
"""


def script(folder: Path, text: str, name: str = "train.py") -> Path:
    """Write a script."""
    path = folder / name
    path.write_text(text)
    return path


def test_a_script_is_audited_without_a_change(tmp_path: Path) -> None:
    """With the names that the options give; its output and its end are its own."""
    path = script(tmp_path, f"{LIGHT}print('done')\nsys = __import__('sys')\nsys.exit(7)\n")
    options = ("--dataset", "churn", "--model", "mine", "--level", "DEBUG", "--dir", "logs")
    shown = mllog_run(tmp_path, PYTHON, path, options=options)
    assert (shown.returncode, shown.stdout, shown.stderr) == (7, "done\n", "")
    recorded = all_entries(tmp_path)
    assert {(each.dataset, each.model) for each in recorded} == {("churn", "mine")}
    assert starts_and_ends(tmp_path) == (1, 1)
    assert sum(each.event is EventType.TRAINING_PROGRESS for each in recorded) == 2


def test_children_of_all_kinds_are_audited(tmp_path: Path) -> None:
    """Spawned, forked, started as a program; what a search sends to its workers is its part."""
    path = script(tmp_path, CHILDREN)
    shown = mllog_run(tmp_path, PYTHON, path, script(tmp_path, LIGHT, "child.py"))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert sorted(map(str, (model for model, _ in ends(tmp_path)))) == [
        "GridSearchCV(LogisticRegression)",
        *["XGBoost gbtree"] * 6,
    ]
    assert starts_and_ends(tmp_path) == (7, 7)


@pytest.mark.parametrize("name", ["pytorch_lightning", "lightning.pytorch"])
def test_lightning_is_audited_by_its_entry_points(name: str, tmp_path: Path) -> None:
    """Without a word more in its output; none where auditing is off."""
    _entry_points(tmp_path / "installed")
    path = script(tmp_path, LIGHTNING)
    search = os.pathsep.join([str(tmp_path / "installed"), *sys.path])
    shown = mllog_run(tmp_path, PYTHON, path, name, PYTHONPATH=search)
    assert shown.returncode == 0, shown.stderr
    assert ends(tmp_path) == [("Module", EventType.TRAINING_COMPLETED)]
    assert "MLAuditCallback" not in shown.stdout + shown.stderr


def _entry_points(folder: Path) -> None:
    """What installing the package leaves of them; the package may be on the path only."""
    distribution = folder / "mllog_entry_points-1.dist-info"
    distribution.mkdir(parents=True)
    (distribution / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mllog-entry-points\nVersion: 1\n"
    )
    (distribution / "entry_points.txt").write_text(
        "".join(
            f"[{group}.callbacks_factory]\nmllog = mllog_callbacks.automatic:lightning_callbacks\n"
            for group in ("pytorch_lightning", "lightning.pytorch")
        )
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_the_end_by_a_signal_is_the_same(number: signal.Signals, tmp_path: Path) -> None:
    """As a shell or a scheduler sees it."""
    path = script(tmp_path, f"import os\nos.kill(os.getpid(), {int(number)})\n")
    assert bare(tmp_path, PYTHON, path).returncode == -number
    assert mllog_run(tmp_path, PYTHON, path).returncode == -number


WAITING = """
import signal, sys, time
seen = []
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
    signal.signal(number, lambda number, frame: seen.append(number))
print("ready", flush=True)
deadline = time.monotonic() + 30
while not seen and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.5)
print(*seen, flush=True)
"""


@pytest.mark.parametrize("to_all", [False, True], ids=["to the parent", "to the group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_reaches_the_command_once(
    number: signal.Signals, tmp_path: Path, *, to_all: bool
) -> None:
    """Whether it is sent to `mllog run` alone, or to its process group as a terminal does."""
    path = script(tmp_path, WAITING)
    with subprocess.Popen(
        [*MLLOG, "run", "--", PYTHON, path],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (os.killpg if to_all else os.kill)(process.pid, number)
        assert process.stdout.read() == f"{int(number)}\n"
        assert process.wait(30) == 0


def test_who_kills_the_parent_kills_the_command(tmp_path: Path) -> None:
    """As without it."""
    path = script(tmp_path, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen(
        [*MLLOG, "run", "--", PYTHON, path], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
        process.wait(30)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not Path(f"/proc/{child}").exists()


def test_input_arguments_and_folder_are_passed_through(tmp_path: Path) -> None:
    """Options behind the command are its own."""
    path = script(tmp_path, "import sys, os\nprint(sys.stdin.read(), sys.argv[1:], os.getcwd())\n")
    shown = run("run", PYTHON, path, "--level", "-h", stdin=b"typed", folder=tmp_path)
    assert shown.stdout.decode() == f"typed ['--level', '-h'] {tmp_path}\n"


def test_modules_and_shell_scripts_run_as_well(tmp_path: Path) -> None:
    """``python -m``, and whatever a shell starts."""
    script(tmp_path, LIGHT, "package_of_mine.py")
    assert mllog_run(tmp_path, PYTHON, "-m", "package_of_mine").returncode == 0
    script(tmp_path, f"exec '{PYTHON}' package_of_mine.py\n", "job.sh")
    assert mllog_run(tmp_path, "sh", "job.sh").returncode == 0
    assert starts_and_ends(tmp_path) == (2, 2)


@pytest.mark.parametrize("option", ["-I", "-S", "-E"])
def test_a_python_that_does_not_look_is_named(option: str, tmp_path: Path) -> None:
    """It runs as without, and one line says that it is not audited."""
    path = script(tmp_path, "print('done')\n")
    shown = mllog_run(tmp_path, PYTHON, option, path)
    assert (shown.returncode, shown.stdout) == (0, "done\n")
    assert shown.stderr.count("\n") == 1
    assert shown.stderr.startswith("mllog run: not audited: no Python started with auditing on")


def test_an_environment_without_the_package_is_named(tmp_path: Path) -> None:
    """Once, however often it is started."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    path = script(tmp_path, "print('done')\n")
    script(tmp_path, f"'{python}' train.py; '{python}' train.py\n", "job.sh")
    shown = mllog_run(tmp_path, "sh", "job.sh", PYTHONPATH="")
    assert path.exists()
    assert shown.stdout == "done\ndone\n"
    assert f"mllog run: not audited in {python}: ModuleNotFoundError" in shown.stderr
    assert shown.stderr.count("ModuleNotFoundError") == 1


def test_the_users_sitecustomize_runs_once(tmp_path: Path) -> None:
    """As without us: the module of that name is the user's, or there is none."""
    show = script(tmp_path, "import sys\nprint(sys.modules.get('sitecustomize'), len(sys.path))\n")
    assert mllog_run(tmp_path, PYTHON, show).stdout == bare(tmp_path, PYTHON, show).stdout
    own = tmp_path / "own"
    own.mkdir()
    script(own, "print('own')\n", "sitecustomize.py")
    search = os.pathsep.join([str(own), os.environ.get("PYTHONPATH", "")])
    without = bare(tmp_path, PYTHON, show, PYTHONPATH=search).stdout
    assert without.startswith("own\n<module 'sitecustomize' from")
    search = os.pathsep.join([SITE, search])
    assert bare(tmp_path, PYTHON, show, PYTHONPATH=search, MLLOG_AUTO="1").stdout == without


def test_a_sitecustomize_that_fails_fails_as_without(tmp_path: Path) -> None:
    """Python says so, and goes on."""
    script(tmp_path, "raise RuntimeError('mine')\n", "sitecustomize.py")
    search = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    without = bare(tmp_path, PYTHON, "-c", "1", PYTHONPATH=search)
    search = os.pathsep.join([SITE, search])
    shown = bare(tmp_path, PYTHON, "-c", "1", PYTHONPATH=search, MLLOG_AUTO="1")
    assert "RuntimeError: mine" in without.stderr
    assert (shown.returncode, shown.stderr) == (without.returncode, without.stderr)


def test_nothing_is_loaded_that_nobody_uses(tmp_path: Path) -> None:
    """Where no framework is imported; nothing of ours where auditing is off."""
    code = "import sys; print(*sorted({each.partition('.')[0] for each in sys.modules}))"
    search = os.pathsep.join([SITE, *sys.path])
    on = bare(tmp_path, PYTHON, "-c", code, PYTHONPATH=search, MLLOG_AUTO="1").stdout.split()
    off = bare(tmp_path, PYTHON, "-c", code, PYTHONPATH=search).stdout.split()
    without = bare(tmp_path, PYTHON, "-c", code, PYTHONPATH=os.pathsep.join(sys.path)).stdout
    assert "mllog_callbacks" in on
    heavy = {"ast", "inspect", "logging", "numpy", "pathlib", "pydantic"}
    assert heavy & ({*on} - {*without.split()}) == set()
    assert {*off} == {*without.split()}


def test_commands_that_cannot_run_end_as_in_a_shell(tmp_path: Path) -> None:
    """127 where there is none, 126 where it is none, 2 where none was given."""
    assert mllog_run(tmp_path, "no-such-command").returncode == 127
    assert mllog_run(tmp_path, script(tmp_path, "")).returncode == 126
    assert run("run", folder=tmp_path).returncode == 2


def test_explain_shows_what_is_hooked_and_what_not(tmp_path: Path) -> None:
    """Of this Python, and of each process of a command."""
    shown = run("run", "--explain", folder=tmp_path).stdout.decode().splitlines()
    known = ["lightgbm", "lightning", "optuna", "sklearn", "transformers", "xgboost"]
    assert [each.split()[0] for each in shown] == known
    recorded = [json.loads(each) for each in run("run", "--explain", "--json").stdout.splitlines()]
    assert {each["name"]: each["why_not"] for each in recorded} == dict.fromkeys(known)
    path = script(tmp_path, LIGHT)
    explained = mllog_run(tmp_path, PYTHON, path, options=("--explain", "--only", "xgboost")).stderr
    assert "on for xgboost\n" in explained
    assert "hooked xgboost.training.train" in explained
    assert "lightgbm" not in explained


def test_disabled_logging_runs_the_command_as_it_is(tmp_path: Path) -> None:
    """Without a line, a file or a variable."""
    path = script(tmp_path, "import os\nprint(os.environ.get('MLLOG_AUTO'))\n")
    shown = mllog_run(tmp_path, PYTHON, path, MLLOG_DISABLED="1")
    assert (shown.stdout, shown.stderr) == ("None\n", "")
    assert not (tmp_path / "logs").exists()
