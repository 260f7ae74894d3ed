"""CatBoost, audited: ``CatBoostClassifier().fit(..., callbacks=[MLAuditCallback()])``."""

try:
    import catboost  # noqa: F401 - only to say plainly what is missing
except ImportError as error:
    _MISSING = "mllog_catboost needs CatBoost: pip install catboost"
    raise ImportError(_MISSING) from error

from mllog_catboost.callback import MLAuditCallback

__all__ = ["MLAuditCallback"]
