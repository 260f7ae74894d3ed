"""From entries to a story, one after the other: constant work an entry, bounded memory."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Final

from mllog_callbacks.reading._fast import Fields, FileAccount, Row
from mllog_callbacks.reading.story._assignment import Runs
from mllog_callbacks.reading.story._curves import position_of
from mllog_callbacks.reading.story._model import Fold, Found, Recorded, Run, Story
from mllog_callbacks.schema import RUN_ENDS, EventType

__all__ = ["StoryBuilder"]

_KEPT_FIRST: Final = 400
_KEPT_LAST: Final = 100
_KEPT_A_RUN: Final = 50
_MOST_ISSUES: Final = 500
_DATA: Final = frozenset(
    {
        EventType.DATASET_UPLOADED,
        EventType.DATASET_VALIDATED,
        EventType.DATASET_PREPROCESSED,
        EventType.TRAINING_STARTED,
    }
)
_SETTINGS: Final = frozenset({EventType.ALGORITHM_SELECTED, EventType.HYPERPARAMETERS_SET})
_EVALUATIONS: Final = frozenset({EventType.MODEL_EVALUATED, EventType.MODEL_COMPARED})


class StoryBuilder:
    """Takes the rows of a session's files in order, and has their story at any time.

    Args:
        session: Name of the session, or of the file.
        sidecar: What is known of the session beside its lines.
    """

    def __init__(self, session: str, sidecar: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self._sidecar = dict(sidecar or {})
        self._files: list[FileAccount] = []
        self._runs = Runs()
        self._first: list[Recorded | Fold] = []
        self._last: deque[Recorded | Fold] = deque(maxlen=_KEPT_LAST)
        self._decided = 0
        self._fold: Fold | None = None
        self._events: Counter[str] = Counter()
        self._dropped = 0
        self._defaults: object = None

    def begin_file(self, account: FileAccount) -> None:
        """Say of which file the next rows are."""
        self._files.append(account)

    def take(self, row: Row) -> None:
        """Take the next line; one that is no entry is in the file's account alone."""
        fields = row.fields
        if fields is None:
            return
        event = fields["event"]
        self._events[event] += 1
        snapshot = fields["metrics_snapshot"] or {}
        names = fields["model"], fields["dataset"]
        run = self._runs.run_of(event, names, snapshot)
        run.events[event] += 1
        run.last = fields["timestamp"]
        if event == EventType.TRAINING_PROGRESS:
            run.curves.take(snapshot)
            self._keep_progress(row, fields)
        else:
            recorded = Recorded.of(self._place(row), fields)
            self._fold = None
            self._keep(recorded)
            self._sort(run, recorded)

    def story(self) -> Story:
        """All that was recorded so far."""
        return Story(
            session=self._session,
            files=self._files,
            sidecar=self._sidecar,
            runs=self._runs.runs,
            decisions=[*self._first, *self._last],
            left_out=self._decided - len(self._first) - len(self._last),
            events=self._events,
            dropped=self._dropped,
            overlapping=self._runs.overlapping,
            prelude=self._runs.prelude,
        )

    def _place(self, row: Row) -> tuple[int, int]:
        return len(self._files), row.number

    def _keep_progress(self, row: Row, fields: Fields) -> None:
        if self._fold is None:
            self._fold = Fold(Recorded.of(self._place(row), fields))
            self._keep(self._fold)
        else:
            self._fold.take(self._place(row), fields)

    def _keep(self, each: Recorded | Fold) -> None:
        self._decided += 1
        if len(self._first) < _KEPT_FIRST:
            self._first.append(each)
        else:
            self._last.append(each)

    def _sort(self, run: Run, recorded: Recorded) -> None:
        """Keep an entry where its run is asked for it."""
        if recorded.event == EventType.TRAINING_STARTED:
            run.start = recorded
        elif recorded.event in RUN_ENDS:
            run.end = recorded
            _settle(run, recorded.snapshot)
        elif recorded.event == EventType.ISSUE_DETECTED:
            self._take_issue(run, recorded)
        if recorded.event in _DATA:
            run.curves.take_roles(recorded.snapshot)
        for events, kept in (
            (_DATA, run.data),
            (_SETTINGS, run.settings),
            (_EVALUATIONS, run.evaluations),
        ):
            if recorded.event in events and len(kept) < _KEPT_A_RUN:
                kept.append(recorded)
        if recorded.event in _SETTINGS:
            self._keep_defaults_once(recorded.snapshot)
        if recorded.event in _EVALUATIONS or recorded.event in RUN_ENDS:
            run.curves.take_passage(recorded.snapshot)
            run.curves.take_whole(recorded.snapshot)

    def _keep_defaults_once(self, snapshot: Mapping[str, Any]) -> None:
        """Of many runs the defaults are the same: a hundred values, which are kept once."""
        parameters = snapshot.get("parameters")
        if not isinstance(parameters, dict) or not (defaults := parameters.get("defaults")):
            return
        if defaults == self._defaults:
            parameters["defaults"] = self._defaults
        else:
            self._defaults = defaults

    def _take_issue(self, run: Run, recorded: Recorded) -> None:
        dropped = recorded.snapshot.get("dropped_entries")
        if type(dropped) is int and "code" not in recorded.snapshot:
            self._dropped += dropped
            return
        code, name = (_text(recorded.snapshot.get(key)) for key in ("code", "name"))
        subject = _subject(recorded) if code else recorded.decision
        position = position_of(recorded.snapshot)
        number = recorded.snapshot.get("id")
        key = (code, name, subject, position[0] if position else "")
        if type(number) is int:
            key = _by_number(number)
        if key not in run.issues and len(run.issues) >= _MOST_ISSUES:
            return
        found = run.issues.setdefault(key, Found(code, name, subject))
        found.take(recorded)


def _by_number(number: int) -> tuple[str, str, str, str]:
    """The key of an issue that has a number in its run."""
    return "#", str(number), "", ""


def _settle(run: Run, snapshot: Mapping[str, Any]) -> None:
    """Give issues the severity that they have at the end of their run."""
    issues = snapshot.get("issues")
    for facts in issues.values() if isinstance(issues, dict) else ():
        if isinstance(facts, dict) and type(facts.get("id")) is int:
            found = run.issues.get(_by_number(facts["id"]))
            if found is not None:
                found.settle(facts)


def _subject(recorded: Recorded) -> str:
    """The curve an issue is about: set and metric; empty where the entry names none."""
    subject = recorded.snapshot.get("subject")
    if not isinstance(subject, dict):
        return ""
    return " ".join(filter(None, (_text(subject.get(name)) for name in ("set", "metric"))))


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) else ""
