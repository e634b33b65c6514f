"""Measurements that are kept: given again only for the same question, and never if damaged."""

import importlib
import os
import shutil
import sys
import threading
import time
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.measures import kept as kept_measurements
from icl_repro.measures.curves.phase_change import PhaseChange, phase_change
from icl_repro.measures.datasets.performance import Performance
from icl_repro.measures.kept import keep_in, kept
from icl_repro.optogenetics import Constant, Edit, Intervention
from tests.support.notices import noticing


@pytest.fixture
def folder(tmp_path):
    keep_in(tmp_path)
    yield tmp_path
    keep_in(None)


class Counted:
    """A measurement that counts how often it is made."""

    def __init__(self, result, made=lambda x, *rest: 2 * x):
        self.times = 0

        def doubled(*arguments, **named):
            self.times += 1
            return made(*arguments, **named)

        self.measure = kept(result)(doubled)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_nothing_is_kept_unless_there_is_a_folder():
    doubled = Counted(np.ndarray)
    for _ in range(2):
        np.testing.assert_array_equal(doubled.measure(jnp.arange(3)), [0, 2, 4])
    assert doubled.times == 2


def test_an_array_is_measured_once_and_is_the_same_again(folder):
    doubled = Counted(np.ndarray)
    first, again = (doubled.measure(jnp.linspace(0, 1, 7).reshape(1, 7)) for _ in range(2))
    assert doubled.times == 1
    assert isinstance(first, np.ndarray)
    assert first.dtype == again.dtype == np.float32
    np.testing.assert_array_equal(first, again, strict=True)


def test_another_value_shape_type_or_name_is_another_question(folder):
    doubled = Counted(np.ndarray, lambda x, **named: 2 * x)
    x = np.arange(4, dtype=np.int32)
    questions = [x, x + 1, x.reshape(2, 2), x.astype(np.int16), x.view(np.float32)]
    for question in questions:
        doubled.measure(question)
    doubled.measure(x, factor=2)
    assert doubled.times == len(questions) + 1
    other = Counted(np.ndarray, lambda x: 3 * x)
    other.measure.__wrapped__.__qualname__ = "tripled"
    np.testing.assert_array_equal(other.measure(x), 3 * x)


def test_interventions_differ_by_what_they_edit_and_by_their_values(folder):
    doubled = Counted(np.ndarray, lambda x, edits: x)

    def edits(layer, value):
        site = f"layers.{layer}.attention.mixed"
        return Intervention([Edit(site, Constant(jnp.float32(value)), heads=np.eye(8)[0] > 0)])

    for question in (edits(0, 0), edits(1, 0), edits(0, 1), Intervention()):
        doubled.measure(np.zeros(2), question)
        doubled.measure(np.zeros(2), question)
    assert doubled.times == 4


def test_modules_of_arrays_and_plain_data_are_kept_too(folder):
    made = Performance(jnp.float32(0.5), jnp.float32(1.0), jnp.arange(3.0))
    module = Counted(Performance, lambda: made)
    first, again = module.measure(), module.measure()
    assert module.times == 1
    for found in (first, again):
        assert isinstance(found, Performance)
        jax.tree.map(np.testing.assert_array_equal, found, made)

    x = np.linspace(0, 10, 60)
    y = np.exp(-x)
    plain = [phase_change(x, y), phase_change(x, y)]
    assert isinstance(plain[1], PhaseChange)
    assert repr(plain[0]) == repr(plain[1])  # equal would not do: there are not-a-numbers


@pytest.mark.parametrize(
    "damaged",
    [
        lambda content: b"",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:-1],
        lambda content: b"not what was written",
    ],
)
def test_what_is_damaged_is_measured_again(folder, damaged):
    doubled = Counted(np.ndarray)
    doubled.measure(np.arange(3))
    (file,) = files(folder)
    content = file.read_bytes()
    file.write_bytes(damaged(content))
    np.testing.assert_array_equal(doubled.measure(np.arange(3)), [0, 2, 4])
    assert doubled.times == 2
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_to_only_means_measuring_again(tmp_path):
    (tmp_path / "file").write_text("in the way")
    keep_in(tmp_path / "file")
    try:
        doubled = Counted(np.ndarray)
        with noticing() as told:
            for x in (0, 0, 1):
                np.testing.assert_array_equal(doubled.measure(np.arange(3) + x)[0], 2 * x)
        assert doubled.times == 3
        assert len(told) == 1
        assert told[0].startswith(f"measurements cannot be kept in {tmp_path / 'file'}: ")
    finally:
        keep_in(None)


def test_a_folder_in_place_of_a_measurement_only_means_measuring_again(folder):
    doubled = Counted(np.ndarray)
    doubled.measure(np.arange(3))
    (file,) = files(folder)
    file.unlink()
    file.mkdir()
    for _ in range(2):
        np.testing.assert_array_equal(doubled.measure(np.arange(3)), [0, 2, 4])
    assert doubled.times == 3


class UsersOwn(Intervention):
    """An intervention whose source is not part of any address."""


def test_what_an_address_cannot_describe_is_measured_each_time(folder):
    doubled = Counted(np.ndarray, lambda x, other: x)
    for other in (UsersOwn(), lambda: None, object()):
        for _ in range(2):
            doubled.measure(np.zeros(2), other)
    assert doubled.times == 6
    assert not files(folder)


