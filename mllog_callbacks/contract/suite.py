"""What every adapter promises, whatever its framework: never raise, never change, always end."""

import copy
import inspect
import os
import pickle
import random
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mllog_callbacks import RUN_ENDS, AuditLog, Auditor, EventType, LogEntry, read_entries
from mllog_callbacks.contract._case import ENDS, ROUNDS, Case, Outcome, UserError, Way
from mllog_callbacks.contract._tracing import untraced
from mllog_callbacks.detectors import KINDS

_RESULTS = {EventType.TRAINING_PROGRESS, EventType.MODEL_EVALUATED}
_BESIDE = {"curve", "context", "best"}
ways = pytest.mark.parametrize("way", list(Way), ids=lambda way: way.name.lower())


@contextmanager
def _ending(way: Way) -> Iterator[list[BaseException]]:
    """Take what a way out raises, as its caller would."""
    raised: list[BaseException] = []
    try:
        yield raised
    except (UserError, KeyboardInterrupt) as error:
        raised.append(error)
    assert [type(error) for error in raised] == {
        Way.FAILED: [UserError],
        Way.INTERRUPTED: [KeyboardInterrupt],
    }.get(way, [])


def _recorded(log: AuditLog) -> list[LogEntry]:
    assert log.flush(10)
    return list(read_entries(log.path.parent))


def _starts_and_ends(recorded: list[LogEntry]) -> list[EventType]:
    return [
        entry.event
        for entry in recorded
        if entry.event in RUN_ENDS or entry.event is EventType.TRAINING_STARTED
    ]


@ways
def test_every_way_out_has_one_start_and_one_end(case: Case, way: Way, log: AuditLog) -> None:
    """The end is of its kind, the last entry of the training, and names what was raised."""
    with _ending(way) as raised:
        case.audited(log, way)
    recorded = _recorded(log)
    assert _starts_and_ends(recorded) == [EventType.TRAINING_STARTED, ENDS[way]]
    assert recorded[-1].event is ENDS[way]
    for error in raised:
        assert type(error).__name__ in f"{recorded[-1].decision} {recorded[-1].reasoning}"
        assert str(error) in str(recorded[-1].reasoning)


@ways
def test_nothing_about_the_training_changes(
    case: Case, way: Way, log: AuditLog, capfd: pytest.CaptureFixture[str]
) -> None:
    """The model, what is printed, and the state of the random numbers, with and without."""
    outcomes = []
    for audit in (None, case.audit(log)):
        random.seed(0)
        _numpys_random().seed(0)
        result = b""
        with _ending(way):
            result = case.train(audit, way).result
        state = pickle.dumps((random.getstate(), _numpys_random().get_state()))
        outcomes.append((result, state, capfd.readouterr()))
    assert outcomes[0] == outcomes[1]


def _numpys_random() -> Any:
    """NumPy's random state, which frameworks share."""
    return import_module("numpy").random


@ways
def test_what_the_user_raises_arrives_as_it_was(case: Case, way: Way, log: AuditLog) -> None:
    """Nothing is chained to it, nor noted on it, nor are frames of ours the innermost."""
    with _ending(way) as raised:
        case.audited(log, way)
    for error in raised:
        assert error.__cause__ is None
        assert error.__context__ is None
        assert not getattr(error, "__notes__", [])
        assert traceback.extract_tb(error.__traceback__)[-1].name == "raise_in"


@ways
def test_each_number_in_an_entry_can_be_traced(case: Case, way: Way, log: AuditLog) -> None:
    """To the caller's arguments, the framework's state, a metric, or the entry's own snapshot.

    An issue's also to the published threshold of its kind, a failure's to its traceback.
    """
    facts: list[Any] = [ROUNDS, 3]
    with _ending(way) as raised:
        facts.append(case.audited(log, way).facts)
    for error in raised:
        facts.append(case.train(None, Way.COMPLETED).facts)
        facts += [frame.lineno for frame in traceback.extract_tb(error.__traceback__)]
    for entry in _recorded(log):
        snapshot = entry.metrics_snapshot or {}
        thresholds = [kind.threshold for kind in KINDS if kind.code == snapshot.get("code")]
        for text in (entry.decision or "", entry.reasoning or ""):
            assert untraced(text, [facts, thresholds], snapshot) == [], text


def test_results_are_by_set_and_metric(case: Case, log: AuditLog) -> None:
    """Under `results`; of adapters that do not use the typed facts, as the snapshot's own."""
    case.audited(log)
    measured = [each for each in _recorded(log) if each.event in _RESULTS]
    assert measured
    for entry in measured:
        snapshot: dict[str, Any] = dict(entry.metrics_snapshot or {})
        found = snapshot["results"] if case.typed else snapshot.get("results", snapshot)
        sets = [
            each for name, each in found.items() if isinstance(each, dict) and name not in _BESIDE
        ]
        assert sets
        assert {type(value) for each in sets for value in each.values()} == {float}


@ways
def test_each_number_in_a_sentence_is_a_fact_of_its_entry(
    case: Case, way: Way, log: AuditLog
) -> None:
    """Of that entry, and not of another; of an issue also the published threshold of its kind."""
    if not case.typed:
        pytest.skip("the adapter does not use the typed facts")
    with _ending(way):
        case.audited(log, way)
    for entry in _recorded(log):
        snapshot = entry.metrics_snapshot or {}
        thresholds = [kind.threshold for kind in KINDS if kind.code == snapshot.get("code")]
        for text in (entry.decision or "", entry.reasoning or ""):
            assert untraced(text, thresholds, snapshot) == [], text


