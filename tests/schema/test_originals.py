"""What a worker raised is named as it was there, not as it is raised again."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mllog_callbacks.facts import ended_by
from mllog_callbacks.schema import message_of, place_of, type_of


def fails() -> None:
    """Raise, over two lines."""
    msg = "no such row\nand more"
    raise LookupError(msg)


class Rows(Dataset[torch.Tensor]):
    """A data set without its second row."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, place: int) -> torch.Tensor:
        if place:
            fails()
        return torch.zeros(1)


LINE = next(
    n for n, line in enumerate(Path(__file__).read_text().splitlines(), 1) if "raise " in line
)


def _in_a_loader() -> None:
    for _ in DataLoader(Rows(), num_workers=1):
        pass


def _in_a_pool() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        pool.submit(fails).result()


def _in_a_pool_of_multiprocessing() -> None:
    with get_context("fork").Pool(1) as pool:
        pool.apply(fails)


@pytest.mark.parametrize("run", [_in_a_loader, _in_a_pool, _in_a_pool_of_multiprocessing, fails])
def test_a_workers_error_is_named_as_it_was_raised(run: object) -> None:
    """Its type, its message's first line, its own place."""
    assert callable(run)
    with pytest.raises(LookupError) as raised:
        run()
    error = raised.value
    assert type_of(error) == "LookupError"
    assert message_of(error).splitlines()[0] == "no such row"
    assert place_of(error) == f"fails, test_originals.py line {LINE}"
    assert ended_by(error)[1].cause is None


def test_an_error_says_what_it_was_raised_from() -> None:
    """Where its code says so."""
    with pytest.raises(RuntimeError) as raised:  # noqa: PT012 - it is what is asked
        try:
            fails()
        except LookupError as error:
            raise RuntimeError from error
    cause = ended_by(raised.value)[1].cause
    assert str(cause).startswith("LookupError: no such row")
    assert str(cause).endswith(f"(in fails, test_originals.py line {LINE})")
