"""Patterns of lines that programs write as text: the group's names are those of the columns."""

import re
from typing import Final

__all__ = ["NUMBER", "READY", "compiled"]

NUMBER: Final = r"[+-]?(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)"

READY: Final[dict[str, tuple[str, ...]]] = {
    "nanogpt": (
        r"step (?P<step>\d+): train loss (?P<train_loss>N), val loss (?P<val_loss>N)",
        r"^iter (?P<iter>\d+): loss (?P<train_loss>N)",
    ),
    "modded-nanogpt": (
        r"^(?:s:|step:)(?P<step>\d+)(?:/\d+)? (?:train_loss:|trl:)(?P<train_loss>N)",
        r"^(?:s:|step:)(?P<step>\d+)(?:/\d+)? (?:val_loss:|tel:|val loss )(?P<val_loss>N)",
    ),
    "catboost": (
        r"^(?P<iteration>\d+):\s+learn: (?P<learn_metric>N)(?:\s+test: (?P<test_metric>N))?\s",
    ),
    "imagenet": (
        r"Epoch: \[(?P<epoch>\d+)\]\s*\[\s*(?P<batch>\d+)[/\]].*?Loss:? (?P<train_loss>N)",
    ),
    "keras": (
        r"^Epoch (?P<epoch>\d+)/\d+",
        # of an epoch that is complete: a progress bar shows those of its batches before
        r"^\s*(?:(\d+)/\1\b|-? ?\d+s\b).*\bloss: (?P<loss>N)(?:.*?\bval_loss: (?P<val_loss>N))?",
    ),
    "yolox": (
        r"epoch: (?P<epoch>\d+)/\d+, iter: (?P<iter>\d+)/\d+.*?total_loss: (?P<total_loss>N)",
    ),
}
"""Patterns by the name that `--pattern` takes; N is a number."""


def compiled(given: str) -> list[re.Pattern[str]]:
    """The patterns of a name, or one that is given itself.

    Raises:
        ValueError: It is no regular expression, or has no named group.
    """
    found = []
    for pattern in READY.get(given, (given,)):
        text = re.sub(r"(?<=>)N(?=\))", lambda _: NUMBER, pattern)
        try:
            each = re.compile(text, re.IGNORECASE if given in READY else 0)
        except re.error as error:
            msg = f"{given!r} is no regular expression ({error}); ready ones: {', '.join(READY)}"
            raise ValueError(msg) from error
        if not each.groupindex:
            msg = f"{given!r} has no named group, such as (?P<val_loss>N); N is a number"
            raise ValueError(msg)
        found.append(each)
    return found
