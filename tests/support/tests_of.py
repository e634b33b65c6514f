"""Which tests to look at for a file of the package.

    python -m tests.support.tests_of icl_repro/report/text/cite.py

tells the test of the same name and those of the same room that import the file, also by way of the
name of the room; or else those of what imports it.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

from icl_repro.nearest import nearest
from tests.test_rooms import ROOT, files, imported_modules, imports, module_of, modules, parsed


def seen_by(file: Path) -> dict[Path, Path]:
    """The tests that see a module, each with the module by whose name or import it does.

    The test that has the name of the module, first, and those of its room that import it; if there
    is none, those that are found in the same way for the modules of its room that import it.

    Args:
        file: of the package, relative to the root.
    """
    asked, seen = [file], {file}
    while asked:
        if found := {test: module for module in asked for test in _by_name_or_import(module)}:
            return found
        asked = sorted({user for module in asked for user in _users(module)} - seen)
        seen.update(asked)
    return {}


def _by_name_or_import(file: Path) -> list[Path]:
    namesake = ROOT / "tests" / file.parent.relative_to("icl_repro") / f"test_{file.name}"
    room = (ROOT / "tests").joinpath(*file.parts[1:2]) if len(file.parts) > 2 else ROOT / "tests"
    importing = [
        test
        for test in files("tests")
        if test.name.startswith("test_")
        and room in test.parents
        and module_of(ROOT / file) in _used_by(test)
    ]
    named = [namesake] if namesake.exists() else []
    return [test.relative_to(ROOT) for test in dict.fromkeys([*named, *importing])]


def _users(file: Path) -> list[Path]:
    """The modules of the same room that import one."""
    room = (ROOT / "icl_repro").joinpath(*file.parts[1:2])
    return [
        user.relative_to(ROOT)
        for user in files("icl_repro")
        if room in user.parents and module_of(ROOT / file) in imported_modules(parsed(user))
    ]


@cache
def _used_by(test: Path) -> set[str]:
    """The modules that a test imports, and those from which rooms have what it imports of them."""
    tree = parsed(test)
    of_rooms = {_offered_by(room).get(name or "") for room, name in imports(tree)}
    return imported_modules(tree) | {module for module in of_rooms if module}


@cache
def _offered_by(room: str) -> dict[str, str]:
    """The names that a room offers in its ``__init__``, each with the module that it is from."""
    file = modules().get(room)
    if file is None or file.name != "__init__.py":
        return {}
    return {
        alias.asname or alias.name: node.module
        for node in parsed(file).body
        if isinstance(node, ast.ImportFrom) and node.module in modules()
        for alias in node.names
    }


def modules_of_the_package() -> list[Path]:
    """Every module but those that only gather names, relative to the root."""
    return [file.relative_to(ROOT) for file in files("icl_repro") if file.name != "__init__.py"]


def told(name: str) -> list[str]:
    """The tests of a file, or that there are none.

    Raises:
        LookupError: it is no module of the package.
    """
    file = Path(name).resolve()
    if not file.exists():
        known = [str(module) for module in modules_of_the_package()]
        raise LookupError(f"there is no file {name}: {nearest(name, known)}")
    if file not in files("icl_repro"):
        raise LookupError(f"{name} is no module of icl_repro")
    module = file.relative_to(ROOT)
    lines = [
        str(test) if seen == module else f"{test} (through {seen})"
        for test, seen in seen_by(module).items()
    ]
    return lines or [f"no test of its room imports {module}: whole sessions show what it does"]


def main(asked: list[str]) -> None:
    """Print the tests of each file; ends with status 2 at one that is no module."""
    for name in asked:
        try:
            print("\n".join(told(name)))
        except LookupError as error:
            print(error.args[0], file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