def test_within_a_compiled_program_nothing_is_looked_up(folder):
    doubled = Counted(np.ndarray)
    np.testing.assert_array_equal(jax.jit(doubled.measure)(jnp.arange(3)), [0, 2, 4])
    assert not files(folder)


def test_another_source_of_the_package_is_another_question(folder, monkeypatch):
    doubled = Counted(np.ndarray)
    doubled.measure(np.arange(3))
    other_circumstances(monkeypatch, "f" * 16)
    doubled.measure(np.arange(3))
    assert doubled.times == 2
    assert len({file.parents[1] for file in files(folder)}) == 2


def other_circumstances(monkeypatch, name: str) -> None:
    """As in a process of another release, or on another machine."""
    monkeypatch.setattr(kept_measurements, "_circumstances", lambda: name)
    kept_measurements._home.cache_clear()


def last_used(folder, days_ago: float) -> None:
    then = time.time() - days_ago * 24 * 3600
    os.utime(folder, (then, then))


def test_what_was_measured_under_other_circumstances_is_dropped_after_some_days_unused(
    folder, monkeypatch
):
    doubled = Counted(np.ndarray)
    days = kept_measurements.DAYS_UNUSED
    for name in ("a" * 16, "b" * 16):
        other_circumstances(monkeypatch, name)
        doubled.measure(np.arange(3))
    (folder / "cd").mkdir()  # as measurements were kept before
    (folder / "notes of the user").mkdir()
    last_used(folder / ("a" * 16), days - 1)
    for old in ("b" * 16, "cd", "notes of the user"):
        last_used(folder / old, days + 1)
    other_circumstances(monkeypatch, "c" * 16)
    doubled.measure(np.arange(3))
    assert {path.name for path in folder.iterdir()} == {"a" * 16, "c" * 16, "notes of the user"}

    other_circumstances(monkeypatch, "a" * 16)
    doubled.measure(np.arange(3))
    assert doubled.times == 3
    assert time.time() - (folder / ("a" * 16)).stat().st_mtime < 3600


def test_a_session_whose_measurements_are_dropped_meanwhile_measures_again(folder):
    doubled = Counted(np.ndarray)
    doubled.measure(np.arange(3))
    for home in folder.iterdir():
        shutil.rmtree(home)
    for _ in range(2):
        np.testing.assert_array_equal(doubled.measure(np.arange(3)), [0, 2, 4])
    assert doubled.times == 2


def test_two_threads_measure_into_one_folder_and_lose_nothing(folder):
    doubled = Counted(np.ndarray)
    problems = []

    def work(first: int) -> None:
        try:
            for number in range(first, 200, 2):
                doubled.measure(np.arange(3) + number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(files(folder)) == 200


def test_circumstances_follow_the_source(monkeypatch, tmp_path):
    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(kept_measurements.icl_repro, "__file__", str(tmp_path / "__init__.py"))
    digest = kept_measurements._circumstances.__wrapped__
    before = digest()
    assert digest() == before
    (tmp_path / "measure.py").write_text("x = 1")
    assert digest() != before


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """A package of the user's with a function whose results are kept; and how to read it anew."""
    name = "suite_whose_source_counts"
    home = tmp_path / "suites" / name
    home.mkdir(parents=True)
    (home / "__init__.py").write_text("")
    (home / "constants.py").write_text("FACTOR = 2")
    (home / "measures.py").write_text(
        "import numpy as np\n"
        "from icl_repro.measures.kept import kept\n"
        f"from {name}.constants import FACTOR\n"
        "@kept(np.ndarray)\n"
        "def scaled(x):\n"
        "    return FACTOR * x\n"
    )
    monkeypatch.syspath_prepend(home.parent)

    def read():
        for module in [one for one in sys.modules if one.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, module)
        importlib.invalidate_caches()
        kept_measurements._source_beside.cache_clear()
        return importlib.import_module(f"{name}.measures")

    yield home, read
    for module in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[module]
    kept_measurements._source_beside.cache_clear()


def test_what_a_suite_measures_follows_the_source_of_all_of_its_package(folder, suite):
    home, read = suite
    for _ in range(2):
        np.testing.assert_array_equal(read().scaled(np.arange(3)), [0, 2, 4])
    assert len(files(folder / kept_measurements._circumstances())) == 1
    (home / "constants.py").write_text("FACTOR = 30")
    np.testing.assert_array_equal(read().scaled(np.arange(3)), [0, 30, 60])
    assert len(files(folder / kept_measurements._circumstances())) == 2


@pytest.mark.parametrize("module", ["__main__", "not_imported", "lonely"])
def test_what_a_function_of_no_package_measures_is_not_kept(folder, monkeypatch, module):
    lonely = ModuleType("lonely")
    lonely.__file__ = str(folder / "lonely.py")
    monkeypatch.setitem(sys.modules, "lonely", lonely)
    monkeypatch.setitem(sys.modules, "__main__", lonely)
    doubled = Counted(np.ndarray)
    doubled.measure.__wrapped__.__module__ = module
    kept_measurements._source_beside.cache_clear()
    for _ in range(2):
        doubled.measure(np.arange(3))
    kept_measurements._source_beside.cache_clear()
    assert doubled.times == 2
    assert not files(folder)
