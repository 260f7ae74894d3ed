"""scikit-learn, audited: ``audited(RandomForestClassifier()).fit(X, y)``."""

try:
    import sklearn  # noqa: F401 - only to say plainly what is missing
except ImportError as error:
    _MISSING = "mllog_sklearn needs scikit-learn: pip install 'mllog-callbacks[sklearn]'"
    raise ImportError(_MISSING) from error

from mllog_sklearn.callback import MLAuditCallback
from mllog_sklearn.saving import save_model
from mllog_sklearn.wrapping import audited

__all__ = ["MLAuditCallback", "audited", "save_model"]