@ways
def test_every_entry_is_about_the_data_and_model_its_user_names(
    case: Case, way: Way, log: AuditLog
) -> None:
    """And says what was decided."""
    with _ending(way):
        case.train(case.audit(log, dataset="credit.v3", model="champion"), way)
    recorded = _recorded(log)
    assert {(entry.dataset, entry.model) for entry in recorded} == {("credit.v3", "champion")}
    assert all(entry.decision for entry in recorded)


def test_its_arguments_are_those_of_all(case: Case) -> None:
    """As help and editors show them, for each way in; an adapter may have more of its own.

    Only `stop_on` may be missing, where the framework has no way to end a training.
    """
    shared = dict(inspect.signature(Auditor).parameters)
    ending = shared.pop("stop_on")
    package = import_module(case.package)
    ways_in = {"MLAuditCallback", "audited"} & {*package.__all__}
    assert ways_in
    for way_in in ways_in:
        own = inspect.signature(getattr(package, way_in)).parameters
        assert shared.items() <= own.items()
        assert own.get("stop_on", ending) == ending


def test_copies_audit_as_well(case: Case, log: AuditLog) -> None:
    """Also those made of one that was in use; trainings leave nothing behind to be copied."""
    audit = case.audit(log)
    sizes = set()
    trained = 0
    for _ in range(3):
        for made in (*(copied(audit) for copied in case.copied_by), audit):
            case.train(made, Way.COMPLETED)
            trained += 1
        _wait_for(log, trained)
        sizes.add(len(pickle.dumps(audit)))
    assert len(sizes) == 1 or not case.shared  # what is not shared is the model, which learns


def _wait_for(log: AuditLog, trainings: int) -> None:
    """Wait until so many trainings are recorded, for a minute."""
    last = time.monotonic() + 60
    while _whole(log) != trainings:
        assert time.monotonic() < last
        time.sleep(0.05)


def _whole(log: AuditLog) -> int:
    """The number of trainings recorded from start to end, in all sessions beside the log's."""
    recorded = Counter(_starts_and_ends(_recorded(log)))
    assert recorded.keys() <= {EventType.TRAINING_STARTED, EventType.TRAINING_COMPLETED}
    return min(recorded[EventType.TRAINING_STARTED], recorded[EventType.TRAINING_COMPLETED])


def test_one_audit_serves_many_trainings(case: Case, log: AuditLog) -> None:
    """Whatever became of the one before, each records the same story as the first."""
    audit = case.audit(log)
    stories = []
    for way in (Way.STOPPED, Way.FAILED, Way.STOPPED, Way.INTERRUPTED, Way.STOPPED):
        before = len(_recorded(log))
        with _ending(way):
            case.train(audit, way)
        stories.append([entry.event for entry in _recorded(log)[before:]])
    assert stories[0] == stories[2] == stories[4]
    assert [story[-1] for story in stories] == [
        ENDS[way] for way in (Way.STOPPED, Way.FAILED, Way.STOPPED, Way.INTERRUPTED, Way.STOPPED)
    ]


def test_trainings_in_threads_have_a_story_each(case: Case, log: AuditLog) -> None:
    """With one audit for all, where that can be shared; results are those of one alone."""
    if not case.threaded:
        pytest.skip("the framework does not train in threads")
    audit = case.audit(log)
    alone = case.train(None, Way.COMPLETED).result
    outcomes: list[Outcome] = []

    def work() -> None:
        own = audit if case.shared else copy.deepcopy(audit)
        outcomes.extend(case.train(own, Way.COMPLETED) for _ in range(2))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.result for outcome in outcomes] == [alone] * 8
    recorded = Counter(entry.event for entry in _recorded(log))
    assert recorded[EventType.TRAINING_STARTED] == recorded[EventType.TRAINING_COMPLETED] == 8
    assert {count % 8 for count in recorded.values()} == {0}


def test_the_level_decides_how_much_is_recorded(case: Case, tmp_path: Path) -> None:
    """DEBUG records every step, INFO those that a person reads, ERROR only what goes wrong."""
    recorded: dict[str, Counter[EventType]] = {}
    for level in ("DEBUG", "INFO", "ERROR"):
        with AuditLog(tmp_path / level, level=level) as log:
            case.audited(log)
            with _ending(Way.FAILED):
                case.audited(log, Way.FAILED)
            recorded[level] = Counter(entry.event for entry in _recorded(log))
    progress = {level: each[EventType.TRAINING_PROGRESS] for level, each in recorded.items()}
    assert progress["DEBUG"] >= progress["INFO"] > progress["ERROR"] == 0
    assert not case.stepwise or progress["DEBUG"] >= ROUNDS > progress["INFO"]
    assert recorded["ERROR"].keys() <= {EventType.TRAINING_FAILED, EventType.ISSUE_DETECTED}
    assert {each[EventType.TRAINING_FAILED] for each in recorded.values()} == {1}


def test_without_the_framework_one_error_says_what_to_install(case: Case) -> None:
    """It names the very command."""
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in case.blocked)
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; {blocked}import {case.package}"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    last = run.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {case.package} needs ")
    brings = case.installed_by or f"'mllog-callbacks[{case.extra}]'"
    assert last.endswith(f": pip install {brings}")
