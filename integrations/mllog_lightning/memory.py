"""Out of memory: what was allocated then."""

import sys
from typing import Final

import torch

__all__ = ["found"]

_SAID: Final = ("out of memory", "can't allocate memory", "not enough memory")


def found(error: BaseException) -> dict[str, object]:
    """What was allocated when an error of missing memory was raised; empty for other errors.

    Read from counters that the process keeps; no device is asked to finish anything.
    """
    lacking = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and any(each in str(error) for each in _SAID)
    )
    return _process() | _devices() if lacking else {}


def _process() -> dict[str, object]:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return {}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"process_peak_bytes": peak if sys.platform == "darwin" else peak * 1024}


def _devices() -> dict[str, object]:
    if not torch.cuda.is_available():
        return {}
    return {
        f"cuda:{each}": {
            "allocated_bytes": torch.cuda.memory_allocated(each),
            "peak_allocated_bytes": torch.cuda.max_memory_allocated(each),
            "reserved_bytes": torch.cuda.memory_reserved(each),
        }
        for each in range(torch.cuda.device_count())
        if torch.cuda.memory_reserved(each)
    }
