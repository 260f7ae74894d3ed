"""What was raised in a fit: the innermost cause, in which step and for which candidate."""

from typing import Final, NamedTuple

from mllog_callbacks import Reason
from mllog_callbacks.facts import dump, ended_by
from mllog_callbacks.schema import assigned, message_of, place_of
from mllog_sklearn.algorithm import title
from mllog_sklearn.parameters import described, parts

__all__ = ["Place", "cause", "failure", "first_line", "place"]

_LINE_CHARS: Final = 300
_CAUSED: Final = "The above exception was the direct cause of the following exception:"
_REMOTE: Final = ("RemoteTraceback", "_RemoteTraceback")
"""What process pools attach to an exception of a worker: its traceback as text."""


class Place(NamedTuple):
    """Where in an estimator an exception was raised.

    Attributes:
        step: The step of a pipeline with its class, or the class of another part; may be empty.
        candidate: The parameters of the candidate of a search; None where it was in none.
    """

    step: str = ""
    candidate: dict[str, object] | None = None

    def said(self, method: str) -> str:
        """The same in words."""
        recorded = [f"in {method}", self.step and f"in {self.step}"]
        if self.candidate is not None:
            recorded.append(f"for the candidate {assigned(self.candidate) or 'as given'}")
        return ", ".join(filter(None, recorded))


def place(estimator: object, error: BaseException) -> Place:
    """Where an exception was raised, as the frames of its traceback show."""
    step, candidate, names = "", None, _named(estimator)
    trace = error.__traceback__
    while trace is not None:
        known = trace.tb_frame.f_locals
        found = known.get("self")
        if found is not None and found is not estimator and hasattr(found, "get_params"):
            step = names.get(id(found)) or step or _part(estimator, found)
            names |= _named(found)
        if trace.tb_frame.f_code.co_name == "_fit_and_score":
            given = known.get("parameters")
            candidate = (
                {name: described(value) for name, value in given.items()}
                if isinstance(given, dict)
                else candidate
            )
        trace = trace.tb_next
    return Place(step, candidate)


def _named(estimator: object) -> dict[int, str]:
    return {id(step): f"step {name} ({title(step)})" for name, step in parts(estimator)}


def _part(estimator: object, found: object) -> str:
    """A part of an ensemble, which fits clones of those that it was given: by its class."""
    given = getattr(estimator, "estimators", None)
    alike = [
        each[0]
        for each in (given if isinstance(given, list) else ())
        if isinstance(each, tuple) and len(each) > 1 and isinstance(found, type(each[1]))
    ]
    return f"{alike[0]} ({title(found)})" if len(alike) == 1 else title(found)


def _innermost(error: BaseException) -> BaseException:
    """The exception that another was raised from; itself where there is none."""
    seen = {id(error)}
    cause = error.__cause__
    while cause is not None and id(cause) not in seen and type(cause).__name__ not in _REMOTE:
        seen.add(id(cause))
        error, cause = cause, cause.__cause__
    return error


def failure(
    error: BaseException, where: Place, method: str, consequence: str, by: str = ""
) -> tuple[Reason, dict[str, object]]:
    """The end of a fit that an exception makes; the exception is read, and not kept.

    Args:
        error: The exception.
        where: Where it was raised.
        method: The method that it ended.
        consequence: What follows for the caller, as a sentence.
        by: What it says that it was caused by, where it was raised from nothing.
    """
    inner = _innermost(error)
    stop, found = ended_by(error, where.said(method))
    facts: dict[str, object] = dump(found)
    reasoning = f"{_raised(error)} was raised{_at(error)}."
    kind, message, recorded = type(inner).__name__, message_of(inner), _raised(inner)
    if inner is not error:
        reasoning += f" It was caused by {recorded}{_at(inner)}."
    elif by:
        recorded, (kind, _, message) = by, by.partition(": ")
    if recorded != _raised(error):
        facts["cause"] = {"type": kind, "message": message}
    snapshot: dict[str, object] = {"stop": dump(stop), "error": facts}
    if where.candidate is not None:
        snapshot["params"] = where.candidate
    decision = f"Training failed {where.said(method)} with {recorded}"
    stopped = "" if decision[-1] in ".…" else "."
    return Reason(f"{decision}{stopped} {consequence}", reasoning), snapshot


def _at(error: BaseException) -> str:
    found = place_of(error)
    return f" (in {found})" if found else ""


def _raised(error: BaseException) -> str:
    """An exception by its type and the first line of its message, as part of a sentence."""
    line = first_line(message_of(error))
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def first_line(message: str) -> str:
    """The first line of a message; "…" says that there is more."""
    first, _, more = message.strip().partition("\n")
    first = first.strip()
    if len(first) > _LINE_CHARS:
        return first[: _LINE_CHARS - 1] + "…"
    return f"{first} …" if more.strip() else first


def cause(traceback: str) -> str:
    """The exception of a traceback as text: type and first line of what others were raised from."""
    lines = iter(traceback.partition(_CAUSED)[0].splitlines())
    for line in lines:
        if line.startswith("Traceback "):
            break
    raised_line = next((line for line in lines if line and not line[0].isspace()), "")
    return first_line("\n".join([raised_line, *lines]))
