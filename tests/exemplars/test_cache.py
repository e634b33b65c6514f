"""Features kept on disk: the same with and without, and never wrong."""

import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import icl_repro
from icl_repro.exemplars import ExemplarSource, Glyphs
from icl_repro.exemplars.cache import NOT_COMPUTING, code_and_numpy
from icl_repro.exemplars.source import forget_features
from tests.support.notices import noticing
from tests.support.obstacles import OBSTACLES, as_ordinary_user, put_in_the_way


class Noise(ExemplarSource, frozen=True, tag="noise"):
    n_classes: ClassVar[int] = 50
    n_exemplars: ClassVar[int] = 4
    width: ClassVar[int] = 16
    calls: ClassVar[list] = []

    seed: int = 0

    def recipe(self):
        return "noise"

    def compute_images(self, classes, exemplars):
        raise NotImplementedError

    def compute_features(self, classes, exemplars, cache):
        self.calls.append(classes)
        all_of_them = np.random.default_rng(self.seed).random((50, 4, 16)).astype(np.float32)
        return all_of_them[np.ix_(classes, exemplars)]


@pytest.fixture(autouse=True)
def _fresh_memory():
    forget_features()
    Noise.calls.clear()


def ask(cache, classes=range(20), seed=0):
    """As another process would: with nothing in memory."""
    forget_features()
    return Noise(seed).features(classes, [0, 2], cache)


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_kept_features_are_the_computed_ones(tmp_path):
    cache = tmp_path / "made" / "on demand"
    plain, first, second = ask(None), ask(cache), ask(str(cache))
    np.testing.assert_array_equal(plain, first)
    np.testing.assert_array_equal(plain, second)
    assert second.dtype == np.float32
    assert len(Noise.calls) == 2, "the third came from the file"


def test_another_request_or_source_is_another_file(tmp_path):
    ask(tmp_path)
    ask(tmp_path, classes=range(19))
    ask(tmp_path, classes=range(19, -1, -1))
    ask(tmp_path, seed=1)
    assert len(kept(tmp_path)) == len(Noise.calls) == 4


def test_a_kept_file_is_a_plain_npy_file(tmp_path):
    expected = ask(tmp_path)
    (name,) = kept(tmp_path)
    assert name.startswith("features-")
    np.testing.assert_array_equal(np.load(tmp_path / name, allow_pickle=False), expected)


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        flip_a_bit,
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content[:10],
        lambda content: b"",
        lambda content: content + b"x",
    ],
    ids=["bit", "half", "last byte", "head only", "empty", "more"],
)
def test_a_damaged_file_is_set_aside_and_replaced(tmp_path, damage):
    expected = ask(tmp_path)
    (name,) = kept(tmp_path)
    broken = damage((tmp_path / name).read_bytes())
    (tmp_path / name).write_bytes(broken)
    with noticing() as told:
        again = ask(tmp_path)
    assert len(told) == 1
    assert f"{name} is damaged: " in told[0]
    assert "set aside as" in told[0]
    np.testing.assert_array_equal(again, expected)
    assert kept(tmp_path) == [name, name + ".damaged"]
    assert (tmp_path / (name + ".damaged")).read_bytes() == broken
    np.testing.assert_array_equal(ask(tmp_path), expected)
    assert len(Noise.calls) == 2


def test_a_sound_file_with_something_else_in_it_is_damaged(tmp_path):
    expected = ask(tmp_path)
    (name,) = kept(tmp_path)
    ask(tmp_path, classes=range(19))
    (other,) = set(kept(tmp_path)) - {name}
    (tmp_path / name).write_bytes((tmp_path / other).read_bytes())
    with noticing() as told:
        again = ask(tmp_path)
    assert "it holds float32 of shape (19, 2, 16); expected float32 of shape (20, 2, 16)" in told[0]
    np.testing.assert_array_equal(again, expected)


