"""No bit of a sealed session can be another without being found."""

import os
from pathlib import Path

import pytest

from mllog_callbacks.integrity import Status, new_key
from sealed import judge, seal

STRIDE = 1 if os.environ.get("MLLOG_TEST_BITS") == "all" else 101
"""Of how many bits one is flipped; with `MLLOG_TEST_BITS=all` each: some ten minutes."""

ENTRIES = 102


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_every_flipped_bit_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, signed: bool
) -> None:
    """Of the log, of the manifest and of the chain, in more than one block."""
    if signed:
        pytest.importorskip("cryptography", reason="the extra signing is not installed")
        (tmp_path / "key").write_bytes(new_key()[0])
        monkeypatch.setenv("MLLOG_SIGNING_KEY", str(tmp_path / "key"))
    logs = tmp_path / "logs"
    seal(logs, ENTRIES)
    assert judge(logs).status == Status.SOUND
    assert bool(judge(logs).signer) is signed
    undetected = {}
    for path in sorted(each for each in logs.rglob("*") if each.is_file()):
        data = bytearray(path.read_bytes())
        for bit in range(0, 8 * len(data), STRIDE):
            data[bit // 8] ^= 1 << bit % 8
            path.write_bytes(data)
            if judge(logs).status == Status.SOUND:
                undetected[path.name, bit] = bytes(data)
            data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
    assert undetected == {}
    assert judge(logs).status == Status.SOUND
