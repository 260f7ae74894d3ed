"""Opening files where others can write: regular files only, no links, no waiting, no vast sizes."""

import os
import threading
import time
from pathlib import Path

import pytest

from hostile import make_outside, replace, seen
from mllog_callbacks.files import (
    Folder,
    UnsafeFileError,
    digest_of,
    is_regular,
    last_data,
    open_given,
    open_regular,
    open_stream,
    read_regular,
    replace_file,
    unsafe_kind,
    walk,
)

UNSAFE = {
    "link to a file": "a symbolic link",
    "link to a folder": "a symbolic link",
    "link to zeros": "a symbolic link",
    "link to nothing": "a symbolic link",
    "link to itself": "a symbolic link",
    "FIFO": "a FIFO",
    "folder": "a directory",
    "socket": "a socket",
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of others."""
    make_outside(tmp_path / "outside")
    return tmp_path / "outside"


@pytest.mark.parametrize("within", ["logs", "logs/_integrity"])
@pytest.mark.parametrize("kind", UNSAFE)
def test_what_is_no_regular_file_is_refused_by_its_name(
    tmp_path: Path, outside: Path, kind: str, within: str
) -> None:
    """At once, whatever it is; a path may also be of bytes, as the drainer has them."""
    path = tmp_path / within / "run.json"
    replace(path, outside, kind)
    began = time.monotonic()
    for opened in open_regular, open_stream, lambda each: read_regular(each, 10):
        for given in path, str(path), os.fsencode(path):
            with pytest.raises(UnsafeFileError, match=UNSAFE[kind]) as refused:
                opened(given)
            assert refused.value.filename == str(path)
    assert time.monotonic() - began < 5
    assert (unsafe_kind(path), is_regular(path)) == (UNSAFE[kind], False)


def test_a_file_with_another_name_is_read_and_not_written(tmp_path: Path, outside: Path) -> None:
    """The other one may be anywhere; a backup may be made of such names."""
    before = seen(outside)["secret"]
    path = tmp_path / "logs" / "run.chain"
    replace(path, outside, "hard link")
    for flags in os.O_RDWR, os.O_WRONLY | os.O_APPEND | os.O_CREAT:
        with pytest.raises(UnsafeFileError, match="another name"):
            open_regular(path, flags)
    assert read_regular(path, 10) == b"{}\n"
    replace_file(path, b"mine")
    assert seen(outside)["secret"] == before


def test_a_device_is_refused() -> None:
    """Though it could be read for ever."""
    with pytest.raises(UnsafeFileError, match="a device"):
        read_regular("/dev/zero", 10)


def test_a_folder_of_sidecars_is_no_link(tmp_path: Path, outside: Path) -> None:
    """What is in its target is not read, written, replaced or removed."""
    before = seen(outside)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "_integrity").symlink_to(outside / "_integrity")
    path = logs / "_integrity" / "old.json"
    with pytest.raises(UnsafeFileError, match="a symbolic link"):
        read_regular(path, 100)
    with pytest.raises(UnsafeFileError, match="a symbolic link"):
        replace_file(path, b"mine")
    with pytest.raises(UnsafeFileError, match="a symbolic link"), Folder(path) as folder:
        folder.remove(path)
    assert seen(outside) == before


def test_a_folder_that_is_open_is_the_one_that_was_meant(tmp_path: Path, outside: Path) -> None:
    """Also where a link comes into its place meanwhile."""
    path = tmp_path / "logs" / "_integrity" / "old.json"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    before = seen(outside)
    with Folder(path) as folder:
        path.parent.rename(tmp_path / "moved")
        path.parent.symlink_to(outside / "_integrity")
        with open(folder.open(path, os.O_RDONLY), "rb") as stream:  # noqa: PTH123 - a descriptor
            assert stream.read() == b"mine"
        folder.remove(path)
    assert not [*(tmp_path / "moved").iterdir()]
    assert seen(outside) == before


def test_a_file_that_a_user_names_may_be_a_link_and_nobody_waits(
    tmp_path: Path, outside: Path
) -> None:
    """As secrets of a cluster are; or a pipe, with what its writer has still to write."""
    (tmp_path / "key").symlink_to(outside / "secret")
    with open_given(tmp_path / "key") as stream:
        assert stream.read() == b"{}\n"
    os.mkfifo(tmp_path / "fifo")
    with open_given(tmp_path / "fifo") as stream:
        assert stream.read() == b""
    reader, writer = os.pipe()
    with open_given(f"/dev/fd/{reader}") as stream:
        threading.Timer(0.1, _write_late, [writer]).start()
        assert stream.read() == b"late"
    os.close(reader)
    for path in tmp_path, tmp_path / "nothing":
        with pytest.raises(OSError, match="irectory"):
            open_given(path)


def _write_late(pipe: int) -> None:
    os.write(pipe, b"late")
    os.close(pipe)


@pytest.mark.parametrize("kind", ["link to zeros", "FIFO"])
def test_what_has_no_end_has_no_hash(tmp_path: Path, outside: Path, kind: str) -> None:
    """And nobody waits for it."""
    replace(tmp_path / "model.bin", outside, kind)
    with pytest.raises(OSError, match="no regular file"):
        digest_of(str(tmp_path / "model.bin"))


def test_what_is_missing_is_missing(tmp_path: Path) -> None:
    """With its path, also where the folder of sidecars is."""
    for path in tmp_path / "a.json", tmp_path / "_integrity" / "a.json":
        with pytest.raises(FileNotFoundError):
            read_regular(path, 10)
    assert unsafe_kind(tmp_path / "a.json") == ""


def test_no_more_is_read_than_is_meant(tmp_path: Path) -> None:
    """A larger file is refused, or its end is read."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_regular(path, 10) == b"0123456789"
    with pytest.raises(UnsafeFileError, match="larger than 9 bytes"):
        read_regular(path, 9)
    assert read_regular(path, 3, tail=True) == b"789"
    assert read_regular(path, 30, tail=True) == b"0123456789"


@pytest.mark.parametrize("data", [b"", b"abc\n"])
def test_the_data_of_a_file_ends_before_a_hole(tmp_path: Path, data: bytes) -> None:
    """A terabyte of nothing takes no time."""
    path = tmp_path / "file"
    path.write_bytes(data)
    os.truncate(path, 1 << 40)
    with open_stream(path) as stream:
        end = last_data(stream)
        assert len(data) <= end <= 1 << 20
        assert stream.read(len(data)) == data


@pytest.mark.parametrize("kind", ["link to a file", "link to a log", "link to nothing", "hello"])
def test_a_file_is_replaced_and_a_link_not_followed(
    tmp_path: Path, outside: Path, kind: str
) -> None:
    """The new one has no name beforehand that anybody could plant a link at."""
    before = seen(outside)
    path = tmp_path / "logs" / "page.html"
    replace(path, outside, kind)
    replace_file(path, b"mine")
    assert path.read_bytes() == b"mine"
    assert not path.is_symlink()
    assert os.listdir(path.parent) == ["page.html"]  # noqa: PTH208 - the names alone
    assert seen(outside) == before


@pytest.mark.parametrize("kind", ["FIFO", "folder", "socket"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, outside: Path, kind: str) -> None:
    """And nothing is left behind."""
    path = tmp_path / "logs" / "page.html"
    replace(path, outside, kind)
    with pytest.raises(UnsafeFileError, match="is not replaced"):
        replace_file(path, b"mine")
    assert len([*path.parent.iterdir()]) == 1


def test_below_a_folder_no_link_is_followed(tmp_path: Path, outside: Path) -> None:
    """The folder that is named may be one."""
    logs = tmp_path / "logs"
    (logs / "sub").mkdir(parents=True)
    (logs / "sub" / "b.jsonl").touch()
    (logs / "away").symlink_to(outside)
    (logs / "round").symlink_to(logs)
    (tmp_path / "named").symlink_to(logs)
    for root in logs, tmp_path / "named":
        assert [(Path(each).name, others) for each, _, others in walk(root)] == [
            (root.name, ["away", "round"]),
            ("sub", ["b.jsonl"]),
        ]
