"""The house: which room may import which, and what no room of the tool may know.

Read off the source, imports inside functions too, so that nothing has to be run.
"""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("icl_repro", "claims", "benchmarks", "tests")

GROUND = {"git", "lazy", "memory", "nearest", "numbers", "statistics", "threads"}
SCIENCE = (
    "exemplars",
    "episodes",
    "text",
    "network",
    "streams",
    "optogenetics",
    "training",
    "measures",
)
"""In the order in which they build on each other."""

MAY_IMPORT = {
    "git": set(),
    "lazy": set(),
    "memory": set(),
    "nearest": set(),
    "numbers": set(),
    "statistics": set(),
    "threads": set(),
    "storage": GROUND,
    **{room: {*GROUND, "storage", *SCIENCE[:floor]} for floor, room in enumerate(SCIENCE)},
    "toy": GROUND,
    "verification": {*GROUND, "storage"},
    "ingredients": {"nearest", "exemplars", "verification"},
    "report": {*GROUND, "storage", "verification"},
    "comparison": {*GROUND, "storage", "verification"},
    "planning": {*GROUND, "storage", "verification"},
    "history": {*GROUND, "storage", "verification"},
    "plugin": {*GROUND, "storage", "verification", "comparison", "report", "planning", "history"},
    "cli": {
        *GROUND,
        "storage",
        "verification",
        "comparison",
        "report",
        "planning",
        "history",
        "plugin",
    },
    "__init__": {"lazy", "statistics", "training", "verification"},
}
"""The rooms that each room of the package may import, besides itself."""

WAY_IN = {
    "plugin/library.py": {"training", "measures", "ingredients"},
    "cli/library.py": {"training"},
}
"""The modules of the tool that reach the science: where it trains, and where its runs are kept."""

TOOL = (
    "git",
    "lazy",
    "nearest",
    "numbers",
    "statistics",
    "threads",
    "storage",
    "verification",
    "comparison",
    "report",
    "planning",
    "history",
    "plugin",
    "cli",
)
ARRAY_LIBRARIES = {"jax", "jaxlib", "equinox", "optax"}
NO_PYTEST = sorted(set(MAY_IMPORT) - {"plugin"})

PAPER_WORDS = (
    r"induction",
    r"transformers?",
    r"omniglot",
    r"phase[ -]changes?",
    r"plateaus?",
    r"attention heads?",
    r"(?:head|layer)s? \d",
    r"(?:of|in) layers?",
    r"in-context",
    r"few-shot",
    r"episodes?",
    r"layer ?norm",
    r"clamp(?:s|ed|ing)?(?!\()",  # CSS has a function of that name
    r"optogenetics?",
    r"ablat\w*",
    r"sub-?circuits?",
    r"half-times?",
    r"Singh|Moskovitz|Saxe",
    r"2404\.07129",
    r"(?-i:sequences?)",  # Python's own have a capital
    r"classes",
    r"exemplars?",
    r"tokens?",
    r"glyphs?",
    r"gabor",
    r"nats",
    r"ln \d",
    r"loss(?:es)?",
    r"accurac(?:y|ies)",
    r"labels? (?:in|of|within) context",
    r"(?:two|held-out|shuffled) labels",
    r"5-9",  # the paper's seeds, which come from the settings
)
"""What only this paper, its networks and its data know. Rooms of the tool serve any paper."""


FILE_FORMAT = {"icl_repro/verification/record.py": ('name="exemplars"',)}
"""What a file of the tool says because the records that are kept do."""


@cache
def files(*packages: str) -> list[Path]:
    return [
        file
        for package in packages
        for file in sorted((ROOT / package).rglob("*.py"))
        if not any(part.startswith((".", "__pycache__")) for part in file.relative_to(ROOT).parts)
    ]


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {module_of(file): file for file in files(*PACKAGES)}


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Each import as the module and what is taken from it, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import: {ast.unparse(node)}"
            yield from ((str(node.module), alias.name) for alias in node.names)


