"""The messages of the package, read from its source with gaps for what is filled in."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from tests.docs.blocks import ROOT

GAP = "\0"
PACKAGE = ROOT / "icl_repro"

# What ends a test, a run, a session or a command with the text that it is given.
TELLERS = {"UsageError", "fail", "_fail", "_refuse", "refuse"}
ALL = "*"
# Functions whose sentences others join or hand on before they are told.
HANDED_ON = {
    "exemplars/data_sets.py": {"_misfit", "_why"},
    "plugin/assembly.py": {"_in_two_rows", "_not_where_known", "contradictions"},
    "plugin/collection.py": {
        "_expecting_nothing",
        "_pointless",
        "_unknown_checks",
        "_unmatched",
        "_without_effect",
    },
    "plugin/curve_files.py": {"conclude", "keeper"},
    "plugin/declarations.py": {ALL},
    "plugin/guards.py": {ALL},
    "plugin/outcomes.py": {"_unjudgeable"},
    "plugin/outputs.py": {ALL},
    "plugin/paths.py": {ALL},
    "plugin/planting.py": {"wrong"},
    "training/devices.py": {"why_none"},
    "verification/coverage.py": {"unknown", "unnamed"},
    "verification/declare.py": {ALL},
    "verification/faults.py": {ALL},
    "verification/ledger.py": {ALL},
    "verification/mistakes.py": {ALL},
}
FEWEST_WORDS = 4  # of a sentence in one of them: other texts there are names and parts

_EXCEPTION = re.compile(r"(Error|Exception|Exit|MissingRun|UnusableStore)$")
_NOWHERE = ast.Module([], [])
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Message:
    """A text, what it may be where it has parts of which one is told, and where it stands."""

    text: str
    choices: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


def n_words(text: str) -> int:
    """How many words of a text are not filled in."""
    return len(re.findall(r"\w+", text.replace(GAP, " ")))


def template(node: ast.expr) -> str:
    """A text of the source, with a gap for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(template(value) for value in values)
        case ast.FormattedValue(value=value):
            inner = template(value)
            return inner if inner.strip(GAP) else GAP
        case ast.BinOp(left=left, right=right):
            return template(left) + template(right)
        case ast.IfExp(body=body, orelse=orelse):
            return f"{GAP}{template(body)}{GAP}{template(orelse)}{GAP}"
        case _:
            return GAP


def choices(node: ast.expr) -> list[str]:
    """What a text may be, with one of the parts of each condition in it."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(parts) for parts in itertools.product(*map(choices, values))]
        case ast.FormattedValue(value=value):
            return choices(value)
        case ast.BinOp(left=left, right=right):
            return [one + other for one in choices(left) for other in choices(right)]
        case ast.IfExp(body=body, orelse=orelse):
            return choices(body) + choices(orelse)
        case _:
            return [GAP]


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path below it."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_bytes()) for path in paths}


def nodes() -> Iterator[ast.AST]:
    for module in modules().values():
        yield from ast.walk(module)


@cache
def exceptions() -> frozenset[str]:
    """The classes of the package that are raised."""
    bases = {
        node.name: [ast.unparse(base) for base in node.bases]
        for node in nodes()
        if isinstance(node, ast.ClassDef)
    }
    found: set[str] = set()
    while more := {
        name
        for name, above in bases.items()
        if name not in found and any(_EXCEPTION.search(one) or one in found for one in above)
    }:
        found |= more
    return frozenset(found)


def messages() -> list[Message]:
    """Every text that an exception or a teller is given, or that is handed on to one."""
    found = {
        (file, text): Message(text, tuple(choices(node)), file, node.lineno)
        for file, module in modules().items()
        for node in (*_given(module), *_handed_on(file, module))
        if (text := template(node)).strip(GAP)
    }
    return list(found.values())


def _given(module: ast.Module) -> Iterator[ast.expr]:
    """What exceptions and tellers are given, by the function or class where that stands."""
    for scope in ast.walk(module):
        if not isinstance(scope, _FUNCTION | ast.ClassDef):
            continue
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and _tells(node, scope):
                for argument in node.args:
                    yield from _resolved(argument, scope, module)


def _tells(call: ast.Call, scope: ast.AST) -> bool:
    called = ast.unparse(call.func)
    if called == "super().__init__":
        return isinstance(scope, ast.ClassDef) and scope.name in exceptions()
    name = called.rpartition(".")[2]
    return name in TELLERS or name in exceptions() or bool(_EXCEPTION.search(name))


def _resolved(node: ast.expr, scope: ast.AST, module: ast.Module) -> Iterator[ast.expr]:
    """The texts that an expression may be: what a name stands for, what a function returns."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
            yield node
        case ast.IfExp(body=body, orelse=orelse):
            yield from _resolved(body, scope, module)
            yield from _resolved(orelse, scope, module)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _resolved(value, scope, module)
        case ast.Name(id=name):
            for one in ast.walk(scope):
                match one:
                    case ast.Assign(targets=[ast.Name(id=given)], value=value) if given == name:
                        yield from _resolved(value, _NOWHERE, module)
                    case _:
                        pass
        case ast.Call(func=func):
            called = ast.unparse(func).rpartition(".")[2]
            for one in ast.walk(module):
                if isinstance(one, _FUNCTION) and one.name == called:
                    for inner in ast.walk(one):
                        if isinstance(inner, ast.Return) and inner.value is not None:
                            yield from _resolved(inner.value, one, _NOWHERE)
        case _:
            pass


def _handed_on(file: str, module: ast.Module) -> Iterator[ast.expr]:
    """The sentences of functions whose sentences are handed on."""
    of = HANDED_ON.get(file, set())
    functions = [n for n in ast.walk(module) if isinstance(n, _FUNCTION) and n.name in of]
    for text in _texts([module] if ALL in of else functions):
        if n_words(template(text)) >= FEWEST_WORDS:
            yield text


def _texts(found: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """Texts, whole, without docstrings."""
    for node in found:
        match node:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
                yield node
            case _:
                yield from _texts(ast.iter_child_nodes(node))
