"""Values of tensors, read without making a device wait.

A tensor on an accelerator holds a value that is computed later. Asking for it (`Tensor.item`)
would hold the training up until then. It is copied beside the training instead, and read when the
copy is there.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final, Generic, TypeVar

import torch
from torch import Tensor

__all__ = ["Pending", "pending"]

Name = TypeVar("Name", bound=Hashable)

_AT_HAND: Final = frozenset({"cpu"})
"""Devices whose values are there when the tensor is."""

_ASKED: Final = frozenset({"cuda"})
"""Devices that can be asked whether a copy is done."""


class Pending(Generic[Name]):
    """Values that may not be there yet.

    Args:
        known: Values that are there.
        names: Names of the others.
        copy: Their values, one after the other, as they arrive.
        arrived: The event after which they are there.
    """

    def __init__(
        self,
        known: dict[Name, float],
        names: tuple[Name, ...] = (),
        copy: Tensor | None = None,
        arrived: "torch.cuda.Event | None" = None,
    ) -> None:
        self._known, self._names = known, names
        self._copy, self._arrived = copy, arrived

    @property
    def ready(self) -> bool:
        """Whether all are there; asking waits for nothing."""
        return self._arrived is None or bool(self._arrived.query())  # type: ignore[no-untyped-call]  # PyTorch's own

    def wait(self) -> None:
        """Wait until all are there: when there is no training left to hold up."""
        if self._arrived is not None:
            self._arrived.synchronize()

    def read(self) -> dict[Name, float]:
        """All values that are there now."""
        if self._copy is None or not self.ready:
            return self._known
        return self._known | dict(zip(self._names, self._copy.tolist(), strict=True))


def pending(given: Mapping[Name, Any]) -> Pending[Name]:
    """Take the numbers among values: what the CPU holds at once, the rest as it arrives.

    Args:
        given: Numbers and tensors by name. What is no single number is left out, and so is what
            is on a device that cannot be asked whether it is done.
    """
    known: dict[Name, float] = {}
    later: dict[Name, Tensor] = {}
    for name, value in given.items():
        if not isinstance(value, Tensor):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                known[name] = float(value)
        elif value.numel() != 1 or value.is_complex():
            continue
        elif value.device.type in _AT_HAND:
            known[name] = float(value.item())
        elif value.device.type in _ASKED:
            later[name] = value.detach().reshape(())
    if not later:
        return Pending(known)
    tensors = list(later.values())
    if len({each.dtype for each in tensors}) > 1:
        tensors = [each.double() for each in tensors]
    copy = torch.stack(tensors).to("cpu", torch.double, non_blocking=True)
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]  # PyTorch's own
    arrived.record()
    return Pending(known, tuple(later), copy, arrived)
