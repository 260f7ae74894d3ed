"""One hooked call under way: the names that hold within it, and the entries it leaves."""

from asyncio import CancelledError, isfuture
from collections.abc import Callable
from concurrent.futures import Future
from time import perf_counter
from typing import Any, Final

from mllog_callbacks.facts import RUN
from mllog_callbacks.platform._call import Call, Hook, Told, name_of
from mllog_callbacks.platform._origins import Names, Origins
from mllog_callbacks.recording import (
    AuditLog,
    RunAround,
    Scope,
    completing,
    current,
    get_log,
    guarded,
)
from mllog_callbacks.schema import EventType, said

__all__ = ["Action", "ActionScope", "begin"]

_origins: Final = Origins()
_runs: Final[list["Action"]] = []  # changed and copied in one step each: a lock may be forked held


class ActionScope(Scope):
    """The scope of a hooked call.

    Attributes:
        key: What tells whether a call within is the same action: of `super`, or a recursion.
        open: Whether the call is under way: a task it started may live longer.
        told_error: The identity of an exception that a call within has told.
    """

    __slots__ = ("key", "open", "told_error")

    key: object
    open: bool
    told_error: int


class Action:
    """A hooked call, from its beginning to its end; each is told once."""

    __slots__ = ("_began", "_hook", "_log", "_recorded", "call", "scope")

    def __init__(self, hook: Hook, log: AuditLog | None, call: Call, key: object) -> None:
        self._hook = hook
        self._recorded: dict[str, int] = {}  # rules that are done, by moment
        self._log = get_log() if log is None else log
        self.call = call
        if hook.run:
            call.run = RunAround(self._log.next_run())
        names = _names(hook, call)
        scope = self.scope = ActionScope(names.dataset, names.model, None, call.run)
        scope.key, scope.open, scope.told_error = key, True, 0
        call.dataset, call.model, call.log = scope.dataset, scope.model, self._log
        call.around = None if scope.parent is None else scope.parent.run
        if hook.stops:
            call.stops = _ask_to_stop(call)
        self._tell("call")
        if hook.run:
            _runs.append(self)
        self._began = perf_counter()

    @guarded
    @completing
    def returned(self, result: object) -> None:
        """Tell what is to be told once the call has returned; of a run, once its future is done."""
        if self.call.run is not None and (isinstance(result, Future) or isfuture(result)):
            result.add_done_callback(self._settled)
            return
        call = self._end()
        call.result = result
        self._tell("return")
        names = Names(self.scope.dataset, self.scope.model)
        if result is not call.instance:
            _origins.remember(result, names)
        if self.scope.parent is not None:
            self.scope.parent.learn(names.dataset)

    @guarded
    @completing
    def raised(self, error: BaseException) -> None:
        """Tell of the exception that ends the call; the exception is read, and not kept."""
        call = self._end()
        call.error = error
        try:
            if not self._tell("raise") and isinstance(error, Exception):
                self._tell_failure(error)
        finally:
            call.error = None
        for stopped in call.stops:
            stopped.stopped_by = None
            if stopped.run is not None:
                stopped.run.stopping = False
        parent = self.scope.parent
        if isinstance(parent, ActionScope):
            parent.told_error = id(error)

    @guarded
    def _settled(self, future: Any) -> None:
        # Not by `exception()`: of asyncio's futures, that counts as if the platform had asked
        if future.cancelled():
            self.raised(CancelledError())
        elif (error := future._exception) is not None:  # noqa: SLF001 - so in both modules
            self.raised(error)
        else:
            self.returned(future.result())

    def _end(self) -> Call:
        self.call.seconds = perf_counter() - self._began
        self.scope.open = False
        if self.call.run is not None:
            self.call.run.ended = True
            if self in _runs:
                _runs.remove(self)
        return self.call

    def _tell(self, moment: str) -> bool:
        """Leave the entries of a moment; whether the table has any."""
        rules = self._hook.at[moment]
        for rule in rules[self._recorded.get(moment, 0) :]:
            self._tell_one(rule.event, rule.tell)
            self._recorded[moment] = self._recorded.get(moment, 0) + 1
        return bool(rules)

    @guarded
    def _tell_one(self, event: EventType | str, tell: Callable[[Call], Told | None]) -> None:
        told = tell(self.call)
        if told is not None:
            scope = self.scope
            scope.dataset = scope.dataset if told.dataset is None else told.dataset
            scope.model = scope.model if told.model is None else told.model
            self._emit(event, told)

    def _tell_failure(self, error: Exception) -> None:
        if self.scope.told_error != id(error):
            about = " and ".join(each for each in (self.scope.dataset, self.scope.model) if each)
            self._emit(
                EventType.ISSUE_DETECTED,
                Told(
                    f"{self.call.name} failed{f' for {about}' if about else ''}.",
                    f"{said(error)} was raised to the caller.",
                ),
            )

    def _emit(self, event: EventType | str, told: Told) -> None:
        around = self.call.run or self.scope.run_under_way
        facts: dict[str, object] = {} if around is None else {RUN: around.number}
        if self.call.seconds:
            facts["seconds"] = round(self.call.seconds, 6)
        self._log.emit(
            event,
            dataset=self.scope.dataset,
            model=self.scope.model,
            decision=told.decision,
            reasoning=told.reasoning,
            metrics_snapshot={**facts, **(told.metrics or {})} or None,
        )


@guarded
def begin(hook: Hook, log: AuditLog | None, call: Call, key: object) -> Action | None:
    """Begin a hooked call; None where it is a part of the same action, which tells of itself."""
    scope = current.get()
    while scope is not None:
        if isinstance(scope, ActionScope) and scope.open and scope.key == key:
            return None
        scope = scope.parent
    return Action(hook, log, call, key)


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


def _ask_to_stop(call: Call) -> list[Call]:
    """Take note, at the runs that a call asks to stop, of who asked."""
    mine = [each for each in list(_runs) if each.call.instance is call.instance]
    if len(mine) > 1:
        wanted = {name_of(value) for value in call.given.values()} - {None}
        mine = [each for each in mine if wanted & _labels(each)]
    for action in mine:
        action.call.stopped_by = call.name
        if action.call.run is not None:
            action.call.run.stopping = True
    return [action.call for action in mine]


def _labels(action: Action) -> set[str | None]:
    """What a run may be called by."""
    given = {name_of(value) for value in action.call.given.values()}
    return given | {action.scope.model, action.scope.dataset}
