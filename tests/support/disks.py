"""Real disks for tests: small ones, and ones that can be frozen; a test is skipped without."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mllog_callbacks.sinks.spool._control import Control
from processes import spools


@contextmanager
def memory_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system in memory, of that size."""
    with _mounted(path, "-t", "tmpfs", "-o", f"size={size}", "none"):
        yield path


@contextmanager
def freezable_disk(path: Path) -> Iterator[Path]:
    """A disk that `freeze` makes hang: every write waits, as on a network disk that was lost."""
    image = path.with_name("image")
    with image.open("wb") as stream:
        stream.truncate(256 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", image], check=False)
    with _mounted(path, "-o", "loop", str(image)):
        yield path
        subprocess.run(["fsfreeze", "-u", path], check=False, capture_output=True)


@contextmanager
def _mounted(path: Path, *arguments: str) -> Iterator[None]:
    path.mkdir()
    mount = ["mount", *arguments, str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("disks cannot be mounted here")
    try:
        yield
    finally:  # a failed test may still hold it
        subprocess.run(["umount", "--lazy", path], check=True)


def remount(disk: Path, options: str) -> None:
    """Change a disk while it is used: ``ro``, ``rw`` or ``size=8m``."""
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def freeze(disk: Path, *, frozen: bool) -> None:
    """Have a disk hang, or go on."""
    subprocess.run(["fsfreeze", "-f" if frozen else "-u", disk], check=True)


def fill(file: Path) -> None:
    """Write to a file until the disk is full."""
    with suppress(OSError), file.open("wb") as stream:
        while True:
            stream.write(bytes(4096))
            stream.flush()


def error_of(directory: Path) -> int:
    """The errno that the one drainer of a log directory met, or 0."""
    (folder,) = spools(directory)
    return Control(str(folder)).error
