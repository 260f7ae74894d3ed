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

    The one that is named may be a link; one below it is not followed, and is no folder here.
    Folders that cannot be read are left out, and those whose names are taken from the list.
    """
    for directory, folders, others in os.walk(folder):
        links = {each for each in folders if os.path.islink(os.path.join(directory, each))}
        folders[:] = sorted({*folders} - links)
        yield directory, folders, sorted([*others, *links])
