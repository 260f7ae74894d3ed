"""Guards around what runs when something dies."""

import time
import weakref

import pytest

from mllog_callbacks import finaliser


class Mortal:
    """Something that dies."""


def test_an_interrupt_while_something_dies_is_delivered_again() -> None:
    """Python itself passes over what is raised there."""

    @finaliser
    def interrupted() -> None:
        raise KeyboardInterrupt

    mortal = Mortal()
    weakref.finalize(mortal, interrupted)
    del mortal
    with pytest.raises(KeyboardInterrupt):
        time.sleep(20)


@pytest.mark.production_guards
def test_a_failure_while_something_dies_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """As by any guard."""

    @finaliser
    def failing() -> None:
        msg = "on the way out"
        raise OSError(msg)

    failing()
    assert "on the way out" in caplog.text
