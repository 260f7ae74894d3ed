"""Versions of the frameworks, as they are imported or installed."""

import sys

from mllog_callbacks.automatic._frameworks import Framework

__all__ = ["installed", "too_old", "version"]


def version(framework: Framework) -> str | None:
    """The version that is imported, else that which is installed; None where there is none."""
    for package in framework.packages:
        found = getattr(sys.modules.get(package), "__version__", None)
        if isinstance(found, str):
            return found
    return installed(framework)


def installed(framework: Framework) -> str | None:
    """The version that is installed, as its distribution says; None where there is none."""
    from importlib import metadata  # noqa: PLC0415 - slow to import

    names = {package.partition(".")[0] for package in framework.packages}
    if not any(_is_there(name) for name in names):
        return None
    for name in sorted({*names, *(each.replace("_", "-") for each in names)}):
        for kind in (name, f"{name}-cpu", _OTHER_NAMES.get(name, name)):
            try:
                return metadata.version(kind)
            except metadata.PackageNotFoundError:
                continue
    return None


_OTHER_NAMES = {"sklearn": "scikit-learn"}


def _is_there(name: str) -> bool:
    from importlib.util import find_spec  # noqa: PLC0415 - only where somebody wants to know

    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def too_old(framework: Framework) -> str | None:
    """Why a version is not supported; None where it is, or is not known."""
    found = version(framework)
    import re  # noqa: PLC0415 - Python starts with us

    numbers = re.findall(r"\d+", found or "")[:2]
    if len(numbers) == len(framework.oldest) and tuple(map(int, numbers)) < framework.oldest:
        return f"version {found} is older than {'.'.join(map(str, framework.oldest))}"
    return None
