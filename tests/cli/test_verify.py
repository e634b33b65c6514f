"""``icl-repro verify``: what it prints and how it ends, for records and for bundles."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from icl_repro.verification.record import write_record
from tests.support.command import run_command
from tests.support.judged_record import LEDGER, edited, judged_record, ledger_folder


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A checkout with a ledger, as the working directory, and a record that was judged by it."""
    root = ledger_folder(tmp_path / "checkout")
    write_record(judged_record(root), root / "verification.json")
    monkeypatch.chdir(root)
    return root


def test_a_record_that_agrees_in_everything(checkout):
    done = run_command("verify", "verification.json")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("verification.json: 3 claims, paper profile, 2026-11-21")
    assert lines[-1] == "verifies: all agrees"
    assert all(line.startswith(("  agrees  ", "  note  ")) for line in lines[1:-1])
    assert "4 thresholds as in the ledger claims/ledger" in done.stdout
    assert "the hashes of 1 file that it was judged by" in done.stdout


def test_other_versions_and_another_commit_are_told(checkout, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9.9")
    monkeypatch.setattr("icl_repro.cli.verify.git", lambda root, *asked: "ab" * 20)
    done = run_command("verify", "verification.json")
    assert done.exit_code == 0
    said = "note         it is of commit 06db511c0f2a, and this checkout is at abababababab"
    assert said in done.stdout
    assert "note         it was made with numpy 2.4.6 (here 9.9.9)" in done.stdout


def test_an_edited_record_does_not_verify(checkout):
    record = judged_record(ledger_folder(checkout / "again"))

    def edit(content) -> None:
        content["claims"][0]["verdict"] = "supported"

    Path("verification.json").write_bytes(edited(record, edit, anew=False))
    done = run_command("verify", "verification.json")
    assert done.exit_code == 1
    assert "differs      its content was changed after it was written" in done.stdout
    assert "differs      growth.early: the verdict is recorded as 'supported'" in done.stdout
    assert done.stdout.splitlines()[-1] == "does not verify: 2 differences"


def without(content, which, seed=None):
    """Take a check, or all tests on a seed, out of a record."""
    claim = content["claims"][0]
    for of in (claim, *claim["controls"]):
        if seed is not None:
            of["trials"] = [one for one in of["trials"] if one["seed"] != seed]
        for one in of["trials"]:
            stated = one["evidence"]
            stated["checks"] = [each for each in stated["checks"] if each["name"] != which]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda content: without(content, "length"),
         "the ledger names a check 'length' of growth.early, which it does not state"),
        (lambda content: without(content, "", seed=9),
         "growth.early: there is no test of it on seed 9"),
        (lambda content: without(content, "", seed=9),
         "growth.early, control short: there is no test of it on seed 9"),
        (lambda content: content["claims"].pop(1),
         "1 claim of the ledger is not in it: growth.mean"),
        (lambda content: content["claims"][0]["trials"][1]["evidence"].update(checks=[]),
         "growth.early: the check 'length' is not stated on seed 6"),
        (lambda content: content["claims"][0]["checks"].pop(),
         "growth.early: 'length' is not over seeds, although tests state it"),
    ],
)  # fmt: skip
def test_what_was_taken_out_of_a_record_is_told(checkout, edit, said):
    record = judged_record(ledger_folder(checkout / "again"))
    Path("verification.json").write_bytes(edited(record, edit, anew=True))
    done = run_command("verify", "verification.json", "--verbose")
    assert done.exit_code == 1
    assert f"differs      {said}" in done.stdout


@pytest.mark.parametrize(
    ("command", "by"),
    [
        ("pytest claims/ -k 'not seed9'", "-k"),
        ("pytest claims/ --ignore=claims/growth", "--ignore"),
        ("pytest -n 2 claims/growth --icl-profile paper", "claims/growth"),
        ("pytest claims/test_growth.py", "claims/test_growth.py"),
        ("pytest claims/ -n auto", ""),
        ("pytest claims/ --icl-store own/store --icl-report=own/report", ""),
    ],
)
def test_a_session_of_some_tests_may_have_left_out_others(checkout, command, by):
    def edit(content) -> None:
        without(content, "", seed=9)
        content["command"] = command

    record = judged_record(ledger_folder(checkout / "again"))
    Path("verification.json").write_bytes(edited(record, edit, anew=True))
    done = run_command("verify", "verification.json", "--verbose")
    told = f"its session was told to leave out tests ({by}), and 2 things are not there"
    assert (told in done.stdout) is bool(by)
    assert ("differs      growth.early: there is no test" in done.stdout) is not bool(by)


def test_an_older_record_never_agrees_silently(checkout):
    older = msgspec.structs.replace(judged_record(checkout, left_out=()), seal=None)
    Path("older.json.gz").write_bytes(gzip.compress(msgspec.json.encode(older)))
    done = run_command("verify", "older.json.gz")
    assert done.exit_code == 0
    assert "not checked  whether anything in it was changed" in done.stdout
    assert "not checked  whether the ledger is the one it was judged by" in done.stdout
    assert done.stdout.splitlines()[-1] == "what could be checked agrees; 4 things not checked"


def test_a_changed_ledger_is_named(checkout):
    file = checkout / "claims" / "ledger" / "growth.toml"
    file.write_text(LEDGER.replace("at_most = 2.0 }", "at_most = 1.0 }"))
    done = run_command("verify", "verification.json")
    assert done.exit_code == 1
    assert "the threshold of 'width' moved: it is at most 2, but the ledger says" in done.stdout
    assert "claims/ledger/growth.toml is not as it was when it was judged" in done.stdout


def test_a_comment_in_the_ledger_changes_its_hash_alone(checkout):
    file = checkout / "claims" / "ledger" / "growth.toml"
    file.write_text(f"# a remark\n{LEDGER}")
    done = run_command("verify", "verification.json")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "does not verify: 1 difference"


def test_a_ledger_elsewhere_can_be_named(checkout, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_command("verify", checkout / "verification.json")
    assert done.exit_code == 0
    assert "not checked  its thresholds against a ledger: there is none here" in done.stdout
    assert done.stdout.splitlines()[-1] == "what could be checked agrees; 1 thing not checked"
    done = run_command(
        "verify", checkout / "verification.json", "--ledger", checkout / "claims" / "ledger"
    )
    assert done.stdout.splitlines()[-1] == "verifies: all agrees"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.json"], "cannot read nothing.json: No such file"),
        (["pytest.ini"], "pytest.ini is not a verification record"),
        (["verification.json", "--ledger", "nowhere"], "there is no ledger at nowhere"),
        (["verification.json", "--ledger", "pytest.ini"], "the ledger cannot be read"),
        (["nothing.zip"], "cannot read nothing.zip: No such file"),
    ],
)
def test_mistakes_are_told_in_one_sentence(checkout, arguments, said):
    done = run_command("verify", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
