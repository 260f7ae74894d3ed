"""Watching a function from within its own frame, where nobody else sees it.

A wrapper is one more frame: it shifts ``stacklevel`` of warnings, and shows in `inspect.stack` and
in tracebacks. So the function itself gets other code: that of its source, its body in a ``with``.
It stays the same function, with the same frame, file, lines and local variables: whoever holds it,
under whatever name, calls what is watched.
"""

import ast
import inspect
import linecache
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from functools import lru_cache, partial
from keyword import iskeyword
from operator import itemgetter
from types import CodeType, FunctionType, TracebackType
from typing import Any, Final, Protocol, TypeAlias

from mllog_callbacks._lazy import pattern
from mllog_callbacks.locks import ProcessLock

__all__ = ["Call", "Changed", "Watched"]

_IMPORT: Final = pattern(r"[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(\([^)]*\)|[^\n;(]+)")
_COMMENT: Final = pattern("#.*")

_CALL: Final = "mllog_callbacks: a call begins"
_RESULT: Final = "mllog_callbacks: a call returns"
_CHANGE: Final = "mllog_callbacks: an argument is changed: "
"""Texts in the source, in whose place `_Site` and its parts are among the code's constants."""

_BODIES: Final = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where statements hold statements: no expression does."""

_FUTURE: Final = 0x1FF0000
"""The flags of ``from __future__`` imports."""

_NO_PLAIN_CALL: Final = (
    inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_ITERABLE_COROUTINE
)


class Call(Protocol):
    """What watches one call."""

    def ended(self, result: object, error: BaseException | None, /) -> None:
        """Take how the call ended; it must not raise."""


Begin: TypeAlias = Callable[[Any, dict[str, Any]], Call | None]
"""Takes the object and the arguments of a call; returns what watches it, None where nobody does."""

Change: TypeAlias = Callable[[Any], Any]
"""Takes an argument, and returns what the function shall have in its place."""


class Watched:
    """A function while it is watched; several may watch the same one.

    Args:
        function: The function.
        begin: Called with the object and the arguments of each call; returns what watches it,
            None where nobody does. It must not raise.

    Raises:
        TypeError: The function has no source at hand, or is no plain function.
    """

    def __init__(self, function: FunctionType, begin: Begin) -> None:
        self._begin = begin
        with _lock:
            self._site = _site(function)
            self._site.set((*self._site.begins, begin), self._site.changes)

    def leave(self) -> None:
        """Watch no more; where nobody is left, the function gets its own code again."""
        with _lock:
            left = tuple(each for each in self._site.begins if each is not self._begin)
            self._site.set(left, self._site.changes)


class Changed:
    """A parameter of a function while its argument is changed at the beginning of each call.

    Args:
        function: The function.
        parameter: The parameter's name.
        change: Called with the argument. It must not raise.

    Raises:
        TypeError: The function has no source at hand, is no plain function, or has no such
            parameter.
    """

    def __init__(self, function: FunctionType, parameter: str, change: Change) -> None:
        self._parameter = parameter
        with _lock:
            self._site = _site(function)
            self._site.set(self._site.begins, {**self._site.changes, parameter: change})

    def leave(self) -> None:
        """Change it no more."""
        with _lock:
            left = {
                name: each for name, each in self._site.changes.items() if name != self._parameter
            }
            self._site.set(self._site.begins, left)


class _Site:
    """A function that is watched, or whose arguments are changed.

    Attributes:
        begins: Who watches it.
        changes: What changes its arguments, by the parameters' names.
    """

    def __init__(self, function: FunctionType) -> None:
        self._function = weakref.ref(function)
        self._own = self._code = function.__code__
        self._under_way: dict[int, _Passage] = {}
        self.begins: tuple[Begin, ...] = ()
        self.changes: Mapping[str, Change] = {}

    @property
    def current(self) -> bool:
        """Whether nobody else has given the function other code since."""
        function = self._function()
        return function is not None and function.__code__ is self._code

    def set(self, begins: tuple[Begin, ...], changes: Mapping[str, Change]) -> None:
        """Have these watch from now on."""
        code = self._own
        if begins or changes:
            constants = {_CALL: self, _RESULT: _Results(self._under_way)} | {
                f"{_CHANGE}{name}": _Changing(change) for name, change in changes.items()
            }
            known = begins and self.begins and changes == self.changes
            code = self._code if known else _watched_code(self._own, constants, changes)
        self.begins, self.changes = begins, changes
        function = self._function()
        if function is not None and function.__code__ is self._code:
            function.__code__ = self._code = code

    def __call__(self, taken: tuple[Any, dict[str, Any]]) -> "_Passage | nullcontext[None]":
        """The context that a call's body runs in."""
        calls = [call for each in self.begins if (call := each(*taken)) is not None]
        if not calls:
            return _UNWATCHED
        frame = id(sys._getframe(1))  # noqa: SLF001 - documented for CPython
        passage = self._under_way[frame] = _Passage(self._under_way, frame, calls)
        return passage

    def __reduce__(self) -> tuple[Any, ...]:
        """A function that is pickled by its value, as of a script, takes no watch along."""
        return partial, (nullcontext,)


