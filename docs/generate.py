"""Writes what the pages take from the package: ``python docs/generate.py``.

The table of detectors comes from `KINDS`, the tables of fields from the classes of facts, the
entries of the catalogue from real runs, made here, and the picture of the packages from their
imports. A test holds the pages against it.
"""

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import architecture
import catalogue
import front_door
from mllog_callbacks import EventType
from mllog_callbacks.detectors import KINDS
from mllog_callbacks.facts import GROUPS, OF_EVENTS, OF_RUNS, Fact, documented

DOCS: Final = Path(__file__).parent


def kinds() -> str:
    """The table of detectors."""
    rows = ["| code | name | severity | fires | source |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.code} | `{each.name}` | {each.severity} | {each.threshold} | {each.source} |"
        for each in KINDS
    ]
    return "\n".join(rows)


def facts() -> str:
    """The tables of facts: what entries may hold, and the groups of facts within."""
    of_runs = [(name, _kind(each), each) for name, each in OF_RUNS.items()]
    parts = [_table("Every entry of a run", of_runs)]
    for events, cls in OF_EVENTS.items():
        parts.append(_table(", ".join(map(str, events)), documented(cls), _summary(cls)))
    parts += [_table(each.__name__, documented(each), _summary(each)) for each in GROUPS]
    return "\n\n".join(parts)


def _table(title: str, rows: Iterable[tuple[str, str, Fact]], summary: str = "") -> str:
    lines = ["| field | type | meaning | example |", "|---|---|---|---|"]
    for name, kind, fact in rows:
        unit = f" ({fact.unit})" if fact.unit else ""
        example = "" if fact.example is None else f"`{json.dumps(fact.example)}`"
        lines.append(f"| `{name}` | {kind} | {fact.meaning}{unit} | {example} |")
    head = f"## {title}\n\n" + (f"{summary}.\n\n" if summary else "")
    return head + "\n".join(lines)


def _kind(fact: Fact) -> str:
    """The type of a field, by its example."""
    return {int: "integer", float: "number", str: "string"}.get(type(fact.example), "object")


def _summary(group: type) -> str:
    return str(group.__doc__).partition(";")[0].rstrip(".")


def entries() -> dict[str, dict[str, Any]]:
    """One entry of each event type, as real runs wrote it."""
    with tempfile.TemporaryDirectory() as folder:
        recorded = list(catalogue.run(Path(folder)))
    found: dict[str, dict[str, Any]] = {}
    for entry in recorded:
        found.setdefault(entry.event, json.loads(entry.model_dump_json()))
    return {event: found[event] for event in EventType}


def filled(page: str, name: str, text: str) -> str:
    """A page with new text between its two marks of a name."""
    marked = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->\n)", re.DOTALL)
    return marked.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)


def pages() -> Iterator[tuple[Path, str]]:
    """The pages as they should be."""
    detectors = DOCS / "detectors.md"
    yield detectors, filled(detectors.read_text("utf-8"), "kinds", kinds())
    fields = DOCS / "fields.md"
    yield fields, filled(fields.read_text("utf-8"), "fields", facts())
    events = DOCS / "events.md"
    page = events.read_text("utf-8")
    for event, entry in entries().items():
        page = filled(
            page, event, f"```json\n{json.dumps(entry, indent=2, ensure_ascii=False)}\n```"
        )
    yield events, page
    yield DOCS / "architecture.svg", architecture.drawing()


def main() -> None:
    """Write the pages, and the types of the front door."""
    front_door.PATH.write_text(front_door.stub(), "utf-8")
    for path, page in pages():
        path.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
