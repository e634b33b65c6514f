"""Claims over all seeds at once, and claims that cannot tell on one of them."""

from __future__ import annotations

import pytest

OVER_SEEDS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def first(seed):
    return {"main": Spec("main", seed)}

def chosen(seed, runs):
    return {"next": Spec("after " + runs["main"].text, seed)}

@claim("a.all", source="1", on=networks(first, then=chosen),
       fails_on=control("Nothing.", given={"factor": 0}, id="nothing"))
def test_all(evidence, runs, seeds, factor=1):
    '''S.'''
    assert list(runs) == list(seeds)
    assert [runs[seed]["next"].spec.seed for seed in seeds] == list(seeds)
    evidence.check("mean seed", {seed: factor * seed for seed in seeds}, at_least=5)
"""


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_claim_that_takes_seeds_is_judged_once_over_all(claims_folder, record_of, workers):
    claims_folder.makepyfile(test_claims=OVER_SEEDS)
    result = claims_folder.runpytest_subprocess(*workers, "-v", "--icl-seeds=3,4,9")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_all[[]seeds3-4-9]*"])
    record = record_of(claims_folder)
    (claim,) = record.claims
    assert (claim.verdict, claim.share) == ("consistent", None)
    (trial,) = claim.trials
    assert (trial.seed, trial.seeds) == (None, [3, 4, 9])
    assert len(trial.runs) == 3  # Only what was read.
    assert record.training.runs_trained == 6
    assert record.seeds.judged == [3, 4, 9]
    assert claim.checks[0].values == {"3": 3, "4": 4, "9": 9}


@pytest.mark.parametrize(
    ("stated", "verdict", "reason"),
    [
        (
            "{seed: factor * seed for seed in seeds}",
            "supported",
            "the mean over 5 seeds is 7, so that that of all such networks is at least 5 with 95 % "
            "confidence (t test, one-sided, p = 0.024)",
        ),
        (
            "factor * sum(seeds) / len(seeds)",
            "inconclusive",
            "holds over 5 seeds taken together, but mean seed gives no values by seed, so that "
            "nothing tells how far other seeds would differ",
        ),
    ],
)
def test_from_five_seeds_on_the_verdict_comes_from_values_by_seed(
    claims_folder, record_of, stated: str, verdict: str, reason: str
):
    by_seed = "{seed: factor * seed for seed in seeds}"
    claims_folder.makepyfile(test_claims=OVER_SEEDS.replace(by_seed, stated))
    claims_folder.runpytest_subprocess("--icl-seeds=5-9").assert_outcomes(passed=2)
    record = record_of(claims_folder)
    (claim,) = record.claims
    assert (claim.verdict, claim.reason) == (verdict, reason)
    assert claim.controls[0].verdict == "fails as it should"
    assert record.comparisons.number == 1


def test_seeds_are_for_claims(claims_folder):
    claims_folder.makepyfile("def test_plain(seeds): pass")
    result = claims_folder.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture seed is for claims: *"])


UNDECIDED = """
from icl_repro import claim, control

@claim("a.some", source="1", fails_on=control("Nothing.", given={"factor": 0}, id="nothing"))
def test_some(evidence, seed, factor=1):
    '''S.'''
    if factor and seed < 8:
        evidence.inconclusive(f"seed {seed} is too small to tell")
    evidence.check("size", factor * seed, at_least=8)
