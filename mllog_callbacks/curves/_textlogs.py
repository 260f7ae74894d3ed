"""Text that programs log: lines with numbers and their names, by patterns or by their shape."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from mllog_callbacks.curves._delimited import read_delimited
from mllog_callbacks.curves._documents import SUMMARY
from mllog_callbacks.curves._patterns import NUMBER, READY, compiled
from mllog_callbacks.curves._table import NoCurvesError, Table, flat, table_of
from mllog_callbacks.schema import assumed_direction, is_learning_rate, parse_metric_name

__all__ = ["is_metric", "read_by_patterns", "read_text"]

_LEAST: Final = 2
_SHARE: Final = 0.3
_BOOSTING: Final = "text log of boosting"
_FRESH: Final = 4
"""Lines after one with a position to which it still applies: Keras writes values below it."""

_PREFIX: Final = re.compile(
    r"^\W*\d{4}[-/]\d\d[-/]\d\d[ T_]\d\d:\d\d:\d\d(?:[.,]\d+)?\]?"
    r"(?:\s*[-:|]?\s*(?:DEBUG|INFO|WARNING)\b\s*[-:|]?)?(?:\s*[-:|]\s)?\s*",
    re.IGNORECASE,
)
_POSITION: Final = re.compile(
    r"(?<![\w/])(?P<name>epochs?|steps?|global[_ ]step|iter(?:ation)?s?|updates?|num_updates|round)"
    r"\b[\s:=#\[(]*(?P<at>\d+)(?![\w.]*\.\d)",
    re.IGNORECASE,
)
_BOOSTED: Final = re.compile(r"^\[(?P<iteration>\d+)\]\s+(?=\S+.*:)")
# From where a word begins, and bounded: a line may be one long word, and each character of it
# would be a start
_NAME: Final = r"(?<![A-Za-z_])[A-Za-z_][\w@./'-]{0,120}+"
_PAIR: Final = re.compile(
    rf"(?P<name>{_NAME}(?: {_NAME}){{0,2}})(?:\s*[:=]\s*|\s*\(\s*)(?P<value>{NUMBER})(?![\w.])",
    re.IGNORECASE,
)
_SPACED: Final = re.compile(
    rf"(?<![A-Za-z_])(?P<name>(?:(?:train|training|val|valid|validation|dev|test|eval)[ _])?"
    rf"[A-Za-z_]{{0,60}}(?:loss|acc|accuracy|ppl|perplexity|error|auc|mAP|mIoU|F1|RMSE|MAE))"
    rf"\s+(?P<value>{NUMBER})(?![\w.])",
    re.IGNORECASE,
)


class _Line(NamedTuple):
    """The values of a line, and the name of what counts it."""

    counter: str
    row: dict[str, object]


def read_by_patterns(text: str, patterns: Iterable[str], kind: str = "text log") -> list[Table]:
    """Read the lines that patterns find.

    A line below one that has a position alone, as Keras' "Epoch 3/10", is of that position.

    Raises:
        NoCurvesError: There are none.
        ValueError: A pattern is none.
    """
    known = [each for given in patterns for each in compiled(given)]
    placed = any(_counts(name) for each in known for name in each.groupindex)
    lines: list[_Line] = []
    place: dict[str, object] = {}
    for line in text.split("\n"):
        for pattern in known:
            found = pattern.search(line)
            if found is None:
                continue
            values = {name: each for name, each in found.groupdict().items() if each is not None}
            counters = {name: each for name, each in values.items() if _counts(name)}
            if counters == values:
                place = counters
            elif counters or place or not placed:
                at = counters or place
                lines.append(_Line("/".join(at), {**at, **values}))
    if not lines:
        msg = "no line matches the pattern"
        raise NoCurvesError(msg)
    return _by_counter(lines, kind)


def read_text(text: str) -> list[Table]:
    """Read what can be recognised: a ready pattern, a table after time stamps, names and values.

    Raises:
        NoCurvesError: There is nothing that can be.
    """
    for name in READY:
        try:
            tables = read_by_patterns(text, [name], f"text log ({name})")
        except NoCurvesError:
            continue
        if sum(len(each.rows) for each in tables) >= _LEAST and _has_metrics(tables):
            return tables
    bare = [_PREFIX.sub("", line) for line in text.split("\n")]
    lines = [*_recognised(bare)]
    if len(lines) >= _LEAST:
        with_values = [each for each in bare if _values(each)]
        boosted = with_values and all(map(_BOOSTED.match, with_values))
        return _by_counter(lines, _BOOSTING if boosted else "text log")
    return [_stamped(bare, text.split("\n"))]


def _has_metrics(tables: Sequence[Table]) -> bool:
    names = [name for table in tables for name in table.columns]
    return any(is_metric(each) or parse_metric_name(each).stage for each in names)


def is_metric(name: str) -> bool:
    """Whether a name is that of a loss, or of a metric with a known direction."""
    named = parse_metric_name(name)
    return "loss" in named.key or assumed_direction(named.metric) is not None


def _counts(name: str) -> bool:
    return name.lower() in {"epoch", "step", "iter", "iteration", "batch", "update", "round"}


def _by_counter(lines: Sequence[_Line], kind: str) -> list[Table]:
    """A table of the lines that count the same: evaluations by step, batches by iteration."""
    counters = dict.fromkeys(each.counter for each in lines)
    tables = []
    for counter in counters:
        table = table_of((each.row for each in lines if each.counter == counter), kind)
        name = f"lines by {counter}" if len(counters) > 1 and counter else ""
        tables.append(replace(table, name=name, unit="iteration" if _of_boosting(kind) else None))
    return tables


def _of_boosting(kind: str) -> bool:
    return kind in {_BOOSTING, "text log (catboost)"}


def _recognised(lines: Iterable[str]) -> Iterator[_Line]:
    """Lines with a position and with a metric, in any of the forms that loggers write."""
    place: dict[str, object] = {}
    age = 0
    for line in lines:
        age += 1
        if (row := _object(line)) is not None:
            if any(map(is_metric, row)) and SUMMARY.isdisjoint(row):
                yield _Line("", row)  # its positions are in it
            continue
        at, rest = _position(line)
        values = _values(rest)
        if at and not values:
            place, age = at, 0
        elif values and any(map(is_metric, values)):
            if not at and age <= _FRESH:
                at = place
            if at:
                yield _Line("/".join(at), {**at, **values})


def _object(line: str) -> dict[str, object] | None:
    """The row of a line such as fairseq's "| train | {...}" or the trainer's "{'loss': ...}"."""
    text = line[line.find("{") : line.rfind("}") + 1]
    if ":" not in text:
        return None
    stage = re.search(r"(?:^|\|)\s*(train|valid|test)\w*\s*\|\s*\{", line)
    for parse in (json.loads, ast.literal_eval):
        try:
            row = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(row, Mapping) and all(isinstance(each, str) for each in row):
            return _staged(stage[1] if stage else "", flat(row))
    return None


def _staged(stage: str, row: Mapping[str, object]) -> dict[str, object]:
    shared = {"epoch", "num_updates", "step", "wall", "lr"}
    bare = {name.removeprefix(f"{stage}_") if stage else name: each for name, each in row.items()}
    return {
        f"{stage}/{name}" if stage and name not in shared else name: each
        for name, each in bare.items()
    }


def _position(line: str) -> tuple[dict[str, object], str]:
    """The positions that a line names, and the line without them."""
    if boosted := _BOOSTED.match(line):
        return {"iteration": boosted["iteration"]}, line[boosted.end() :]
    at: dict[str, object] = {}
    for found in _POSITION.finditer(line):
        at.setdefault(found["name"].lower().rstrip("s").replace(" ", "_"), found["at"])
    return at, _POSITION.sub(";", line)


def _values(line: str) -> dict[str, object]:
    """Names and values: "loss=0.5", "loss: 0.5", "val loss 0.5"."""
    found: dict[str, object] = {}
    for pattern in (_PAIR, _SPACED):
        for each in pattern.finditer(line):
            name = each["name"].strip()
            if is_metric(name) or is_learning_rate(name):
                found.setdefault(name, each["value"])
    return found


def _stamped(bare: Sequence[str], lines: Sequence[str]) -> Table:
    """A table whose lines begin with a time, as in "[2023-01-30 10:00:00,000] - 0"."""
    stamped = [one.strip() for one, other in zip(bare, lines, strict=True) if one != other]
    rows = [each for each in stamped if "\t" in each]
    if len(rows) > _LEAST and len(rows) >= _SHARE * len(stamped):
        rows = [re.sub(r"\s*\t\s*", "\t", each) for each in rows]
        head = next((index for index, each in enumerate(rows) if re.match("[A-Za-z]", each)), 0)
        width = rows[head].count("\t")
        table = read_delimited("\n".join(each for each in rows[head:] if each.count("\t") == width))
        return replace(table, kind="text log (table)")
    msg = (
        "text in which no line names both a position (epoch, step, iteration) and a metric; "
        'give --pattern "epoch (?P<epoch>N) .* loss (?P<val_loss>N)", in which N is a number, or '
        f"one of {', '.join(READY)}"
    )
    raise NoCurvesError(msg)
