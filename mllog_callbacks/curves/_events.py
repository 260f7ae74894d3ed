"""TensorBoard's event files, by its own reader where that is installed."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mllog_callbacks.curves._table import NoCurvesError, Table, folder_stage, table_of
from mllog_callbacks.schema import parse_metric_name

__all__ = ["EVENTS", "is_event_file", "read_events"]

EVENTS: Final = "TensorBoard events"

_MISSING: Final = (
    "an event file of TensorBoard: install mllog-callbacks[tensorboard] to read it, "
    "or export its scalars as CSV"
)


def is_event_file(path: Path) -> bool:
    """Whether a file's name is one that TensorBoard's writers give."""
    return ".tfevents." in path.name


def read_events(path: Path) -> Table:
    """The scalars of an event file.

    Raises:
        NoCurvesError: There are none, or TensorBoard is not installed.
    """
    folder = path.parent.name
    rows: dict[int, dict[str, object]] = {}
    for step, tag, value in _scalars(path):
        # Keras has a folder for each stage, and the same tags in both
        staged = parse_metric_name(tag).stage is None and folder_stage(folder)
        rows.setdefault(step, {"step": step})[f"{folder}/{tag}" if staged else tag] = value
    if not rows:
        msg = "an event file of TensorBoard without scalars"
        raise NoCurvesError(msg)
    return table_of((rows[step] for step in sorted(rows)), EVENTS)


def _scalars(path: Path) -> Iterator[tuple[int, str, float]]:
    """Each scalar's step, tag and value."""
    if find_spec("tensorboard") is None:
        raise NoCurvesError(_MISSING)
    from tensorboard.backend.event_processing.event_accumulator import (  # noqa: PLC0415 - optional
        SCALARS,
        TENSORS,
        EventAccumulator,
    )
    from tensorboard.util.tensor_util import make_ndarray  # noqa: PLC0415 - optional

    events = EventAccumulator(str(path), size_guidance={SCALARS: 0, TENSORS: 0})
    events.Reload()
    for tag in events.Tags()[SCALARS]:
        for each in events.Scalars(tag):
            yield each.step, tag, each.value
    for tag in events.Tags()[TENSORS]:
        for each in events.Tensors(tag):
            array = make_ndarray(each.tensor_proto)
            if array.shape == () and array.dtype.kind == "f":
                yield each.step, tag, float(array)
