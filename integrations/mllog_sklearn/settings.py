"""How an estimator logs: what the caller said once, for all of its calls."""

import functools
import multiprocessing.context
import os
import pickle
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace

from mllog_callbacks import AuditLog, Auditor, Detector, DetectorSet, Issue, Level, get_log, log_in
from mllog_callbacks.detectors import Mode
from mllog_callbacks.schema import interruption

__all__ = ["Settings", "feeds_worker"]


@dataclass(unsafe_hash=True)  # settable, since a user's subclass of the callback may have more
class Settings:
    """The arguments of `audited`, and `MLAuditCallback` itself but for its hooks.

    Raises:
        ValueError: There is no detector of a name.
    """

    log: AuditLog | str | os.PathLike[str] | None = None
    _: KW_ONLY
    dataset: str | None = None
    model: str | None = None
    detectors: DetectorSet | Detector | str | Sequence[Detector | str] | None = None
    on_issue: Callable[[Issue], object] | None = None
    directions: Mapping[str, Mode] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if isinstance(self.detectors, list):
            self.detectors = tuple(self.detectors)
        self.auditor  # noqa: B018 - raises now, and not in a fit

    @functools.cached_property
    def auditor(self) -> Auditor:
        """The same, as what makes runs."""
        return Auditor(
            self.log,
            dataset=self.dataset,
            model=self.model,
            detectors=self.detectors,
            on_issue=self.on_issue,
            directions=self.directions,
        )

    @property
    def level(self) -> Level:
        """The least level recorded."""
        return self._opened.level

    @property
    def _opened(self) -> AuditLog:
        """The log itself."""
        if isinstance(self.log, AuditLog):
            return self.log
        return get_log() if self.log is None else log_in(self.log)

    def for_worker(self) -> "Settings":
        """The same for a worker process, in a session of its own that names this one.

        A function to be called with issues that cannot be pickled is left behind.
        """
        sent = replace(self, log=self._opened)
        try:
            pickle.dumps(self.on_issue)
        except Exception as error:
            if interruption(error) is not None:
                raise
            return replace(sent, on_issue=None)
        return sent

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "auditor"}


def feeds_worker() -> bool:
    """Whether this thread pickles for a worker process, and not for a file."""
    name = threading.current_thread().name
    return (
        name == "QueueFeederThread"  # of loky, concurrent.futures and multiprocessing.Queue
        or name.endswith("(_handle_tasks)")  # of multiprocessing.Pool
        or multiprocessing.context.get_spawning_popen() is not None
    )
