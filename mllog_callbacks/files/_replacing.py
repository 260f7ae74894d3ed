"""Writing a file at once: whoever reads it meanwhile sees the old content or the new.

Loaded by the drainer: standard library only, and little of it.
"""

import os

from mllog_callbacks.files._opening import Folder, UnsafeFileError, unsafe_kind

__all__ = ["replace_file"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once, by way of a new one whose name nobody can know beforehand.

    A link in the file's place is replaced, not followed.

    Raises:
        UnsafeFileError: Something other than a file or a link has that name.
        OSError: It cannot be written.
    """
    given = os.fspath(path)
    kind = unsafe_kind(given)
    if kind not in {"", "a symbolic link"}:
        raise UnsafeFileError(22, f"is {kind} and is not replaced", given)
    above, name = os.path.split(given)
    part = os.path.join(above, f".{name[:60]}.{os.urandom(8).hex()}.part")
    with Folder(given) as folder:
        try:
            with open(folder.open(part, _NEW), "wb") as stream:
                stream.write(data)
            os.replace(
                folder.at(part),
                folder.at(given),
                src_dir_fd=folder.descriptor,
                dst_dir_fd=folder.descriptor,
            )
        except OSError as error:
            _give_up(folder, part)
            raise type(error)(error.errno, error.strerror, given) from None


def _give_up(folder: Folder, part: str) -> None:
    try:
        folder.remove(part)
    except OSError:  # it was not made
        return
