"""``icl-repro plan`` tells what a session would do, and does none of it."""

from __future__ import annotations

import json

import pytest

from tests.support.command import run_command
from tests.support.suite_of_doubles import suite_of_doubles as suite_of_doubles

pytestmark = pytest.mark.usefixtures("suite_of_doubles")


def test_it_counts_runs_minutes_and_seeds_and_trains_nothing(suite_of_doubles):
    done = run_command("plan", "--profile", "paper", "--workers", 2)
    assert done.exit_code == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "paper profile, seeds 5, 6, 7, 8, 9" in said
    assert "3 claims: 10 runs (shared ones once), 10,000 sequences at most." in said
    # A timing gave ten a second: 1,000 seconds of one worker, half of that with two.
    assert "That takes about 8.3 minutes (1.7 to 17) with 2 workers" in said
    assert "growth.early: holds on 4 of 5 seeds at most, where `supported` takes 5" in said
    assert "'size' on seed 6" in said
    assert "timing a run for 3 seconds" in done.stderr
    assert not (suite_of_doubles / "trained.log").exists()
    assert "timing" not in run_command("plan").stderr  # it is kept


def test_json_is_the_same_for_programs_and_without_a_timing_minutes_are_unknown(suite_of_doubles):
    done = run_command("plan", "growth.early", "--json", "--no-timing")
    (claim,) = json.loads(done.stdout)["claims"]
    assert claim["cost"]["runs"] == 2
    assert claim["cost"]["on"] == {"unknown": 2}
    assert not (suite_of_doubles / ".icl-repro" / "timings.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["growth.erly"], "no claim matches 'growth.erly'; did you mean 'growth.early'"),
        (["growth.late"], "judged in the paper profile only; add --profile paper"),
        (["swapped"], "'swapped' is a control of growth.early; name the claim"),
        (["--profile", "papr"], "there is no profile 'papr'; did you mean 'paper'?"),
        (["--suite", "clams"], "there is no file or folder 'clams': name that"),
        (["--pytest=--icl-stroe=x"], "there is no option --icl-stroe; did you mean '--icl-store'"),
        (["--record", "pytest.ini"], "is not a verification record: it is no JSON object with a"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message):
    done = run_command("plan", "--no-timing", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_module_that_cannot_be_collected_is_told(suite_of_doubles):
    broken = suite_of_doubles / "claims" / "test_growth.py"
    broken.write_text("import no_such_module\n")
    done = run_command("plan", "--no-timing")
    assert done.exit_code == 2
    assert "test_growth.py: ModuleNotFoundError: No module named 'no_such_module'" in done.stderr


def test_claims_that_lie_in_the_current_folder_are_found(suite_of_doubles, monkeypatch):
    monkeypatch.chdir(suite_of_doubles / "claims")
    done = run_command("plan", "growth.early", "--no-timing")
    assert done.exit_code == 0, done.stderr
    assert "growth.early" in done.stdout


def test_without_a_folder_of_claims_and_without_tests_it_says_how_to_name_them(
    suite_of_doubles, monkeypatch
):
    (suite_of_doubles / "empty").mkdir()
    monkeypatch.chdir(suite_of_doubles / "empty")
    done = run_command("explain", "growth.early")
    assert done.exit_code == 2
    assert (
        "there is no file or folder 'claims': name that of the claims with --suite" in done.stderr
    )
