"""What a validation returned: whether it accepted, and what it found, in whatever form."""

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import islice
from typing import Any, Final, NamedTuple

from mllog_callbacks.platform._naming import part
from mllog_callbacks.schema import interruption, said, shown

__all__ = ["Verdict", "verdict_of"]

_FLAGS: Final = (
    *("valid", "is_valid", "ok", "passed", "success", "succeeded", "is_ok", "accepted"),
    *("conforms", "all_passed", "successful"),
)
_BAD_FLAGS: Final = ("invalid", "failed", "has_errors", "rejected", "refused")
_STATUS: Final = ("status", "state", "result", "verdict", "outcome", "severity", "level")
_GOOD: Final = frozenset(
    ["valid", "ok", "passed", "pass", "success", "succeeded", "successful", "clean", "accepted"]
)
_BAD: Final = frozenset(
    [
        "invalid",
        "failed",
        "fail",
        "failure",
        "error",
        "errors",
        "rejected",
        "refused",
        "not_valid",
        "critical",
    ]
)
_PROBLEMS: Final = (
    *("problems", "errors", "issues", "failures", "violations", "findings", "error"),
    *("failure_cases", "failed_checks", "failed_expectations", "reasons", "failed"),
)
_CHECKS: Final = ("checks", "results", "tests", "expectations", "details", "rules")
_WORDS: Final = ("message", "reason", "error", "problem", "issue", "detail", "description", "msg")
_SUBJECTS: Final = ("check", "name", "rule", "test", "expectation_type", "type", "column", "field")
_LOOKED_AT: Final = 1_000  # checks of one result
_TOLD: Final = 20  # problems whose words are kept


class Verdict(NamedTuple):
    """What a validation says.

    Attributes:
        valid: Whether it accepted; None where it does not say.
        problems: What it found, in its own words, the first of many.
        many: How many it found.
        checks: How many checks have a result of their own; 0 where none has.
        evidence: What in the result says whether it accepted, as in "passed False".
    """

    valid: bool | None = None
    problems: tuple[str, ...] = ()
    many: int = 0
    checks: int = 0
    evidence: str = ""


def verdict_of(result: object) -> Verdict:
    """Read a validation's result: flags, statuses, lists of problems or checks, tables of them."""
    try:
        return _verdict_of(result)
    except Exception as error:
        if interruption(error) is not None:
            raise
        return Verdict()


def _verdict_of(result: Any) -> Verdict:
    flag = _flag(result)
    if flag is not None:
        return Verdict(flag, evidence=str(flag))
    if isinstance(result, (str, Enum)):
        valid = _word(result)
        return Verdict(valid, evidence=_text(result)) if valid is not None else Verdict()
    if isinstance(result, BaseException):
        return Verdict(valid=False, problems=(said(result),), many=1)
    if result is None or isinstance(result, (int, float, bytes)):
        return Verdict()
    if hasattr(result, "iloc") or hasattr(result, "iter_rows"):
        return _of_table(result)
    if isinstance(result, (list, tuple, set, frozenset)) and not hasattr(result, "_fields"):
        return _of_sequence(list(result), pair=isinstance(result, tuple))
    return _of_parts(result)


def _of_sequence(items: list[Any], *, pair: bool) -> Verdict:
    """Of a flag with problems behind it, or of problems or checks."""
    flag = _flag(items[0]) if pair and items else None
    if flag is None:
        return _of_items(items)
    found: list[str] = []
    many = 0
    for each in items[1:]:
        words, number = _problems(each)
        found, many = found + words, many + number
    return Verdict(flag, tuple(found[:_TOLD]), 0 if flag and not found else many, 0, str(flag))


def _of_items(items: list[Any]) -> Verdict:
    """Of texts, which are problems, or of checks with results of their own; rows are neither."""
    checks = [(each, _result_of(each)) for each in items[:_LOOKED_AT]]
    judged = [(each, valid) for each, valid in checks if valid is not None]
    if judged and len(judged) == len(checks):
        failed = [_sentence(each) for each, valid in judged if not valid]
        return Verdict(not failed, tuple(failed[:_TOLD]), len(failed), len(judged), "its checks")
    words, many = _problems(items)
    return Verdict(None, tuple(words[:_TOLD]), many)


def _of_parts(result: object) -> Verdict:
    valid, evidence = _said(result)
    problems, many = _first_problems(result)
    checks = 0
    for name in _CHECKS:
        listed = part(result, name)
        if isinstance(listed, Mapping):
            listed = [{"check": key, **_named(value)} for key, value in listed.items()]
        if isinstance(listed, (list, tuple)) and listed:
            inner = _of_items(list(listed))
            texts = all(isinstance(each, str) for each in listed)
            if inner.checks or (texts and valid is False):
                checks = inner.checks
                if not problems:
                    problems, many = list(inner.problems), inner.many
                if valid is None and inner.valid is not None:
                    valid, evidence = inner.valid, inner.evidence
    if not problems and valid is False and not many:
        words = _message(result)
        problems, many = ([words], 1) if words else ([], 0)
    return Verdict(valid, tuple(problems[:_TOLD]), many, checks, evidence)


def _named(value: object) -> dict[str, object]:
    flag = _flag(value)
    if flag is not None:
        return {"passed": flag}
    return dict(value) if isinstance(value, Mapping) else {"status": value}


