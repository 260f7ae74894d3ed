"""`mllog watch`: one message an issue, by Apprise, to a server of this machine."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from commands import MLLOG, run
from mllog_callbacks.cli._notices import Notices
from mllog_callbacks.reading import Seen, parse_row
from trails import entry, issue, lines, training, write

pytest.importorskip("apprise", reason="messages are sent by apprise, which is not installed")


def _seen(session: str, *recorded: dict[str, Any]) -> list[Seen]:
    path = Path(f"ml-platform-2026-11-20.{session}.jsonl")
    raws = [json.dumps(each).encode() for each in recorded]
    return [Seen(path, raw, parse_row(raw, 1)) for raw in raws]


def _issue(
    number: int, severity: str = "error", state: str = "open", run: int = 1
) -> dict[str, Any]:
    fields = issue(severity, 12)
    facts = {"run": run, "id": number, "state": state}
    return entry(
        "ISSUE_DETECTED",
        number,
        **fields | {"metrics_snapshot": fields["metrics_snapshot"] | facts},
    )


def test_each_issue_is_sent_once() -> None:
    """When it opens: not when it is updated or closed; those of other runs are others."""
    notices = Notices("info", 0)
    notices.take(_seen("a", _issue(1), _issue(1), _issue(1, state="closed"), _issue(1, run=2)))
    notices.take(_seen("b", _issue(1)))
    message = notices.due(0)
    assert message is not None
    assert (message.title, len(message.body.splitlines())) == ("mllog: 3 notices", 3)
    notices.sent(0)
    notices.take(_seen("a", _issue(1)))
    assert notices.due(1) is None


def test_issues_below_the_floor_are_passed_over_and_failures_are_not() -> None:
    """A failed training is sent at any floor."""
    notices = Notices("error", 0)
    notices.take(_seen("a", _issue(1, "info"), _issue(2, "warning"), entry("TRAINING_FAILED", 3)))
    message = notices.due(0)
    assert message is not None
    assert message.title.startswith("mllog: TRAINING_FAILED (LGBMClassifier on credit.v3")


def test_what_comes_too_soon_is_sent_together() -> None:
    """And what could not be sent is sent with it."""
    notices = Notices("info", 60)
    notices.take(_seen("a", _issue(1)))
    assert notices.due(100) is not None
    notices.sent(100)
    notices.take(_seen("a", _issue(2)))
    assert notices.due(159) is None
    notices.take(_seen("a", _issue(3)))
    assert notices.due(161) is not None
    notices.failed(161)
    assert notices.due(200) is None
    message = notices.due(222)
    assert message is not None
    assert message.title == "mllog: 2 notices"


@pytest.fixture
def received() -> Iterator[tuple[str, "Queue[dict[str, Any]]"]]:
    """The URL of a webhook, and what it receives."""
    found: Queue[dict[str, Any]] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            found.put(json.loads(self.rfile.read(size)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_given: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"json://127.0.0.1:{server.server_port}/hook", found
        server.shutdown()
        thread.join(10)


def test_a_webhook_receives_an_issue(
    tmp_path: Path, received: "tuple[str, Queue[dict[str, Any]]]"
) -> None:
    """Of a real process, which ends without a word when it is interrupted."""
    url, found = received
    write(tmp_path, lines(training()), "s")
    process = subprocess.Popen(
        [*MLLOG, "watch", "--notify", url, "--all", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        message = found.get(timeout=60)
        assert process.stdout is not None
        shown = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert message["title"].startswith("mllog: Overfitting: valid loss has been getting worse")
    assert "session s" in message["message"]
    assert (process.returncode, errors) == (0, b"")
    assert b"Overfitting" in shown


def test_a_url_of_no_service_is_wrong_usage(tmp_path: Path) -> None:
    """It is not printed: it may hold a password."""
    shown = run("watch", "--notify", "nonsense:secret", tmp_path)
    assert shown.returncode == 2
    assert b"secret" not in shown.stderr