_UNWATCHED: Final = nullcontext()
_sites: Final[weakref.WeakKeyDictionary[FunctionType, _Site]] = weakref.WeakKeyDictionary()
_lock: Final = ProcessLock()


def _site(function: FunctionType) -> _Site:
    """The one site of a function; a new one where somebody else has given it other code."""
    found = _sites.get(function)
    if found is None or not found.current:
        linecache.getlines(function.__code__.co_filename, function.__globals__)  # of no file, too
        found = _sites[function] = _Site(function)
    return found


class _Results:
    """Notes what calls return: it is called with a tuple of that, and returns it."""

    def __init__(self, under_way: dict[int, "_Passage"]) -> None:
        self._under_way = under_way

    def __call__(self, result: tuple[object]) -> object:
        if self._under_way:
            passage = self._under_way.get(id(sys._getframe(1)))  # noqa: SLF001 - as above
            if passage is not None:
                passage.result = result[0]
        return result[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return itemgetter, (0,)


class _Changing:
    """Changes an argument: it is called with a tuple of it."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def __call__(self, given: tuple[object]) -> object:
        return self._change(given[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return itemgetter, (0,)


class _Passage:
    """The context of one call."""

    __slots__ = ("_calls", "_frame", "_under_way", "result")

    def __init__(self, under_way: dict[int, "_Passage"], frame: int, calls: list[Call]) -> None:
        self._under_way, self._frame, self._calls = under_way, frame, calls
        self.result: object = None

    def __enter__(self) -> None:
        """Let the call begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hand on how it ended, and let an exception pass."""
        self._under_way.pop(self._frame, None)
        for each in self._calls:
            each.ended(None if error is not None else self.result, error)


def _watched_code(
    code: CodeType, constants: Mapping[str, object], changed: Iterable[str]
) -> CodeType:
    """A function's code with its body in a ``with``, and some arguments changed before."""
    watched = _template(code, tuple(sorted(changed)))
    if watched is None:
        msg = (
            f"{code.co_qualname} cannot be watched: it is no plain function with its source at hand"
        )
        raise TypeError(msg)
    found = tuple(
        constants.get(each, each) if isinstance(each, str) else each for each in watched.co_consts
    )
    return watched.replace(co_consts=found)


@lru_cache(maxsize=100)
def _template(code: CodeType, changed: tuple[str, ...]) -> CodeType | None:
    """The code of a function with its body in a ``with``; None where its source is not at hand.

    The source is held against the code, as it may have changed since.
    """
    if code.co_flags & _NO_PLAIN_CALL:
        return None
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    if not lines:
        return None
    # To find the end of a function by its tokens takes longer than all else here
    found = _parsed(code, lines[: _last_line(code) + 1 - code.co_firstlineno])
    found = found or _parsed(code, inspect.getblock(lines))
    if found is None:
        return None
    tree, definition = found
    if not {*changed} <= {*_parameters(definition.args)}:
        return None
    _watch(definition, changed)
    watched = _compiled(tree, code)
    return watched if watched is not None and watched.co_freevars == code.co_freevars else None


def _parsed(code: CodeType, source: list[str]) -> tuple[ast.Module, ast.FunctionDef] | None:
    """The tree of a function's source, and its definition there; None where its code is another."""
    scopes = [_imports(code.co_filename), *_scopes(code, source)]
    before = "\n" * (code.co_firstlineno - 1 - len(scopes))
    try:
        tree = ast.parse("".join([before, *scopes, *source]))
    except SyntaxError:
        return None
    if (above := len(scopes) + 1 - code.co_firstlineno) > 0:
        ast.increment_lineno(tree, -above)
    definition = _definition(tree.body, code)
    return (tree, definition) if definition and _compiled(tree, code) == code else None


def _last_line(code: CodeType) -> int:
    """The last line that any of a function's code comes from."""
    ends = [end for _, end, _, _ in code.co_positions() if end is not None]
    within = [_last_line(each) for each in code.co_consts if isinstance(each, CodeType)]
    return max((*ends, *within), default=code.co_firstlineno)


@lru_cache(maxsize=100)
def _imports(file: str) -> str:
    """A line that imports what a module does: to call a module's function has code of its own."""
    names = {
        name.split(" as ")[-1].strip().partition(".")[0]
        for statement in _imported("".join(linecache.getlines(file)))
        for name in _COMMENT.sub("", statement).strip("() \n").split(",")
    }
    known = sorted(each for each in names if each.isidentifier() and not iskeyword(each))
    return f"import {', '.join(known)}\n" if known else "\n"


def _imported(source: str) -> Iterator[str]:
    """What the import statements of a source name."""
    place = source.find("import ")
    while place >= 0:
        start = source.rfind("\n", 0, place) + 1
        found = _IMPORT.match(source, start)
        if found is not None:
            yield found[1]
        place = source.find("import ", max(place + 1, found.end() if found else 0))


def _scopes(code: CodeType, source: list[str]) -> list[str]:
    """Lines that open the scopes around a function: for its free variables and private names."""
    around = code.co_qualname.split(".")[:-1]
    free = ", ".join(name for name in code.co_freevars if name != "__class__")
    scopes: list[str] = []
    for place, name in enumerate(around):
        if name == "<locals>":
            continue
        within = " " * len(scopes)
        if around[place + 1 : place + 2] == ["<locals>"]:
            scopes.append(f"{within}def {name}({free}):\n")
        else:
            scopes.append(f"{within}class {name}:\n")
    return scopes or (["if 1:\n"] if source and source[0][:1].isspace() else [])


def _definition(body: Iterable[ast.stmt], code: CodeType) -> ast.FunctionDef | None:
    """The definition of a function among statements, or in the scopes that they open."""
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If):
            found = _definition(node.body, code)
            if found is not None:
                return found
    return None


