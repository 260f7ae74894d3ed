"""Detectors on gradients, for adapters that see them; thresholds of AUTOTRAINER (ICSE 2021)."""

import math
from typing import NamedTuple

from mllog_callbacks.detectors._kinds import kind
from mllog_callbacks.detectors._protocol import Issue, Observation, Unit
from mllog_callbacks.schema import count

__all__ = ["DeadUnits", "ExplodingGradient", "Gradients", "VanishingGradient"]


class Gradients(NamedTuple):
    """What the gradients of one step look like.

    Attributes:
        step: Index of the epoch, iteration or step.
        unit: What `step` counts.
        first: Norm of the first layer's gradient.
        last: Norm of the last layer's gradient.
        largest: Largest norm of any layer's gradient; default the larger of the two.
        zeros: Share of units with a gradient of zero in the layer that has most of them; None
            where it was not counted.
        layer: Name of that layer.
    """

    step: int
    unit: Unit
    first: float
    last: float
    largest: float | None = None
    zeros: float | None = None
    layer: str = ""

    @property
    def place(self) -> Observation:
        """The observation at which an issue is raised."""
        return Observation(self.step, self.unit, "gradient", "")


class VanishingGradient:
    """The first layer's gradient is next to nothing, also beside the last layer's.

    Args:
        norm: Norm below which a gradient is next to nothing.
        ratio: Ratio to the last layer's below which it is.
        checks: How many checks in a row.
    """

    name = "vanishing_gradient"

    def __init__(self, *, norm: float = 1e-4, ratio: float = 1e-3, checks: int = 3) -> None:
        self._norm, self._ratio, self._checks = norm, ratio, checks
        self._streak = 0

    def observe(self, gradients: Gradients) -> Issue | None:
        """Take the gradients of the next step."""
        first, last = gradients.first, gradients.last
        vanished = first < self._norm and first < self._ratio * last
        self._streak = self._streak + 1 if vanished else 0
        if self._streak != self._checks:
            return None
        place = gradients.place
        return kind(self.name).issue(
            place,
            f"Vanishing gradient: the first layer hardly learns at {place.at}.",
            f"The norm of the first layer's gradient is {first:.3g}, that of the last layer's "
            f"{last:.3g}; it has been below {self._norm:g} and below {self._ratio:g} of the last "
            f"layer's for {count(self._checks, 'check')}.",
            {"first_layer_norm": first, "last_layer_norm": last},
        )


class ExplodingGradient:
    """A gradient is huge or not finite; recorded once, again after it was neither.

    Args:
        norm: Norm above which a gradient is huge.
    """

    name = "exploding_gradient"

    def __init__(self, *, norm: float = 70.0) -> None:
        self._norm = norm
        self._exploded = False

    def observe(self, gradients: Gradients) -> Issue | None:
        """Take the gradients of the next step."""
        norms = (gradients.first, gradients.last, gradients.largest or 0.0)
        finite = all(map(math.isfinite, norms))
        before, self._exploded = self._exploded, not finite or max(norms) > self._norm
        if before or not self._exploded:
            return None
        place = gradients.place
        found = f"{max(norms):.3g}, above {self._norm:g}" if finite else "not finite"
        return kind(self.name).issue(
            place,
            f"Exploding gradient at {place.at}.",
            f"The largest norm of a layer's gradient at {place.at} is {found}.",
            {"largest_norm": max(norms)} if finite else {},
        )


class DeadUnits:
    """Most units of a layer get no gradient.

    Args:
        share: Share of units from which on.
        checks: How many checks in a row.
    """

    name = "dead_units"

    def __init__(self, *, share: float = 0.7, checks: int = 3) -> None:
        self._share, self._checks = share, checks
        self._streak = 0

    def observe(self, gradients: Gradients) -> Issue | None:
        """Take the gradients of the next step."""
        zeros = gradients.zeros
        if zeros is None:
            return None
        self._streak = self._streak + 1 if zeros >= self._share else 0
        if self._streak != self._checks:
            return None
        place = gradients.place
        layer = gradients.layer or "a layer"
        return kind(self.name).issue(
            place,
            f"Dead units: {zeros:.0%} of the units of {layer} get no gradient at {place.at}.",
            f"{zeros:.0%} of the units of {layer} had a gradient of zero at {place.at}; it has "
            f"been {self._share:.0%} or more for {count(self._checks, 'check')}.",
            {"zero_share": zeros},
        )
