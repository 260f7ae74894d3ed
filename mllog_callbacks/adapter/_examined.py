"""A training's data, examined beside it: fingerprints, and rows that two sets have in common.

Small data is examined at once. Of large data a thread makes another entry, and gives up when the
training ends before it is done.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from mllog_callbacks.detectors import KINDS, Issue
from mllog_callbacks.facts import Fingerprint, dump
from mllog_callbacks.recording import guarded
from mllog_callbacks.schema import Reason, count

__all__ = ["Examination", "RawData", "later", "leaks"]

_SMALL: Final = 1 << 20
"""Bytes that are examined in some milliseconds."""

_WAIT_S: Final = 0.2
_PENDING: Final = "it is being computed; another entry completes this one"
_ENDED: Final = "the training ended before it was computed"
_KIND: Final = next(each for each in KINDS if each.name == "shared_rows")


class RawData(NamedTuple):
    """A data set as the caller gave it.

    Attributes:
        features: Its features; None where they are not at hand.
        labels: Its labels; None where there are none, or they are with the features.
        role: What the training uses it for.
        not_known: Why it cannot be examined; empty where it can.
    """

    features: object = None
    labels: object = None
    role: str = "training"
    not_known: str = ""


class Examination:
    """Examines the data sets of one training.

    Args:
        sets: The data sets by name.
    """

    def __init__(self, sets: Mapping[str, RawData]) -> None:
        self._sets = dict(sets)
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> dict[str, dict[str, object]]:
        """The facts of each set; of large data only that they come later, by `go_on`."""
        from mllog_callbacks.fingerprints import size_of  # noqa: PLC0415 - where there is data

        parts = [each for raw in self._sets.values() for each in (raw.features, raw.labels)]
        if sum(size_of(each) for each in parts if each is not None) <= _SMALL:
            found, self._sets = self._examined(), {}
            return found
        return {
            name: {"role": each.role, "fingerprint": {"not_known": _PENDING}}
            for name, each in self._sets.items()
        }

    def go_on(self, complete: Callable[[dict[str, dict[str, object]]], object]) -> None:
        """Examine in a thread what `begin` has left.

        Args:
            complete: Called by that thread with the facts of each set.
        """
        if not self._sets:
            return

        def work() -> None:
            found, self._sets = self._examined(), {}
            guarded(complete)(found)

        self._thread = threading.Thread(target=work, name="mllog-data", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads, or the interpreter shuts down
            ended: dict[str, object] = {"not_known": _ENDED}
            found: dict[str, dict[str, object]] = {
                name: {"role": each.role, "fingerprint": ended} for name, each in self._sets.items()
            }
            self._thread, self._sets = None, {}
            complete(found)

    def end(self) -> None:
        """Give up what is not done: the training has ended."""
        self._cancelled.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_WAIT_S)

    def __reduce__(self) -> tuple[object, ...]:
        return Examination, ({},)  # a copy has nothing to examine

    def _examined(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {
            name: {"role": raw.role, "fingerprint": dump(self._fingerprint(raw))}
            for name, raw in self._sets.items()
        }
        training = next((each for each in self._sets.values() if each.role == "training"), None)
        for name, raw in self._sets.items():
            if training is not None and raw.role != "training" and not self._cancelled.is_set():
                found[name] |= guarded(_shared)(training, raw) or {}
        return found

    def _fingerprint(self, raw: RawData) -> Fingerprint:
        from mllog_callbacks import fingerprints  # noqa: PLC0415 - as above

        if raw.not_known or raw.features is None:
            return Fingerprint(not_known=raw.not_known or "the data is not at hand")
        is_cancelled = self._cancelled.is_set
        try:
            of = fingerprints.fingerprint(raw.features, is_cancelled=is_cancelled)
        except fingerprints.UnreadableDataError as error:
            return Fingerprint(not_known=str(error))
        except fingerprints.Cancelled:
            return Fingerprint(not_known=_ENDED)
        except Exception as error:  # noqa: BLE001 - of any library, on any data
            return Fingerprint(not_known=f"{type(error).__name__} when it was read")
        return _with_labels(of, raw.labels, is_cancelled)


def _with_labels(of: Fingerprint, labels: object, is_cancelled: Callable[[], bool]) -> Fingerprint:
    from mllog_callbacks import fingerprints  # noqa: PLC0415 - as above

    if labels is None:
        return of
    try:
        own = fingerprints.fingerprint(labels, is_cancelled=is_cancelled)
    except Exception:  # noqa: BLE001 - of any library; the features are known all the same
        return of
    return Fingerprint(**{**dump(of), "labels_sha256": own.sha256})  # type: ignore[arg-type]  # as dumped


def _shared(training: RawData, other: RawData) -> dict[str, object]:
    """How many rows of a set are in the training data; nothing where they cannot be compared."""
    from mllog_callbacks.fingerprints import overlap  # noqa: PLC0415 - as above

    if training.features is None or other.features is None:
        return {}
    found = overlap(training.features, other.features)
    if found is None:
        return {}
    facts: dict[str, object] = {
        "rows_compared": found.compared,
        "rows_in_training": found.common,
    }
    if found.repeated:
        facts["rows_repeated"] = found.repeated
    return facts


def later(found: Mapping[str, Mapping[str, Any]]) -> Reason:
    """The words of the entry that completes the one of the data."""
    known = [name for name, each in found.items() if "sha256" in each["fingerprint"]]
    others = [
        f"{name}: not known, as {each['fingerprint'].get('not_known')}."
        for name, each in found.items()
        if name not in known
    ]
    hashes = [f"{name}: SHA-256 {found[name]['fingerprint']['sha256']}." for name in known]
    return Reason(f"Data fingerprinted: {count(len(known), 'set')}.", " ".join(hashes + others))


def leaks(found: Mapping[str, Mapping[str, Any]]) -> Iterator[Issue]:
    """Sets that have rows of the training data: its scores may be too good."""
    for name, each in found.items():
        common, repeated = each.get("rows_in_training", 0), each.get("rows_repeated", 0)
        if not common > 2 * repeated:
            continue
        compared = each["rows_compared"]
        same = f"{common:,} of {count(compared, 'compared row')} of {name} have the same features"
        again = f" ({repeated:,} of them are there more than once)" if repeated else ""
        yield Issue(
            _KIND.code,
            _KIND.name,
            _KIND.severity,
            0,
            f"Possible leak: rows of {name} are in the training data.",
            f"{same} as a row of the training data{again}. Scores on such rows do not show how "
            "the model does on new data.",
            {"set": name, "rows_in_training": common, "rows_compared": compared},
        )
