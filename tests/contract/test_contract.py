"""What every adapter promises: the contract, as it is shipped."""

from mllog_callbacks.contract.faults import *  # noqa: F403 - tests are collected by their names
from mllog_callbacks.contract.suite import *  # noqa: F403 - likewise
