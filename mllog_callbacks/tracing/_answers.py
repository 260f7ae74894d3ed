"""What logs say of a target: the entries that name it, and what is known of their runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from mllog_callbacks.reading import FileAccount, read_rows
from mllog_callbacks.reading.story import (
    Run,
    Story,
    data_facts,
    issue_text,
    run_facts,
    settings,
    verdict_of_run,
)
from mllog_callbacks.schema import EventType
from mllog_callbacks.tracing._targets import Target

__all__ = ["Answer", "trace"]

_NEAR: Final = 10
_MOST: Final = 100
_SETTINGS: Final = 200
_IDENTITY: Final = (
    *("started", "host", "pid", "user", "program", "arguments", "directory", "environment"),
    *("notebook", "python", "platform", "executable", "mllog_callbacks", "parent", "job", "rank"),
)


class _Mention(NamedTuple):
    """An entry that names a model's file or data.

    Attributes:
        story: The story of its session.
        place: The file that it is in, and its line.
        time: Its timestamp.
        model: The name of the model in it.
        run: The number of its run; None where it has none.
        facts: What it says of the file or the data.
        name: The path of the model's file, or the name of the data set.
        snapshot: All its facts.
    """

    story: Story
    place: str
    time: str
    model: str | None
    run: int | None
    facts: Mapping[str, Any]
    name: str
    snapshot: Mapping[str, Any]


@dataclass(slots=True)
class Answer:
    """What logs say of a target.

    Attributes:
        target: What was looked for.
        matches: What is known of each run that it comes from, as plain values.
        near: What is of the same name or shape, and of other content.
        unsound: Which logs were changed afterwards, and how that shows.
        compared: How many saved models, data sets and sessions it was compared with.
        stories: The stories of the sessions that match.
    """

    target: Target
    matches: list[dict[str, Any]] = field(default_factory=list)
    near: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)
    stories: list[Story] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether it was found, in logs that are all as they were written."""
        return bool(self.matches) and all(each["log"]["status"] == "sound" for each in self.matches)

    def as_object(self) -> dict[str, Any]:
        """All of it as plain values."""
        target = self.target
        sought = {
            "given": target.given,
            "commit": target.commit or None,
            "sha256": target.sha256 or None,
            "bytes": target.bytes or None,
            "fingerprints": target.fingerprints or None,
            "not_read_as_data": target.unread or None,
        }
        return {
            "target": {name: each for name, each in sought.items() if each is not None},
            "found": bool(self.matches),
            "matches": self.matches,
            "near": self.near,
            "unsound": self.unsound,
            "compared": self.compared,
        }


def trace(target: Target, stories: Sequence[Story]) -> Answer:
    """Look for a target in logs.

    Args:
        target: What is looked for.
        stories: The stories of the logs, held against their chains.
    """
    answer = Answer(target)
    answer.unsound = [
        f"{story.session} was changed afterwards: {reason}"
        for story in stories
        if story.seal is not None and story.seal.status == "tampered"
        for reason in story.seal.reasons
    ]
    if target.commit:
        _trace_commit(answer, stories)
        return answer
    saved = [each for story in stories for each in _saves(story)]
    data = [each for story in stories for each in _data(story)]
    hashed = [each for each in saved if each.facts.get("sha256")]
    known = [each for each in data if each.facts.get("sha256")]
    for names in {tuple(each.facts.get("names") or ()) for each in known}:
        if names:
            target.hash_columns(names)
    prints = {*target.fingerprints.values()}
    answer.compared = {
        "sessions": len(stories),
        "saved models": len(hashed),
        "saved models without a hash": len(saved) - len(hashed),
        "data sets": len(known),
        "data sets without a fingerprint": len(data) - len(known),
    }
    for each in hashed:
        if each.facts["sha256"] == target.sha256:
            _take(answer, each, "model")
    for each in known:
        if each.facts["sha256"] in prints or each.facts.get("labels_sha256") in prints:
            _take(answer, each, "data")
    answer.matches.sort(key=lambda each: str(each["time"]))
    if not answer.matches:
        answer.near = [*_near_models(target, hashed), *_near_data(target, known)][:_NEAR]
    return answer


