"""Curves of finished trainings, from the files that people have: tables, JSON, logs, events.

`read_file` makes tables of a file, `joined` puts files with one metric each together,
`understand` and `pair` say what the columns are, and `look` shows each run to detectors.
"""

from mllog_callbacks.curves._columns import Column, Role, understand
from mllog_callbacks.curves._files import curve_files, read_file, read_tables
from mllog_callbacks.curves._joining import Source, joined
from mllog_callbacks.curves._looking import Looked, look
from mllog_callbacks.curves._pairing import Curve, Pairing, pair
from mllog_callbacks.curves._patterns import READY
from mllog_callbacks.curves._runs import Axis, Run, observations, runs
from mllog_callbacks.curves._table import NoCurvesError, Table

__all__ = [
    "READY",
    "Axis",
    "Column",
    "Curve",
    "Looked",
    "NoCurvesError",
    "Pairing",
    "Role",
    "Run",
    "Source",
    "Table",
    "curve_files",
    "joined",
    "look",
    "observations",
    "pair",
    "read_file",
    "read_tables",
    "runs",
    "understand",
]
