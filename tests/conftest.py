"""What all tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--kills``."""
    parser.addoption(
        "--forks", type=int, default=50, help="how many children test_sink_processes forks"
    )
    parser.addoption(
        "--kills", type=int, default=40, help="how many processes test_sink_kill kills in all"
    )
