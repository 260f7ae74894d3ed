"""Recording which file a model is saved to by functions that no training knows of."""

import os
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mllog_callbacks.adapter._call_hooks import attend
from mllog_callbacks.adapter._models import trained
from mllog_callbacks.adapter._run import Run
from mllog_callbacks.adapter._saving import called_from, file_size
from mllog_callbacks.facts import ModelSaved, Saved
from mllog_callbacks.locks import ProcessLock
from mllog_callbacks.recording import AuditLog, get_log, guarded

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["audit_saving", "hear_saves", "record_saved"]

_OPEN: Final = "the file was still open when audit_saving ended"


class _Function(NamedTuple):
    """A function in Python that saves what it is given.

    Attributes:
        module: Where it is.
        name: Its name there.
        value: Its parameter for what is saved.
        file: Its parameter for the file.
    """

    module: str
    name: str
    value: str
    file: str


FUNCTIONS: Final = (
    _Function("joblib.numpy_pickle", "dump", "value", "filename"),
    _Function("cloudpickle.cloudpickle", "dump", "obj", "file"),
    _Function("skops.io._persist", "dump", "obj", "file"),
)


class _Block:
    """One block in which saves are recorded.

    Args:
        log: Where the saves of models go whose run is not known; default `get_log()`.
        dataset: The name of the data set in such entries.
        model: The name of the model in these.
    """

    def __init__(self, log: AuditLog | None, dataset: str | None, model: str | None) -> None:
        self._log, self._dataset, self._model = log, dataset, model
        self._later: list[Callable[[], None]] = []

    def saved(self, value: object, file: object, form: str | None, by: str) -> None:
        """Record a save that has just been made; to a file that is open, at the end."""
        known = trained(value)
        runs = list({id(each.run): each.run for each in known}.values())
        if not runs:
            if not (hasattr(value, "fit") and hasattr(value, "get_params")):
                return  # no model
            runs = [self.unknown(value)]
        part = known[0].part if len(known) == 1 else ""
        models = len(runs) if len(runs) > 1 else None
        facts = {"format": form, "models": models, "part": part or None, "by": by}
        self.record(runs, file, facts)

    def saved_as(self, model: object, path: str | os.PathLike[str], form: str | None) -> None:
        """Record a save that the caller says was made."""
        session = None if self._log is None else self._log.session
        known = [each for each in trained(model) if session in {None, each.run.session}]
        run = known[0].run.renamed(self._dataset, self._model) if known else self.unknown(model)
        part = known[0].part if len(known) == 1 else ""
        self.record([run], path, {"format": form, "part": part or None, "by": called_from()})

    def unknown(self, model: object) -> Run:
        """What the save of a model is recorded in whose run is not known."""
        log = get_log() if self._log is None else self._log
        run = Run(log.bind(dataset=self._dataset, model=self._model), trains=False)
        run.name(model=type(model).__qualname__)
        return run

    def record(self, runs: Sequence[Run], file: object, facts: Mapping[str, Any]) -> None:
        """Record a save in each of some runs."""
        if isinstance(file, (str, bytes, os.PathLike)):
            size = None if "not_known" in facts else file_size(os.fspath(file))
            saved = Saved(path=os.fsdecode(file), bytes=size, **facts)
            for each in runs:
                each.record_save(ModelSaved(saved=saved))
            return
        path = getattr(file, "name", None)
        if isinstance(path, (str, bytes, os.PathLike)):
            # Weakly: a file that nobody else holds is closed when the call is over
            still = weakref.ref(file)
            self._later.append(partial(self._record_late, runs, still, path, facts))

    def _record_late(
        self,
        runs: Sequence[Run],
        still: Callable[[], object],
        path: str | bytes | os.PathLike[str],
        facts: Mapping[str, Any],
    ) -> None:
        file = still()
        if file is not None and not getattr(file, "closed", True):
            facts = {**facts, "not_known": {"sha256": _OPEN}}
        self.record(runs, path, facts)

    def end(self) -> None:
        """Record the saves to files that were open."""
        for each in self._later:
            guarded(each)()


_block: "ContextVar[_Block | None]" = ContextVar("mllog_saving", default=None)


@contextmanager
def audit_saving(
    log: AuditLog | None = None, *, dataset: str | None = None, model: str | None = None
) -> Iterator[None]:
    """Record each model that is saved within a block, or during a function that is decorated.

    What is saved by `joblib.dump`, `pickle.dump`, `cloudpickle.dump` and `skops.io.dump` in this
    thread or task is recorded as MODEL_SAVED with the file's size, SHA-256 and format, in the run
    that trained it: an estimator, also within a pipeline, a search, a dictionary or a list. A save
    to a file that is open is recorded at the end of the block. What else is pickled is not
    recorded. `pickle.dump` is seen where it is called by that name: for the time of a block it is
    another function, which calls it.

    Args:
        log: Where saves of estimators go whose training was not recorded; default `get_log()`.
        dataset: The name of their data set; default the log's.
        model: Their name; default the log's, or their class.

    Example:
        >>> with audit_saving():
        ...     joblib.dump(model, "model.joblib")
    """
    for each in FUNCTIONS:
        guarded(_attend)(each, _hear_block)
    block = _Block(log, dataset, model)
    token = _block.set(block)
    _pickling.enter()
    try:
        yield
    finally:
        _pickling.leave()
        _block.reset(token)
        guarded(block.end)()


