"""Public names: `__all__` is sorted, complete and true, and the front door opens on all of it."""

import ast
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest

import mllog_callbacks
from front_door import PATH, stub
from paths import ROOT

ADAPTERS = [path.parent for path in (ROOT / "integrations").glob("*/py.typed")]


def _modules() -> Iterator[ModuleType]:
    for package in (mllog_callbacks, *(import_module(folder.name) for folder in ADAPTERS)):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield import_module(found.name)


MODULES = [module for module in _modules() if hasattr(module, "__all__")]


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, functions; each by name."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_all_is_sorted_and_matches_what_is_there(module: ModuleType) -> None:
    """Each name exists, and each public class and function defined in the module is named."""
    assert list(module.__all__) == sorted(set(module.__all__), key=_order)
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert missing == []
    own = {
        name
        for name, each in vars(module).items()
        if getattr(each, "__module__", None) == module.__name__ and not name.startswith("_")
        if isinstance(each, type) or callable(each)
    }
    assert own <= {*module.__all__}


def test_the_front_door_gives_the_objects_themselves() -> None:
    """What type checkers read of each name is where it comes from at run time."""
    recorded = {
        alias.name: node.module
        for node in ast.walk(ast.parse(PATH.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mllog_callbacks")
        for alias in node.names
    }
    assert sorted(recorded) == sorted(mllog_callbacks.__all__)
    for name, home in recorded.items():
        assert getattr(mllog_callbacks, name) is getattr(import_module(str(home)), name)


def test_the_types_of_the_front_door_are_written_from_its_table() -> None:
    """Remake: python docs/generate.py."""
    assert PATH.read_text("utf-8") == stub()


def test_the_front_door_lists_its_names() -> None:
    """For completion; before any was used as well."""
    assert set(mllog_callbacks.__all__) <= set(dir(mllog_callbacks))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """So that `hasattr` and plain typing errors work as everywhere."""
    with pytest.raises(
        AttributeError, match="module 'mllog_callbacks' has no attribute 'AuditLgo'"
    ):
        mllog_callbacks.AuditLgo  # type: ignore[attr-defined]  # noqa: B018 - the error meant
    with pytest.raises(ImportError):
        from mllog_callbacks import AuditLgo  # type: ignore[attr-defined]  # noqa: F401, PLC0415
