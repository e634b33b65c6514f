"""The run store: what is read is what was written, or nothing, whatever happened in between."""

import collections
import dataclasses
import io
import itertools
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from icl_repro.storage import entry
from icl_repro.training import (
    DamagedRun,
    DivergedRun,
    MissingRun,
    RunSpec,
    RunStore,
    UnusableStore,
)
from tests.support.tiny import TINY, assert_same_run, made_up_run

ARRAYS = ("curves", "weights")
FILES = ("spec.json", "curves.npz", "weights.npz", "manifest.json")
OTHER = TINY.with_(init_seed=6)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


def entry_folder(store: RunStore) -> Path:
    """The one entry of a store."""
    (folder,) = (store.root / "runs").glob("*/*/*")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# What is written is what is read.


def test_what_is_loaded_is_what_was_saved_to_the_last_bit(store):
    run = made_up_run(mark=0.1)
    store.save(run)
    loaded = store.load(TINY)
    assert_same_run(loaded, run)
    assert loaded.seconds == run.seconds
    assert loaded.cache == store.exemplar_cache


def test_a_run_is_read_once_until_there_is_a_newer_one(store, monkeypatch):
    store.save(made_up_run(mark=0.1))
    first = store.load(TINY)
    monkeypatch.setattr(entry, "read", pytest.fail)
    assert store.load(TINY) is first
    with pytest.raises(ValueError, match="read-only"):
        first.curves["train.loss"][0] = 0
    monkeypatch.undo()
    store.save(made_up_run(mark=0.2))
    assert_same_run(store.load(TINY), made_up_run(mark=0.2))


def test_no_more_runs_stay_in_memory_than_there_is_room_for(store, monkeypatch):
    monkeypatch.setattr("icl_repro.training.store.LARGEST_MEMORY", 0)
    other = dataclasses.replace(made_up_run(mark=0.2), spec=OTHER)
    store.save(made_up_run(mark=0.1))
    store.save(other)
    first = store.load(TINY)
    assert store.load(TINY) is first  # one always has room
    store.load(OTHER)
    assert store.load(TINY) is not first


def test_special_numbers_survive(store):
    run = made_up_run()
    run.curves["odd"] = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    store.save(run)
    assert store.load(TINY).curves["odd"].tobytes() == run.curves["odd"].tobytes()


def test_another_store_object_and_an_equal_spec_find_the_run(store):
    store.save(made_up_run())
    assert RunSpec(**msgspec.structs.asdict(TINY)) in RunStore(str(store.root))


def test_a_store_that_is_not_there_is_empty_and_stays_away(store):
    assert TINY not in store
    assert store.manifest(TINY) is None
    with pytest.raises(MissingRun, match=f"has no run {TINY.key[:12]}: seed 5, unclamped"):
        store.load(TINY)
    store.clear_abandoned()
    assert not store.root.exists()


def test_runs_do_not_get_into_each_others_way(store):
    store.save(made_up_run(mark=1))
    assert OTHER not in store
    store.save(made_up_run(OTHER, mark=2))
    assert_same_run(store.load(TINY), made_up_run(mark=1))
    assert_same_run(store.load(OTHER), made_up_run(OTHER, mark=2))


def test_a_saved_run_replaces_an_earlier_one_and_leaves_nothing_of_it(store):
    for mark in (1, 2, 3):
        store.save(made_up_run(mark=mark))
    assert_same_run(store.load(TINY), made_up_run(mark=3))
    assert contents(entry_folder(store)).keys() == set(FILES)
    assert not [*(store.root / "incoming").iterdir()]


def test_the_spec_can_be_read_by_anyone(store):
    store.save(made_up_run())
    text = (entry_folder(store) / "spec.json").read_bytes()
    assert msgspec.json.decode(text, type=RunSpec) == TINY
    assert text.count(b"\n") > 10


def test_manifest_tells_when_the_run_was_finished(store):
    before = time.time()
    store.save(made_up_run(mark=12.5))
    manifest = store.manifest(TINY)
    assert before <= manifest.finished <= time.time()
    assert manifest.seconds == 12.5
    assert manifest.diverged is None


def test_a_diverged_run_is_there_but_has_no_results(store):
    store.save_divergence(TINY, "diverged at step 7")
    assert TINY in store
    assert store.manifest(TINY).diverged == "diverged at step 7"
    with pytest.raises(DivergedRun, match=r"^diverged at step 7$"):
        store.load(TINY)
    assert contents(entry_folder(store)).keys() == {"spec.json", "manifest.json"}


def test_a_run_without_a_reason_for_its_divergence_has_still_diverged(store):
    store.save_divergence(TINY, "")
    with pytest.raises(DivergedRun):
        store.load(TINY)


