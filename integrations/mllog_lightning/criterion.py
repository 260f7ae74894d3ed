"""What the loss of a training is, as PyTorch has recorded it, and what it is without learning.

The graph of a loss names the function that it comes from, and holds its targets: that it is a
cross-entropy over 27 classes is thereby known. The first batches are read on their device, and
nothing waits for them. A loss of several parts, or one that is weighted or scaled, is not read.
"""

import math
from typing import Any, Final

import torch

__all__ = ["Criterion"]

_BATCHES: Final = 20
_MOST_TARGETS: Final = 1_000_000
_CROSS_ENTROPIES: Final = frozenset({"NllLossBackward0", "NllLoss2DBackward0"})
_BINARY: Final = frozenset({"BinaryCrossEntropyWithLogitsBackward0", "BinaryCrossEntropyBackward0"})
_SQUARED: Final = frozenset({"MseLossBackward0"})
_DIVIDED: Final = "DivBackward0"
"""What Lightning makes of each loss: it divides by the batches that gradients are summed over."""

_WEIGHTS: Final = ("_saved_weight", "_saved_pos_weight")
_MEAN: Final = 1
"""PyTorch's number for reduction="mean"."""


def _is_weighted(node: Any) -> bool:
    """Whether a loss is another than the mean over its targets."""
    weights = (getattr(node, each, None) for each in _WEIGHTS)
    return node._saved_reduction != _MEAN or any(each is not None for each in weights)  # noqa: SLF001 - documented: what a node saves


class Criterion:
    """Reads the losses of the first batches.

    Attributes:
        done: Whether no further loss is read.
    """

    def __init__(self) -> None:
        self.done = False
        self._kind = ""
        self._left = _BATCHES
        self._classes = 0
        self._counts: torch.Tensor | None = None
        self._targets = 0
        self._sums: list[torch.Tensor] = []

    def look(self, loss: Any) -> None:
        """Read a loss while its graph is there; the first of another kind is the last."""
        node = getattr(loss, "grad_fn", None)
        if node is not None and node.name() == _DIVIDED:
            node = node.next_functions[0][0]
        kind = "" if node is None else node.name()
        known = kind in _CROSS_ENTROPIES | _BINARY | _SQUARED and self._kind in {"", kind}
        if node is None or not known or _is_weighted(node):
            self._give_up()
        else:
            self._kind, self._left = kind, self._left - 1
            self.done = self._left == 0
            with torch.no_grad():
                self._read(node, node._saved_target)  # noqa: SLF001 - likewise

    def _give_up(self) -> None:
        self.done, self._kind = True, ""

    def _read(self, node: Any, target: torch.Tensor) -> None:
        if target.numel() > _MOST_TARGETS:
            self.done = True
        elif self._kind not in _CROSS_ENTROPIES:
            # Apple's devices have no double precision
            values = target.detach().to(
                torch.float if target.device.type == "mps" else torch.double
            )
            self._targets += target.numel()
            self._sums.append(torch.stack([values.sum(), values.square().sum()]))
        elif target.dim() == 0:
            self._give_up()  # a single row without a dimension of rows
        else:
            self._classes = node._saved_self.shape[1]  # noqa: SLF001 - likewise
            if target.device.type == "cpu":  # elsewhere counting would have to wait
                valid = target[(target >= 0) & (target < self._classes)].flatten()
                found = torch.bincount(valid, minlength=self._classes)
                self._counts = found if self._counts is None else self._counts + found

    @property
    def classes(self) -> dict[str, int] | None:
        """Labels of each class among those that were read; None where there are none."""
        if self._counts is None or self._kind not in _CROSS_ENTROPIES:
            return None
        counts = self._counts.tolist()
        return {str(label): rows for label, rows in enumerate(counts) if rows}

    def baseline(self) -> tuple[float, str] | None:
        """The loss where nothing is learned, and what that is; None where it is not known."""
        if self._kind in _CROSS_ENTROPIES:
            return self._entropy()
        if not self._sums or not self._kind:
            return None
        # Read once, when the training is over
        mean, squares = (torch.stack(self._sums).sum(dim=0) / self._targets).tolist()
        if self._kind in _BINARY:
            if not 0 < mean < 1:
                return None
            entropy = -mean * math.log(mean) - (1 - mean) * math.log(1 - mean)
            return entropy, f"the entropy of the labels (of which {mean:.0%} are positive)"
        return squares - mean**2, "the variance of the targets, the error of their mean"

    def _entropy(self) -> tuple[float, str] | None:
        """By the shares of classes, where they were counted, else of equal shares."""
        counts = [*(self.classes or {}).values()]
        if not counts:
            words = f"ln {self._classes}, of guessing among {self._classes:,} classes"
            return (math.log(self._classes), words) if self._classes > 1 else None
        shares = [each / sum(counts) for each in counts]
        entropy = -sum(each * math.log(each) for each in shares)
        words = f"the entropy of the class shares (cross-entropy over {self._classes:,} classes)"
        return entropy, words
