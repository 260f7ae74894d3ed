"""The report: one self-contained HTML file that tells the story of a log, offline and in print."""

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from mllog_callbacks.report.page import index_page, report_page
from mllog_callbacks.story import Story

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_index", "render_report"]


def render_report(story: Story) -> str:
    """The report of one session, as HTML."""
    return _render("report.html.j2", page=report_page(story))


def render_index(stories: list[tuple[str, Story]]) -> str:
    """An index of reports, as HTML.

    Args:
        stories: The name of each report's file, and its story.
    """
    return _render("index.html.j2", page=index_page(stories))


def _render(template: str, **values: Any) -> str:  # noqa: ANN401 - a template's own
    environment = _environment()
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    made = environment.get_template(template).render(policy=policy, script=_safe(script), **values)
    # what is no Unicode text, such as a lone surrogate in a file's name, is shown as a question mark
    return made.encode("utf-8", "replace").decode()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - slow

    return Environment(
        autoescape=True,
        loader=PackageLoader("mllog_callbacks.report"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


@cache
def _script() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only here

    return files(__name__).joinpath("templates", "theme.js").read_text("utf-8").strip()


def _safe(script: str) -> Any:  # noqa: ANN401 - markupsafe is jinja2's own
    """Our own script, which is not to be escaped: its hash is what the policy allows."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(script)  # noqa: S704 - a file of this package
