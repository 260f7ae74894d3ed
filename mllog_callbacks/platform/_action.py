"""One hooked call under way: the names that hold within it, and the entries it leaves."""

import threading
from asyncio import CancelledError
from collections.abc import Callable
from time import perf_counter
from typing import Final

from mllog_callbacks.facts import RUN
from mllog_callbacks.platform._call import Call, Hook, Recorded
from mllog_callbacks.platform._causes import canceller
from mllog_callbacks.platform._clones import is_clone_of_search
from mllog_callbacks.platform._handles import Handle, handle_of
from mllog_callbacks.platform._origins import Names, Origins
from mllog_callbacks.platform._outcome import outcome_of, refused
from mllog_callbacks.platform._runs import in_daemon, open_runs
from mllog_callbacks.recording import (
    AuditLog,
    RunAround,
    Scope,
    completing,
    current,
    get_log,
    guarded,
)
from mllog_callbacks.schema import RUN_ENDS, EventType, Reason, count, said

__all__ = ["Action", "ActionScope", "begin"]

_origins: Final = Origins()

HANDED_OVER: Final = "handed_over"
"""The fact of a run whose call has returned before its work is done: what it returned."""


class ActionScope(Scope):
    """The scope of a hooked call.

    Attributes:
        key: What records whether a call within is the same action: of `super`, or a recursion.
        open: Whether the call is under way: a task it started may live longer.
        recorded_error: The identity of an exception that a call within has recorded.
    """

    __slots__ = ("key", "open", "recorded_error")

    key: object
    open: bool
    recorded_error: int


