"""Detectors: they watch the metrics of a training, one observation at a time, and say why.

`DetectorSet` is what an adapter feeds, `scan` looks at a finished curve, and `KINDS` is the table
of all issues with their codes and thresholds.
"""

from mllog_callbacks.detectors.directions import together
from mllog_callbacks.detectors.facts import Facts
from mllog_callbacks.detectors.gradients import (
    DeadUnits,
    ExplodingGradient,
    Gradients,
    VanishingGradient,
)
from mllog_callbacks.detectors.instability import Divergence, NonFinite, Spike
from mllog_callbacks.detectors.kinds import KINDS, Kind
from mllog_callbacks.detectors.overfitting import GeneralisationGap, Overfitting
from mllog_callbacks.detectors.passage import Passage
from mllog_callbacks.detectors.plateau import Plateau
from mllog_callbacks.detectors.progress import NoConvergence, Oscillation
from mllog_callbacks.detectors.protocol import Detector, Issue, Observation, Severity, Unit
from mllog_callbacks.detectors.rates import Rates
from mllog_callbacks.detectors.scanning import scan
from mllog_callbacks.detectors.stalled import Stalled
from mllog_callbacks.detectors.streams import DEFAULTS, DetectorSet

__all__ = [
    "DEFAULTS",
    "KINDS",
    "DeadUnits",
    "Detector",
    "DetectorSet",
    "Divergence",
    "ExplodingGradient",
    "Facts",
    "GeneralisationGap",
    "Gradients",
    "Issue",
    "Kind",
    "NoConvergence",
    "NonFinite",
    "Observation",
    "Oscillation",
    "Overfitting",
    "Passage",
    "Plateau",
    "Rates",
    "Severity",
    "Spike",
    "Stalled",
    "Unit",
    "VanishingGradient",
    "scan",
    "together",
]
