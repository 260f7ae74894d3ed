"""What the gradients of a step look like, for the detectors on them: only where it is asked for.

Norms and shares are computed on the device where the gradients are, and read when they are there.
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from mllog_callbacks import DetectorSet, Gradients, Issue
from mllog_callbacks.detectors import DeadUnits, ExplodingGradient, Rates, VanishingGradient
from mllog_lightning.values import Pending, pending

__all__ = ["GradientWatch", "measured"]

_NORM: Final = "norm"
_ZEROS: Final = "zeros"


def measured(module: nn.Module) -> Pending[tuple[str, str]]:
    """The norm of each layer's gradient, and its share of units without any, by layer.

    A layer is a weight of two dimensions or more, a unit a row of it. Gradients that are sparse or
    spread over several devices are left out.
    """
    found: dict[tuple[str, str], Tensor] = {}
    with torch.no_grad():
        for name, weight in module.named_parameters():
            grad = weight.grad
            if grad is None or grad.ndim <= 1 or not _plain(grad):
                continue
            layer = name.removesuffix(".weight")
            rows = grad.detach().flatten(1)
            found[_NORM, layer] = torch.linalg.vector_norm(rows, dtype=torch.float32)
            found[_ZEROS, layer] = (rows == 0).all(1).float().mean()
    return pending(found)


def _plain(grad: Tensor) -> bool:
    return grad.layout == torch.strided and not hasattr(grad, "full_tensor")


class GradientWatch:
    """Shows gradients to the detectors on them.

    Args:
        detectors: Decides which issues are recorded, and explains them.
    """

    def __init__(self, detectors: DetectorSet) -> None:
        self._set = detectors
        self._all = (VanishingGradient(), ExplodingGradient(), DeadUnits())
        self._rates: Rates | None = None

    def observe(
        self, values: Mapping[tuple[str, str], Any], step: int, rate: float | None
    ) -> list[Issue]:
        """Take what was measured at a step; returns the issues that begin with it.

        Args:
            values: Norms and shares by layer.
            step: The step.
            rate: Its learning rate; None where that is not known.
        """
        norms = [value for (kind, _), value in values.items() if kind == _NORM]
        zeros = {layer: value for (kind, layer), value in values.items() if kind == _ZEROS}
        if not norms:
            return []
        layer = max(zeros, key=zeros.__getitem__)
        gradients = Gradients(step, "step", norms[0], norms[-1], max(norms), zeros[layer], layer)
        if rate is not None:
            known, place = self._rates, gradients.place
            self._rates = Rates.begun(rate, place) if known is None else known.then(rate, place)
        found = [each.observe(gradients) for each in self._all]
        return self._set.explain([each for each in found if each is not None], self._rates)
