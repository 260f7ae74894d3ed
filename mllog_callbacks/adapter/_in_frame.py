"""Watching a function from within its own frame, where nobody else sees it.

A wrapper is one more frame: it shifts ``stacklevel`` of warnings, and shows in `inspect.stack` and
in tracebacks. So the function itself gets other code: that of its source, its body in a ``with``.
It stays the same function, with the same frame, file, lines and local variables.
"""

import ast
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import lru_cache, partial
from keyword import iskeyword
from operator import itemgetter
from types import CodeType, FunctionType, TracebackType
from typing import Any, Final, Protocol, TypeVar

__all__ = ["Call", "Watched"]

_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(\([^)]*\)|[^\n;(]+)", re.MULTILINE
)
_COMMENT: Final = re.compile("#.*")

_T = TypeVar("_T", bound=ast.AST)

_CALL: Final = "mllog_callbacks: a call begins"
_RESULT: Final = "mllog_callbacks: a call returns"
"""Texts in the source, in whose place `Watched` and `_Results` are among the code's constants."""

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


class Watched:
    """A function while it is watched.

    Args:
        function: The function.
        begin: Called with the object and the arguments of each call; returns what watches it,
            None where nobody does. It must not raise.

    Raises:
        TypeError: The function has no source at hand, or is no plain function.
    """

    def __init__(
        self, function: FunctionType, begin: Callable[[Any, dict[str, Any]], Call | None]
    ) -> None:
        self._function, self._begin = function, begin
        self._own = function.__code__
        self._under_way: dict[int, _Passage] = {}
        self._code = _watched_code(function, {_CALL: self, _RESULT: _Results(self._under_way)})
        function.__code__ = self._code

    def leave(self) -> None:
        """Give the function its own code again."""
        if self._function.__code__ is self._code:
            self._function.__code__ = self._own

    def __call__(self, taken: tuple[Any, dict[str, Any]]) -> "_Passage | nullcontext[None]":
        """The context that a call's body runs in."""
        call = self._begin(*taken)
        if call is None:
            return _UNWATCHED
        frame = id(sys._getframe(1))  # noqa: SLF001 - documented for CPython
        passage = self._under_way[frame] = _Passage(self._under_way, frame, call)
        return passage

    def __reduce__(self) -> tuple[Any, ...]:
        """A function that is pickled by its value, as of a script, takes no watch along."""
        return partial, (nullcontext,)


_UNWATCHED: Final = nullcontext()


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


class _Passage:
    """The context of one call."""

    __slots__ = ("_call", "_frame", "_under_way", "result")

    def __init__(self, under_way: dict[int, "_Passage"], frame: int, call: Call) -> None:
        self._under_way, self._frame, self._call = under_way, frame, call
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
        self._call.ended(None if error is not None else self.result, error)


def _watched_code(function: FunctionType, constants: Mapping[str, object]) -> CodeType:
    """The function's code with its body in a ``with``."""
    code = function.__code__
    linecache.getlines(code.co_filename, function.__globals__)  # also of what is not in a file
    watched = _template(code)
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
def _template(code: CodeType) -> CodeType | None:
    """The code of a function with its body in a ``with``; None where its source is not at hand.

    The source is held against the code, as it may have changed since.
    """
    if code.co_flags & _NO_PLAIN_CALL:
        return None
    lines = linecache.getlines(code.co_filename)
    source = inspect.getblock(lines[code.co_firstlineno - 1 :]) if lines else []
    scopes = [_imports(code.co_filename), *_scopes(code, source)]
    try:
        tree = ast.parse("".join([*scopes, *source]))
    except SyntaxError:
        return None
    ast.increment_lineno(tree, code.co_firstlineno - 1 - len(scopes))
    definition = _definition(tree, code)
    if definition is None or _compiled(tree, code) != code:
        return None
    _Watching().watch(definition)
    watched = _compiled(tree, code)
    return watched if watched is not None and watched.co_freevars == code.co_freevars else None


@lru_cache(maxsize=100)
def _imports(file: str) -> str:
    """A line that imports what a module does: to call a module's function has code of its own."""
    names = {
        name.split(" as ")[-1].strip().partition(".")[0]
        for statement in _IMPORT.findall("".join(linecache.getlines(file)))
        for name in _COMMENT.sub("", statement).strip("() \n").split(",")
    }
    known = sorted(each for each in names if each.isidentifier() and not iskeyword(each))
    return f"import {', '.join(known)}\n" if known else "\n"


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


def _definition(tree: ast.AST, code: CodeType) -> ast.FunctionDef | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
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


class _Watching(ast.NodeTransformer):
    """Puts the body of one function into a ``with``, and what it returns through a call."""

    def watch(self, definition: ast.FunctionDef) -> None:
        """Change a definition."""
        body = definition.body
        documented = ast.get_docstring(definition, clean=False) is not None
        taken = [ast.parse(each, mode="eval").body for each in _taken(definition.args)]
        context = ast.With([ast.withitem(_call(_CALL, taken))], [ast.Pass()])
        _locate(ast.walk(context), definition)
        context.body = [self.visit(each) for each in body[documented:]] or context.body
        definition.body = [*body[:documented], context]

    def visit_Return(self, node: ast.Return) -> ast.Return:
        """Let what is returned pass through a call that notes it."""
        if node.value is not None:
            value, elements = node.value, list[ast.expr]()
            node.value = _call(_RESULT, elements)
            _locate(ast.walk(node.value), value)
            elements.append(value)
        return node

    def visit_FunctionDef(self, node: _T) -> _T:
        """Leave what is defined within as it is."""
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef  # noqa: N815 - ast's names


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
    pairs = [f"'args': {every}[1:]", *(f"{each!r}: {each}" for each in others)]
    pairs += [f"**{given.kwarg.arg}"] if given.kwarg else []
    return f"({every} or (None,))[0]", f"{{{', '.join(pairs)}}}"