def _said(result: object) -> tuple[bool | None, str]:
    """Whether it accepted, and what says so."""
    for name in _FLAGS:
        flag = _flag(part(result, name))
        if flag is not None:
            return flag, f"{name} {flag}"
    for name in _BAD_FLAGS:
        flag = _flag(part(result, name))
        if flag is not None:
            return not flag, f"{name} {flag}"
    for name in _STATUS:
        found = part(result, name)
        valid = _word(found) if isinstance(found, (str, Enum)) else None
        if valid is not None:
            return valid, f"{name} {_text(found)}"
    return None, ""


def _result_of(check: object) -> bool | None:
    """The result of one check; None of what is none."""
    if isinstance(check, (str, int, float, bytes)) or check is None:
        return None
    if isinstance(check, (list, tuple)) and not hasattr(check, "_fields"):
        flags = [_flag(each) for each in check]
        texts = [each for each in check if isinstance(each, str)]
        known = [each for each in flags if each is not None]
        return known[0] if len(known) == 1 and texts else None
    return _said(check)[0]


def _first_problems(result: object) -> tuple[list[str], int]:
    for name in _PROBLEMS:
        found = part(result, name)
        if found is None or _flag(found) is not None:
            continue
        words, many = _problems(found)
        if many:
            return words, many
    return [], 0


def _problems(found: Any) -> tuple[list[str], int]:
    """What a list, mapping, text, number or table of problems says, and how many they are."""
    if found is None or _flag(found) is not None:
        return [], 0
    if isinstance(found, str):
        return ([found.strip()], 1) if found.strip() else ([], 0)
    if isinstance(found, BaseException):
        return [said(found)], 1
    if isinstance(found, int):
        return [], found
    if hasattr(found, "iloc") or hasattr(found, "iter_rows"):
        table = _of_table(found, problems=True)
        return list(table.problems), table.many
    if isinstance(found, Mapping):
        words = [f"{name}: {_joined(value)}" for name, value in found.items() if _is_one(value)]
        return words, len(words)
    if not isinstance(found, Iterable):
        return [_sentence(found)], 1
    items = list(islice(found, _LOOKED_AT))
    problems = [each for each in items if isinstance(each, (str, BaseException)) or _records(each)]
    return [_sentence(each) for each in problems], len(problems)


def _is_one(value: object) -> bool:
    """Whether a problem is said of a name: not by None, nothing, or the word that all is well."""
    return _flag(value) is not True and value not in (None, "", 0, [], {}, ())


def _records(item: object) -> bool:
    """Whether an item is a problem with words of its own, and no row of data."""
    return not isinstance(item, (list, tuple)) and any(
        isinstance(part(item, name), str) for name in _WORDS
    )


def _of_table(table: Any, *, problems: bool = False) -> Verdict:
    """Of a table of checks or problems, by its columns; a table of data is neither."""
    columns = [str(each) for each in table.columns] if hasattr(table, "columns") else []
    flags = [each for each in columns if each.lower() in _FLAGS]
    recording = [each for each in columns if each.lower() in {*_WORDS, "failure_case", "violation"}]
    if not flags and not recording and not problems:
        return Verdict()
    rows = table.head(_LOOKED_AT)
    records = rows.to_dicts() if hasattr(rows, "to_dicts") else rows.to_dict("records")
    if flags:
        return _of_items([{**each, "passed": bool(each[flags[0]])} for each in records])
    words = tuple(", ".join(f"{k} {shown(v)}" for k, v in row.items()) for row in records[:_TOLD])
    return Verdict(False if len(table) else None, words, len(table), 0, "its rows")


def _sentence(problem: object) -> str:
    """One problem in its own words."""
    if isinstance(problem, str):
        return problem.strip()
    if isinstance(problem, BaseException):
        return said(problem)
    if isinstance(problem, (list, tuple)):
        return " ".join(shown(each) for each in problem if _flag(each) is None)
    expectation = part(problem, "expectation_config")
    if expectation is not None:
        column = part(part(expectation, "kwargs"), "column")
        kind = part(expectation, "expectation_type") or part(expectation, "type")
        return f"{column}: {kind}" if column else str(kind)
    subject = next((s for n in _SUBJECTS if isinstance(s := part(problem, n), str)), None)
    words = _message(problem)
    recorded = ": ".join(each for each in (subject, words) if each)
    return recorded or shown(problem)


def _message(result: object) -> str | None:
    found = (part(result, name) for name in _WORDS)
    return next((each.strip() for each in found if isinstance(each, str) and each.strip()), None)


def _joined(value: object) -> str:
    if isinstance(value, (list, tuple, set)):
        return ", ".join(shown(each) for each in islice(value, 3))
    return shown(value)


def _flag(value: object) -> bool | None:
    """A truth value, also of numpy."""
    if isinstance(value, bool):
        return value
    if getattr(value, "shape", None) == () and str(getattr(value, "dtype", "")) == "bool":
        return bool(value)
    return None


def _word(value: object) -> bool | None:
    word = _text(value).strip().lower().replace(" ", "_").replace("-", "_")
    return True if word in _GOOD else False if word in _BAD else None


def _text(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value if isinstance(value.value, str) else value.name
    return value.rpartition(".")[2] if isinstance(value, str) else ""
