"""Facts as JSON, without the modules that know all of it: they load slowly."""

from _json import encode_basestring_ascii as quoted  # of CPython; `json` uses it as well

from mllog_callbacks.files import LARGEST_ORIGIN

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from typing import TypeAlias

    Value: TypeAlias = (
        bool | int | str | "list[Value]" | "dict[str, Value]" | None  # as JSON has them
    )

__all__ = ["dumped", "with_end", "within"]

_ROOM = 64  # bytes for the end, which comes later


def dumped(value: "Value") -> str:
    """A value as JSON; text that is no valid Unicode as escapes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value.encode("utf-8", "backslashreplace").decode())
    if isinstance(value, list):
        return f"[{','.join(map(dumped, value))}]"
    pairs = (f"{dumped(name)}:{dumped(each)}" for name, each in value.items())
    return f"{{{','.join(pairs)}}}"


def within(facts: "dict[str, Value]", longest: "list[dict[str, Value]]") -> bytes:
    """Facts as JSON of a bounded size: of the longest parts the end is left out.

    Args:
        facts: All facts.
        longest: Those of its parts that may be long, the most expendable first.
    """
    text = dumped(facts)
    for part in longest:
        while part and len(text) > LARGEST_ORIGIN - _ROOM:
            for name in list(part)[-max(1, len(part) // 4) :]:
                del part[name]
            text = dumped(facts)
    return text.encode()


def with_end(origin: bytes, ended: str) -> bytes:
    """The same, with the moment at which the session ended."""
    return b'%b,"ended":"%b"}' % (origin[:-1], ended.encode())