def test_what_a_killed_writer_leaves_is_never_read(tmp_path):
    expected = ask(tmp_path)
    (name,) = kept(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    (tmp_path / f"{name}.123-abcd.partial").write_bytes(content[:100])
    np.testing.assert_array_equal(ask(tmp_path), expected)
    assert name in kept(tmp_path)


def test_a_full_disk_is_told_once_and_costs_only_the_time(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with noticing() as told:
        for _ in range(2):
            np.testing.assert_array_equal(ask(tmp_path), ask(None))
    assert len(told) == 1
    assert "could not keep" in told[0]
    assert "No space left" in told[0]
    assert kept(tmp_path) == [], "nothing half-written is left"


@pytest.mark.parametrize("obstacle", sorted(OBSTACLES))
@pytest.mark.parametrize("level", ["the file", "the cache"])
def test_whatever_is_in_the_way_costs_only_the_time(level, obstacle):
    with as_ordinary_user() as folder:
        expected = ask(folder / "cache")
        (name,) = kept(folder / "cache")
        put_in_the_way(
            folder / "cache" / name if level == "the file" else folder / "cache", obstacle
        )
        with noticing() as told:
            np.testing.assert_array_equal(ask(folder / "cache"), expected)
        if obstacle != "a link to nowhere" or level == "the cache":
            assert told
        if level == "the file":
            np.testing.assert_array_equal(ask(folder / "cache"), expected)
            assert len(Noise.calls) == 2, "the last came from the file"


def test_a_damaged_cache_is_no_warning(tmp_path):
    """Where warnings are errors, a claim must not fail by it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask(tmp_path)
        (name,) = kept(tmp_path)
        (tmp_path / name).write_bytes(b"damaged")
        ask(tmp_path)
        (tmp_path / "file").write_text("")
        ask(tmp_path / "file")


def test_two_threads_share_a_cache(tmp_path):
    problems = []

    def work() -> None:
        try:
            for n in range(100):
                Noise().features(range(1, 2 + n % 40), [0, 2], tmp_path)
        except BaseException as problem:
            problems.append(problem)

    with noticing() as told:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == told == []
    assert len(kept(tmp_path)) == 40


def test_processes_share_a_cache(tmp_path):
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "import tests.exemplars.test_cache as t;"
        "[t.ask(Path(sys.argv[1]), classes=range(1, 2 + n % 40)) for n in range(400)]"
    )
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path), root]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [worker.communicate()[1] for worker in workers]
    assert errors == ["", "", ""]
    names = kept(tmp_path)
    assert len(names) == 40
    assert all(name.endswith(".npy") for name in names)
    np.testing.assert_array_equal(ask(tmp_path, range(1, 9)), ask(None, range(1, 9)))


def test_glyphs_keep_features_and_scale(tmp_path, monkeypatch):
    monkeypatch.setattr(Glyphs, "n_classes", 5)  # of which the scale is soon computed
    few = Glyphs(seed=5)  # that no other test uses: the scale of five stays in memory
    computed = few.features(range(4), range(2), tmp_path)
    assert [name.partition("-")[0] for name in kept(tmp_path)] == ["features", "scale"]
    forget_features()
    np.testing.assert_array_equal(few.features(range(4), range(2), tmp_path), computed)
    forget_features()
    np.testing.assert_array_equal(few.features(range(4), range(2)), computed)


# A recipe that was not brought up to date must not cost a result: the code counts by itself.

ASK = """
import sys
from pathlib import Path
import numpy as np
from icl_repro.exemplars import Glyphs
kept, out = sys.argv[1:]
np.save(out, Glyphs().features(range(3), [0], Path(kept) if kept else None))
"""


class Copy:
    """A copy of the package in which glyphs are few, so that their scale is soon computed."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "copy" / "icl_repro"
        self._out = folder / "features.npy"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(icl_repro.__file__).parent, self.package, ignore=ignored)
        self.change("glyphs.py", "n_classes: ClassVar[int] = 1623", "n_classes: ClassVar[int] = 5")

    def change(self, module: str, before: str, after: str) -> None:
        path = self.package / "exemplars" / module
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, after))

    def features(self, kept: Path | None) -> np.ndarray:
        """What another process computes with the copy, or finds in a cache."""
        command = [sys.executable, "-c", ASK, str(kept or ""), str(self._out)]
        subprocess.run(command, check=True, cwd=self.package.parent)
        return np.load(self._out)


def test_a_changed_encoder_does_not_get_the_features_of_the_old_one(tmp_path):
    copy, folder, power = Copy(tmp_path), tmp_path / "cache", "response.imag**2"
    old = copy.features(folder)
    files = kept(folder)
    copy.change("gabor.py", power, f"{power} / 4")
    new = copy.features(folder)
    assert not np.allclose(new, old, rtol=0.01)
    np.testing.assert_array_equal(new, copy.features(None))
    assert len(kept(folder)) == 2 * len(files) == 4, "features and scale, of both"
    copy.change("gabor.py", f"{power} / 4)", f"{power})  # As it was.")
    np.testing.assert_array_equal(copy.features(folder), old)
    assert len(kept(folder)) == 4, "a comment changes nothing"


def test_another_numpy_computes_anew(tmp_path, monkeypatch):
    ask(tmp_path)
    monkeypatch.setattr(np, "__version__", "99.9")
    code_and_numpy.cache_clear()
    try:
        ask(tmp_path)
    finally:
        code_and_numpy.cache_clear()
    assert len(kept(tmp_path)) == len(Noise.calls) == 2


def test_what_decides_no_array_is_known_by_name():
    """All else in the folder counts, so that a new encoder is not forgotten."""
    folder = Path(icl_repro.__file__).parent / "exemplars"
    assert all((folder / name).is_file() for name in NOT_COMPUTING)
