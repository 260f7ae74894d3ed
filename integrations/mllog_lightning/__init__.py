"""PyTorch Lightning, audited: ``Trainer(callbacks=[MLAuditCallback()])``."""

from importlib.util import find_spec

if find_spec("pytorch_lightning") is None and find_spec("lightning") is None:
    _MISSING = "mllog_lightning needs PyTorch Lightning: pip install 'mllog-callbacks[lightning]'"
    raise ImportError(_MISSING)

from mllog_lightning.callback import MLAuditCallback

__all__ = ["MLAuditCallback"]
