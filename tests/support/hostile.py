"""What somebody who can write a log folder may put in a file's place, for tests."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["REPLACEMENTS", "make_outside", "replace", "seen"]

HOLE = 1 << 28

DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000


def _link(target: str) -> Callable[[Path, Path], None]:
    def change(path: Path, outside: Path) -> None:
        path.symlink_to(target.replace("OUTSIDE", str(outside)).replace("ITSELF", path.name))

    return change


def _write(data: bytes) -> Callable[[Path, Path], None]:
    def change(path: Path, _: Path) -> None:
        path.write_bytes(data)

    return change


def _hole(path: Path, _: Path) -> None:
    path.touch()
    os.truncate(path, HOLE)


def _hole_before(path: Path, _: Path) -> None:
    with path.open("wb") as stream:
        stream.seek(HOLE)
        stream.write(b"{}\n")


def _socket(path: Path, _: Path) -> None:
    # Bound where the path is short enough for a socket's address
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{folder}/made")
        Path(folder, "made").rename(path)


REPLACEMENTS: dict[str, Callable[[Path, Path], None]] = {
    "link to a file": _link("OUTSIDE/secret"),
    "link to a log": _link("OUTSIDE/ml-platform-2020-01-01.victim.jsonl"),
    "link to a folder": _link("OUTSIDE"),
    "link to sidecars": _link("OUTSIDE/_integrity"),
    "link to zeros": _link("/dev/zero"),
    "link to a full disk": _link("/dev/full"),
    "link to nothing": _link("OUTSIDE/made"),
    "link to itself": _link("ITSELF"),
    "hard link": lambda path, outside: path.hardlink_to(outside / "secret"),
    "FIFO": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
    "socket": _socket,
    "empty": _write(b""),
    "hello": _write(b"hello"),
    "deep": _write(DEEP + b"\n"),
    "long line": _write(b"x" * 3_000_000),
    "newlines": _write(b"\n" * 20_000),
    "NULs": _write(bytes(100_000)),
    "hole": _hole,
    "numbers": _write(b'{"session":5,"key":["a"],"parent":{},"rank":1e999,"pid":' + b"9" * 6_000),
    "names twice": _write(b'{"session":"run","session":"old","rank":0,"rank":1,"pid":1,"pid":2}'),
    "other encodings": _write('{"session":"run"}\n'.encode("utf-16") + b"\xff\xfe\x00\x80\n"),
    "a BOM and CRLF": _write(b'\xef\xbb\xbf{"session":"run"}\r\n\r\n'),
    "hole before a line": _hole_before,
    "missing": lambda _path, _outside: None,
}
"""By what it is: puts it at a path; given also the folder outside."""


def replace(path: Path, outside: Path, kind: str) -> None:
    """Put something else in the place of a file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    REPLACEMENTS[kind](path, outside)


def make_outside(folder: Path) -> None:
    """Make a folder of others, whose files no command may change."""
    (folder / "_integrity").mkdir(parents=True)
    for name in "secret", "_integrity/old.json", "_integrity/run.chain", "package.json":
        (folder / name).write_text("{}\n")
    victim = folder / "ml-platform-2020-01-01.victim.jsonl"
    victim.write_text('{"timestamp":"2020-01-01T00:00:00.000001Z","event":"MODEL_SAVED"}\n')
    for each in [*folder.rglob("*")]:
        os.utime(each, (0, 0))


def seen(folder: Path) -> dict[str, tuple[object, ...]]:
    """What a folder holds: each file's time of change, mode and content."""
    return {
        str(each.relative_to(folder)): (
            each.lstat().st_mtime_ns,
            each.lstat().st_mode,
            each.read_bytes() if each.is_file() else b"",
        )
        for each in [folder, *folder.rglob("*")]
    }
