"""Whether each number in a text can be traced to a fact."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import permutations
from numbers import Real as Number
from typing import Any

__all__ = ["untraced"]

_VERSION = re.compile(r"\b\d+(?:\.\d+){2,}\S*\b")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?%?(?!\w)", re.IGNORECASE)

_PERCENT = re.compile(r"(\d+(?:\.\d+)?) %")


def untraced(text: str, facts: Any, snapshot: Any) -> list[str]:
    """The numbers in a text that stem from nowhere.

    A number is traced where a fact has its value, at the precision it is printed with, or where
    it follows from facts in one of these ways: the count of a list or mapping, or of all that is
    in the mappings of a mapping; the difference of
    two whole numbers of the snapshot; a share or a relative difference of two numbers of it.

    Args:
        text: A decision or reasoning.
        facts: What the caller gave or can read: numbers, texts, and all that is in them.
        snapshot: The entry's own.
    """
    texts = " ".join(_texts([facts, snapshot]))
    known = {*_numbers([facts, snapshot]), *map(float, _plain(_NUMBER.findall(texts)))}
    known |= {float(percent) / 100 for percent in _PERCENT.findall(texts)}
    own = sorted({*_numbers(snapshot)})
    whole = {value for value in own if value.is_integer()}
    known |= {abs(a - b) for a, b in permutations(whole, 2)}
    shares = {a / b for a, b in permutations(own, 2) if b}
    known |= shares | {abs(share - 1) for share in shares}
    versions = _VERSION.findall(text)
    invented = [version for version in versions if version.rstrip(".") not in texts]
    numbers = _NUMBER.findall(_VERSION.sub("", text))
    return invented + [number for number in numbers if not _known(number, known)]


def _known(printed: str, known: set[float]) -> bool:
    (plain,) = _plain([printed])
    value, half = float(plain), _half_a_unit(plain)
    if printed.endswith("%"):
        return any(math.isclose(value, each * 100, rel_tol=0, abs_tol=half) for each in known)
    if half == 0.5:
        half = 0.0 if len(plain.lstrip("-")) < 6 else half
    if value in {float(f"{each:.4g}") for each in known}:  # as sentences have them
        return True
    return any(abs(value - each) <= half * 1.001 for each in known)


def _half_a_unit(plain: str) -> float:
    """Half of what one in the last printed place is worth."""
    digits, _, exponent = plain.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return float(0.5 * 10.0 ** (int(exponent or 0) - decimals))


def _plain(printed: list[str]) -> list[str]:
    return [each.rstrip("%").rstrip(",").replace(",", "") for each in printed]


def _numbers(fact: Any) -> Iterator[float]:
    if isinstance(fact, Mapping):
        yield float(len(fact))
        yield float(sum(len(each) for each in fact.values() if isinstance(each, Mapping)))
        for value in fact.values():
            yield from _numbers(value)
    elif hasattr(fact, "tolist") and hasattr(fact, "shape") and fact.shape:
        counts = Counter(fact.ravel().tolist())
        yield float(fact.shape[0])
        yield from map(float, [*counts, *counts.values()])
        yield from (many / len(fact) for many in counts.values())
    elif isinstance(fact, (list, tuple, set)):
        yield float(len(fact))
        for value in fact:
            yield from _numbers(value)
    elif isinstance(fact, Number) and math.isfinite(fact):
        yield float(fact)


def _texts(fact: Any) -> Iterator[str]:
    if isinstance(fact, str):
        yield fact
    elif isinstance(fact, Mapping):
        for key, value in fact.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(fact, (list, tuple, set)):
        for value in fact:
            yield from _texts(value)
