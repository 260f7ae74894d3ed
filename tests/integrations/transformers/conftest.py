"""What holds for the tests of Hugging Face's trainer."""

from collections.abc import Iterator

import pytest

from transformers_training import only_new_garbage


@pytest.fixture(autouse=True)
def quick_collections() -> Iterator[None]:
    """Accelerate collects garbage before each training."""
    with only_new_garbage():
        yield
