"""The statement: its subject, the file of a model, and its predicate, what is known of its runs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mllog_callbacks._version import __version__
from mllog_callbacks.files import digests_in
from mllog_callbacks.integrity import anchors_of
from mllog_callbacks.schema import format_timestamp
from mllog_callbacks.tracing import Answer, Target

__all__ = [
    "CLAIMS",
    "PREDICATE",
    "STATEMENT",
    "NoChainError",
    "as_json",
    "attested",
    "claims_of",
    "models_of",
    "subjects_of",
]

STATEMENT: Final = "https://in-toto.io/Statement/v1"
"""The type of a statement."""

PREDICATE: Final = "urn:mllog-callbacks:training:v1"
"""The type of the predicate; docs/how-to/attest.md is its documentation."""

_PARTS: Final = ("data", "parameters", "evaluation", "outcome", "issues", "verdict")

CLAIMS: Final = ("model", "who", "when", "code", "environment", *_PARTS)
"""What a predicate says of a run, by name."""


class NoChainError(ValueError):
    """There is no chain to name; the message says of which session."""


def attested(answer: Answer) -> dict[str, Any]:
    """The statement on the model's file that was looked for in logs, and found.

    Args:
        answer: What the logs say of it.

    Raises:
        NoChainError: The chain of a log has no head.
        OSError: The file, or a log, cannot be read.
    """
    runs = [_run_of(each) for each in models_of(answer.matches)]
    now = format_timestamp(datetime.now(UTC))
    found: dict[str, Any] = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest}}
            for name, digest in subjects_of(answer.target).items()
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "made": {"by": "mllog-callbacks", "version": __version__, "at": now},
            "model_sha256": answer.target.sha256,
            "runs": runs,
        },
    }
    return dict(as_json(found))


def models_of(matches: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of an answer's matches in which the file was saved as a model."""
    return [each for each in matches if each["found_as"] == "model"]


def subjects_of(target: Target) -> dict[str, str]:
    """The SHA-256 of the model's file by its name; of a folder those of all its files.

    Raises:
        OSError: One cannot be read.
    """
    path = Path(target.given)
    name = path.resolve().name
    if not path.is_dir():
        return {name: target.sha256}
    return {f"{name}/{each}": digest for each, digest in digests_in(str(path)).items()}


def _run_of(match: Mapping[str, Any]) -> dict[str, Any]:
    file = Path(match["folder"]) / str(match["entry"]).rpartition(":")[0]
    chain = next((asdict(each) for each in anchors_of([file])), None)
    if chain is None:
        msg = f"the chain of {match['session']} has no head yet that could be named"
        raise NoChainError(msg)
    return {
        "session": match["session"],
        "run": match.get("run"),
        "chain": chain,
        "claims": claims_of(match),
    }


def claims_of(match: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a run, by claims; what is not known is absent."""
    process = dict(match["process"])
    began = process.pop("started", None)
    claims: dict[str, Any] = {
        "model": {**match["model"], "entry": match["entry"]},
        "who": {"account": match.get("account"), "user": process.pop("user", None)},
        "when": {
            "session_started": began,
            "started": match.get("started"),
            "saved": match["time"],
            "finished": match.get("finished"),
            "session_ended": match.get("ended"),
        },
        "code": match["code"],
        "environment": {
            "process": process,
            "machine": match.get("machine"),
            "distributions": match.get("distributions"),
        },
        **{name: match[name] for name in _PARTS if name in match},
    }
    found: dict[str, Any] = as_json(claims)
    return found


def as_json(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A value as it is once it was written as JSON and read again."""
    return json.loads(json.dumps(value, default=str))