class Action:
    """A hooked call, from its beginning to its end; each is recorded once."""

    __slots__ = (
        *("_began", "_done", "_hook", "_part_of", "_recorded", "_thread", "call"),
        *("handed_over", "labels", "log", "scope"),
    )

    def __init__(self, hook: Hook, log: AuditLog | None, call: Call, key: object) -> None:
        self._hook = hook
        self._recorded: dict[str, int] = {}  # rules that are done, by moment
        self._done = False
        self.log = get_log() if log is None else log
        self.call = call
        self.handed_over: str | None = None
        self.labels: tuple[bool, set[str]] | None = None
        self._began = perf_counter()
        self._thread = threading.current_thread() if hook.run else None
        parent = current.get()
        around = None if parent is None else parent.run_under_way
        self._part_of = around if hook.run else None
        if hook.run:
            call.run = RunAround(self.log.next_run() if around is None else around.number)
        names = _names(hook, call)
        scope = self.scope = ActionScope(names.dataset, names.model, None, call.run)
        scope.key, scope.open, scope.recorded_error = key, True, 0
        call.dataset, call.model, call.log = scope.dataset, scope.model, self.log
        call.around = around
        if hook.run:
            open_runs.begin(self)
        elif hook.stops or hook.watches or (around is None and hook.reports):
            self._find_runs()
        self._record("call")
        self._began = perf_counter()  # what was recorded before it is none of the call's time

    def _find_runs(self) -> None:
        """Find the runs that the call is about; a stop is noted now: they may end within it."""
        call = self.call
        about = open_runs.about(call)
        call.about = [each.call for each in about]
        if len(about) == 1:
            (run,) = about
            self.scope.dataset = self.scope.dataset or run.scope.dataset
            self.scope.model = self.scope.model or run.scope.model
            call.dataset, call.model = self.scope.dataset, self.scope.model
            call.around = run.call.run
        if self._hook.stops:
            for each in call.about:
                each.stopped_by = call.name
                if each.run is not None:
                    each.run.stopping = True

    @guarded
    @completing
    def returned(self, result: object) -> None:
        """Record what is to be recorded once the call has returned; of a run, once it is over."""
        if self.call.run is not None and self._hand_over(result):
            return
        self._finish(result, None)

    def _hand_over(self, result: object) -> bool:
        """Whether the run goes on although its call has returned; its end is seen elsewhere."""
        handle = handle_of(result)
        outcome = outcome_of(result) if handle is None else None
        pending = outcome is not None and outcome.state == "pending"
        if handle is None and not pending:
            return False
        self.call.result = result
        self.scope.open = False
        if handle is not None and handle.follow is not None:
            handle.follow(self._settled)
            if handle.name == "a future":
                return True
        self._record_handed_over(handle, "" if outcome is None else outcome.evidence)
        return True

    def _record_handed_over(self, handle: Handle | None, evidence: str) -> None:
        followed = handle is not None and handle.follow is not None
        what = evidence if handle is None else handle.name
        if not followed:
            self.handed_over = what
        where = "is recorded when it is over" if followed else "is not seen by this call"
        self._emit(
            EventType.TRAINING_PROGRESS,
            Recorded(
                f"Training{_of(self.call.model)} was handed over; it is not over yet.",
                f"{self.call.name} returned {what}; the end of the training {where}.",
                {} if followed else {HANDED_OVER: what},
            ),
        )

    def _settled(self, result: object, error: BaseException | None, seen_by: str | None) -> None:
        """The work that the call handed over is over."""
        self.call.seen_by = seen_by
        if error is not None:
            self.raised(error)
        else:
            self._finish(result, None)

    @guarded
    @completing
    def seen(self, result: object, seen_by: str) -> None:
        """Record the end of a run whose call has returned, as a later call returned it."""
        if not self.scope.open:
            self.call.seen_by = seen_by
            self._finish(result, None)

    @guarded
    @completing
    def left(self) -> None:
        """The process exits while the run is under way; work elsewhere may go on."""
        if self.handed_over is not None:
            return
        thread = self._thread
        where = "" if thread is None or not thread.is_alive() else in_daemon(thread)
        self.call.seen_by = f"the exit of the process{where}"
        self._finish(None, _Left())

    @guarded
    @completing
    def raised(self, error: BaseException) -> None:
        """Record the exception that ends the call; the exception is read, and not kept."""
        self._finish(None, error)
        parent = self.scope.parent
        if isinstance(parent, ActionScope):
            parent.recorded_error = id(error)

    def yielded(self, item: object) -> None:
        """Count what a generator yields: how far it came."""
        self.call.yielded += 1
        self.call.last = item

    @guarded
    @completing
    def abandoned(self) -> None:
        """The caller closed the generator, or never awaited the coroutine: there is no result."""
        self._finish(None, GeneratorExit())
        if self.call.run is None:
            call = self.call
            after = f" after {count(call.yielded, 'item')}" if call.yielded else ""
            self._emit(
                EventType.ISSUE_DETECTED,
                Recorded(
                    f"{call.name} was ended by its caller{_for(self.scope)}{after}.",
                    f"The generator of {call.name} was closed before it was exhausted.",
                    {"progress": {"unit": "item", "done": call.yielded}},
                ),
            )

    def _finish(self, result: object, error: BaseException | None) -> None:
        """Leave the entries of the end, once."""
        call = self.call
        if self._done:
            return
        if call.run is not None and not call.run.ended:
            if not open_runs.end(self):
                return
            call.run.ended = True
        call.seconds = perf_counter() - self._began
        self.scope.open = False
        call.result, call.error = result, error
        try:
            if error is None:
                self._finish_returned(result)
            else:
                self._finish_raised(error)
        finally:
            call.error = None
        self._done = True

    def _finish_returned(self, result: object) -> None:
        refusal = refused(result) if self._hook.stops else None
        if refusal is not None:
            self._withdraw_stop()
        self._record("return")
        self._record_ends(result)
        names = Names(self.scope.dataset, self.scope.model)
        if result is not self.call.instance:
            _origins.remember(result, names)
        if self.scope.parent is not None:
            self.scope.parent.learn(names.dataset)

    def _finish_raised(self, error: BaseException) -> None:
        if isinstance(error, Exception) and self._hook.stops:
            self._withdraw_stop()
        if isinstance(error, CancelledError):
            self.call.cancelled = canceller(error)
        if not self._record("raise") and isinstance(error, Exception):
            self._record_failure(error)

    def _withdraw_stop(self) -> None:
        """A stop that was refused is none."""
        for stopped in self.call.about:
            stopped.stopped_by = None
            if stopped.run is not None:
                stopped.run.stopping = False

    def _record_ends(self, result: object) -> None:
        """Record the ends of runs that this call has seen: of those whose own call is over."""
        if not self._hook.watches and not self._hook.stops:
            return
        state = outcome_of(result).state
        watches = self._hook.watches and state in {"done", "failed", "stopped"}
        if watches or (self._hook.stops and state == "stopped"):
            for action in open_runs.about(self.call):
                action.seen(result, self.call.name)
        if self._hook.stops and not self.call.about and refused(result) is None:
            open_runs.remember_stop(self.call)

    def _record(self, moment: str) -> bool:
        """Leave the entries of a moment; whether the table has any."""
        rules = self._hook.at[moment]
        if rules:
            done = self._recorded.get(moment, 0)
            for number, rule in enumerate(rules[done:], done + 1):
                self._record_one(rule.event, rule.record)
                self._recorded[moment] = number
        return bool(rules)

    @guarded
    def _record_one(
        self, event: EventType | str, record: Callable[[Call], Recorded | None]
    ) -> None:
        recorded = record(self.call)
        if recorded is not None:
            scope = self.scope
            scope.dataset = scope.dataset if recorded.dataset is None else recorded.dataset
            scope.model = scope.model if recorded.model is None else recorded.model
            self._emit(event, recorded)

    def _record_failure(self, error: Exception) -> None:
        if self.scope.recorded_error != id(error):
            self._emit(
                EventType.ISSUE_DETECTED,
                Recorded(
                    f"{self.call.name} failed{_for(self.scope)}.",
                    f"{said(error)} was raised to the caller.",
                ),
            )

    def _emit(self, event: EventType | str, recorded: Recorded) -> None:
        around = self.call.run or self.scope.run_under_way or self.call.around
        facts: dict[str, object] = {} if around is None else {RUN: around.number}
        if self.call.seconds:
            facts["seconds"] = round(self.call.seconds, 6)
        if self._part_of is not None and EventType(event) in _OF_RUNS:
            event = EventType(event)
            reason = Reason(recorded.decision, recorded.reasoning or "")
            facts["part"] = event
            event = self._part_of.as_part(event, reason)
        self.log.emit(
            event,
            dataset=self.scope.dataset,
            model=self.scope.model,
            decision=recorded.decision,
            reasoning=recorded.reasoning,
            metrics_snapshot={**facts, **(recorded.metrics or {})} or None,
        )


