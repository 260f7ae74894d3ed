"""Out of memory: what was allocated then."""

import sys
from typing import Final, NamedTuple

import torch

__all__ = ["Memory", "found"]

_SAID: Final = ("out of memory", "can't allocate memory", "not enough memory")


class Memory(NamedTuple):
    """What was allocated.

    Attributes:
        process_peak_bytes: The most memory that the process had; None where that is not known.
        devices: What was allocated on each device; None where there is none.
    """

    process_peak_bytes: int | None = None
    devices: dict[str, dict[str, int]] | None = None


def found(error: BaseException) -> Memory:
    """What was allocated when an error of missing memory was raised; nothing for other errors.

    Read from counters that the process keeps; no device is asked to finish anything.
    """
    lacking = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and any(each in str(error) for each in _SAID)
    )
    return Memory(_process(), _devices()) if lacking else Memory()


def _process() -> int | None:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _devices() -> dict[str, dict[str, int]] | None:
    if not torch.cuda.is_available():
        return None
    return {
        f"cuda:{each}": {
            "allocated_bytes": torch.cuda.memory_allocated(each),
            "peak_allocated_bytes": torch.cuda.max_memory_allocated(each),
            "reserved_bytes": torch.cuda.memory_reserved(each),
        }
        for each in range(torch.cuda.device_count())
        if torch.cuda.memory_reserved(each)
    }