def test_results_replace_a_divergence_and_the_other_way_round(store):
    store.save_divergence(TINY, "diverged")
    store.save(made_up_run())
    assert_same_run(store.load(TINY), made_up_run())
    store.save_divergence(TINY, "diverged again")
    with pytest.raises(DivergedRun, match="again"):
        store.load(TINY)


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

    with (
        pytest.warns(
            DamagedRun, match=rf"{TINY.key[:12]} \(seed 5, .* is damaged: .* was moved to"
        ),
        pytest.raises(MissingRun),
    ):
        store.load(TINY)
    assert TINY not in store
    (aside,) = (store.root / "damaged").iterdir()
    assert contents(aside) == damaged

    assert store.manifest(TINY) is None  # and does not warn again
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
def test_the_warning_says_what_is_wrong(store, name, damage, reason):
    store.save(made_up_run())
    DAMAGES[damage](entry_folder(store) / name)
    with pytest.warns(DamagedRun, match=reason) as caught:
        assert store.manifest(TINY) is None
    assert caught[0].filename == __file__


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
    with pytest.warns(DamagedRun, match="belongs to another entry or format"):
        assert store.manifest(TINY) is None


def test_files_that_the_manifest_does_not_list_are_not_trusted(store):
    store.save_divergence(TINY, "diverged")
    folder = entry_folder(store)
    manifest = entry.read_manifest(folder, TINY.key)
    forged = msgspec.structs.replace(manifest, diverged=None).sealed()
    (folder / "manifest.json").write_bytes(msgspec.json.encode(forged))
    with pytest.warns(DamagedRun, match=r"manifest.json lists spec.json"):
        assert store.manifest(TINY) is None


def test_damage_that_cannot_be_moved_is_a_warning_and_can_be_replaced(store):
    store.save(made_up_run())
    flip(entry_folder(store) / "curves.npz", 100)
    (store.root / "damaged").write_text("a file where the folder should be")
    with pytest.warns(DamagedRun, match="could not be moved aside .* counts as not trained"):
        assert store.manifest(TINY) is None
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


# A save that is interrupted anywhere.


@pytest.fixture(scope="module")
def interruptions(tmp_path_factory) -> list[dict]:
    """One report for each step at which a save was interrupted."""
    folder = tmp_path_factory.mktemp("interrupted")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.interrupted_saves", folder],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_saves_were_interrupted_at_every_step(interruptions):
    steps = collections.Counter(
        (report["kind"], report["before"]) for report in interruptions if report["interrupted"]
    )
    assert steps.keys() == set(itertools.product(("killed", "failed", "cut"), ("none", "old")))
    # At least: a folder, four files and a rename; the largest file in several pieces.
    assert all(count >= (6 if kind != "cut" else 8) for (kind, _), count in steps.items()), steps
    assert all(report["died"] for report in interruptions if _deadly(report))
    assert not any(report["broke"] for report in interruptions)


def _deadly(report: dict) -> bool:
    return report["interrupted"] and report["kind"] != "failed"


def test_a_reader_sees_what_was_there_before_or_all_of_the_new_run(interruptions):
    for report in interruptions:
        assert report["found"] in (report["before"], "new"), report
        assert report["found_after_clearing"] == report["found"], report
        assert not report["damaged"], report


def test_both_sides_of_the_moment_of_publishing_were_seen(interruptions):
    found = collections.defaultdict(list)
    for report in interruptions:
        if report["kind"] == "killed":
            found[report["before"]].append(report["found"])
    for before, seen in found.items():
        assert [state for state, _ in itertools.groupby(seen)] == [before, "new"]


def test_a_failed_save_raises_unless_the_run_is_there(interruptions):
    for report in interruptions:
        if report["kind"] == "failed":
            assert report["raised"] is (report["found"] != "new"), report


def test_the_next_writer_succeeds_and_leaves_nothing_over(interruptions):
    for report in interruptions:
        assert report["lock_was_free"], report
        assert report["incoming"] == [], report
        assert report["entries"] == 1, report


def test_what_a_killed_process_left_of_any_run_is_removed(store):
    store.save(made_up_run())
    for spec in (TINY, OTHER):
        abandoned = store.root / "incoming" / f"{spec.key}.0123"
        abandoned.mkdir()
        (abandoned / "curves.npz").write_bytes(b"half")
    store.clear_abandoned()
    assert not [*(store.root / "incoming").iterdir()]
    assert_same_run(store.load(TINY), made_up_run())


