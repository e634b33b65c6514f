"""Which tests to look at for a file of the package.

    python -m tests.support.tests_of icl_repro/report/text/cite.py

tells the test of the same name, or else those of the same room that import the file, or what
imports it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.test_rooms import ROOT, files, imported_modules, module_of, parsed


def seen_by(file: Path) -> dict[Path, Path]:
    """The tests that see a module, each with the module by whose name or import it does.

    The test that has the name of the module; else those of its room that import it; else those
    that are found in the same way for the modules of its room that import it.

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
    if namesake.exists():
        return [namesake.relative_to(ROOT)]
    room = (ROOT / "tests").joinpath(*file.parts[1:2]) if len(file.parts) > 2 else ROOT / "tests"
    return [
        test.relative_to(ROOT)
        for test in files("tests")
        if test.name.startswith("test_")
        and room in test.parents
        and module_of(ROOT / file) in imported_modules(parsed(test))
    ]


def _users(file: Path) -> list[Path]:
    """The modules of the same room that import one."""
    room = (ROOT / "icl_repro").joinpath(*file.parts[1:2])
    return [
        user.relative_to(ROOT)
        for user in files("icl_repro")
        if room in user.parents and module_of(ROOT / file) in imported_modules(parsed(user))
    ]


def modules_of_the_package() -> list[Path]:
    """Every module but those that only gather names, relative to the root."""
    return [file.relative_to(ROOT) for file in files("icl_repro") if file.name != "__init__.py"]


def main(asked: list[str]) -> None:
    """Print the tests of each file."""
    for name in asked:
        file = Path(name).resolve().relative_to(ROOT)
        found = seen_by(file)
        if not found:
            print(f"no test of its room imports {file}: whole sessions show what it does")
        for test, module in found.items():
            print(test if module == file else f"{test} (through {module})")


if __name__ == "__main__":
    main(sys.argv[1:])
