"""`mllog summary` and `mllog report`: what they print, what they write, how they exit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commands import run, runner
from mllog_callbacks import AuditLog, read_trail
from mllog_callbacks.cli import main
from trails import issue, lines, training, write


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with two sessions: one over midnight, one damaged."""
    whole = lines(training()).splitlines(keepends=True)
    later = [line.replace(b"2026-11-20", b"2026-11-21") for line in whole[10:]]
    write(tmp_path / "logs", b"".join(whole[:10]), "one")
    write(tmp_path / "logs", b"".join(later), "one", "2026-11-21")
    write(tmp_path / "logs" / "sub", b"bad\n" + b"".join(whole), "two")
    return tmp_path / "logs"


def test_summary_records_what_happened(logs: Path) -> None:
    """On stdout, the sentences of the story; files of one session are one."""
    shown = run("summary", *sorted(logs.glob("*.jsonl")))
    assert (shown.returncode, shown.stderr) == (0, b"")
    text = " ".join(shown.stdout.decode().split())
    first, _, rest = text.partition(". ")
    assert first.startswith("NOT VERIFIED: there is no hash chain for this log")
    assert rest.startswith("LGBMClassifier on credit.v3 Session one")
    assert str(read_trail(sorted(logs.glob("*.jsonl"))).stories[0].session) == "one"
    for words in ("for 20 of at most 100 iterations", "is kept.", "No improvement", "MLA001"):
        assert words in text


def test_summary_prints_json(logs: Path) -> None:
    """One object a session, the newest last; damage is exit code 1."""
    shown = run("summary", "--json", logs)
    assert (shown.returncode, shown.stderr) == (1, b"")
    recorded = {each["session"]: each for each in map(json.loads, shown.stdout.splitlines())}
    one, two = recorded["one"], recorded["two"]
    assert (one["state"]["mood"], two["state"]["mood"]) == ("good", "bad")
    assert [each["lines"] for each in one["files"]] == [10, 15]
    assert one["issues"][0]["name"] == "overfitting"
    assert one["runs"][0]["kept"] == "valid loss 0.5"
    assert one["what_happened"] == two["what_happened"][1:]


def test_without_a_path_the_logs_are_read_where_they_are_made(tmp_path: Path) -> None:
    """MLLOG_DIR, else the folder logs."""
    write(tmp_path / "logs", lines(training()), "here")
    write(tmp_path / "there", lines(training()), "there")
    assert b"Session here" in run("summary", folder=tmp_path).stdout
    assert b"Session there" in run("summary", folder=tmp_path, MLLOG_DIR="there").stdout


def test_report_writes_one_page(logs: Path, tmp_path: Path) -> None:
    """Where it is recorded to, and says where; the second time as well."""
    page = tmp_path / "new" / "a.html"
    for _ in range(2):
        shown = run("report", *sorted(logs.glob("*.jsonl")), "-o", page)
        assert (shown.returncode, shown.stdout.decode().strip()) == (0, str(page))
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert [each.name for each in page.parent.iterdir()] == ["a.html"]
    run("report", *sorted(logs.glob("*.jsonl")), folder=tmp_path)
    assert (tmp_path / "mllog-report.html").read_text("utf-8") == page.read_text("utf-8")


def test_report_of_several_sessions_has_an_index(logs: Path, tmp_path: Path) -> None:
    """Its links lead to the pages; the exit code is of the worst log."""
    write(logs / "sub2", lines(training()), "two")
    shown = run("report", "--json", logs, "-o", tmp_path / "out")
    assert shown.returncode == 1
    index, *pages = [json.loads(line) for line in shown.stdout.splitlines()]
    assert index == {"page": str(tmp_path / "out" / "index.html")}
    names = [Path(each["page"]).name for each in pages]
    assert sorted(names) == ["one.html", "two-2.html", "two.html"]
    html = Path(index["page"]).read_text("utf-8")
    assert all(f'href="{name}"' in html for name in names)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"index.html", *names}


def test_report_of_several_sessions_beside_a_named_index(logs: Path, tmp_path: Path) -> None:
    """The pages are in a folder of its name."""
    run("report", logs, "-o", tmp_path / "all.html")
    assert 'href="all/one.html"' in (tmp_path / "all.html").read_text("utf-8")
    assert (tmp_path / "all" / "one.html").exists()


def test_report_from_stdin_to_stdout(logs: Path) -> None:
    """As in a pipe; of several sessions that is wrong usage."""
    shown = run("report", "-", "-o", "-", stdin=lines(training()))
    assert shown.returncode == 0
    assert shown.stdout.rstrip().endswith(b"</html>")
    assert run("report", logs, "-o", "-").returncode == 2


def test_a_page_that_cannot_be_written_is_exit_3(logs: Path, tmp_path: Path) -> None:
    """And says so."""
    (tmp_path / "file").write_text("")
    shown = run("report", next(logs.glob("*.jsonl")), "-o", tmp_path / "file" / "a.html")
    assert shown.returncode == 3
    assert b"cannot be written" in shown.stderr