def test_what_is_being_written_under_a_lock_is_not_removed(store):
    written = store.root / "incoming" / f"{TINY.key}.0123"
    with store.lock(TINY):
        written.mkdir(parents=True)
        RunStore(store.root).clear_abandoned()
        assert written.exists()


# Reading while others write.


def test_a_reader_never_sees_a_gap_or_a_mixture_while_a_run_is_replaced(store, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    store.save(made_up_run(mark=0))
    stop, problems, seen = threading.Event(), [], set()

    def read() -> None:
        try:
            while not stop.is_set():
                run = store.load(TINY)
                assert_same_run(run, made_up_run(mark=run.seconds))
                seen.add(run.seconds)
        except BaseException as problem:
            problems.append(problem)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    last = 150
    for mark in range(1, last + 1):
        store.save(made_up_run(mark=mark))
    time.sleep(0.05)
    stop.set()
    for reader in readers:
        reader.join()
    assert not problems
    assert last in seen
    assert len(seen) > 3
    assert not (store.root / "damaged").exists()


def test_an_entry_replaced_while_it_is_read_is_not_taken_for_damage(store, monkeypatch):
    store.save(made_up_run(mark=1))
    real, calls = entry.read, []

    def read_and_be_overtaken(folder: Path, key: str, names: tuple[str, ...]) -> entry.Entry:
        calls.append(folder.name.partition(".")[2])
        if len(calls) == 1:
            store.save(made_up_run(mark=2))
        return real(folder, key, names)

    monkeypatch.setattr(entry, "read", read_and_be_overtaken)
    assert_same_run(store.load(TINY), made_up_run(mark=2))
    assert calls == ["1", "2"]


# The lock.


def test_the_lock_is_held_by_one_at_a_time(store):
    with store.lock(TINY) as mine, RunStore(store.root).lock(TINY) as also_mine:
        assert mine
        assert not also_mine
    with store.lock(TINY) as mine:
        assert mine


def test_each_run_has_a_lock_of_its_own(store):
    with store.lock(TINY) as one, store.lock(OTHER) as other:
        assert one
        assert other


def test_the_lock_is_let_go_of_after_an_error(store):
    with pytest.raises(KeyboardInterrupt), store.lock(TINY):
        raise KeyboardInterrupt
    with store.lock(TINY) as mine:
        assert mine


HOLD = """
import sys, time, msgspec
from icl_repro.training.spec import RunSpec
from icl_repro.training.store import RunStore
spec = msgspec.json.decode(sys.argv[2], type=RunSpec)
with RunStore(sys.argv[1]).lock(spec) as mine:
    print(mine, flush=True)
    time.sleep(60)
"""


def test_the_lock_of_another_process_holds_until_it_is_killed_and_nobody_waits_for_it(store):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, store.root, msgspec.json.encode(TINY)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        try:
            assert holder.stdout.readline() == "True\n"
            started = time.monotonic()
            for _ in range(10):
                with store.lock(TINY) as mine:
                    assert not mine
            assert time.monotonic() - started < 5
        finally:
            holder.send_signal(signal.SIGKILL)
    with store.lock(TINY) as mine:
        assert mine


def test_locks_and_saves_cause_no_warnings(store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with store.lock(TINY):
            store.save(made_up_run())
        store.load(TINY)


# A store that cannot be used.


@pytest.fixture(params=["a file in its place", "a file above it", "no right to write"])
def unusable(request, tmp_path) -> Iterator[RunStore]:
    """A store that cannot be written to."""
    place = tmp_path / "place"
    if request.param == "no right to write":
        place.mkdir(0o500)
        is_root = os.geteuid() == 0
        if is_root:  # to whom nothing is forbidden
            os.seteuid(65534)
        yield RunStore(place / "store")
        if is_root:
            os.seteuid(0)
    else:
        place.write_text("a file")
        yield RunStore(place if request.param == "a file in its place" else place / "store")


def test_a_store_that_cannot_be_written_to_says_so(unusable):
    message = rf"the store {unusable.root} cannot be written to: .* It must be a directory"
    with pytest.raises(UnusableStore, match=message), unusable.lock(TINY):
        pass
    with pytest.raises(UnusableStore, match=message):
        unusable.save(made_up_run())
    with pytest.raises(UnusableStore, match=message):
        unusable.save_divergence(TINY, "diverged")


def test_a_store_that_cannot_be_written_to_can_be_read(store):
    store.save(made_up_run())
    leftover = store.root / "incoming" / f"{TINY.key}.0123"
    leftover.mkdir()
    shutil.rmtree(store.root / "locks", ignore_errors=True)
    (store.root / "locks").write_text("in the way")
    store.clear_abandoned()
    assert_same_run(store.load(TINY), made_up_run())
    assert leftover.exists()
