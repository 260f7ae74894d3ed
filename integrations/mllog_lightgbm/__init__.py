"""LightGBM, audited: ``lgb.train(..., callbacks=[MLAuditCallback()])``."""

try:
    import lightgbm  # noqa: F401 - only to say plainly what is missing
except ImportError as error:
    _MISSING = "mllog_lightgbm needs LightGBM: pip install 'mllog-callbacks[lightgbm]'"
    raise ImportError(_MISSING) from error

from mllog_lightgbm.callback import MLAuditCallback

__all__ = ["MLAuditCallback"]
