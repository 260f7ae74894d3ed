"""Names flow to nested entries: in which order they count, and across threads, pools and tasks."""

import asyncio
import concurrent.futures
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from mllog_callbacks import (
    AuditLog,
    EventType,
    Reason,
    Run,
    audit_context,
    carry_context,
    read_entries,
)
from mllog_callbacks.recording import RunAround, Scope, current, scoped
from recorded import Entries


def saved(log: AuditLog, **given: Any) -> None:
    """Leave an entry; defined here, where the workers of pools can import it from."""
    log.emit("MODEL_SAVED", **given)


def test_the_name_given_goes_before_the_bound_the_contexts_and_the_logs(
    log: AuditLog, entries: Entries
) -> None:
    """For each of the two names by itself."""
    log = log.bind(model="bound")
    with audit_context(dataset="context", model="context"):
        saved(log)
        saved(log.bind(dataset="bound"))
        saved(log.bind(dataset="bound"), dataset="given", model="given")
        assert (log.dataset, log.model) == ("context", "bound")
    saved(log)
    names = [(each.dataset, each.model) for each in entries()]
    assert names == [("context", "bound"), ("bound", "bound"), ("given", "given"), (None, "bound")]


def test_a_logs_own_defaults_come_last(tmp_path: Any) -> None:
    """A platform's log is often made with one."""
    with AuditLog(tmp_path, dataset="default", model="default") as log:
        with audit_context(dataset="context"):
            saved(log)
            assert (log.dataset, log.model) == ("context", "default")
        saved(log)
        assert log.flush(10)
        found = [(each.dataset, each.model) for each in read_entries(log.path)]
    assert found == [("context", "default"), ("default", "default")]


def test_contexts_nest_and_end(log: AuditLog, entries: Entries) -> None:
    """Also by an exception; inner names go before outer ones, metadata are gathered."""
    with audit_context(dataset="a", model="m", job=17):
        with suppress(ZeroDivisionError), audit_context(dataset="b", user="ann"):
            saved(log, metrics_snapshot={"auc": 0.9})
            raise ZeroDivisionError
        saved(log)
    saved(log)
    inner, outer, after = entries()
    assert (inner.dataset, inner.model) == ("b", "m")
    assert inner.metrics_snapshot == {"auc": 0.9, "context": {"job": 17, "user": "ann"}}
    assert (outer.dataset, outer.metrics_snapshot) == ("a", {"context": {"job": 17}})
    assert (after.dataset, after.metrics_snapshot) == (None, None)


@pytest.mark.production_guards
def test_metadata_beside_a_snapshot_that_is_none_raises_nothing(
    log: AuditLog, entries: Entries
) -> None:
    """As `emit` promises."""

    class Broken(dict[str, object]):
        def keys(self) -> Any:
            raise RuntimeError

    with audit_context(job=17):
        saved(log, metrics_snapshot=[1, 2])
        saved(log, metrics_snapshot=Broken(a=1))
    assert len(entries()) == 2


def test_tasks_of_asyncio_have_names_of_their_own(log: AuditLog, entries: Entries) -> None:
    """And a function in `asyncio.to_thread` those of its task."""

    async def task(name: str) -> None:
        with audit_context(dataset=name):
            await asyncio.sleep(0)
            saved(log, model=name)
            await asyncio.to_thread(saved, log, model=name)

    async def both() -> None:
        await asyncio.gather(task("a"), task("b"))
        saved(log, model=None)

    asyncio.run(both())
    found = entries()
    assert [(each.dataset, each.model) for each in found[-1:]] == [(None, None)]
    assert sorted(str(each.dataset) for each in found[:-1]) == ["a", "a", "b", "b"]
    assert all(each.dataset == each.model for each in found)


def _in_thread(function: Callable[[AuditLog], None], log: AuditLog) -> None:
    thread = threading.Thread(target=function, args=(log,))
    thread.start()
    thread.join()


def _in_pool(function: Callable[[AuditLog], None], log: AuditLog) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(function, log).result()
        pool.submit(saved, log, model="after").result()


@pytest.mark.parametrize("run", [_in_thread, _in_pool], ids=["thread", "pool"])
def test_names_are_carried_into_threads_and_not_left_there(
    log: AuditLog, entries: Entries, run: Callable[..., None]
) -> None:
    """What a worker does next has no names of what it did before."""
    with audit_context(dataset="a", job=17):
        run(carry_context(saved), log)
    first, *others = entries()
    assert (first.dataset, first.metrics_snapshot) == ("a", {"context": {"job": 17}})
    assert [each.dataset for each in others] == [None] * len(others)


def test_names_are_carried_into_processes(tmp_path: Any) -> None:
    """With what of the metadata can be pickled; what cannot, as text."""
    log = AuditLog(tmp_path)
    with (
        audit_context(dataset="a", job=17, lock=threading.Lock()),
        concurrent.futures.ProcessPoolExecutor(1) as pool,
    ):
        pool.submit(carry_context(saved), log).result()
    log.close()
    (entry,) = read_entries(tmp_path)
    assert entry.metrics_snapshot
    context = entry.metrics_snapshot["context"]
    assert isinstance(context, dict)
    assert (entry.dataset, context["job"]) == ("a", 17)
    assert str(context["lock"]).startswith("<unlocked _thread.lock")


def test_a_carried_function_is_the_function() -> None:
    """Its result, its exceptions, and its pickle."""
    with audit_context(dataset="a"):
        assert carry_context(len)([1, 2]) == 2
        with pytest.raises(ZeroDivisionError):
            carry_context(divmod)(1, 0)
        assert pickle.loads(pickle.dumps(carry_context(len)))([1]) == 1


@pytest.mark.parametrize(
    ("given", "learned", "known"),
    [
        (None, ["a", "a"], "a"),
        (None, ["a", None], "a"),
        (None, ["a", "b"], None),
        (None, ["a", "b", "b"], None),
        ("given", ["a"], "given"),
    ],
)
def test_a_scope_learns_the_one_data_set_worked_on_within(
    given: str | None, learned: list[str | None], known: str | None
) -> None:
    """Of two nobody knows which is meant."""
    scope = Scope(given)
    for name in learned:
        scope.learn(name)
    assert scope.dataset == known


@pytest.fixture
def around() -> Iterator[RunAround]:
    """A run that is recorded by the call around."""
    run = RunAround()
    with scoped(Scope("a", run=run)):
        yield run
    assert current.get() is None


def test_a_run_within_a_run_is_recorded_as_a_part_of_it(
    log: AuditLog, entries: Entries, around: RunAround
) -> None:
    """Its start and end are progress, its failure an issue; nothing is left out."""
    for event in ("COMPLETED", "FAILED"):
        run = Run(log)
        run.emit(EventType.TRAINING_STARTED, Reason("Started.", "Because."))
        run.emit(EventType.MODEL_EVALUATED, Reason("Evaluated."), {"auc": 0.9})
        run.end(EventType[f"TRAINING_{event}"], Reason(f"{event}."))
    found = entries()
    assert [each.event.removeprefix("TRAINING_") for each in found] == [
        "PROGRESS",
        "MODEL_EVALUATED",
        "PROGRESS",
        "PROGRESS",
        "MODEL_EVALUATED",
        "ISSUE_DETECTED",
    ]
    assert found[0].decision == "Started."
    assert found[0].metrics_snapshot == {"run": 1, "part": "TRAINING_STARTED"}
    assert found[1].metrics_snapshot == {"run": 1, "auc": 0.9}
    assert {each.dataset for each in found} == {"a"}
    assert around.parts == 2
    assert around.last == (EventType.TRAINING_FAILED, Reason("FAILED."))
