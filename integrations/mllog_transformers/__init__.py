"""Hugging Face's Trainer, audited: ``Trainer(..., callbacks=[MLAuditCallback()])``."""

try:
    import accelerate  # noqa: F401 - only to say plainly what is missing
    import torch  # noqa: F401 - likewise
    import transformers  # noqa: F401 - likewise
except ImportError as error:
    _MISSING = (
        "mllog_transformers needs Transformers, Accelerate and PyTorch: "
        "pip install 'mllog-callbacks[transformers]'"
    )
    raise ImportError(_MISSING) from error

from mllog_transformers.callback import MLAuditCallback

__all__ = ["MLAuditCallback"]
