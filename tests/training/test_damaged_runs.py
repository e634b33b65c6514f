"""Damaged runs are seen, set aside, and made good; nothing is ever unpickled."""

import collections
import io
import itertools
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from icl_repro.storage import entry
from icl_repro.training import MissingRun, RunStore
from tests.support.notices import noticing
from tests.support.tiny import TINY, assert_same_run, entry_folder, made_up_run

ARRAYS = ("curves", "weights")
FILES = ("spec.json", "curves.npz", "weights.npz", "manifest.json")
OTHER = TINY.with_(init_seed=6)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# Damage is seen, set aside, and made good.


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a bit at the start": lambda path: flip(path, 0),
    "a bit in the middle": lambda path: flip(path, path.stat().st_size // 2),
    "a bit at the end": lambda path: flip(path, -1),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(bytes(range(256))),
    "JSON of something else": lambda path: path.write_bytes(b'{"format": 1}'),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_damage_to_any_file_is_seen_set_aside_and_made_good(store, name, damage):
    store.save(made_up_run())
    folder = entry_folder(store)
    DAMAGES[damage](folder / name)
    damaged = contents(folder)

    with noticing() as told, pytest.raises(MissingRun):
        store.load(TINY)
    assert TINY not in store
    assert told[0].startswith(f"the stored run {TINY.key[:12]} ({TINY.describe()}) is damaged: ")
    assert "; it was moved to " in told[0]
    (aside,) = (store.root / "damaged").iterdir()
    assert contents(aside) == damaged

    with noticing() as told:
        assert store.manifest(TINY) is None
    assert told == []
    store.save(made_up_run(mark=2))
    assert_same_run(store.load(TINY), made_up_run(mark=2))


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("curves.npz", "a bit in the middle", "curves.npz does not match its checksum"),
        ("weights.npz", "missing", "weights.npz is missing"),
        ("manifest.json", "missing", "manifest.json is missing"),
        ("manifest.json", "garbage", "manifest.json is no manifest"),
        ("manifest.json", "JSON of something else", "missing required field `key`"),
        ("spec.json", "a folder", "Is a directory"),
    ],
)
def test_the_notice_says_what_is_wrong(store, name, damage, reason):
    store.save(made_up_run())
    DAMAGES[damage](entry_folder(store) / name)
    with noticing() as told:
        assert store.manifest(TINY) is None
    assert reason in told[0]


def test_no_change_of_any_byte_of_the_manifest_can_change_what_it_says(store):
    store.save(made_up_run())
    folder = entry_folder(store)
    path = folder / "manifest.json"
    original, intact = path.read_bytes(), entry.read(folder, TINY.key, ARRAYS)
    seen = collections.Counter()
    for at, bit in itertools.product(range(len(original)), (1, 32)):
        flip_of = bytearray(original)
        flip_of[at] ^= bit
        path.write_bytes(flip_of)
        try:
            assert entry.read(folder, TINY.key, ARRAYS) == intact
            seen["harmless"] += 1  # white space, the case of an exponent
        except entry.Damage:
            seen["damage"] += 1
    assert seen["damage"] > 0.8 * seen.total()


def test_an_entry_of_another_run_in_its_place_is_damage(store):
    store.save(made_up_run())
    folder = entry_folder(store)
    other = RunStore(store.root.with_name("other"))
    other.save(made_up_run(OTHER))
    shutil.rmtree(folder)
    shutil.copytree(entry_folder(other), folder)
    with noticing() as told:
        assert store.manifest(TINY) is None
    assert "belongs to another entry or format" in told[0]


def test_files_that_the_manifest_does_not_list_are_not_trusted(store):
    store.save_divergence(TINY, "diverged")
    folder = entry_folder(store)
    manifest = entry.read_manifest(folder, TINY.key)
    forged = msgspec.structs.replace(manifest, diverged=None).sealed()
    (folder / "manifest.json").write_bytes(msgspec.json.encode(forged))
    with noticing() as told:
        assert store.manifest(TINY) is None
    assert "manifest.json lists spec.json" in told[0]


def test_damage_that_cannot_be_moved_is_told_and_can_be_replaced(store):
    store.save(made_up_run())
    flip(entry_folder(store) / "curves.npz", 100)
    (store.root / "damaged").write_text("a file where the folder should be")
    with noticing() as told:
        assert store.manifest(TINY) is None
    assert "it could not be moved aside" in told[0]
    assert told[0].endswith("counts as not there")
    store.save(made_up_run(mark=2))
    assert_same_run(store.load(TINY), made_up_run(mark=2))


def test_files_that_are_none_of_its_business_do_not_disturb(store):
    store.save(made_up_run())
    folder = entry_folder(store)
    (folder / "notes.txt").write_text("mine")
    (folder.parent / ".DS_Store").write_text("")
    (folder.parent / "copy of 1").mkdir()
    (store.root / "incoming" / "unrelated.txt").write_text("")
    store.clear_abandoned()
    assert_same_run(store.load(TINY), made_up_run())
    assert (store.root / "incoming" / "unrelated.txt").exists()


# Nothing is pickled.


def test_arrays_of_objects_are_not_written(store):
    run = made_up_run()
    run.curves["objects"] = np.array([{"an": "object"}])
    with pytest.raises(TypeError, match="objects is an array of Python objects"):
        store.save(run)
    assert TINY not in store
    assert not [*(store.root / "incoming").iterdir()]


class Intruder:
    def __reduce__(self):
        return (os.mkdir, ("intruder-was-here",))


def test_a_pickle_is_not_opened_even_with_the_right_checksums(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = made_up_run()
    monkeypatch.setattr(entry, "_packed", lambda arrays: _npz_with(pickle.dumps(Intruder())))
    store.save(run)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.load(TINY)
    assert not Path("intruder-was-here").exists()


def _npz_with(pickled: bytes) -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": (1,)}
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("weights.npy", header.getvalue() + pickled)
    return archive.getvalue()
