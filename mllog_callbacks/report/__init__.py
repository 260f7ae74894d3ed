"""The report: one self-contained HTML file with the story of a log, offline and in print."""

from mllog_callbacks.report._live import LiveView
from mllog_callbacks.report._render import (
    render_card,
    render_comparison,
    render_index,
    render_log,
    render_report,
)
from mllog_callbacks.report._trail import ComparedTrail, Trail, read_trail

__all__ = [
    "ComparedTrail",
    "LiveView",
    "Trail",
    "read_trail",
    "render_card",
    "render_comparison",
    "render_index",
    "render_log",
    "render_report",
]