def _take(answer: Answer, mention: _Mention, what: str) -> None:
    if len(answer.matches) < _MOST:
        answer.matches.append({"found_as": what, **_account(mention, what)})
    if mention.story not in answer.stories:
        answer.stories.append(mention.story)


def _trace_commit(answer: Answer, stories: Sequence[Story]) -> None:
    commits = {}
    for story in stories:
        commit = _part(story.sidecar, "origin", "git").get("commit")
        if isinstance(commit, str):
            commits[story.session] = commit
            if commit.startswith(answer.target.commit):
                answer.stories.append(story)
                for run in story.runs or [story.prelude]:
                    about = {"found_as": "commit", "time": story.span[0]}
                    answer.matches.append({**about, **_run_account(story, run)})
    unknown = len(stories) - len(commits)
    answer.compared = {"sessions with a commit": len(commits), "sessions without": unknown}


def _entries(story: Story, event: EventType) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in story.files:
        account = FileAccount(file.path)
        for row in read_rows(account):
            if row.fields is not None and row.fields["event"] == event:
                yield f"{file.path.name}:{row.number}", row.fields


def _saves(story: Story) -> Iterator[_Mention]:
    """The files that models were saved to; of an entry and the one that completes it, the last."""
    found: dict[tuple[object, str], _Mention] = {}
    for place, fields in _entries(story, EventType.MODEL_SAVED):
        snapshot = fields["metrics_snapshot"] or {}
        saved = snapshot.get("saved")
        if not isinstance(saved, dict):
            continue
        path, run = str(saved.get("path")), snapshot.get("run")
        each = _Mention(
            story, place, fields["timestamp"], fields["model"], run, saved, path, snapshot
        )
        before = found.get((run, path))
        completes = before is not None and "sha256" not in before.facts
        if before is not None and not completes:
            yield before
        found[run, path] = each
    yield from found.values()


def _data(story: Story) -> Iterator[_Mention]:
    for place, fields in _entries(story, EventType.DATASET_VALIDATED):
        snapshot = fields["metrics_snapshot"] or {}
        sets = snapshot.get("data")
        for name, each in sets.items() if isinstance(sets, dict) else ():
            print_ = each.get("fingerprint") if isinstance(each, dict) else None
            if isinstance(print_, dict):
                yield _Mention(
                    story,
                    place,
                    fields["timestamp"],
                    fields["model"],
                    snapshot.get("run"),
                    print_,
                    str(name),
                    snapshot,
                )


def _account(mention: _Mention, what: str) -> dict[str, Any]:
    run, by = _run_of(mention)
    known = {key: each for key, each in mention.facts.items() if key != "path"}
    about: dict[str, Any] = {"time": mention.time, "entry": mention.place}
    about[what] = {"name": mention.name, **known}
    if by:
        about["run_known_by"] = by
    if run is None:
        return {**about, **_session_account(mention.story)}
    about |= _run_account(mention.story, run)
    if what == "model":
        about["evaluation"] = _evaluation(run, mention)
    return about


def _run_of(mention: _Mention) -> tuple[Run | None, str]:
    """The run of an entry; of one without a number the only one it can be of, and why."""
    runs = mention.story.runs
    if mention.run is not None:
        return next((each for each in runs if _number(each) == mention.run), None), ""
    before = [
        each
        for each in runs
        if each.parent is None
        and each.model == mention.model
        and each.end is not None
        and each.end.time <= mention.time
    ]
    if len(before) == 1:
        return before[0], "the only training of a model of this name before it in its session"
    return None, ""


def _number(run: Run) -> object:
    recorded = run.start or run.end
    return run.number if recorded is None else recorded.snapshot.get("run", run.number)


