"""``icl-repro bundle``: what it packs, what it refuses, and that others can verify it."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import msgspec
import pytest

from icl_repro.storage import archive
from icl_repro.verification.record import VerificationRecord, sealed, write_record
from icl_repro.verification.seal import sha256
from tests.support.command import run_command
from tests.support.judged_record import LEDGER, judged_record, ledger_folder

RECORD = "verification.json"


def git(root: Path, *arguments: str) -> str:
    named = ["git", "-c", "user.name=n", "-c", "user.email=e", "-C", str(root), *arguments]
    return subprocess.run(named, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def committed(tmp_path_factory) -> tuple[Path, VerificationRecord]:
    """A checkout with everything committed, and a record of that commit."""
    root = ledger_folder(tmp_path_factory.mktemp("checkout"))
    curves = root / "claims" / "__curves__" / "test_early"
    curves.mkdir(parents=True)
    (curves / "test_one.json").write_text("{}")
    (root / ".gitignore").write_text("verification.json\n*.zip\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "all")
    record = judged_record(root)
    environment = msgspec.structs.replace(record.environment, commit=git(root, "rev-parse", "HEAD"))
    assert record.seal is not None
    record = sealed(msgspec.structs.replace(record, environment=environment), record.seal)
    write_record(record, root / "verification.json")
    return root, record


@pytest.fixture(scope="module")
def bundled(committed) -> Path:
    root, _ = committed
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        done = run_command("bundle", "verification.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "1 file of ledger, spread and coverage, 1 file of curves, 5 specs of runs" in done.stdout
    return root / "bundle.zip"


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed_again(path: Path, files: dict[str, bytes]) -> Path:
    with archive.writing(path) as packed:
        for name, content in files.items():
            archive.put(packed, name, content)
    return path


def test_it_has_all_that_it_takes(bundled):
    files = contents(bundled)
    assert list(files) == [
        "manifest.json",
        "verification.json",
        "verification.html",
        "specs.json",
        "checkout/claims/__curves__/test_early/test_one.json",
        "checkout/claims/ledger/growth.toml",
    ]
    assert msgspec.json.decode(files["specs.json"])["5a" * 32] == {"seed": 5}
    assert b"Grows early" in files["verification.html"]
    manifest = msgspec.json.decode(files["manifest.json"])
    assert set(manifest["files"]) == set(files) - {"manifest.json"}
    assert manifest["versions"] == {"numpy": "2.4.6"}
    assert manifest["differed"] == []


def test_it_is_the_same_whenever_it_is_made(committed, bundled, monkeypatch):
    monkeypatch.chdir(committed[0])
    run_command("bundle", "verification.json", "-o", "other.zip")
    assert Path("other.zip").read_bytes() == bundled.read_bytes()


def test_it_verifies_where_nothing_else_is(bundled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_command("verify", bundled)
    assert done.exit_code == 0, done.stdout
    assert "5 files as the manifest lists them" in done.stdout
    assert "4 thresholds as in the ledger that it carries" in done.stdout
    assert "what it carries against commit " in done.stdout
    assert "there is no such commit in this checkout" in done.stdout
    assert done.stdout.splitlines()[-1] == "what could be checked agrees; 1 thing not checked"
    assert list(tmp_path.iterdir()) == []


def test_what_it_carries_is_held_against_its_commit_where_that_is_here(
    committed, bundled, tmp_path, monkeypatch
):
    monkeypatch.chdir(committed[0])
    done = run_command("verify", bundled)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "verifies: all agrees")
    assert "2 files of the checkout as in commit " in done.stdout
    # Another ledger, with the hashes of manifest and record fitted to it.
    files = contents(bundled)
    name = "checkout/claims/ledger/growth.toml"
    files[name] = LEDGER.replace("is slow", "is lame").encode()
    record = msgspec.json.decode(files[RECORD], type=VerificationRecord)
    assert record.seal is not None
    record.seal.files["claims/ledger/growth.toml"] = sha256(files[name])
    files[RECORD] = msgspec.json.encode(sealed(record, record.seal))
    manifest = msgspec.json.decode(files["manifest.json"])
    manifest["files"] |= {each: sha256(files[each]) for each in (name, RECORD)}
    files["manifest.json"] = msgspec.json.encode(manifest)
    done = run_command("verify", packed_again(tmp_path / "fitted.zip", files))
    assert done.exit_code == 1
    assert "growth.toml is not as the commit has it that the bundle names" in done.stdout


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda files: files.update({"extra.txt": b"x"}), "extra.txt is in the bundle, but not in"),
        (lambda files: files.pop("specs.json"), "specs.json is missing from the bundle"),
        (
            lambda files: files.update({"verification.html": b"<p>all is well"}),
            "verification.html does not have the hash",
        ),
        (
            lambda files: files.update({"checkout/claims/ledger/growth.toml": LEDGER[1:].encode()}),
            "checkout/claims/ledger/growth.toml does not have the hash",
        ),
        (
            lambda files: files.update({RECORD: files[RECORD].replace(b"A. Author", b"B. Author")}),
            "its content was changed after it was written",
        ),
    ],
)
def test_what_was_changed_in_it_is_named(bundled, tmp_path, edit, said):
    files = contents(bundled)
    edit(files)
    done = run_command("verify", packed_again(tmp_path / "edited.zip", files))
    assert done.exit_code == 1
    assert said in done.stdout


def test_another_ledger_with_another_manifest_is_named_by_the_record(bundled, tmp_path):
    files = contents(bundled)
    name = "checkout/claims/ledger/growth.toml"
    files[name] = LEDGER.replace("at_most = 2.0", "at_most = 1.0").encode()
    manifest = msgspec.json.decode(files["manifest.json"])
    manifest["files"][name] = sha256(files[name])
    files["manifest.json"] = msgspec.json.encode(manifest)
    done = run_command("verify", packed_again(tmp_path / "edited.zip", files))
    assert done.exit_code == 1
    assert "the threshold of 'width' moved" in done.stdout
    assert "claims/ledger/growth.toml is not as it was when it was judged" in done.stdout


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda files: files.update({"../out": b""}), "names must be plain relative paths"),
        (lambda files: files.update({"/etc/out": b""}), "names must be plain relative paths"),
        (lambda files: files.pop("manifest.json"), "it has no manifest.json"),
        (lambda files: files.pop("verification.json"), "it has no verification.json"),
        (lambda files: files.update({"manifest.json": b"{}"}), "is no bundle of icl-repro"),
        (lambda files: files.update({"manifest.json": b"\xff"}), "is no bundle of icl-repro"),
        (
            lambda files: files.update({"manifest.json": b'{"format": 9, "files": {}}'}),
            "is a bundle of format 9",
        ),
        (
            lambda files: files.update(
                {"manifest.json": b'{"format":1,"files":{},"settings":{"icl_ledger":"../../etc"}}'}
            ),
            "names '../../etc', which is no plain relative path",
        ),
        (lambda files: files.update({"verification.json": b"[]"}), "not a verification record"),
    ],
)
def test_what_is_no_bundle_is_refused_in_one_sentence(bundled, tmp_path, edit, said):
    files = contents(bundled)
    edit(files)
    done = run_command("verify", packed_again(tmp_path / "edited.zip", files))
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_one_that_is_cut_short_is_refused(bundled, tmp_path):
    (tmp_path / "cut.zip").write_bytes(bundled.read_bytes()[:-100])
    done = run_command("verify", tmp_path / "cut.zip")
    assert done.exit_code == 2
    assert "is no whole zip archive" in done.stderr


def test_it_refuses_what_is_not_as_the_record_says(committed, tmp_path, monkeypatch):
    root, record = committed
    git(tmp_path, "clone", "-q", str(root), "clone")
    monkeypatch.chdir(tmp_path / "clone")
    write_record(record, Path("verification.json"))
    Path("pytest.ini").write_text(Path("pytest.ini").read_text() + "# dirty\n")
    done = run_command("bundle", "verification.json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "this checkout has uncommitted changes: pytest.ini" in done.stderr
    assert not Path("bundle.zip").exists()

    git(tmp_path / "clone", "commit", "-qam", "later")
    done = run_command("bundle", "verification.json")
    assert done.exit_code == 1
    assert "the record is of commit " in done.stderr
    assert ", but this checkout is at " in done.stderr

    done = run_command("bundle", "verification.json", "--allow-dirty")
    assert done.exit_code == 0
    done = run_command("verify", "bundle.zip")
    assert done.exit_code == 0
    assert "note         bundled in spite: the record is of commit" in done.stdout


def test_a_record_with_uncommitted_changes_is_refused(committed, tmp_path, monkeypatch):
    root, record = committed
    monkeypatch.chdir(root)
    for changes, said in [
        ({"uncommitted_changes": True}, "was made with uncommitted changes"),
        ({"commit": None}, "was made outside of a git checkout"),
    ]:
        environment = msgspec.structs.replace(record.environment, **changes)
        other = msgspec.structs.replace(record, environment=environment)
        write_record(other, tmp_path / "other.json")
        done = run_command("bundle", tmp_path / "other.json", "-o", tmp_path / "other.zip")
        assert done.exit_code == 1
        assert said in done.stderr


def test_it_never_writes_over_the_record(committed, monkeypatch):
    monkeypatch.chdir(committed[0])
    done = run_command("bundle", "verification.json", "-o", "verification.json")
    assert done.exit_code == 2
    assert "is the record itself" in done.stderr


def test_it_never_writes_over_another_record(committed, monkeypatch):
    monkeypatch.chdir(committed[0])
    done = run_command("bundle", "verification.json", "-o", "other.json.gz")
    assert done.exit_code == 2
    assert "other.json.gz has the name of a record; name another file to write" in done.stderr
    assert not (committed[0] / "other.json.gz").exists()


def test_a_place_that_cannot_be_written_is_named(committed, monkeypatch):
    monkeypatch.chdir(committed[0])
    done = run_command("bundle", "verification.json", "-o", "pytest.ini/bundle.zip")
    assert done.exit_code == 2
    assert "cannot write pytest.ini/bundle.zip" in done.stderr
