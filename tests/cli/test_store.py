"""``icl-repro store``: what it prints, what it removes and moves, and its mistakes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from icl_repro.cli import library
from icl_repro.storage import survey
from icl_repro.storage.entries import Name
from icl_repro.training import provenance
from icl_repro.verification.record import write_record
from tests.support.command import run_command
from tests.support.judged_record import judged_record, ledger_folder

MADE = "1" * 64
OLD = time.time() - 30 * 24 * 3600


def name(letter: str, made: str = MADE) -> Name:
    address = letter * 64
    return Name(address, made[:12], library.layout.key_of(address, made), f"run {letter}")


def write(root: Path, letter: str, made: str = MADE, spec: bytes = b'{"odd":1}') -> None:
    arrays = {file: {"mark": np.zeros(3)} for file in library.layout.FILES}
    library.runs_of(root).write(name(letter, made), spec, arrays, 1.0)


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A store with runs a and b of this fingerprint and a stale one, all long unread."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(provenance, "source_and_libraries", lambda: MADE)
    monkeypatch.setattr(survey, "notes_reading", lambda root: True)
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "store"
    for letter, made in (("a", MADE), ("b", MADE), ("c", "2" * 64)):
        write(root, letter, made)
    for manifest in root.glob("runs/*/*/*/manifest.json"):
        os.utime(manifest, (OLD, OLD))
    (root / "compiled" / "processor").mkdir(parents=True)
    (root / "compiled" / "processor" / "program").write_bytes(b"x" * 5000)
    return root


def runs(root: Path) -> list[str]:
    return sorted(one.address[0] for one in survey.entries(root, "runs"))


def record_of(root: Path, *letters: str) -> Path:
    """A record that lists these runs."""
    record = judged_record(ledger_folder(root.parent / f"checkout-{''.join(letters)}"))
    listed = {name(letter).key: f"run {letter}" for letter in letters}
    path = root.parent / f"{''.join(letters)}.json"
    write_record(msgspec.structs.replace(record, runs=listed), path)
    return path


def test_runs_are_listed_in_words(root):
    from icl_repro.training.spec import RunSpec

    write(root, "d", spec=msgspec.json.encode(RunSpec(init_seed=7)))
    done = run_command("store", "ls", "--store", root)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(name("d").key[:12])
    assert lines[0].endswith("  seed 7, unclamped, 1,000,000 sequences")
    assert lines[-2] == f"3 runs in {root}; the fingerprint here is {MADE[:12]}"
    assert lines[-1] == "and 1 stale run of fingerprint 222222222222, which --stale lists"
    only = run_command("store", "ls", "--store", root, "seed 7,*").stdout.splitlines()
    assert (only[0], len(only)) == (lines[0], 3)
    stale = run_command("store", "ls", "--store", root, "--stale").stdout
    assert '{ "odd": 1 }  [stale: 222222222222]' in stale


def test_sizes_are_told_by_kind_and_shared_files_once(root):
    before = run_command("store", "du", "--store", root).stdout.splitlines()
    assert before[0].endswith("2 trained runs, current (111111111111)")
    assert before[1].endswith(
        "1 trained run, stale: made by other source or libraries (222222222222)"
    )
    assert before[2] == "   5.0 kB  compiled: compiled programs"
    os.link(root / "compiled" / "processor" / "program", root / "compiled" / "again")
    assert run_command("store", "du", "--store", root).stdout.splitlines() == before


def test_pruning_tells_first_and_removes_when_told_to(root):
    done = run_command("store", "prune", "--store", root)
    assert done.exit_code == 0
    assert "would remove 1, " in done.stdout
    assert "stale: made by other source or libraries" in done.stdout
    assert "nothing was removed; --yes does it" in done.stdout
    assert runs(root) == ["a", "b", "c"]
    done = run_command("store", "prune", "--store", root, "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert runs(root) == ["a", "b"]
    assert run_command("store", "prune", "--store", root).stdout == "there is nothing to remove\n"
    assert (root / "compiled" / "processor" / "program").exists()


def test_what_no_record_lists_is_removed_when_asked(root):
    kept = record_of(root, "a")
    done = run_command("store", "prune", "--store", root, "--keep", kept, "--unneeded", "--yes")
    assert done.exit_code == 0
    assert runs(root) == ["a"]


def test_what_is_being_made_is_left(root):
    with library.runs_of(root).lock(name("c", "2" * 64).key):
        done = run_command("store", "prune", "--store", root, "--yes")
    assert done.exit_code == 1
    assert "is in use, or could not be removed" in done.stderr
    assert runs(root) == ["a", "b", "c"]


def test_where_reading_leaves_no_trace_no_current_run_goes(root, monkeypatch):
    monkeypatch.setattr(survey, "notes_reading", lambda root: False)
    kept = record_of(root, "a")
    done = run_command("store", "prune", "--store", root, "--keep", kept, "--unneeded")
    assert done.exit_code == 2
    assert "does not note when a file is read" in done.stderr
    assert "note: the file system" in run_command("store", "prune", "--store", root).stderr


def test_runs_move_to_another_store(root):
    done = run_command("store", "export", "runs.zip", "--store", root)
    assert done.exit_code == 0
    assert "2 runs of fingerprint 111111111111" in done.stdout
    done = run_command("store", "import", "runs.zip", "--store", "elsewhere")
    assert (done.exit_code, done.stdout) == (
        0,
        "took up 2 runs into elsewhere; 0 were there already\n",
    )
    assert library.runs_of(Path("elsewhere")).read(name("a")) is not None
    done = run_command("store", "import", "runs.zip", "--store", "elsewhere")
    assert done.stdout == "took up 0 runs into elsewhere; 2 were there already\n"


def test_only_the_runs_of_a_record_and_what_is_missing_is_named(root):
    done = run_command("store", "export", "runs.zip", "--store", root, "--of", record_of(root, "a"))
    assert done.exit_code == 0
    assert "1 run of fingerprint" in done.stdout
    both = record_of(root, "a", "f")
    done = run_command("store", "export", "runs.zip", "--store", root, "--of", both)
    assert done.exit_code == 1
    assert f"{name('f').key[:12]} is not in the store" in done.stderr


def test_a_damaged_run_is_named_and_the_others_move(root):
    newest = library.runs_of(root).newest(name("a"))
    assert newest is not None
    (newest / "curves.npz").write_bytes(b"damaged")
    done = run_command("store", "export", "runs.zip", "--store", root)
    assert done.exit_code == 1
    assert "is damaged: curves.npz does not match its checksum" in done.stderr
    assert run_command("store", "import", "runs.zip", "--store", "elsewhere").exit_code == 0
    assert runs(Path("elsewhere")) == ["b"]


def test_runs_of_another_fingerprint_are_refused_unless_asked_for(root, monkeypatch):
    run_command("store", "export", "runs.zip", "--store", root)
    monkeypatch.setattr(provenance, "source_and_libraries", lambda: "3" * 64)
    done = run_command("store", "import", "runs.zip", "--store", "elsewhere")
    assert done.exit_code == 2
    assert "(fingerprint 111111111111, here 333333333333)" in done.stderr
    assert not Path("elsewhere").exists()
    done = run_command("store", "import", "runs.zip", "--store", "elsewhere", "--other-fingerprint")
    assert done.exit_code == 0
    assert runs(Path("elsewhere")) == ["a", "b"]


def test_the_fingerprint_is_that_of_what_trains(monkeypatch):
    made = provenance.source_and_libraries()
    assert run_command("store", "fingerprint").stdout == f"{made}\n"
    assert run_command("store", "fingerprint", "--short").stdout == f"{made[:12]}\n"


def test_the_store_is_that_of_the_ini_file(root):
    Path("pytest.ini").write_text("[pytest]\nicl_store = store\n")
    assert run_command("store", "du").stdout.splitlines()[-1].endswith("in all, in store")
    assert run_command("store", "du", "--icl-store", "store").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ls"], "there is no store at .icl-repro; name one with --store PATH"),
        (["du", "--store", "nowhere"], "there is no store at nowhere"),
        (["prune", "--store", "store", "--unneeded"], "name records with --keep RECORD"),
        (["prune", "--store", "store", "--keep", "no.json"], "cannot read no.json"),
        (["export", "no/where/x.zip", "--store", "empty"], "empty has no run to export"),
        (["export", "a.json.gz", "--store", "store"], "a.json.gz has the name of a record"),
        (["import", "no.zip", "--store", "store"], "no.zip: No such file or directory"),
        (["import", "file", "--store", "store"], "file is no whole zip archive"),
        (["export", "file/x.zip", "--store", "store"], "file/x.zip: "),
    ],
)
def test_mistakes_are_told_in_one_sentence(root, arguments, said):
    Path("file").write_text("no archive")
    Path("empty").mkdir()
    done = run_command("store", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_misspelled_command_is_told_the_nearest():
    done = run_command("store", "prun")
    assert done.exit_code == 2
    assert "prune" in done.stderr