def record_saved(
    estimator: object,
    path: str | os.PathLike[str],
    log: AuditLog | None = None,
    *,
    dataset: str | None = None,
    model: str | None = None,
    format: str | None = None,  # noqa: A002 - the name of the fact
) -> None:
    """Record that a model was saved to a file by other means, such as an export to ONNX.

    The entry is of the run that trained it, where that is known.

    Args:
        estimator: The model.
        path: The file, which is closed, or the folder.
        log: Where the entry goes if its run is not known, or was recorded in another log; default
            `get_log()`.
        dataset: The name of the data set in the entry; default the run's, or the log's.
        model: The name of the model in it; default the run's, or the log's, or its class.
        format: Its format; default by how the file begins.
    """
    guarded(_Block(log, dataset, model).saved_as)(estimator, path, format)


def hear_saves(module: str, on: Callable[[], bool]) -> None:
    """Have the saves of models whose run is known recorded from now on, without a block.

    Args:
        module: The module of one of the functions that are known, which is imported.
        on: Whether a save that begins now is to be recorded.
    """
    for each in FUNCTIONS:
        if each.module == module:
            _attend(each, partial(_hear_known, on))


def _attend(function: _Function, hear: Callable[..., Any]) -> None:
    module = sys.modules.get(function.module)
    if module is None:
        try:
            module = __import__(function.module, fromlist=["dump"])
        except ImportError:
            return
    attend(getattr(module, function.name), _begin_of(function, hear))


def _begin_of(function: _Function, hear: Callable[..., Any]) -> Callable[..., Any]:
    """The same object for the same arguments: a function is attended by it once."""
    key = function.module, hear is _hear_block
    if key not in _begins:
        _begins[key] = partial(hear, function)
    return _begins[key]


_begins: Final[dict[tuple[str, bool], Callable[..., Any]]] = {}


def _hear_block(function: _Function, arguments: Mapping[str, Any]) -> Callable[..., Any] | None:
    block = _block.get()
    if block is None:
        return None
    return _ended(block, function, arguments)


def _hear_known(
    on: Callable[[], bool], function: _Function, arguments: Mapping[str, Any]
) -> Callable[..., Any] | None:
    if _block.get() is not None or not on() or not trained(arguments.get(function.value)):
        return None
    path = arguments.get(function.file)
    if not isinstance(path, (str, bytes, os.PathLike)):
        return None  # when a file that is open is closed, nobody says here
    return _ended(_Block(None, None, None), function, arguments)


def _ended(
    block: _Block, function: _Function, arguments: Mapping[str, Any]
) -> Callable[..., Any] | None:
    library = function.module.partition(".")[0]
    if _caller(function).startswith((f"{library}.", "mllog_")):
        return None  # such as joblib's cache
    value, file = arguments.get(function.value), arguments.get(function.file)
    version = getattr(sys.modules.get(library), "__version__", "")
    by = called_from(f"{library}.")

    def ended(error: BaseException | None) -> None:
        if error is None:
            block.saved(value, file, f"{library} {version}".strip(), by)

    return ended


def _caller(function: _Function) -> str:
    """The module that calls a function."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - documented for CPython
    while frame is not None and frame.f_globals.get("__name__") != function.module:
        frame = frame.f_back
    while frame is not None and frame.f_globals.get("__name__") == function.module:
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__"))


class _Pickling:
    """`pickle.dump`, which is no function in Python: another one, as long as there is a block."""

    def __init__(self) -> None:
        self._lock, self._blocks = ProcessLock(), 0
        self._own = self._made = pickle.dump

    def enter(self) -> None:
        """A block begins."""
        with self._lock:
            self._blocks += 1
            if self._blocks == 1:
                self._own = own = pickle.dump
                self._made = pickle.dump = wraps(own)(partial(_dump, own))

    def leave(self) -> None:
        """A block is over."""
        with self._lock:
            self._blocks -= 1
            if not self._blocks and pickle.dump is self._made:
                pickle.dump = self._own


def _dump(own: Callable[..., None], obj: Any, file: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - pickle's own
    own(obj, file, *args, **kwargs)
    block = _block.get()
    if block is not None:
        guarded(block.saved)(obj, file, None, called_from("pickle"))


_pickling: Final = _Pickling()
