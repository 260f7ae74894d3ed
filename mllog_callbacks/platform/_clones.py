"""Fits of clones: an estimator of a platform's own that scikit-learn fits as a part of another."""

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["is_clone_of_search"]

_PARTS: Final = frozenset(
    {
        *(
            "_fit_and_score",
            "_fit_and_predict",
            "_fit_single_estimator",
            "_parallel_build_estimators",
        ),
        *("_fit_binary", "_fit_ovo_binary", "_rfe_single_fit", "_fit_calibrator", "_fit_estimator"),
        *("_fit_classifier_calibrator_pair", "_parallel_fit_estimator"),
    }
)
"""Functions of scikit-learn that fit clones: of searches, cross-validations and ensembles."""

_DEEP: Final = 60


def is_clone_of_search(instance: object) -> bool:
    """Whether a fit that begins now is a part of a search, cross-validation or ensemble.

    What that came to is not the training of a model of its own. Evidence is the caller: one of
    scikit-learn's functions that fit clones.
    """
    if "sklearn" not in sys.modules or not callable(getattr(instance, "get_params", None)):
        return False
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - who called, as `inspect` reads it
    for _ in range(_DEEP):
        if frame is None:
            return False
        if frame.f_code.co_name in _PARTS and "sklearn" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