class _Left(GeneratorExit):
    """Stands for the exit of the process, which raises nothing in a daemon thread."""


_OF_RUNS: Final = frozenset({*RUN_ENDS, EventType.TRAINING_STARTED})


@guarded
def begin(hook: Hook, log: AuditLog | None, call: Call, key: object) -> Action | None:
    """Begin a hooked call; None where it is a part of the same action, which is recorded itself."""
    scope = current.get()
    while scope is not None:
        if isinstance(scope, ActionScope) and scope.open and scope.key == key:
            return None
        scope = scope.parent
    if hook.run and is_clone_of_search(call.instance):
        return None
    return Action(hook, log, call, key)


def _of(model: str | None) -> str:
    return f" of {model}" if model else ""


def _for(scope: Scope) -> str:
    about = " and ".join(each for each in (scope.dataset, scope.model) if each)
    return f" for {about}" if about else ""


def _names(hook: Hook, call: Call) -> Names:
    dataset, model = hook.dataset, hook.model
    given = Names(
        _name(dataset, call) if callable(dataset) else dataset,
        _name(model, call) if callable(model) else model,
    )
    if given.dataset is None or given.model is None:
        return given.or_else(_origins.find(call.given.values()))
    return given


@guarded
def _name(namer: Callable[[Call], str | None], call: Call) -> str | None:
    return namer(call)