def test_reading_completes_what_a_killed_session_left(tmp_path: Path) -> None:
    """The summary records all of it, also what had not reached the file."""
    code = (
        "import os, signal\nfrom mllog_callbacks import AuditLog\n"
        f"log = AuditLog({str(tmp_path)!r}, session='killed')\n"
        "for n in range(500): log.emit('MODEL_SAVED', decision=f'{n}')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    (recorded,) = [
        json.loads(line) for line in run("summary", "--json", tmp_path).stdout.splitlines()
    ]
    assert recorded["entries"] == 500


def test_a_trail_is_read_from_a_log_that_is_open(tmp_path: Path) -> None:
    """It is flushed first."""
    with AuditLog(tmp_path, session="open") as log:
        for event, fields in training():
            log.emit(event, **fields)
        trail = read_trail(log)
    assert trail.summary()[0]["entries"] == 25
    assert "The model of iteration 10 is kept." in str(trail)
    assert repr(trail) == "<Trail of 1 session>"
    assert trail.save(tmp_path / "a.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_an_empty_trail_has_nothing_to_save(tmp_path: Path) -> None:
    """It says so."""
    trail = read_trail(tmp_path)
    assert str(trail) == "There is no entry."
    with pytest.raises(ValueError, match="no session"):
        trail.save(tmp_path / "a.html")


def test_a_log_that_was_changed_says_so_first(tmp_path: Path) -> None:
    """Held against the chain of its session: intact as written, changed with one byte changed."""
    with AuditLog(tmp_path, session="sealed") as log:
        for event, fields in training():
            log.emit(event, **fields)
    whole = run("report", "--json", tmp_path, "-o", tmp_path / "a.html")
    assert (whole.returncode, json.loads(whole.stdout)["state"][:10]) == (0, "Log intact")
    path = next(tmp_path.glob("*.jsonl"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"valid":{"loss":0.5}', b'"valid":{"loss":0.4}', 1))
    changed = run("report", "--json", tmp_path, "-o", tmp_path / "b.html")
    assert changed.returncode == 1
    assert json.loads(changed.stdout)["state"] == "Log changed since it was written"
    page = (tmp_path / "b.html").read_text("utf-8")
    assert page.index("Log changed since") < page.index("Stopped early, as configured")
    assert "The log is tampered: " in page
    assert str(read_trail(path)).splitlines()[1].startswith("The log is tampered: ")


def _long(steps: int) -> bytes:
    metrics = {"loss": 0.123456789, "auc": 0.87654321, "error": 0.0456789}
    recorded = [
        training(0)[0],
        (
            "HYPERPARAMETERS_SET",
            {
                "metrics_snapshot": {
                    "set_by_caller": {f"parameter_{n}": n / 7 for n in range(10)},
                    "defaults": {f"default_parameter_{n}": n / 7 for n in range(100)},
                }
            },
        ),
        *[
            (
                "TRAINING_PROGRESS",
                {
                    "decision": f"Iteration {step:,} of {steps:,} is done.",
                    "reasoning": "valid loss is 0.123457, its best so far. " * 3,
                    "metrics_snapshot": {
                        "iteration": step,
                        "training": {name: value / step for name, value in metrics.items()},
                        "valid": {name: value * (1 + step % 7) for name, value in metrics.items()},
                    },
                },
            )
            for step in range(1, steps + 1)
        ],
        *[("ISSUE_DETECTED", issue("error", 99, f"valid {name}")) for name in metrics],
        *training(0)[2:],
    ]
    return lines(recorded)


@pytest.mark.parametrize(("steps", "most"), [(192, 40_000), (100_000, 100_000)])
def test_a_page_is_small_whatever_the_length_of_the_log(
    tmp_path: Path, steps: int, most: int
) -> None:
    """The tables and the curves are thinned, and no issue is lost."""
    path = write(tmp_path, _long(steps), "long")
    assert run("report", path, "-o", tmp_path / "a.html").returncode == 0
    page = (tmp_path / "a.html").read_text("utf-8")
    assert len(page.encode()) <= most
    assert page.count('<article id="issue-') == 3
    assert f"{steps + 8 - 1:,} lines valid" in page or f"of {steps + 7:,} lines valid" in page


def test_of_a_killed_run_the_last_metric_is_shown(tmp_path: Path) -> None:
    """Not that none was recorded, nor another number of its end."""
    with AuditLog(tmp_path, model="Net") as log:
        log.emit("TRAINING_STARTED", metrics_snapshot={"run": 1})
        log.emit(
            "TRAINING_FAILED",
            metrics_snapshot={
                "run": 1,
                "progress": {"unit": "epoch", "done": 7, "planned": 50},
                "stop": {"by": "killed", "signal": "SIGKILL", "signal_number": 9},
                "witness": {"recorded_by": "drainer", "pid": 4711},
                "results": {"valid": {"auc": 0.9}},
            },
        )
    shown = " ".join(runner().invoke(main, ["summary", str(tmp_path)]).stdout.split())
    assert "valid auc 0.9 last recorded, at epoch 7" in shown
    assert "no evaluation was recorded" not in shown