def _session_account(story: Story) -> dict[str, Any]:
    origin = _part(story.sidecar, "origin")
    who = {name: story.sidecar[name] for name in _IDENTITY if story.sidecar.get(name) is not None}
    seal = story.seal
    return {
        "session": story.session,
        "folder": str(story.files[0].path.parent),
        "process": who,
        "account": origin.get("account"),
        "code": {name: origin[name] for name in ("git", "script") if origin.get(name) is not None},
        "machine": origin.get("machine"),
        "distributions": origin.get("distributions"),
        "ended": origin.get("ended"),
        "log": {
            "status": "not verified" if seal is None else seal.status,
            "reasons": [] if seal is None else seal.reasons,
        },
    }


def _run_account(story: Story, run: Run) -> dict[str, Any]:
    verdict = verdict_of_run(run)
    return {
        **_session_account(story),
        "run": _number(run),
        "model_name": run.model,
        "dataset_name": run.dataset,
        "started": None if run.start is None else run.start.time,
        "finished": None if run.end is None else run.end.time,
        "outcome": run_facts(run),
        "data": _with_prints(story, run),
        "parameters": {
            each.name: {"value": each.value, "by_caller": each.by_caller}
            for each in settings(run)[:_SETTINGS]
        },
        "issues": [
            {
                "code": each.code,
                "name": each.name,
                "severity": each.severity,
                "title": issue_text(each).title,
            }
            for each in run.issues.values()
        ],
        "verdict": verdict._asdict(),
    }


def _with_prints(story: Story, run: Run) -> dict[str, Any]:
    found = {name: dict(each) for name, each in data_facts(story, run).items()}
    for recorded in run.data:
        sets = recorded.snapshot.get("data")
        for name, each in sets.items() if isinstance(sets, dict) else ():
            if isinstance(each, dict):
                found.setdefault(str(name), {}).update(each)
    return found


def _evaluation(run: Run, mention: _Mention) -> dict[str, Any]:
    """The evaluation of exactly the model in a file, or why there is none."""
    facts = mention.snapshot
    if facts.get("score") is not None and facts.get("monitor"):
        return {"results": {facts["monitor"]: facts["score"]}, "when": "as it was saved"}
    if not run.evaluations:
        return {"not_known": "no evaluation was recorded"}
    recorded = run.evaluations[-1]
    end = {} if run.end is None else run.end.snapshot
    kept = recorded.snapshot.get("kept") or end.get("kept") or {}
    holds, at = mention.facts.get("holds"), kept.get("at") if isinstance(kept, dict) else None
    found: dict[str, Any] = {"results": _results(recorded.snapshot), "when": recorded.time}
    if holds is not None and at is not None and holds != at:
        unit = mention.facts.get("unit") or "part"
        why = f"the file holds {holds} x {unit}, the evaluation is of {at}"
        return {"not_known": why, "of_another_model": found}
    if holds is None or at is None:
        found["same_model_not_known"] = "it is not recorded how far the evaluated model was trained"
    else:
        found["same_model"] = f"both have {holds} x {mention.facts.get('unit')}"
    return found


def _results(snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
    results = snapshot.get("results")
    if isinstance(results, dict):
        return results
    return {name: each for name, each in snapshot.items() if isinstance(each, dict)}


def _near_models(target: Target, hashed: Sequence[_Mention]) -> Iterator[str]:
    name = "" if target.path is None else target.path.name
    for each in hashed:
        if Path(each.name).name == name:
            yield (
                f"{each.name} was saved at {each.time} with other content: SHA-256 "
                f"{each.facts['sha256']}, {each.facts.get('bytes')} bytes ({each.place})"
            )


def _near_data(target: Target, known: Sequence[_Mention]) -> Iterator[str]:
    shapes = {getattr(each, "shape", None) for each in target.tables.values()}
    for each in known:
        rows, columns = each.facts.get("rows"), each.facts.get("columns")
        names = each.facts.get("names") or ()
        same = any(
            {*names} <= {*map(str, getattr(t, "columns", ()))} for t in target.tables.values()
        )
        if (rows, columns) in shapes or (
            names and same and any(s and s[0] == rows for s in shapes)
        ):
            yield (
                f"the data set {each.name} of {each.time} has the same shape or columns, and other "
                f"values, names or types: fingerprint {each.facts['sha256']} ({each.place})"
            )


def _part(facts: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    found: Any = facts
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
