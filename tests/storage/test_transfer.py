"""Entries between machines: what is damaged is named and left out, what is good stays."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from icl_repro.storage import archive, survey, transfer
from icl_repro.storage.archive import UnusableArchive
from icl_repro.storage.entries import Entries, Name

FILES = ("numbers",)
MADE = "1" * 64


def key_of(address: str, made: str = MADE) -> str:
    return hashlib.sha256(f"{address} {made}".encode()).hexdigest()


def name(letter: str) -> Name:
    address = letter * 64
    return Name(address, MADE[:12], key_of(address), f"thing {letter}")


def write(store: Entries, letter: str, mark: float = 1.0) -> None:
    store.write(name(letter), b'{"asked": "for"}', {"numbers": {"mark": np.full(3, mark)}}, mark)


def mark(store: Entries, letter: str) -> float | None:
    found = store.read(name(letter))
    return None if found is None else float(found.arrays("numbers")["mark"][0])


@pytest.fixture
def stores(tmp_path, monkeypatch) -> tuple[Entries, Entries]:
    """Here, with entries a and b, and there, with none."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    here, there = (Entries(tmp_path / place, "things", FILES) for place in ("here", "there"))
    write(here, "a", 1.0)
    write(here, "b", 2.0)
    return here, there


def export(tmp_path: Path) -> transfer.Moved:
    listed = survey.entries(tmp_path / "here", "things")
    return transfer.export(tmp_path / "moved.zip", "things", MADE, listed, FILES, key_of)


def import_(tmp_path: Path, there: Entries, made: str = MADE, **more: bool) -> transfer.Moved:
    return transfer.import_(tmp_path / "moved.zip", there, "things", made, key_of, **more)


def files_of(path: Path) -> dict[str, bytes]:
    with archive.reading(path) as (packed, infos):
        return {name: archive.content_of(path, packed, info) for name, info in infos.items()}


def rewrite(path: Path, files: dict[str, bytes]) -> None:
    with archive.writing(path) as packed:
        for name_, content in files.items():
            archive.put(packed, name_, content)


def file_of(files: dict[str, bytes], letter: str, ending: str) -> str:
    (found,) = (one for one in files if letter * 64 in one and one.endswith(ending))
    return found


def test_what_arrives_is_what_left(stores, tmp_path):
    _, there = stores
    assert sorted(export(tmp_path).moved) == sorted([key_of("a" * 64), key_of("b" * 64)])
    done = import_(tmp_path, there)
    assert (len(done.moved), done.there, done.problems) == (2, [], [])
    assert (mark(there, "a"), mark(there, "b")) == (1.0, 2.0)


def test_a_good_entry_is_never_written_over(stores, tmp_path):
    _, there = stores
    export(tmp_path)
    write(there, "a", 7.0)
    done = import_(tmp_path, there)
    assert (done.there, len(done.moved)) == ([key_of("a" * 64)], 1)
    assert mark(there, "a") == 7.0


def test_a_damaged_entry_there_is_replaced(stores, tmp_path):
    _, there = stores
    export(tmp_path)
    write(there, "a", 7.0)
    (folder,) = (tmp_path / "there" / "things").glob("*/*/*")
    (folder / "numbers.npz").write_bytes(b"not any more")
    assert len(import_(tmp_path, there).moved) == 2
    assert mark(there, "a") == 1.0


def test_a_damaged_entry_is_not_exported(stores, tmp_path):
    here, _ = stores
    damaged = here.newest(name("a"))
    assert damaged is not None
    (damaged / "numbers.npz").write_bytes(b"not any more")
    done = export(tmp_path)
    assert done.moved == [key_of("b" * 64)]
    assert "is damaged: numbers.npz does not match its checksum" in done.problems[0]


