"""Entries: what is read is what was written last, or nothing, whatever is in the way."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from icl_repro.storage.entries import Entries, Name, UnusableEntry, UnusableStore
from icl_repro.storage.entry import Entry
from tests.support.notices import noticing
from tests.support.obstacles import OBSTACLES, as_ordinary_user, put_in_the_way

FILES = ("numbers", "others")
UNREADABLE = "an unreadable folder"
MOVABLE = sorted({*OBSTACLES} - {UNREADABLE})


def name(letter: str = "a", made: str = "1") -> Name:
    return Name(letter * 64, made * 12, (letter + made) * 32, f"thing {letter}")


def write(entries: Entries, of: Name, mark: float) -> None:
    arrays = {file: {"mark": np.full(3, mark)} for file in FILES}
    entries.write(of, b'{"asked": "for"}', arrays, mark)


def mark(found: Entry | None) -> float | None:
    if found is None:
        return None
    marks = {float(x) for file in FILES for x in found.arrays(file)["mark"]}
    assert marks == {found.manifest.seconds}
    return found.manifest.seconds


@pytest.fixture
def user(monkeypatch) -> Iterator[Path]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with as_ordinary_user() as folder:
        yield folder


@pytest.fixture
def entries(user: Path) -> Entries:
    return Entries(user / "store", "things", FILES)


class AnyHistory(RuleBasedStateMachine):
    """Entries of two addresses, made with two things, against what they should be."""

    names = st.builds(name, st.sampled_from("ab"), st.sampled_from("12"))

    @initialize()
    def start(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(os, "fsync", lambda descriptor: None)
        self.user = as_ordinary_user()
        self.root = self.user.__enter__() / "store"
        self.expected: dict[Name, float] = {}
        self.open_again()

    @rule()
    def open_again(self) -> None:
        self.entries = Entries(self.root, "things", FILES)

    @rule(of=names, number=st.integers(0, 5))
    def write(self, of: Name, number: int) -> None:
        with self.entries.lock(of.key) as mine:
            assert mine
            write(self.entries, of, number)
        self.expected[of] = number

    @rule(of=names, file=st.sampled_from(["numbers.npz", "manifest.json"]), data=st.data())
    def damage(self, of: Name, file: str, data: st.DataObject) -> None:
        if of in self.expected:
            path = self.entries.newest(of) / file
            size = path.stat().st_size
            # The size is that of the time in it, which no two runs of a history share.
            path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, 9999)) % size])
            del self.expected[of]
            with noticing() as told:
                assert self.entries.read(of) is None
            assert file in told[0]

    @rule(of=names, obstacle=st.sampled_from(MOVABLE))
    def obstruct(self, of: Name, obstacle: str) -> None:
        put_in_the_way(self.root / "things" / of.address[:2] / of.address, obstacle)
        with noticing() as told:
            self.entries.make_room(of)
        assert "it was moved to" in told[0]
        for other in [other for other in self.expected if other.address == of.address]:
            del self.expected[other]

    @rule(of=names)
    def leave_half_made(self, of: Name) -> None:
        (self.root / "incoming" / f"{of.key}.0123").mkdir(parents=True, exist_ok=True)
        self.entries.clear_abandoned()
        assert not [*(self.root / "incoming").iterdir()]

    @invariant()
    def what_is_read_is_what_was_written_last(self) -> None:
        with noticing() as told:
            self.compare()
        assert told == []

    def compare(self) -> None:
        for letter in "ab":
            made = [m for m in "12" if name(letter, m) in self.expected]
            for m in "12":
                of = name(letter, m)
                assert mark(self.entries.read(of)) == self.expected.get(of)
                assert (self.entries.newest(of) is not None) == (of in self.expected)
                assert self.entries.is_stale(of) == bool(made and m not in made)
                manifest = self.entries.manifest(of)
                assert (manifest and manifest.seconds) == self.expected.get(of)

    def teardown(self) -> None:
        self.patch.undo()
        self.user.__exit__(None, None, None)


AnyHistory.TestCase.settings = settings(deadline=None, max_examples=25, stateful_step_count=12)
TestAnyHistory = AnyHistory.TestCase


# Something in the way.


def place_of(entries: Entries, level: str, root: Path) -> Path:
    shard = root / "store" / "things" / "aa"
    return {
        "shard": shard,
        "address": shard / name().address,
        "entry": shard / name().address / f"{name().made}.1",
        "file": shard / name().address / f"{name().made}.1" / "numbers.npz",
    }[level]


@pytest.mark.parametrize("obstacle", sorted(OBSTACLES))
@pytest.mark.parametrize("level", ["shard", "address", "entry", "file"])
def test_what_is_in_the_way_is_set_aside_and_the_rest_can_be_read(user, entries, level, obstacle):
    for letter in "ab":
        write(entries, name(letter), 1)
    put_in_the_way(place_of(entries, level, user), obstacle)
    with noticing() as told:
        assert entries.read(name()) is None
        assert mark(entries.read(name("b"))) == 1
        if obstacle == UNREADABLE and level in ("shard", "address"):
            # The system moves no folder to another one that may not be written to.
            with pytest.raises(UnusableEntry, match="Permission denied"):
                write(entries, name(), 2)
            return
        write(entries, name(), 2)
        assert mark(entries.read(name())) == 2
    assert told[0].startswith("thing a is damaged: ")
    assert ("it was moved to" in told[0]) == (obstacle != UNREADABLE or level == "file")
    assert len(told) == 1


def test_what_is_in_the_way_and_cannot_be_moved_stops_that_entry_alone(user, entries):
    put_in_the_way(user / "store" / "things" / "aa" / name().address, "a loop of links")
    (user / "store" / "damaged").write_text("in the way too")
    with noticing() as told, pytest.raises(UnusableEntry, match="cannot be used"):
        write(entries, name(), 1)
    assert "it could not be moved aside" in told[0]
    write(entries, name("b"), 1)
    assert not [*(user / "store" / "incoming").iterdir()]


def test_an_entry_that_cannot_be_put_in_its_place_is_not_the_whole_store(user, entries):
    write(entries, name(), 1)
    folder = user / "store" / "things" / "aa" / name().address
    folder.chmod(0o500)
    with pytest.raises(UnusableEntry, match=r"cannot be written: .*Permission denied"):
        write(entries, name(), 2)
    assert mark(entries.read(name())) == 1


@pytest.mark.parametrize("obstacle", ["a loop of links", UNREADABLE])
def test_a_lock_that_cannot_be_had_stops_that_entry_alone(user, entries, obstacle):
    put_in_the_way(user / "store" / "locks" / f"{name().key}.lock", obstacle)
    with (
        pytest.raises(UnusableEntry, match="cannot be used as a lock"),
        entries.lock(name().key),
    ):
        pass
    with entries.lock(name("b").key) as mine:
        assert mine


@pytest.mark.parametrize("folder", ["locks", "incoming", ""])
def test_a_store_that_cannot_be_written_to_says_so_before_anything_is_made(user, entries, folder):
    put_in_the_way(user / "store" / folder, "a file")
    with pytest.raises(UnusableStore, match="cannot be written to") as caught:
        entries.lock(name().key).__enter__()
    assert not isinstance(caught.value, UnusableEntry)


# Several at once.


def test_two_threads_that_write_entries_lose_none(entries):
    names = [Name(f"{n:064x}", "1" * 12, f"{n:064x}", f"thing {n}") for n in range(200)]
    problems = []

    def work(mine: list[Name]) -> None:
        try:
            for of in mine:
                with entries.lock(of.key) as is_mine:
                    assert is_mine
                    write(entries, of, int(of.key, 16))
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(names[n::2],)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    for number, of in enumerate(names):
        assert mark(entries.read(of)) == number


def test_what_is_being_made_is_seen_until_it_is_made(user, entries):
    other = Entries(user / "store", "things", FILES)
    assert other.being_made() == frozenset()
    with entries.lock(name().key), entries.making([name(), name("b")]):
        assert other.being_made() == {name().key, name("b").key}
        write(entries, name(), 1)
        other.clear_abandoned()
        assert name().key in other.being_made()
    assert other.being_made() == frozenset()


def test_what_a_killed_process_was_making_is_forgotten_by_the_next_who_takes_it_over(entries):
    killed = entries.making([name()])
    killed.__enter__()
    assert entries.being_made() == {name().key}
    with entries.lock(name().key):
        assert entries.being_made() == frozenset()


def test_many_that_look_are_not_taken_for_one_that_makes(user, entries):
    """Looking must not take locks: whoever has one looks like a maker."""
    stop = threading.Event()

    def look() -> None:
        other = Entries(user / "store", "things", FILES)
        while not stop.is_set():
            other.being_made()
            other.newest(name())
            other.manifest(name())

    looking = [threading.Thread(target=look) for _ in range(8)]
    for one in looking:
        one.start()
    try:
        for _ in range(100):
            with entries.lock(name().key) as mine:
                assert mine
    finally:
        stop.set()
        for one in looking:
            one.join()
