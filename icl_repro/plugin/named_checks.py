"""The checks that a test names, read from its source before it runs."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_RECORDER = "evidence"
_STATE = ("check", "equivalent")


def named_in(item: pytest.Function) -> list[str] | None:
    """The checks of a test in their order, or ``None`` where its source does not tell all of them.

    It does not where a name is not written out, where the recorder is handed on, and where a
    fixture may state checks, too.
    """
    fixtures = item._fixtureinfo.name2fixturedefs
    if "request" in inspect.signature(item.function).parameters or any(
        _RECORDER in each.argnames for name in fixtures for each in fixtures[name]
    ):
        return None
    tree = _definition(item.function)
    if tree is None:
        return None
    found: list[str] = []
    called = 0
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and _is_of_recorder(node.func)):
            continue
        called += 1
        assert isinstance(node.func, ast.Attribute)
        if node.func.attr in _STATE:
            first = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "name")]
            name = first[0] if first else None
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                return None
            found.append(name.value)
    uses = sum(isinstance(node, ast.Name) and node.id == _RECORDER for node in ast.walk(tree))
    return found if found and uses == called else None


def _definition(function: Callable[..., Any]) -> ast.AST | None:
    """The source of a function; ``None`` where there is none."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return None
    try:
        changed = Path(code.co_filename).stat().st_mtime_ns
        return _definitions(code.co_filename, changed).get(code.co_firstlineno)
    except (OSError, SyntaxError):
        return None


@functools.cache
def _definitions(path: str, changed: int) -> dict[int, ast.AST]:
    """The functions of a file by their first line, from one reading of it as long as it stays:
    `inspect` would read each by itself, which takes longer than all else of collecting them.
    """
    found: dict[int, ast.AST] = {}
    for node in ast.walk(ast.parse(Path(path).read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[min(part.lineno for part in (node, *node.decorator_list))] = node
    return found


def _is_of_recorder(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == _RECORDER
    )
