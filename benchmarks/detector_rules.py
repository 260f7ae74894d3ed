"""The anchors: rules of other systems, as documented by them, for the benchmark of the detectors.

A rule sees one check at a time and says whether it fires.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["OVERFITTING", "PLATEAU", "Rule"]


class Rule(Protocol):
    """One rule on one run."""

    def fires(self, train: float, validation: float) -> bool:
        """Take the next check; whether the rule fires at it."""


class EarlyStopping:
    """Keras, Lightning, LightGBM: no better value for so many checks (min_delta = 0)."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._best = math.inf
        self._waited = 0

    def fires(self, train: float, validation: float) -> bool:  # noqa: ARG002 - the protocol's
        """See `Rule`."""
        better = validation < self._best
        self._best = min(self._best, validation)
        self._waited = 0 if better else self._waited + 1
        return self._waited >= self._patience


class ReduceOnPlateau:
    """torch's ReduceLROnPlateau by default: more than 10 checks not 1e-4 of the best better."""

    def __init__(self) -> None:
        self._best = math.inf
        self._waited = 0

    def fires(self, train: float, validation: float) -> bool:  # noqa: ARG002 - the protocol's
        """See `Rule`."""
        if math.isinf(self._best) or validation < self._best * (1 - 1e-4):
            self._best, self._waited = validation, 0
        else:
            self._waited += 1
        return self._waited > 10  # noqa: PLR2004 - torch's default


class SageMakerOverfit:
    """SageMaker Debugger's Overfit by default: (validation - train) / train above 0.1 once."""

    def fires(self, train: float, validation: float) -> bool:
        """See `Rule`."""
        return train > 0 and (validation - train) / train > 0.1  # noqa: PLR2004 - its default


class GeneralisationLoss:
    """Prechelt's GL_5: the validation loss 5 % above its best."""

    def __init__(self) -> None:
        self._best = math.inf

    def fires(self, train: float, validation: float) -> bool:  # noqa: ARG002 - the protocol's
        """See `Rule`."""
        self._best = min(self._best, validation)
        return validation > 1.05 * self._best


class LossNotDecreasing:
    """SageMaker Debugger's rule by default: the loss is not lower than ten steps before."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=11)

    def fires(self, train: float, validation: float) -> bool:  # noqa: ARG002 - the protocol's
        """See `Rule`."""
        self._seen.append(validation)
        return len(self._seen) == self._seen.maxlen and self._seen[-1] >= self._seen[0]


_PATIENCE: Final[dict[str, Callable[[], Rule]]] = {
    "early stopping p10": lambda: EarlyStopping(10),
    "early stopping p20": lambda: EarlyStopping(20),
    "early stopping p50": lambda: EarlyStopping(50),
}

OVERFITTING: Final[dict[str, Callable[[], Rule]]] = {
    "SageMaker Overfit": SageMakerOverfit,
    **_PATIENCE,
    "Prechelt GL5": GeneralisationLoss,
}
"""Rules that are read as indicating overfitting."""

PLATEAU: Final[dict[str, Callable[[], Rule]]] = {
    "ReduceLROnPlateau": ReduceOnPlateau,
    **_PATIENCE,
    "LossNotDecreasing": LossNotDecreasing,
}
"""Rules that are read as indicating a plateau."""
