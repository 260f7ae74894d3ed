"""What a result says of how the work ended: done, failed, stopped, still to come, or nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mllog_callbacks.platform._naming import part
from mllog_callbacks.schema import interruption, said, shown

__all__ = ["Outcome", "outcome_of", "planned_and_done", "refused"]

State: TypeAlias = Literal["done", "failed", "stopped", "pending"]

_STATES: Final[Mapping[State, frozenset[str]]] = {
    "done": frozenset(
        [
            "completed",
            "complete",
            "finished",
            "succeeded",
            "success",
            "successful",
            "done",
            "ok",
            "passed",
            "trained",
            "ready",
            "fitted",
        ]
    ),
    "failed": frozenset(
        [
            "failed",
            "failure",
            "fail",
            "error",
            "errored",
            "crashed",
            "crash",
            "killed",
            "oom",
            "out_of_memory",
            "outofmemory",
            "oomkilled",
            "fatal",
            "exception",
            "timeout",
            "timed_out",
            "timedout",
            "unsuccessful",
            "dead",
            "lost",
            "invalid",
            "rejected",
            "preempted",
            "evicted",
            "node_fail",
        ]
    ),
    "stopped": frozenset(
        [
            "stopped",
            "cancelled",
            "canceled",
            "aborted",
            "interrupted",
            "terminated",
            "revoked",
            "stopped_early",
            "early_stopped",
        ]
    ),
    "pending": frozenset(
        [
            "queued",
            "pending",
            "running",
            "submitted",
            "scheduled",
            "started",
            "accepted",
            "created",
            "in_progress",
            "inprogress",
            "waiting",
            "retry",
            "retrying",
            "starting",
            "processing",
            "deferred",
            "enqueued",
            "training",
            "initializing",
            "preparing",
            "provisioning",
            "suspended",
            "paused",
            "resuming",
            "stopping",
            "cancelling",
            "canceling",
            "requested",
            "active",
            "new",
            "unknown",
        ]
    ),
}
_STATUS: Final = ("status", "state", "job_status", "job_state", "outcome", "phase", "conclusion")
_GOOD: Final = ("success", "succeeded", "successful", "ok", "is_success")
_DONE: Final = ("done", "finished", "completed", "is_done", "is_complete")
_BAD: Final = ("failed", "is_failed", "has_failed", "crashed", "killed", "timed_out")
_STOPPED: Final = ("stopped", "cancelled", "canceled", "aborted", "interrupted")
_CODES: Final = ("returncode", "return_code", "exit_code", "exitcode")
_ERRORS: Final = (
    *("error", "exception", "error_message", "errors", "err", "failure_reason", "traceback"),
    "failure",
)
_WORDS: Final = ("message", "reason", "detail", "details", "msg")


class Outcome(NamedTuple):
    """What a result says.

    Attributes:
        state: How the work ended; None where it says nothing of it.
        evidence: What says so, as in "status failed"; empty where nothing does.
        message: The result's own words on it, if any.
    """

    state: State | None = None
    evidence: str = ""
    message: str | None = None


def outcome_of(result: object) -> Outcome:
    """What a result says of its work: by a status, a flag, an error or an exit code in it."""
    try:
        return _outcome_of(result)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return Outcome()


def _outcome_of(result: Any) -> Outcome:
    if result is None or result is True or isinstance(result, (int, float, bytes)):
        return Outcome("failed", "False") if result is False else Outcome()
    if isinstance(result, BaseException):
        return Outcome("failed", said(result), said(result))
    if isinstance(result, (str, Enum)):
        state = _state(result)
        return Outcome(state, _text(result)) if state else Outcome()
    if isinstance(result, (tuple, list)) and not hasattr(result, "_fields"):
        return _of_sequence(result)
    if hasattr(result, "dtype") or hasattr(result, "iloc"):
        return Outcome()
    return next(_said(result), Outcome())


def _said(result: object) -> Iterator[Outcome]:
    """What the parts of a result say, the clearest first."""
    words = _message(result)
    for name in _STATUS:
        found = part(result, name)
        state = _state(found)
        if state is not None:
            yield Outcome(state, f"{name} {_text(found)}", words)
        elif isinstance(found, (Mapping,)) or hasattr(found, "_fields"):
            yield from _said(found)
    for name in _CODES:
        code = part(result, name)
        if isinstance(code, int) and not isinstance(code, bool):
            yield Outcome("failed" if code else "done", f"{name} {code}", words)
    for names, if_true, if_false in _FLAGS:
        for name in names:
            flag = part(result, name)
            state = if_true if flag is True else if_false if flag is False else None
            if state is not None:
                yield Outcome(state, f"{name} {flag}", words)
    error = _error(result)
    if error is not None:
        yield Outcome("failed", "an error", error)


_FLAGS: Final[tuple[tuple[tuple[str, ...], State | None, State | None], ...]] = (
    (_BAD, "failed", None),
    (_GOOD, None, "failed"),
    (_STOPPED, "stopped", None),
    (_GOOD, "done", None),
    (_DONE, "done", "pending"),
)


def _of_sequence(result: Sequence[Any]) -> Outcome:
    """Of a flag with words behind it, as in ``(False, "no rows")``, or a status with a result."""
    if not isinstance(result, tuple) or not result:
        return Outcome()
    flag, rest = result[0], result[1:]
    words = next((each for each in rest if isinstance(each, (str, BaseException))), None)
    recorded = said(words) if isinstance(words, BaseException) else words
    if flag is False:
        return Outcome("failed", "False", recorded)
    if isinstance(words, BaseException) and flag is None:
        return Outcome("failed", "an error", recorded)
    if flag is True:
        return Outcome("done", "True")
    state = _state(flag) if isinstance(flag, (str, Enum)) and len(result) > 1 else None
    return Outcome(state, _text(flag), recorded) if state else Outcome()


def _state(value: object) -> State | None:
    word = re.sub(r"[\s\-]+", "_", _text(value).strip().lower())
    return next((state for state, words in _STATES.items() if word in words), None)


def _text(value: object) -> str:
    """The word of a status: also of an enumeration, as in ``JobState.FAILED``."""
    if isinstance(value, Enum):
        value = value.value if isinstance(value.value, str) else value.name
    return value.rpartition(".")[2] if isinstance(value, str) else ""


def _error(result: object) -> str | None:
    """What a result calls its error, where that is words or an exception; a metric is none."""
    for name in _ERRORS:
        found = part(result, name)
        if isinstance(found, BaseException):
            return said(found)
        if isinstance(found, str) and found.strip():
            return found.strip()
        if isinstance(found, Mapping) and found and not _numbers(found.values()):
            return _message(found) or shown(found)
        if isinstance(found, (list, tuple)) and found and not _numbers(found):
            return "; ".join(shown(each) for each in found[:3])
    return None


def _numbers(values: Any) -> bool:
    return all(isinstance(each, (int, float)) for each in values)


def _message(result: object) -> str | None:
    """The words that a result has for its end."""
    error = _error(result) if not isinstance(part(result, "error"), Mapping) else None
    if error is not None:
        return error
    error_part = part(result, "error")
    for place in (error_part, result) if isinstance(error_part, Mapping) else (result,):
        for name in _WORDS:
            found = part(place, name)
            if isinstance(found, str) and found.strip():
                return found.strip()
    return None


def refused(result: object) -> str | None:
    """What says that a request was refused; None where it was not."""
    if isinstance(result, (str, Enum)) and _text(result).lower().replace("-", "_") in _REFUSALS:
        return _text(result)
    status = next((part(result, each) for each in _STATUS if part(result, each) is not None), None)
    if _text(status).lower().replace("-", "_") in _REFUSALS:
        return f"status {_text(status)}"
    for name in (*_STOPPED, "accepted", "success", "ok"):
        if part(result, name) is False:
            return f"{name} False"
    found = outcome_of(result)
    return (found.message or found.evidence) if found.state == "failed" else None


_REFUSALS: Final = frozenset(
    [
        "refused",
        "rejected",
        "denied",
        "not_found",
        "notfound",
        "too_late",
        "not_running",
        "already_finished",
        "already_done",
        "completed",
        "finished",
        "done",
        "ignored",
    ]
)


def planned_and_done(result: object) -> tuple[float, float] | None:
    """How much was planned and how much was done, where a result has both under related names."""
    for unit in ("epochs", "steps", "iterations", "rounds", "epoch", "step", "iteration"):
        done = next(
            (
                n
                for each in (unit, f"{unit}_done", f"{unit}_run", f"completed_{unit}", f"n_{unit}")
                if (n := _number(part(result, each))) is not None
            ),
            None,
        )
        planned = next(
            (
                n
                for each in (
                    f"{unit}_planned",
                    f"planned_{unit}",
                    f"max_{unit}",
                    f"total_{unit}",
                    f"{unit}_total",
                    f"{unit}_max",
                )
                if (n := _number(part(result, each))) is not None
            ),
            None,
        )
        if done is not None and planned is not None:
            return planned, done
    return None


def _number(value: object) -> float | None:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if plain else None  # type: ignore[return-value]  # it is a number
