"""What a folder holds, from it down.

Loaded by the drainer: standard library only, and little of it.
"""

import os

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["walk"]


def walk(folder: str | os.PathLike[str]) -> "Iterator[tuple[str, list[str], list[str]]]":
    """Each folder from this one down, with the names of its folders and of all else in it.

    The one that is named may be a link; those below it are not followed. Folders that cannot be
    read are left out. Whoever takes a name from the list of folders leaves that folder out.
    """
    for directory, folders, others in os.walk(folder):
        folders.sort()
        yield directory, folders, sorted(others)
