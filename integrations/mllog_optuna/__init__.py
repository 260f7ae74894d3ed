"""Optuna, audited: ``study.optimize(..., callbacks=[MLAuditCallback()])``."""

try:
    import optuna  # noqa: F401 - only to say plainly what is missing
except ImportError as error:
    _MISSING = "mllog_optuna needs Optuna: pip install 'mllog-callbacks[optuna]'"
    raise ImportError(_MISSING) from error

from mllog_optuna.callback import MLAuditCallback

__all__ = ["MLAuditCallback"]
