"""Shipping by the configurations in examples/shipping, and what `reconcile` says of it."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import paths
from mllog_callbacks import AuditLog
from mllog_callbacks.shipping import Place, reconcile
from processes import drained, emit_many, until
from sealed import mllog, seal

EXAMPLES = paths.EXAMPLES / "shipping"
KILLS = 10


def _needs(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed here")
    return found


class Stage:
    """A machine that trains and one that receives, both in one folder."""

    def __init__(self, folder: Path) -> None:
        self.logs, self.shipped = folder / "logs", folder / "shipped.jsonl"
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])

    def configuration(self, name: str) -> Path:
        """An example, with the paths and the port of this stage."""
        text = (EXAMPLES / name).read_text()
        work = self._folder / f"work-{name}"
        work.mkdir(exist_ok=True)
        for there, here in {
            "/var/log/mllog": self.logs,
            "/var/spool/mllog": work,
            "/srv/mllog": self._folder,
            "6514": self._port,
        }.items():
            text = text.replace(there, str(here))
        made = self._folder / name
        made.write_text(text)
        return made

    def start(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program that is killed at the end."""
        process = subprocess.Popen(
            [*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._started.append(process)
        return process

    def receive(self) -> subprocess.Popen[bytes]:
        """Start rsyslog as the receiver, and wait until it listens."""
        return self._rsyslog("rsyslog-receiver.conf", wait=True)

    def ship(self) -> subprocess.Popen[bytes]:
        """Start rsyslog as the shipper."""
        return self._rsyslog("rsyslog.conf", wait=False)

    def _rsyslog(self, name: str, *, wait: bool) -> subprocess.Popen[bytes]:
        conf = self.configuration(name)
        command = (_needs("rsyslogd"), "-n", "-f", conf, "-i", self._folder / f"{name}.pid")
        process = self.start(*command)
        if wait:
            until(self._listens)
        return process

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(self._port)), 1):
            return True
        return False

    def arrived(self) -> int:
        """How many lines arrived."""
        with suppress(FileNotFoundError):
            return self.shipped.read_bytes().count(b"\n")
        return 0

    def end(self) -> None:
        """Kill all that was started."""
        for each in self._started:
            each.kill()
            each.wait()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Two machines."""
    made = Stage(tmp_path)
    made.logs.mkdir()
    yield made
    made.end()


def test_rsyslog_ships_every_byte(stage: Stage) -> None:
    """By the example's configuration, also the longest lines and any text."""
    _needs("rsyslogd")
    stage.receive()
    stage.ship()
    with AuditLog(stage.logs, session="run") as log:
        log.emit("MODEL_SAVED", reasoning="Grüße, 世界 \x07\u2028", metrics_snapshot={"a" * 99: 1})
        log.emit("MODEL_SAVED", metrics_snapshot={f"{n}": "x" * 900 for n in range(60)})
        emit_many(log, 0, 2_000)
        assert log.flush(10)
    until(lambda: stage.arrived() >= 2_002, 60)
    assert _sorted(stage.shipped) == _sorted(log.path)  # rsyslog's workers may change the order
    assert reconcile([stage.shipped], [stage.logs]).complete


def test_syslog_ng_ships_every_byte(stage: Stage) -> None:
    """By the example's configuration."""
    program = _needs("syslog-ng")
    _needs("rsyslogd")
    path = seal(stage.logs, 2_000)
    stage.receive()
    stage.start(
        program,
        "-F",
        "-f",
        stage.configuration("syslog-ng.conf"),
        *("-R", stage.logs.parent / "ng.persist", "-p", stage.logs.parent / "ng.pid"),
        *("-c", stage.logs.parent / "ng.ctl", "--no-caps"),
    )
    until(lambda: stage.arrived() >= 2_000, 60)
    assert _sorted(stage.shipped) == _sorted(path)


def _sorted(file: Path) -> list[bytes]:
    return sorted(file.read_bytes().splitlines(keepends=True))


