"""What may be removed from a store, and that nothing else is."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from icl_repro.storage import pruning, survey
from icl_repro.storage.entries import Entries, Name

FILES = ("numbers",)
NOW, OLD = time.time(), time.time() - 30 * 24 * 3600
SINCE = NOW - 7 * 24 * 3600


def key_of(address: str, made: str = "1" * 12) -> str:
    return hashlib.sha256(f"{address} {made}".encode()).hexdigest()


def name(letter: str, made: str = "1") -> Name:
    address = letter * 64
    return Name(address, made * 12, key_of(address, made * 12), f"thing {letter}")


def rules(kept: tuple[str, ...] = (), *, unneeded: bool = False) -> pruning.Rules:
    return pruning.Rules("1" * 12, SINCE, kept, unneeded, key_of)


@pytest.fixture
def store(tmp_path, monkeypatch) -> Entries:
    """With a and b as they are made now, and a made with something else before."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    store = Entries(tmp_path, "things", FILES)
    for one in (name("a"), name("b"), name("a", "2")):
        store.write(one, b"{}", {"numbers": {"mark": np.zeros(3)}}, 1.0)
    for manifest in tmp_path.glob("things/*/*/*/manifest.json"):
        os.utime(manifest, (OLD, OLD))
    return store


def going(root: Path, by: pruning.Rules) -> dict[str, str]:
    """Why each entry goes, by its folder."""
    return {
        f"{one.path.parent.name[0]} {one.path.name}": one.why.partition(":")[0]
        for one in pruning.of_entries(survey.entries(root, "things"), by)
    }


def test_stale_entries_go_and_current_ones_stay(store, tmp_path):
    assert going(tmp_path, rules()) == {"a 222222222222.1": "stale"}


def test_what_was_read_of_late_stays(store, tmp_path):
    manifest = store.newest(name("a", "2"))
    assert manifest is not None
    os.utime(manifest / "manifest.json", (NOW, OLD))
    assert going(tmp_path, rules()) == {}


def test_to_look_is_not_to_read(store, tmp_path):
    before = [one.read for one in survey.entries(tmp_path, "things")]
    assert before == [one.read for one in survey.entries(tmp_path, "things")]
    assert max(before) == pytest.approx(OLD)
    (tmp_path / "plain").write_text("x")
    os.utime(tmp_path / "plain", (OLD, OLD))
    survey.quietly_read(tmp_path / "plain")
    assert (tmp_path / "plain").stat().st_atime == pytest.approx(OLD)


def test_what_a_record_names_stays_whatever_made_it(store, tmp_path):
    assert going(tmp_path, rules((name("a", "2").key,))) == {}


def test_current_ones_go_only_when_it_is_told_which_are_needed(store, tmp_path):
    assert going(tmp_path, rules((name("a").key,), unneeded=True)) == {
        "a 222222222222.1": "stale",
        "b 111111111111.1": "in none of the records that are to be kept",
    }


def test_replaced_ones_go(store, tmp_path):
    newest = store.newest(name("b"))
    assert newest is not None
    newest.rename(newest.with_name("111111111111.2"))
    store.write(name("c"), b"{}", {"numbers": {"mark": np.zeros(3)}}, 1.0)
    third = store.newest(name("c"))
    assert third is not None
    third.rename(newest)
    assert going(tmp_path, rules())["b 111111111111.1"] == "replaced by newer ones"


def test_removing_leaves_all_else_readable(store, tmp_path):
    candidates = list(pruning.of_entries(survey.entries(tmp_path, "things"), rules()))
    removed, left = pruning.remove(tmp_path, candidates)
    assert (removed, left) == (candidates, [])
    assert store.read(name("a", "2")) is None
    assert store.read(name("a")) is not None
    assert store.read(name("b")) is not None
    assert list((tmp_path / "incoming").iterdir()) == []


def test_what_somebody_is_making_is_left(store, tmp_path):
    half_made = tmp_path / "incoming" / f"{name('d').key}.abc"
    half_made.mkdir(parents=True)
    entries = list(pruning.of_entries(survey.entries(tmp_path, "things"), rules()))
    with store.lock(name("a", "2").key), store.lock(name("e").key):
        half_made.mkdir(exist_ok=True)
        (tmp_path / "incoming" / f"{name('e').key}.abc").mkdir()
        candidates = [*entries, *pruning.of_leftovers(tmp_path, SINCE)]
        removed, left = pruning.remove(tmp_path, candidates)
    assert [one.path.name for one in left] == ["222222222222.1", f"{name('e').key}.abc"]
    assert [one.path for one in removed] == [half_made]
    assert store.read(name("a", "2")) is not None


def test_damaged_things_go_after_some_time(store, tmp_path):
    for when, letter in ((OLD, "a"), (NOW, "b")):
        aside = tmp_path / "damaged" / letter
        aside.mkdir(parents=True)
        os.utime(aside, (when, when))
    assert [one.path.name for one in pruning.of_leftovers(tmp_path, SINCE)] == ["a"]


def test_of_folders_the_one_used_last_stays(tmp_path):
    for at, home in enumerate(["old", "older", "oldest"]):
        (tmp_path / home).mkdir()
        (tmp_path / home / "file").write_text("x")
        os.utime(tmp_path / home, (OLD - at, OLD - at))
    assert [one.path.name for one in pruning.of_homes(tmp_path, SINCE)] == ["oldest", "older"]
    assert list(pruning.of_homes(tmp_path / "nowhere", SINCE)) == []


def test_files_that_nobody_read_go(tmp_path):
    for letter, when in (("a", OLD), ("b", NOW)):
        (tmp_path / letter).write_text("x")
        os.utime(tmp_path / letter, (when, OLD))
    assert [one.path.name for one in pruning.of_files(tmp_path, SINCE)] == ["a"]
