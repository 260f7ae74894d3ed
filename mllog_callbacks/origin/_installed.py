"""The distributions that a process may import, by the folders that installers leave."""

import os
from hashlib import sha256

__all__ = ["digest", "installed"]

_SUFFIXES = (".dist-info", ".egg-info")


def installed(path: list[str]) -> dict[str, str]:
    """The version of each distribution by its name, normalised as package indexes do.

    Args:
        path: Where modules come from; of two with one name the first counts, as in an import.
    """
    found: dict[str, str] = {}
    for folder in path:
        try:
            names = os.listdir(folder)
        except OSError:  # an archive, or gone
            continue
        for name in names:
            if name.endswith(_SUFFIXES):
                project, _, version = name[: name.rindex(".")].partition("-")
                project = project.lower().replace("_", "-").replace(".", "-")
                found.setdefault(project, version.partition("-py")[0])
    return dict(sorted(found.items()))


def digest(found: dict[str, str]) -> str:
    """SHA-256 over the lines ``name==version``, in the order of the names, as hex."""
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))
    return sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
