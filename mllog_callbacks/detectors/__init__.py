"""Detectors: they watch the metrics of a training, one observation at a time, and say why.

`DetectorSet` is what an adapter feeds, `scan` looks at a finished curve, and `KINDS` is the table
of all issues with their codes and thresholds.
"""

from mllog_callbacks._record import replace
from mllog_callbacks.detectors._collapse import Collapse, RisingFromStart
from mllog_callbacks.detectors._constants import ConstantMetric, ZeroLearningRate
from mllog_callbacks.detectors._directions import together
from mllog_callbacks.detectors._facts import Facts
from mllog_callbacks.detectors._gap import GeneralisationGap
from mllog_callbacks.detectors._gradients import (
    DeadUnits,
    ExplodingGradient,
    Gradients,
    VanishingGradient,
)
from mllog_callbacks.detectors._instability import Divergence, NonFinite, Spike
from mllog_callbacks.detectors._kinds import KINDS, Kind
from mllog_callbacks.detectors._overfitting import Overfitting
from mllog_callbacks.detectors._passage import Passage
from mllog_callbacks.detectors._plateau import Plateau
from mllog_callbacks.detectors._progress import NoConvergence, Oscillation
from mllog_callbacks.detectors._protocol import Detector, Issue, Observation, Severity, Unit
from mllog_callbacks.detectors._rates import Rates
from mllog_callbacks.detectors._scanning import scan
from mllog_callbacks.detectors._stalled import Stalled
from mllog_callbacks.detectors._stated import Mode, StatedDirections
from mllog_callbacks.detectors._streams import DEFAULTS, DetectorSet

__all__ = [
    "DEFAULTS",
    "KINDS",
    "Collapse",
    "ConstantMetric",
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
    "Mode",
    "NoConvergence",
    "NonFinite",
    "Observation",
    "Oscillation",
    "Overfitting",
    "Passage",
    "Plateau",
    "Rates",
    "RisingFromStart",
    "Severity",
    "Spike",
    "Stalled",
    "StatedDirections",
    "Unit",
    "VanishingGradient",
    "ZeroLearningRate",
    "replace",
    "scan",
    "together",
]
