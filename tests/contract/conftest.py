"""The contract is asked of the adapters that are shipped."""

import pytest

from mllog_callbacks.contract import cases_in
from paths import SUPPORT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each description."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases_in(SUPPORT), ids=lambda case: case.package)
