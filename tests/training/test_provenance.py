"""What a run was made with: changed source retrains it, a better explanation does not."""

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import icl_repro
from icl_repro.optogenetics import ClampCopy
from icl_repro.training import LocalExecutor, MissingRun, Plan, RunStore, local_executor, provenance
from icl_repro.training.provenance import DECIDING_SOURCE, NOT_DECIDING_SOURCE
from tests.support.tiny import TINY, assert_same_run, made_up_run

PACKAGE = Path(icl_repro.__file__).parent
CLAMPED = TINY.with_(clamps=(ClampCopy(1),))
ROOMS_BELOW = (
    "storage",
    "statistics",
    "lazy.py",
    "memory.py",
    "nearest.py",
    "numbers.py",
    "__init__.py",
)
"""What any room may use; nothing of it computes."""

Change = Callable[[str, str, str], None]


@pytest.fixture
def change(tmp_path: Path, monkeypatch) -> Iterator[Change]:
    """Changes a module in a copy of the source, which the runs of this test are made with."""
    copy = tmp_path / "icl_repro"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance.icl_repro, "__file__", str(copy / "__init__.py"))

    def changed(module: str, before: str, after: str) -> None:
        text = (copy / module).read_text()
        assert text.count(before) == 1
        (copy / module).write_text(text.replace(before, after))
        provenance.source_and_libraries.cache_clear()

    provenance.source_and_libraries.cache_clear()
    yield changed
    provenance.source_and_libraries.cache_clear()


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


def make_the_copy_clamp_do_nothing(change: Change) -> None:
    edit = '(Edit("logits", ScoresAsLogits(self.layer, np.asarray(self.head, np.int32))),)'
    change("optogenetics/clamps.py", f"return {edit}", "return ()")


def test_a_clamp_that_does_nothing_anymore_is_trained_again(store, change, monkeypatch):
    trained = []

    def train(specs, cache, on_step, load):
        trained.extend(specs)
        return [made_up_run(spec, 2.0) for spec in specs]

    monkeypatch.setattr(local_executor, "train", train)
    old = CLAMPED.key
    store.save(made_up_run(CLAMPED, 1.0))
    assert not store.is_stale(CLAMPED)

    make_the_copy_clamp_do_nothing(change)
    assert CLAMPED.key != old
    assert CLAMPED not in store
    assert store.is_stale(CLAMPED)
    assert store.manifest(CLAMPED) is None
    with pytest.raises(MissingRun):
        store.load(CLAMPED)
    LocalExecutor(store).carry_out(Plan.of([CLAMPED]))
    assert trained == [CLAMPED]
    assert not store.is_stale(CLAMPED)
    assert_same_run(store.load(CLAMPED), made_up_run(CLAMPED, 2.0))


def test_with_the_old_source_back_the_old_run_counts_again(store, change):
    store.save(made_up_run(TINY, 1.0))
    change("training/engine.py", "DRAWN_AT_ONCE = 64", "DRAWN_AT_ONCE = 32")
    store.save(made_up_run(TINY, 2.0))
    assert_same_run(store.load(TINY), made_up_run(TINY, 2.0))
    change("training/engine.py", "DRAWN_AT_ONCE = 32", "DRAWN_AT_ONCE = 64")
    assert_same_run(store.load(TINY), made_up_run(TINY, 1.0))


def test_a_run_that_was_never_made_is_not_stale(store):
    assert not store.is_stale(TINY)


def test_a_better_explanation_makes_nothing_stale(store, change):
    store.save(made_up_run(TINY))
    change("training/engine.py", '"""One step of an optimiser', '"""A step of an optimiser')
    assert TINY in store
    assert not store.is_stale(TINY)


def test_other_libraries_make_runs_stale(store, monkeypatch):
    store.save(made_up_run(TINY))
    monkeypatch.setattr(provenance.importlib.metadata, "version", lambda name: "99.9")
    provenance.source_and_libraries.cache_clear()
    assert store.is_stale(TINY)
    monkeypatch.undo()
    provenance.source_and_libraries.cache_clear()
    assert TINY in store


# Nothing that decides is forgotten.


def modules(parts) -> set[str]:
    found = set()
    for part in parts:
        path = PACKAGE / part
        assert path.exists(), part
        files = path.rglob("*.py") if path.is_dir() else [path]
        found |= {file.relative_to(PACKAGE).as_posix() for file in files}
    return found


def test_every_module_of_the_rooms_that_decide_is_known_to_decide_or_not():
    deciding, others = modules(DECIDING_SOURCE), modules(NOT_DECIDING_SOURCE)
    assert not deciding & others
    rooms = {part.split("/")[0] for part in DECIDING_SOURCE}
    assert deciding | others == modules(rooms)


def test_the_engine_uses_nothing_else_of_this_package():
    used, waiting = set(), ["training/engine.py"]
    while waiting:
        module = waiting.pop()
        if module not in used and module.split("/")[0] not in ROOMS_BELOW:
            used.add(module)
            waiting += imported(module)
    assert used <= modules(DECIDING_SOURCE) | modules(NOT_DECIDING_SOURCE)


def imported(module: str) -> list[str]:
    """The modules of this package that one of them imports, anywhere in its text."""
    found = []
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("icl_repro"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("icl_repro")]
        else:
            continue
        paths = [PACKAGE.parent / name.replace(".", "/") for name in names]
        files = [file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py")]
        found += [file.relative_to(PACKAGE).as_posix() for file in files if file.is_file()]
    return found