@pytest.mark.parametrize("ending", ["spec.json", "numbers.npz", "manifest.json"])
def test_an_edited_entry_is_named_and_left_out(stores, tmp_path, ending):
    _, there = stores
    export(tmp_path)
    files = files_of(tmp_path / "moved.zip")
    edited = file_of(files, "a", ending)
    files[edited] = files[edited].replace(b"1", b"2").replace(b"for", b"far") + b" "
    files[edited] = files[edited].replace(b"NUMPY", b"NUMPI")
    rewrite(tmp_path / "moved.zip", files)
    done = import_(tmp_path, there)
    assert done.moved == [key_of("b" * 64)]
    assert done.problems[0].startswith(f"{key_of('a' * 64)[:12]} is damaged in ")
    assert mark(there, "a") is None
    assert list((tmp_path / "there" / "incoming").iterdir()) == []


def test_a_missing_or_an_extra_file_is_named(stores, tmp_path):
    _, there = stores
    export(tmp_path)
    files = files_of(tmp_path / "moved.zip")
    del files[file_of(files, "a", "numbers.npz")]
    extra = file_of(files, "b", "spec.json").replace("spec.json", "extra.py")
    rewrite(tmp_path / "moved.zip", files | {extra: b"import os"})
    said = sorted(sentence.partition(": ")[2] for sentence in import_(tmp_path, there).problems)
    assert said == ["extra.py is not in its manifest.json", "numbers.npz is missing"]
    assert (mark(there, "a"), mark(there, "b")) == (None, None)


def test_an_entry_in_the_place_of_another_is_named(stores, tmp_path):
    _, there = stores
    export(tmp_path)
    files = files_of(tmp_path / "moved.zip")
    for ending in ("spec.json", "numbers.npz", "manifest.json"):
        files[file_of(files, "a", ending)] = files[file_of(files, "b", f"1/{ending}")]
    rewrite(tmp_path / "moved.zip", files)
    done = import_(tmp_path, there)
    assert "manifest.json belongs to another entry or format" in done.problems[0]
    assert mark(there, "a") is None


def test_two_at_once_make_no_entry_twice(stores, tmp_path):
    _, there = stores
    export(tmp_path)
    with there.lock(key_of("a" * 64)) as is_mine:
        assert is_mine
        done = import_(tmp_path, there)
    assert done.moved == [key_of("b" * 64)]
    assert "is being made here at this moment" in done.problems[0]


def test_what_was_made_with_something_else_is_refused_unless_asked_for(stores, tmp_path):
    _, there = stores
    export(tmp_path)
    with pytest.raises(transfer.OtherMake, match="fingerprint 111111111111, here 222222222222"):
        import_(tmp_path, there, made="2" * 64)
    assert len(import_(tmp_path, there, made="2" * 64, any_make=True).moved) == 2


def listing(**changes: object) -> bytes:
    content = {"format": 1, "kind": "things", "made": MADE, "keys": {}}
    return msgspec.json.encode(content | changes)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "it has no manifest.json"),
        (b"[]", "was not exported from a store"),
        (b"\xff", "was not exported from a store"),
        (listing(format=2), "is of format 2"),
        (listing(kind="others"), "has no things, but others"),
        (listing(keys={"../" * 10: "a" * 64}), "for 64 digits"),
        (listing(made="/" * 64), "for 64 digits"),
        (listing(), "which is of no entry that it lists"),
    ],
)
def test_what_is_no_such_archive_is_refused(stores, tmp_path, manifest, said):
    _, there = stores
    export(tmp_path)
    files = files_of(tmp_path / "moved.zip")
    del files["manifest.json"]
    rewrite(tmp_path / "moved.zip", files | ({"manifest.json": manifest} if manifest else {}))
    with pytest.raises(UnusableArchive, match=said):
        import_(tmp_path, there)
    assert not (tmp_path / "there" / "things").exists()


def test_an_entry_that_is_listed_but_not_there_is_named(stores, tmp_path):
    _, there = stores
    keys = {"c" * 64: key_of("c" * 64), "d" * 64: "d" * 64}
    rewrite(tmp_path / "moved.zip", {"manifest.json": listing(keys=keys)})
    done = import_(tmp_path, there)
    assert "is listed, but not in" in done.problems[0]
    assert "does not have the key of its address" in done.problems[1]
