"""What lies behind an exception that hides it: causes, groups, the last attempt of a retry."""

from collections.abc import Iterator

__all__ = ["behind", "hidden_by"]

_DEEP = 10


def behind(error: BaseException) -> Iterator[BaseException]:
    """What caused an exception by its own ``__cause__``, from the nearest on.

    Of a group that is its first exception, of a retry that gave up the last attempt's.
    """
    seen = {id(error)}
    for _ in range(_DEEP):
        hidden = hidden_by(error)
        cause = hidden[0] if hidden else error.__cause__
        if cause is None or id(cause) in seen:
            return
        seen.add(id(cause))
        yield cause
        error = cause


def hidden_by(error: BaseException) -> list[BaseException]:
    """The exceptions that one stands for: a group's, or that of the last attempt of a retry."""
    inner = getattr(error, "exceptions", None)
    if (
        isinstance(inner, tuple)
        and inner
        and all(isinstance(each, BaseException) for each in inner)
    ):
        return list(inner)
    attempt = getattr(error, "last_attempt", None)
    if attempt is None or not callable(getattr(attempt, "exception", None)):
        return []
    done = getattr(attempt, "done", None)
    if not callable(done) or not done():
        return []
    last = attempt.exception()
    return [last] if isinstance(last, BaseException) else []
