"""The run store: what is read is what was written, or nothing, whatever happened in between."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from icl_repro.storage import entry
from icl_repro.training import (
    DivergedRun,
    MissingRun,
    RunSpec,
    RunStore,
    UnusableStore,
)
from tests.support.tiny import TINY, assert_same_run, entry_folder, made_up_run

FILES = ("spec.json", "curves.npz", "weights.npz", "manifest.json")
OTHER = TINY.with_(init_seed=6)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


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
    assert {path.name for path in entry_folder(store).iterdir()} == set(FILES)
    assert not [*(store.root / "incoming").iterdir()]


def test_the_spec_can_be_read_by_anyone(store):
    store.save(made_up_run())
    text = (entry_folder(store) / "spec.json").read_bytes()
    assert msgspec.json.decode(text, type=RunSpec) == TINY
    assert text.count(b"\n") > 10


def test_manifest_tells_when_the_run_was_finished(store):
    before = time.time()
    assert store.took(TINY) is None
    store.save(made_up_run(mark=12.5))
    assert store.took(TINY) == 12.5
    manifest = store.manifest(TINY)
    assert before <= manifest.finished <= time.time()
    assert manifest.seconds == 12.5
    assert manifest.diverged is None


def test_a_diverged_run_is_there_but_has_no_results(store):
    store.save_divergence(TINY, "diverged at step 7")
    assert TINY in store
    assert store.manifest(TINY).diverged == "diverged at step 7"
    assert store.took(TINY) is None
    with pytest.raises(DivergedRun, match=r"^diverged at step 7$"):
        store.load(TINY)
    assert {path.name for path in entry_folder(store).iterdir()} == {"spec.json", "manifest.json"}


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


# What is told about runs without reading them.


def test_the_runs_that_others_are_training_are_known_without_their_locks(store):
    other = RunStore(store.root)
    with other.lock(TINY), other.training([TINY]):
        assert store.in_training() == {TINY.key}
    assert store.in_training() == frozenset()


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
    while last not in seen and not problems:
        time.sleep(0.01)
    stop.set()
    for reader in readers:
        reader.join()
    assert not problems
    assert len(seen) > 1
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


def test_the_lock_of_another_process_holds_until_it_is_killed(store):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, store.root, msgspec.json.encode(TINY)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        try:
            assert holder.stdout.readline() == "True\n"
            with store.lock(TINY) as mine:
                assert not mine
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
