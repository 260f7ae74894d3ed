"""Text that others wrote, made safe to show: what could command a terminal becomes an escape."""

import re
from typing import Final

from mllog_callbacks._lazy import pattern

__all__ = ["plain", "plain_json", "plain_lines"]

_UNSAFE: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
"""Control characters, invisible ones, line breaks, marks of direction, and what is no text."""

_IN_LINES: Final = pattern(f"[{_UNSAFE}]")
_IN_LINE: Final = pattern(f"[\t\n{_UNSAFE}]")
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNDECODED: Final = range(0xDC80, 0xDD00)
"""How Python holds the bytes of a file's name that are no text."""

_BYTE: Final = 0xFF
_BASIC: Final = 0xFFFF


def plain(text: object) -> str:
    r"""Text for one line, with escapes as in ``\x1b[2J``; spaces and other scripts stay.

    Args:
        text: A text, or what has one, such as a path.
    """
    return _IN_LINE.sub(_escaped, str(text))


def plain_lines(text: str) -> str:
    """As `plain`, for text that may have several lines."""
    return _IN_LINES.sub(_escaped, text)


def plain_json(text: str) -> str:
    r"""JSON with the same meaning, in which such characters are written as ``\u`` escapes."""
    return _IN_LINE.sub(_json_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if code in _UNDECODED:
        code -= 0xDC00
    if char in _NAMED:
        return _NAMED[char]
    if code <= _BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _BASIC else f"\\U{code:08x}"


def _json_escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char in "\t\r\n":  # between values; within a string they are no JSON
        return " "
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
