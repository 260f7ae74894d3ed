"""An answer in lines of text."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mllog_callbacks.reading.story import cut, moment, number, value
from mllog_callbacks.schema import count
from mllog_callbacks.tracing._answers import Answer

__all__ = ["lines_of"]

_FEW: Final = 12


def lines_of(answer: Answer) -> Iterator[str]:
    """The answer for a person: each run it comes from, or what it was compared with."""
    target = answer.target
    what = f"SHA-256 {target.sha256}, {target.bytes:,} bytes" if target.sha256 else "commit"
    yield f"{target.given}: {what}"
    if target.unread:
        yield f"Not read as data: {target.unread}"
    for each in answer.matches:
        yield ""
        yield from _match(each)
    if not answer.matches:
        yield "Not found."
        yield from (f"Near: {each}" for each in answer.near)
    yield from (f"Log {each}" for each in answer.unsound)
    compared = "; ".join(f"{name} {many:,}" for name, many in answer.compared.items())
    yield ""
    yield f"Compared with: {compared}."


def _match(found: Mapping[str, Any]) -> Iterator[str]:
    as_what = found["found_as"]
    if as_what in found:
        known = found[as_what]
        name = "saved to" if as_what == "model" else "used as"
        yield f"Found: {as_what} {name} {known['name']}, {moment(found['time'])} ({found['entry']})"
    else:
        yield f"Found: {as_what}"
    run = "no run" if found.get("run") is None else f"run {found['run']}"
    yield f"  Session    {found['session']}, {run}"
    if "run_known_by" in found:
        yield f"             {found['run_known_by']}"
    yield f"  Log        {found['log']['status']}"
    yield from (f"             {each}" for each in found["log"]["reasons"])
    yield from _who(found)
    yield from _code(found)
    if "verdict" in found:
        yield from _training(found)


def _who(found: Mapping[str, Any]) -> Iterator[str]:
    process, account = found["process"], found.get("account") or {}
    system = f"{account.get('name', 'user')} ({account['uid']})" if account else "not recorded"
    yield f"  Who        {system} by the system; {process.get('user')} by the environment"
    began = found.get("started") or process.get("started")
    yield f"  When       {began} to {found.get('finished')}"
    known = (process.get(name) for name in ("host", "platform", "pid"))
    yield "  Where      {}, {}, process {}".format(*known)
    if machine := found.get("machine"):
        gpus = [value(each.get("model"), 40) for each in machine.get("gpus", ())]
        processors = count(machine.get("cpus") or 0, "processor")
        yield f"  Machine    {', '.join(map(str, (machine.get('cpu'), processors, *gpus)))}"


def _code(found: Mapping[str, Any]) -> Iterator[str]:
    git, script = found["code"].get("git") or {}, found["code"].get("script") or {}
    if git.get("commit"):
        state = "as committed" if git.get("dirty") is False else "with changes"
        if "dirty" not in git:
            state = f"changes not known: {git.get('changes_not_known')}"
        branch = f" on {git['branch']}" if git.get("branch") else ""
        yield f"  Code       commit {git['commit']}{branch}, {state}"
        for name, digest in list((git.get("changed_files") or {}).items())[:_FEW]:
            yield f"             changed: {name} {digest}"
    else:
        yield f"  Code       {git.get('not_known') or 'not recorded'}"
    if script:
        content = script.get("sha256") or script.get("not_known")
        yield f"  Script     {script.get('path')}, SHA-256 {content}"
    if versions := found.get("distributions"):
        python = f"Python {found['process'].get('python')}"
        many = count(versions["count"], "distribution")
        yield f"  Versions   {python}, {many}, SHA-256 {versions['sha256']}"


def _training(found: Mapping[str, Any]) -> Iterator[str]:
    for name, each in list(found["data"].items())[:_FEW]:
        known = each.get("fingerprint") or {}
        print_ = known.get("sha256") or f"no fingerprint: {known.get('not_known', 'not recorded')}"
        rows = f"{each.get('rows') or known.get('rows') or '?'} rows"
        yield f"  Data       {cut(name, 40)}: {rows}, {print_}"
    own = [(n, each["value"]) for n, each in found["parameters"].items() if each["by_caller"]]
    if own:
        yield f"  Parameters {', '.join(f'{name}={value(each, 40)}' for name, each in own[:_FEW])}"
    if "evaluation" in found:
        yield f"  Evaluation {_evaluated(found['evaluation'])}"
    for each in found["issues"][:_FEW]:
        yield f"  Issue      {each['severity']}: {each['title']}"
    verdict = found["verdict"]
    yield f"  Verdict    {verdict['word']}. {verdict['reason']}"


def _evaluated(found: Mapping[str, Any]) -> str:
    if "not_known" in found:
        return f"not known: {found['not_known']}"
    recorded = [
        f"{name} {number(each)}" if isinstance(each, (int, float)) else f"{name} {value(each, 120)}"
        for name, each in found["results"].items()
    ]
    known = found.get("same_model") or found.get("same_model_not_known") or found["when"]
    return f"{', '.join(recorded)} ({known})"