def _compiled(tree: ast.Module, code: CodeType) -> CodeType | None:
    """The code of the same function in a source; None where there is none."""
    flags = code.co_flags & _FUTURE
    waiting: list[CodeType] = [compile(tree, code.co_filename, "exec", flags, dont_inherit=True)]
    while waiting:
        found = waiting.pop()
        if (found.co_qualname, found.co_firstlineno) == (code.co_qualname, code.co_firstlineno):
            return found
        waiting += [each for each in found.co_consts if isinstance(each, CodeType)]
    return None


def _watch(definition: ast.FunctionDef, changed: Iterable[str]) -> None:
    """Put the body of a function into a ``with``, and what it returns through a call."""
    body = definition.body
    documented = ast.get_docstring(definition, clean=False) is not None
    taken = [ast.parse(each, mode="eval").body for each in _taken(definition.args)]
    context = ast.With([ast.withitem(_call(_CALL, taken))], [ast.Pass()])
    _locate(ast.walk(context), definition)
    _note_returned(body)
    context.body = body[documented:] or context.body
    changes: list[ast.stmt] = [
        ast.Assign(
            [ast.Name(name, ast.Store())],
            _call(f"{_CHANGE}{name}", [ast.Name(name, ast.Load())]),
        )
        for name in changed
    ]
    _locate((node for each in changes for node in ast.walk(each)), definition)
    definition.body = [*body[:documented], *changes, context]


def _note_returned(body: Iterable[ast.AST]) -> None:
    """Let what statements return pass through a call that notes it; not in definitions within."""
    for node in body:
        if isinstance(node, ast.Return) and node.value is not None:
            value, elements = node.value, list[ast.expr]()
            node.value = _call(_RESULT, elements)
            _locate(ast.walk(node.value), value)
            elements.append(value)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for name in _BODIES:
                _note_returned(getattr(node, name, ()))


def _call(constant: str, given: list[ast.expr]) -> ast.Call:
    """A call of what will stand in a constant's place, with a tuple."""
    # not of the constant itself, of which the compiler would warn: it sees a text
    called = ast.Attribute(ast.Constant(constant), "__call__", ast.Load())
    return ast.Call(called, [ast.Tuple(given, ast.Load())], [])


def _locate(nodes: Iterable[ast.AST], like: ast.AST) -> None:
    for each in nodes:
        ast.copy_location(each, like)


def _taken(given: ast.arguments) -> tuple[str, str]:
    """The object that a method is called of, and its other arguments by name, as text."""
    names = [each.arg for each in [*given.posonlyargs, *given.args]]
    others = [each.arg for each in given.kwonlyargs]
    rest = [each.arg for each in (given.vararg, given.kwarg) if each is not None]
    if names:
        named = ", ".join(f"{each!r}: {each}" for each in [*names[1:], *others, *rest])
        return names[0], f"{{{named}}}"
    every = given.vararg.arg if given.vararg else "()"
    listed = [f"'args': {every}[1:]", *(f"{each!r}: {each}" for each in others)]
    listed += [f"**{given.kwarg.arg}"] if given.kwarg else []
    return f"({every} or (None,))[0]", f"{{{', '.join(listed)}}}"


def _parameters(given: ast.arguments) -> Iterable[str]:
    """The names of all parameters."""
    listed = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return (each.arg for each in listed if each is not None)
