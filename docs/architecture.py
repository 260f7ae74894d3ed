"""The packages and what they import, read from the sources; and a picture of it.

The layers are those of the table in CONTRIBUTING.md.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

from mllog_callbacks.schema import count

__all__ = [
    "ADAPTERS",
    "CORE",
    "LAYERS",
    "drawing",
    "imported",
    "module_of",
    "place_of",
    "sources",
]

ROOT: Final = Path(__file__).parents[1]
CORE: Final = ROOT / "mllog_callbacks"
ADAPTERS: Final = ROOT / "integrations"


def _layers() -> Iterator[frozenset[str]]:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for row in re.findall(r"^\| \d+ \| ([^|]+) \|", table, re.MULTILINE):
        yield frozenset(re.findall(r"`([a-z_]+)`", row))


LAYERS: Final = tuple(_layers())
"""The packages of each layer, the lowest first."""


def sources() -> list[Path]:
    """All source files of the core and of the adapters."""
    return sorted([*CORE.rglob("*.py"), *ADAPTERS.rglob("*.py")])


def module_of(path: Path) -> str:
    """The dotted name of a source file."""
    root = ROOT if path.is_relative_to(CORE) else ADAPTERS
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def place_of(module: str) -> str | None:
    """The name of a module's package in the table; None for what is not ours.

    The demo, which trains LightGBM, is no part of `cli`: it is above the adapters.
    """
    top, _, rest = module.partition(".")
    if top != "mllog_callbacks":  # nor is the standard library's `platform` ours
        return top if top in LAYERS[-1] else None
    return "cli._demo" if rest.startswith("cli._demo") else rest.partition(".")[0] or top


def imported(source: str) -> Iterator[str]:
    """Every module that a source names in an import, also in functions and for types alone.

    Raises:
        ValueError: An import is relative.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                msg = f"relative import of {node.module}: imports are absolute here"
                raise ValueError(msg)
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = (CORE / alias.name).is_dir() or (CORE / f"{alias.name}.py").exists()
                yield full if node.module == "mllog_callbacks" and is_module else str(node.module)


def _imports() -> dict[str, set[str]]:
    """The packages that each package imports from."""
    drawn = frozenset().union(*LAYERS)
    found: dict[str, set[str]] = {name: set() for name in drawn}
    for path in sources():
        own = place_of(module_of(path))
        if own in drawn:
            places = map(place_of, imported(path.read_text("utf-8")))
            found[own] |= {each for each in places if each in drawn and each != own}
    layer = {name: number for number, names in enumerate(LAYERS) for name in names}
    # a log loads the page that shows it in a notebook when it is shown: no dependency of a package
    return {
        name: {each for each in imports if layer[each] < layer[name]}
        for name, imports in found.items()
    }


def _reduced(imports: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The imports that do not follow from others."""
    reached: dict[str, set[str]] = {}
    for layer in LAYERS:
        for name in layer:
            reached[name] = imports[name].union(*(reached[each] for each in imports[name]))
    for name, direct in sorted(imports.items()):
        indirect = {far for each in direct for far in reached[each]}
        yield from ((name, each) for each in sorted(direct - indirect))


_WIDTH, _ROW, _BOX, _HEIGHT = 1_000, 78, 138, 40
_STYLE: Final = (
    "text{font:14px system-ui,sans-serif;fill:#1f2933}.n{font-size:11px;fill:#52606d}"
    "rect{fill:#f5f7fa;stroke:#829ab1;rx:6}line{stroke:#9fb3c8;stroke-width:1.2}"
    "@media(prefers-color-scheme:dark){text{fill:#f0f4f8}.n{fill:#9fb3c8}"
    "rect{fill:#243b53;stroke:#627d98}line{stroke:#486581}}"
)


def drawing() -> str:
    """The packages in their layers, with lines to those they build on, as SVG."""
    height = _ROW * len(LAYERS) + 20
    at: dict[str, tuple[float, float]] = {}
    for number, layer in enumerate(reversed(LAYERS)):
        for place, name in enumerate(sorted(layer), 1):
            at[name] = place * _WIDTH / (len(layer) + 1), _ROW * number + 40
    modules = [place_of(module_of(path)) for path in sources()]
    lines = [
        f'<line x1="{at[one][0]:.0f}" y1="{at[one][1] + _HEIGHT / 2:.0f}" '
        f'x2="{at[other][0]:.0f}" y2="{at[other][1] - _HEIGHT / 2:.0f}"/>'
        for one, other in _reduced(_imports())
    ]
    sizes = {name: count(modules.count(name), "module") for name in at}
    boxes = [
        f'<rect x="{x - _BOX / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{_BOX}" '
        f'height="{_HEIGHT}"/><text x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{escape(name)}'
        f'<tspan class="n" x="{x:.0f}" dy="14">{sizes[name]}</tspan></text>'
        for name, (x, y) in at.items()
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>The packages of mllog-callbacks, each above those it builds on</title>",
            f"<style>{_STYLE}</style>",
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )
