"""The OTLP mirror, against a real receiver on this machine that decodes what it gets."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mllog_callbacks import AuditLog
from processes import drained, emit_many
from sealed import mllog, seal

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otlp is missing")

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from mllog_callbacks.shipping import Mirror


class Receiver(ThreadingHTTPServer):
    """Keeps every record it was sent; answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.records: list[dict[str, Any]] = []
        self.status = 200

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/v1/logs"

    def take(self, body: bytes) -> None:
        """Decode a request."""
        request = ExportLogsServiceRequest.FromString(body)
        for resource in request.resource_logs:
            about = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    attributes = {each.key: each.value for each in record.attributes}
                    self.records.append(
                        {
                            "line": record.body.string_value,
                            "session": attributes["mllog.session"].string_value,
                            "sequence": attributes["mllog.sequence"].int_value,
                            "rank": attributes["mllog.rank"].int_value
                            if "mllog.rank" in attributes
                            else None,
                            "event": record.event_name,
                            "severity": record.severity_text,
                            "time": record.time_unix_nano,
                            "host": about["host.name"],
                        }
                    )


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.take(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver, listening."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _mirror(directory: Path, receiver: Receiver, **options: Any) -> Mirror:
    exporter = OTLPLogExporter(endpoint=receiver.endpoint, timeout=30)
    return Mirror(directory, exporter, **options)


def test_every_entry_arrives_once_with_its_session_and_place(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with its line as it stands in the file, also while more are written."""
    monkeypatch.setenv("RANK", "3")
    mirror = _mirror(tmp_path, receiver)
    with AuditLog(tmp_path, session="run") as log:
        for part in range(3):
            emit_many(log, 1_000 * part, 1_000 * (part + 1))
            assert log.flush(10)
            assert mirror.send_new()
        log.emit("ISSUE_DETECTED")
    drained(tmp_path)
    assert mirror.send_new()
    lines = log.path.read_text().splitlines()
    assert [each["line"] for each in receiver.records] == lines
    assert [each["sequence"] for each in receiver.records] == list(range(3_001))
    last = receiver.records[-1]
    assert (last["session"], last["rank"], last["event"]) == ("run", 3, "ISSUE_DETECTED")
    assert (last["severity"], receiver.records[0]["severity"]) == ("ERROR", "INFO")
    assert (mirror.stats.sent, mirror.stats.dropped) == (3_001, 0)
    assert last["time"] % 1_000_000_000 // 1_000 == int(lines[-1][34:40])


def test_what_a_receiver_refuses_waits_and_is_counted_when_given_up(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is dropped before; then it goes on with what follows."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    path = seal(tmp_path, 10)
    receiver.status = 400
    patient = _mirror(tmp_path, receiver)
    assert not patient.send_new()
    assert (patient.stats.sent, patient.stats.dropped) == (0, 0)
    hasty = _mirror(tmp_path, receiver, give_up_s=0.0)
    assert hasty.send_new()
    assert (hasty.stats.sent, hasty.stats.dropped) == (0, 10)
    assert "10 entries could not be sent" in caplog.text
    receiver.status = 200
    assert patient.send_new()
    assert hasty.send_new()
    assert (patient.stats.sent, hasty.stats.sent) == (10, 0)
    assert [each["line"] for each in receiver.records] == path.read_text().splitlines()


def test_a_mirror_that_is_started_again_goes_on(tmp_path: Path, receiver: Receiver) -> None:
    """From what it kept; an unfinished line waits."""
    path = seal(tmp_path / "logs", 10)
    kept = tmp_path / "state"
    arguments: list[str | Path] = [
        "mirror",
        tmp_path / "logs",
        "--endpoint",
        receiver.endpoint,
        "--once",
    ]
    shown = mllog(*arguments, "--state", kept)
    assert (shown.returncode, shown.stderr) == (0, b"10 sent, 0 dropped\n")
    with path.open("ab") as stream:
        stream.write(path.read_bytes()[:100])
    assert mllog(*arguments, "--state", kept).stderr == b"0 sent, 0 dropped\n"
    seal(tmp_path / "logs", 5, session="next")
    assert mllog(*arguments, "--state", kept).stderr == b"5 sent, 0 dropped\n"
    assert [each["sequence"] for each in receiver.records] == [*range(10), *range(5)]


def test_what_was_not_sent_is_exit_1(tmp_path: Path, receiver: Receiver) -> None:
    """Not yet, or dropped."""
    seal(tmp_path, 10)
    receiver.status = 400
    arguments: list[str | Path] = ["mirror", tmp_path, "--endpoint", receiver.endpoint, "--once"]
    shown = mllog(*arguments, "--give-up-after", "0")
    assert (shown.returncode, shown.stderr) == (1, b"0 sent, 10 dropped\n")
    receiver.status = 200
    recorded = json.loads(mllog(*arguments, "--json").stdout)
    assert recorded == {"sent": 10, "dropped": 0, "complete": True}
