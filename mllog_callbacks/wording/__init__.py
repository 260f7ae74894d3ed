"""Words: decision and reasoning of an entry, made from its facts alone, for every adapter.

What is said here is a fact of the entry, and what is not known is not said.
"""

from mllog_callbacks.wording._course import saved_later
from mllog_callbacks.wording._worded import worded

__all__ = ["saved_later", "worded"]
