"""Claims that are judged over all seeds at once, and claims that cannot tell on one of them."""

from __future__ import annotations

import pytest

OVER_SEEDS = """
import pytest
from tests.support.plugin_doubles import Spec

def first(seed):
    return {"main": Spec("main", seed)}

def chosen(seed, runs):
    return {"next": Spec("after " + runs["main"].text, seed)}

@pytest.mark.claim(id="a.all", statement="S.", source="1", controls=("a.no",),
                   runs=first, then=chosen)
def test_all(evidence, runs, seeds):
    assert list(runs) == list(seeds)
    assert [runs[seed]["next"].spec.seed for seed in seeds] == list(seeds)
    evidence.check("mean seed", sum(seeds) / len(seeds), at_least=5)

@pytest.mark.control(id="a.no", statement="S.", must_fail=("mean seed",))
def test_no(evidence):
    evidence.check("mean seed", 0, at_least=5)
"""


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_claim_that_takes_seeds_is_judged_once_over_all(claims_folder, record_of, workers):
    claims_folder.makepyfile(test_claims=OVER_SEEDS)
    result = claims_folder.runpytest_subprocess(*workers, "-v", "--icl-seeds=3,4,9")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_all[[]seeds3-4-9]*"])
    record = record_of(claims_folder)
    (claim,) = record.claims
    assert (claim.verdict, claim.share) == ("supported", None)
    (trial,) = claim.trials
    assert trial.seed is None
    assert len(trial.runs) == 6
    assert record.training.runs_trained == 6


def test_a_claim_that_takes_seeds_has_one_seed_too(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=OVER_SEEDS)
    claims_folder.runpytest_subprocess("--icl-seeds=7").assert_outcomes(passed=2)
    assert record_of(claims_folder).claims[0].verdict == "supported"


def test_seed_and_seeds_exclude_each_other(claims_folder):
    claims_folder.makepyfile(test_claims=OVER_SEEDS.replace("runs, seeds)", "runs, seeds, seed)"))
    result = claims_folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_all: takes both seed and seeds*"])


def test_seeds_are_for_claims_and_controls(claims_folder):
    claims_folder.makepyfile("def test_plain(seeds): pass")
    result = claims_folder.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture seeds is for tests marked with*"])


UNDECIDED = """
import pytest

@pytest.mark.claim(id="a.some", statement="S.", source="1", controls=("a.no",))
def test_some(evidence, seed):
    evidence.check("size", seed, at_least=8)
    if seed < 8:
        evidence.inconclusive(f"seed {seed} is too small to tell")

@pytest.mark.control(id="a.no", statement="S.", must_fail=("size",))
def test_no(evidence):
    evidence.check("size", 0, at_least=8)
"""


def test_a_seed_that_cannot_tell_counts_neither_way(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=UNDECIDED)
    result = claims_folder.runpytest_subprocess("--icl-seeds=6,8,9", "-rs")
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(["*a.some is inconclusive: seed 6 is too small to tell"])
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.seeds_held, claim.seeds_judged) == ("supported", 2, 2)
    assert claim.reason.endswith("; 1 inconclusive")
    assert [trial.outcome for trial in claim.trials] == ["inconclusive", "passed", "passed"]
    assert claim.trials[0].evidence.checks[0].value == 6


def test_a_claim_that_no_seed_can_tell_is_inconclusive(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=UNDECIDED)
    claims_folder.runpytest_subprocess("--icl-seeds=6").assert_outcomes(passed=1, skipped=1)
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.reason) == ("inconclusive", "seed 6 is too small to tell")


def test_a_control_cannot_be_inconclusive(claims_folder, record_of):
    tests = UNDECIDED.replace(
        '("size", 0, at_least=8)',
        '("size", 0, at_least=8)\n    evidence.inconclusive("cannot tell")',
    )
    claims_folder.makepyfile(test_claims=tests)
    claims_folder.runpytest_subprocess("--icl-seeds=9").assert_outcomes(passed=1, failed=1)
    (claim,) = record_of(claims_folder).claims
    assert claim.controls[0].verdict == "error"
    assert "it cannot be inconclusive" in claim.controls[0].trials[0].message