@pytest.mark.timeout(300)
def test_reconcile_names_what_is_lost_and_doubled_when_the_receiver_is_killed(stage: Stage) -> None:
    """Ten times, while entries of three sessions are on their way."""
    _needs("rsyslogd")
    receiver = stage.receive()
    stage.ship()
    over = threading.Event()
    sessions = [f"s{n}" for n in range(3)]
    threads = [threading.Thread(target=_emit, args=(stage.logs, name, over)) for name in sessions]
    for each in threads:
        each.start()
    chance = random.Random(10)  # noqa: S311 - a seed, not a secret
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 0.5))
        receiver.send_signal(signal.SIGSTOP)  # what it was sent now, it never reads
        time.sleep(0.1)
        receiver.kill()
        receiver.wait()
        receiver = stage.receive()
    over.set()
    for each in threads:
        each.join()
    drained(stage.logs)
    _settled(stage.arrived)
    receiver.terminate()  # what it holds is written
    receiver.wait()
    found = reconcile([stage.shipped], [stage.logs])
    arrived = Counter(stage.shipped.read_bytes().splitlines())
    missing, doubled = _truth(stage.logs, arrived)
    assert {_key(each) for each in found.missing} == missing
    assert {(*_key(each), each.times) for each in found.doubled} == doubled
    assert sorted(found.lines) == sessions
    assert missing, "no kill cost a line: the test shows nothing"
    total = sum(found.lines.values())
    print(f"{total} lines, {len(missing)} lost, {len(doubled)} doubled, {len(found.extra)} extra")  # noqa: T201 - to report


def _emit(logs: Path, session: str, over: threading.Event) -> None:
    with AuditLog(logs, session=session) as log:
        n = 0
        while not over.wait(0.01):
            emit_many(log, n, n + 50)
            n += 50


def _settled(count: Callable[[], int], seconds: float = 3) -> None:
    """Wait until nothing arrives any more."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        if (now := count()) != before:
            before, since = now, time.monotonic()
        time.sleep(0.1)


def _key(place: Place) -> tuple[str, int]:
    return place.session, place.line


def _truth(
    logs: Path, arrived: Counter[bytes]
) -> tuple[set[tuple[str, int]], set[tuple[str, int, int]]]:
    """What was lost and doubled, counted in another way."""
    missing, doubled = set(), set()
    for file in logs.glob("*.jsonl"):
        session = file.name.split(".")[1]
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            times = arrived[line]
            if times == 0:
                missing.add((session, number))
            elif times > 1:
                doubled.add((session, number, times))
    return missing, doubled


def test_equal_lines_are_counted_each_in_turn(tmp_path: Path) -> None:
    """In a time that grows with their number, not with its square."""
    (log := tmp_path / "ml-platform-2025-01-30.run.jsonl").write_bytes(b"\n" * 20_000)
    (came := tmp_path / "came").write_bytes(b"\n" * 20_003)
    began = time.process_time()
    assert [each.line for each in reconcile([came], [log]).doubled] == [1, 2, 3]
    came.write_bytes(b"\n" * 19_998)
    assert [each.line for each in reconcile([came], [log]).missing] == [19_999, 20_000]
    assert time.process_time() - began < 5


def test_reconcile_prints_ranges_by_session(tmp_path: Path) -> None:
    """Missing, doubled and extra lines; exit code 1, and 0 where all arrived once."""
    logs, shipped = tmp_path / "logs", tmp_path / "shipped"
    paths = [seal(logs, 10, session=name) for name in ("a", "b")]
    first, second = (each.read_bytes().splitlines(keepends=True) for each in paths)
    shipped.write_bytes(b"".join([*second, *reversed(first)]))
    shown = mllog("reconcile", shipped, logs)
    assert (shown.returncode, shown.stdout) == (0, b"")
    assert shown.stderr == b"20 lines of 2 sessions: 0 missing, 0 doubled, 0 extra\n"
    shipped.write_bytes(
        b"".join([*first[:3], *first[5:], first[9], second[0][:50], b"\n", *second])
    )
    shown = mllog("reconcile", shipped, logs)
    assert shown.returncode == 1
    assert shown.stdout.decode().splitlines() == [
        f"{paths[0].name}:4-5: missing",
        f"{paths[0].name}:10: doubled",
        f"{shipped}:10: extra",
    ]
    recorded = [
        json.loads(each) for each in mllog("reconcile", shipped, logs, "--json").stdout.splitlines()
    ]
    assert recorded[0] == {
        "what": "missing",
        "session": "a",
        "file": paths[0].name,
        "first": 4,
        "last": 5,
    }


def test_lines_that_are_alike_are_each_their_own(tmp_path: Path) -> None:
    """Two sessions may, by chance, have written the same."""
    logs, shipped = tmp_path / "logs", tmp_path / "shipped"
    line = b'{"timestamp":"2025-01-30T10:42:11.123456Z"}\n'
    logs.mkdir()
    for session in "ab":
        (logs / f"ml-platform-2025-01-30.{session}.jsonl").write_bytes(line)
    for times, kind in ((1, "missing"), (2, ""), (3, "doubled")):
        shipped.write_bytes(line * times)
        found = reconcile([shipped], [logs])
        assert (bool(found.missing), bool(found.doubled)) == (kind == "missing", kind == "doubled")
