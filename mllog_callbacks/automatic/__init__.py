"""Auditing without a line of code: frameworks are hooked as they are imported.

Loaded as Python starts, where auditing is on: nothing here imports more than the standard library
before a training begins.
"""

from mllog_callbacks.automatic._auto import auto
from mllog_callbacks.automatic._environment import (
    AUTO,
    NOTES,
    SITE,
    chosen,
    disabled,
    start,
)
from mllog_callbacks.automatic._frameworks import FRAMEWORKS, Framework
from mllog_callbacks.automatic._lightning import lightning_callbacks
from mllog_callbacks.automatic._notebook import load_ipython_extension, unload_ipython_extension
from mllog_callbacks.automatic._notes import Note, read_notes
from mllog_callbacks.automatic._status import Status, statuses

__all__ = [
    "AUTO",
    "FRAMEWORKS",
    "NOTES",
    "SITE",
    "Framework",
    "Note",
    "Status",
    "auto",
    "chosen",
    "disabled",
    "lightning_callbacks",
    "load_ipython_extension",
    "read_notes",
    "start",
    "statuses",
    "unload_ipython_extension",
]
