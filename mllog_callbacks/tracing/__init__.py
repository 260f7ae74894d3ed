"""From a model file, a data file or a commit to the runs it comes from, by what logs recorded."""

from mllog_callbacks.tracing._answers import Answer, trace
from mllog_callbacks.tracing._lines import lines_of
from mllog_callbacks.tracing._targets import Target, UnknownTargetError, target_of

__all__ = ["Answer", "Target", "UnknownTargetError", "lines_of", "target_of", "trace"]