@cache
def when_imported(tree: ast.Module) -> ast.Module:
    """The module without what happens only in its functions, or for type checkers alone."""

    class Pruned(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.AST | None:
            if ast.unparse(node.test) == "TYPE_CHECKING":
                return None
            return self.generic_visit(node)

    return Pruned().visit(ast.parse(ast.unparse(tree)))


@cache
def imported_modules(tree: ast.AST) -> set[str]:
    """The modules of ours that are imported: `from package import module` is one, too."""
    found = set()
    for module, name in imports(tree):
        inner = f"{module}.{name}"
        found.add(inner if inner in modules() else module)
    return {module for module in found if module in modules()}


def room_of(module: str) -> str:
    """The room of a module of the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def in_package() -> dict[str, Path]:
    return {name: file for name, file in modules().items() if name.split(".")[0] == "icl_repro"}


def test_every_room_has_its_place():
    assert {room_of(module) for module in in_package()} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room):
    wrong = []
    for module, file in in_package().items():
        if room_of(module) != room:
            continue
        allowed = {room, *MAY_IMPORT[room]}
        allowed |= WAY_IN.get(file.relative_to(ROOT / "icl_repro").as_posix(), set())
        for target in imported_modules(parsed(file)):
            package = target.split(".")[0]
            # Importing the package itself imports nothing of it.
            of_ours = package == "icl_repro" and (target == package or room_of(target) in allowed)
            if not of_ours:
                wrong.append(f"{module} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_claims_stand_on_the_package_alone():
    wrong = [
        f"{module} imports {target}"
        for module, file in modules().items()
        for target in imported_modules(parsed(file))
        if module.split(".")[0] == "claims" and target.split(".")[0] in ("benchmarks", "tests")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", TOOL)
def test_the_tool_imports_no_array_library_when_it_is_imported(room):
    for module, file in in_package().items():
        if room_of(module) == room:
            found = {name.split(".")[0] for name, _ in imports(when_imported(parsed(file)))}
            assert not found & ARRAY_LIBRARIES, module


@pytest.mark.parametrize("room", NO_PYTEST)
def test_only_the_plugin_knows_pytest(room):
    for module, file in in_package().items():
        if room_of(module) == room:
            found = {name.split(".")[0] for name, _ in imports(parsed(file))}
            assert not found & {"pytest", "_pytest", "xdist", "pluggy"}, module


def test_no_module_imports_itself_by_way_of_others():
    graph = {
        module: imported_modules(when_imported(parsed(file))) - {module}
        for module, file in modules().items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("package", ["icl_repro", "claims"])
def test_nobody_reaches_for_what_is_private_to_another_module(package):
    wrong = []
    for file in files(package):
        module, tree = module_of(file), parsed(file)
        for source, name in imports(tree):
            if name and is_private(name) and source != "__future__" and source in modules():
                wrong.append(f"{module} imports {name} of {source}")
        of_ours = names_of_modules(tree)
        wrong += [
            f"{module} uses {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and is_private(node.attr)
            and isinstance(node.value, ast.Name)
            and node.value.id in of_ours
        ]
    assert not wrong, "\n".join(wrong)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def names_of_modules(tree: ast.Module) -> set[str]:
    """What our modules are called in a module that imports them whole."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {
                alias.asname or alias.name
                for alias in node.names
                if f"{node.module}.{alias.name}" in modules()
            }
        elif isinstance(node, ast.Import):
            names |= {alias.asname for alias in node.names if alias.asname}
    return names


# --- words ---


@cache
def of_the_paper() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(PAPER_WORDS)})(?!\w)", re.IGNORECASE)


def told_files() -> list[Path]:
    """Everything that rooms of the tool are written in."""
    kinds = (".py", ".j2", ".css", ".html", ".md", ".json", ".toml")
    return [
        file
        for room in TOOL
        for file in sorted(
            (ROOT / "icl_repro" / room).rglob("*")
            if (ROOT / "icl_repro" / room).is_dir()
            else [ROOT / "icl_repro" / f"{room}.py"]
        )
        if file.suffix in kinds
    ]


def test_the_tool_knows_no_paper():
    found = [
        f"{file.relative_to(ROOT)}:{number}: {match.group()!r} in {line.strip()}"
        for file in told_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        for match in of_the_paper().finditer(without_file_format(file, line))
    ]
    assert not found, "\n".join(found)


def without_file_format(file: Path, line: str) -> str:
    for words in FILE_FORMAT.get(file.relative_to(ROOT).as_posix(), ()):
        line = line.replace(words, "")
    return line


@pytest.mark.parametrize(
    "line",
    [
        "the induction strength of a head",
        "head 3 of layer 1",
        "heads in layer 1",
        "a clamped run",
        "a plateau, then a phase change",
        "accuracy on all episodes",
        "half-time of the subcircuit",
        "1,000 of 4,000 sequences",
        "a row of exemplars",
        "of a few classes",
        "ln 2 for a guess between two labels",
        "a loss of 0.9 nats",
        "seeds 5-9",
    ],
)
def test_words_of_the_paper_are_recognised(line):
    assert of_the_paper().search(line)


# --- folders ---


def folders_of_code(package: str) -> set[str]:
    return {
        file.parent.relative_to(ROOT / package).as_posix()
        for file in files(package)
        if file.name != "__init__.py" or file.parent != ROOT / package
    } - {"."}


def test_tests_mirror_the_package_folder_by_folder():
    mirrored = folders_of_code("icl_repro") | {"claims", "docs", "support"}
    assert folders_of_code("tests") == mirrored


def test_no_module_is_on_the_path_by_itself():
    """Every folder of Python files is a package, and nobody changes where Python looks."""
    for package in PACKAGES:
        for file in files(package):
            assert (file.parent / "__init__.py").exists(), file.parent
            changed = re.search(
                r"\bsys\.path\.(?:insert|append|extend)|\bsys\.path\[", file.read_text()
            )
            assert not changed or package == "tests", file
    for settings in (ROOT / "pyproject.toml", *ROOT.glob("*/pytest.ini")):
        assert "pythonpath" not in settings.read_text(), settings
