"""Writes what the pages take from the package: ``python docs/generate.py``.

The table of detectors comes from `KINDS`, the entries of the catalogue from real runs, made here.
Tests hold the pages, and the types of the front door, against it.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import catalogue
import front_door
from mllog_callbacks import EventType
from mllog_callbacks.detectors import KINDS

DOCS: Final = Path(__file__).parent


def kinds() -> str:
    """The table of detectors."""
    rows = ["| code | name | severity | fires | source |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.code} | `{each.name}` | {each.severity} | {each.threshold} | {each.source} |"
        for each in KINDS
    ]
    return "\n".join(rows)


def entries() -> dict[str, dict[str, Any]]:
    """One entry of each event type, as real runs wrote it."""
    with tempfile.TemporaryDirectory() as folder:
        told = list(catalogue.run(Path(folder)))
    found: dict[str, dict[str, Any]] = {}
    for entry in told:
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
    events = DOCS / "events.md"
    page = events.read_text("utf-8")
    for event, entry in entries().items():
        page = filled(
            page, event, f"```json\n{json.dumps(entry, indent=2, ensure_ascii=False)}\n```"
        )
    yield events, page


def main() -> None:
    """Write the pages, and the front door's types."""
    front_door.PATH.write_text(front_door.stub(), "utf-8")
    for path, page in pages():
        path.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