"""


def test_a_seed_that_cannot_tell_counts_against_either_verdict(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=UNDECIDED)
    result = claims_folder.runpytest_subprocess("--icl-seeds=6,8,9", "-rs")
    result.assert_outcomes(passed=5, skipped=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*a.some is inconclusive: seed 6 is too small to tell"])
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.seeds_held, claim.seeds_judged) == ("mixed", 2, 3)
    assert claim.seeds_undecided == 1
    assert claim.reason.startswith("holds on 2 of 3 seeds and cannot be told on 1; fewer than 5")
    assert [trial.outcome for trial in claim.trials] == ["inconclusive", "passed", "passed"]
    assert claim.trials[0].evidence.checks[0].value == 6
    assert list(claim.checks[0].values) == ["8", "9"], "it tells nothing of the check either"


def test_a_check_that_was_stated_before_cannot_be_taken_back(claims_folder, record_of):
    start, end = UNDECIDED.index("    if factor"), UNDECIDED.index("    evidence.check(")
    late = UNDECIDED[:start] + UNDECIDED[end:] + UNDECIDED[start:end]
    claims_folder.makepyfile(test_claims=late)
    result = claims_folder.runpytest_subprocess("--icl-seeds=6,8", "-rs")
    result.assert_outcomes(passed=3, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*a.some: size is 6, but must be at least 8", "*seed 6 is too small to tell"]
    )
    (claim,) = record_of(claims_folder).claims
    assert [trial.outcome for trial in claim.trials] == ["failed", "passed"]
    # One that holds does not decide what the test says it cannot.
    claims_folder.makepyfile(test_claims=late.replace("at_least=8", "at_least=5"))
    claims_folder.runpytest_subprocess("--icl-seeds=6,8").assert_outcomes(passed=3, skipped=1)


def test_a_control_that_holds_before_it_says_that_it_cannot_tell_is_red(claims_folder):
    text = UNDECIDED.replace("if factor and seed < 8", "if not factor")
    claims_folder.makepyfile(test_claims=text)
    claims_folder.runpytest_subprocess("--icl-seeds=8").assert_outcomes(passed=1, skipped=1)
    holds = '    evidence.check("more", 9, at_least=8)\n    if not factor:'
    claims_folder.makepyfile(test_claims=text.replace("    if not factor:", holds))
    result = claims_folder.runpytest_subprocess("--icl-seeds=8")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*control nothing: more is 9, which is at least 8, but this*"])


ONE_LEFT_OPEN = """
from icl_repro import claim, control

@claim("a.some", source="1", fails_on=control("Nothing.", given={"factor": 0}, id="nothing"))
def test_some(evidence, seed, factor=1):
    '''S.'''
    evidence.check("size", factor * seed, at_least=6)
    if seed < 8:
        evidence.inconclusive(f"seed {seed} has no share")
    evidence.check("share", factor * seed, at_least=6)
"""


def test_a_check_that_is_left_open_leaves_the_others_to_be_judged(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=ONE_LEFT_OPEN)
    result = claims_folder.runpytest_subprocess("--icl-seeds=5,7,8")
    result.assert_outcomes(passed=4, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*a.some: size is 5, but must be at least 6"])
    (claim,) = record_of(claims_folder).claims
    assert [trial.outcome for trial in claim.trials] == ["failed", "inconclusive", "passed"]
    assert {check.name: list(check.values) for check in claim.checks} == {
        "size": ["5", "8"],
        "share": ["8"],
    }
    (nothing,) = claim.controls
    assert [trial.outcome for trial in nothing.trials] == ["passed"] * 3
    assert nothing.verdict == "fails as it should"
    assert [check.failed_by for check in claim.checks] == [["nothing"]] * 2


def test_a_control_decides_what_its_claim_does(claims_folder, record_of):
    text = ONE_LEFT_OPEN.replace("if seed < 8", "if not factor")
    claims_folder.makepyfile(test_claims=text)
    claims_folder.runpytest_subprocess("--icl-seeds=8").assert_outcomes(passed=2)
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.controls[0].verdict) == ("inconclusive", "undecided")
    assert [check.failed_by for check in claim.checks] == [["nothing"], []]


def test_values_by_seed_are_for_claims_over_all_seeds(claims_folder):
    text = UNDECIDED.replace("factor * seed", "{seed: factor * seed}")
    assert text != UNDECIDED
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess("--icl-seeds=8")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*has values by seed, but is judged on each seed by itself; *"])


def test_a_claim_that_no_seed_can_tell_is_inconclusive(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=UNDECIDED)
    claims_folder.runpytest_subprocess("--icl-seeds=6").assert_outcomes(passed=1, skipped=1)
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.reason) == ("inconclusive", "seed 6 is too small to tell")


@pytest.mark.parametrize(
    "instead", ["evidence.inconclusive('cannot tell')", "__import__('pytest').skip('not now')"]
)
def test_a_control_that_ran_on_one_seed_of_five_leaves_the_claim_undecided(
    claims_folder, record_of, instead: str
):
    once = f"    if not factor and seed > 8:\n        {instead}\n"
    claims_folder.makepyfile(
        test_claims=UNDECIDED.replace("    if factor and", f"{once}    if 0 and")
    )
    result = claims_folder.runpytest_subprocess("--icl-seeds=8-12")
    result.assert_outcomes(passed=6, skipped=4)
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.controls[0].verdict) == ("inconclusive", "undecided")
    assert "nothing could not be judged on seeds 9, 10, 11 and 12" in claim.reason
