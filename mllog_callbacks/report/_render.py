"""Pages and cards as HTML: self-contained, without a network."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mllog_callbacks.comparison import Comparison, compare
from mllog_callbacks.reading import Row, last_lines
from mllog_callbacks.reading.story import Story
from mllog_callbacks.report._card import log_card, story_card
from mllog_callbacks.report._compared import (
    comparison_card,
    comparison_page,
    comparison_section,
)
from mllog_callbacks.report._page import index_page, report_page
from mllog_callbacks.schema import plain_lines

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = [
    "render_card",
    "render_comparison",
    "render_comparison_card",
    "render_index",
    "render_log",
    "render_report",
]

_SCRIPTS: Final = ("theme.js", "compare.js")

_LAST: Final = 8
"""Entries that a notebook shows of a log that is being written."""


def render_report(story: Story) -> str:
    """The report of one session, as HTML."""
    return _render("report.html.j2", page=report_page(story))


def render_index(stories: list[tuple[str, Story]]) -> str:
    """An index of reports, with a comparison of all their runs, as HTML.

    Args:
        stories: The name of each report's file, and its story.
    """
    sessions = [
        (href, each)
        for href, story in stories
        for each in [member.story for member in story.members] or [story]
    ]
    found = compare(story for _, story in sessions)
    pages = {story.session: href for href, story in sessions}
    compared = comparison_section(found, pages) if len(found.runs) > 1 else None
    return _render("index.html.j2", page=index_page(stories) | {"compared": compared})


def render_comparison(found: Comparison) -> str:
    """A comparison of runs, as HTML."""
    return _render("compare.html.j2", page=comparison_page(found))


def render_comparison_card(found: Comparison) -> str:
    """What a notebook shows of a comparison, as HTML."""
    return _template("compared_card.html.j2").render(card=comparison_card(found))


def render_card(stories: Sequence[Story]) -> str:
    """What a notebook shows of sessions, the newest first, as HTML."""
    return _template("card.html.j2").render(card=story_card(stories))


def render_log(path: Path, session: str, recorded: str) -> str:
    """What a notebook shows of a log that is being written, as HTML.

    Args:
        path: The file.
        session: Name of the session.
        recorded: What else is known of the log, in a few words.
    """
    try:
        rows = [each.row for each in last_lines(path, _is_entry, _LAST)]
    except OSError:  # there is no file yet, or no longer
        rows = []
    return _template("card.html.j2").render(card=log_card(session, str(path), recorded, rows))


def _is_entry(row: Row) -> bool:
    return row.fields is not None


def _template(name: str) -> "Template":
    return _environment().get_template(name)


def _render(template: str, **values: Any) -> str:  # noqa: ANN401 - a template's own
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    made = _template(template).render(policy=policy, script=_safe(script), **values)
    # a file's name may be no Unicode text: what is none is shown as a question mark
    return made.encode("utf-8", "replace").decode()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - slow

    return Environment(
        autoescape=True,
        finalize=_visible,
        loader=PackageLoader("mllog_callbacks.report"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def _visible(value: object) -> object:
    """What is printed on a page: of text that others wrote, control characters are shown."""
    return plain_lines(value) if type(value) is str else value


@cache
def _script() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only here

    templates = files("mllog_callbacks.report").joinpath("templates")
    scripts = (templates.joinpath(each).read_text("utf-8").strip() for each in _SCRIPTS)
    return ";\n".join(scripts)


def _safe(script: str) -> Any:  # noqa: ANN401 - markupsafe is jinja2's own
    """Our own script, which is not to be escaped: its hash is what the policy allows."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(script)  # noqa: S704 - a file of this package
