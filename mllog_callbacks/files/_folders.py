"""Folders that several users share: what is made in one has its group, and its mode for folders.

Loaded by the drainer: standard library only, and little of it.
"""

import os

__all__ = ["give_group", "make_folder", "make_folders"]

_DEFAULT = 0o750
_SET_GROUP = 0o2000
_ALL = 0o3777  # permissions, set-group-ID and the sticky bit


def make_folder(path: str | bytes, *, alike: bool = False) -> None:
    """Make a folder, if it is not there.

    A folder whose parent is shared by a group (set-group-ID) has its group's permissions.

    Args:
        path: The folder; its parent exists.
        alike: Whether it is a part of its parent and has all of its permissions.

    Raises:
        OSError: It cannot be made; or, with `alike`, there is a link in its place.
    """
    parent = os.stat(os.path.dirname(_absolute(path)))
    shared = parent.st_mode & _SET_GROUP
    try:
        os.mkdir(path, _DEFAULT)
    except FileExistsError:
        if alike and os.path.islink(path):
            raise NotADirectoryError(20, "a link, and not a folder", path) from None
        if not os.path.isdir(path):
            raise
        return
    if not alike and not shared:
        return
    mode = parent.st_mode & _ALL if alike else _DEFAULT | parent.st_mode & (_SET_GROUP | 0o70)
    _give(path, parent.st_gid)
    try:
        os.chmod(path, mode)  # mkdir's mode is cut by the umask
    except OSError:  # file systems without modes
        return


def make_folders(path: str | bytes) -> None:
    """Make a folder and those above it, where they are not there.

    Raises:
        OSError: One cannot be made.
    """
    path = _absolute(path)
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
        if path in missing:  # the root itself
            break
    for each in reversed(missing):
        make_folder(each)


def give_group(file: int, folder: str | bytes) -> None:
    """Give an open file the group of its folder, where this user is a member of it."""
    try:
        group = os.stat(folder).st_gid
        if os.fstat(file).st_gid != group:
            os.fchown(file, -1, group)
    except (OSError, AttributeError):  # not a member; or Windows, which has no groups
        return


def _absolute(path: str | bytes) -> str | bytes:
    """An absolute path; one that is so already stays as it is, for ``..`` may follow a link."""
    return path if os.path.isabs(path) else os.path.abspath(path)


def _give(path: str | bytes, group: int) -> None:
    try:
        if os.stat(path).st_gid != group:
            os.chown(path, -1, group)
    except (OSError, AttributeError):  # as above
        return
