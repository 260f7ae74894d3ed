"""XGBoost, audited: ``xgboost.train(..., callbacks=[MLAuditCallback()])``."""

try:
    import xgboost  # noqa: F401 - only to say plainly what is missing
except ImportError as error:
    _MISSING = "mllog_xgboost needs XGBoost: pip install 'mllog-callbacks[xgboost]'"
    raise ImportError(_MISSING) from error

from mllog_xgboost.callback import MLAuditCallback

__all__ = ["MLAuditCallback"]
