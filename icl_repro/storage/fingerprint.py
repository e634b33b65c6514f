"""Fingerprints of source code: equal for code that does the same but for how it is told.

Comments, docstrings, blank lines and the annotations of functions are left out, so that a better
explanation makes no stored result stale. Annotations in the body of a class count, because its
fields follow from them. Another version of Python may take down the same code otherwise, so that
fingerprints are only compared within one.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def of_source(root: Path, parts: Iterable[str]) -> str:
    """The fingerprint of some modules and packages.

    Args:
        root: the folder that `parts` are relative to.
        parts: Python files, or folders of which all Python files count.

    Returns:
        64 hexadecimal digits.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    digest = hashlib.sha256()
    for part in parts:
        path = root / part
        if not path.exists():
            raise FileNotFoundError(f"no source to take a fingerprint of at {path}")
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0")
            digest.update(of_code(file.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def of_code(code: str) -> str:
    """The fingerprint of one piece of Python code.

    Raises:
        SyntaxError: it is none.
    """
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            node.body = _without_docstring(node.body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    # Texts that stand alone document what is above them, such as the fields of a class.
    kept = [
        statement
        for statement in body
        if not (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        )
    ]
    return kept or [ast.Pass()]
