"""Which of Lightning's two distributions is imported, and what is said where there is none."""

import subprocess
import sys

import pytest

_MISSING = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {missing}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Nothing())
import importlib.util
found = importlib.util.find_spec
def find_spec(name, package=None):
    return None if name.partition('.')[0] in {missing} else found(name, package)
importlib.util.find_spec = find_spec
"""


def _printed(code: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    return shown.stdout.splitlines()[-1]


def test_a_missing_framework_is_one_plain_error() -> None:
    """It names the command that helps."""
    code = _MISSING.replace("{missing}", repr({"lightning", "pytorch_lightning"}))
    code += "try: import mllog_lightning\nexcept ImportError as error: print(error)"
    assert _printed(code) == (
        "mllog_lightning needs PyTorch Lightning: pip install 'mllog-callbacks[lightning]'"
    )


@pytest.mark.parametrize(
    ("there", "missing"),
    [("pytorch_lightning", "lightning"), ("lightning", "pytorch_lightning")],
)
def test_the_distribution_that_is_there_is_enough(there: str, missing: str) -> None:
    """The other is not asked for."""
    code = _MISSING.replace("{missing}", repr({missing}))
    code += "from mllog_lightning import MLAuditCallback\n"
    code += "print(*[base.__module__ for base in MLAuditCallback.__mro__])"
    assert there in _printed(code)


def test_only_what_is_imported_is_taken() -> None:
    """Though the other is installed as well."""
    code = "import pytorch_lightning, sys\nfrom mllog_lightning import MLAuditCallback\n"
    code += "print('lightning.pytorch' in sys.modules)"
    assert _printed(code) == "False"
