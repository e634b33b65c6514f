"""Skips: one that a test decides while it runs tells no more than that it can tell neither way."""

from __future__ import annotations

import pytest

TESTS = """
import unittest
import pytest
from icl_repro import claim, control

@pytest.fixture
def early(evidence, seed):
    EARLY

@claim("a.one", source="Section 1", fails_on=control("Nothing.", given={"bad": True}, id="bad"))
def test_one(evidence, early, seed, request, bad=False):
    '''S.'''
    BODY
"""
CHECK = 'evidence.check("x", 1 if seed < GOOD and not bad else -1, at_least=0.5)'


def run(folder: pytest.Pytester, *body: str, early: str = "pass", args=()) -> pytest.RunResult:
    text = TESTS.replace("BODY", "\n    ".join(body)).replace("EARLY", early)
    folder.makepyfile(test_claims=text.replace("GOOD", "99"))
    return folder.runpytest_subprocess("-p", "no:xdist", *(args or ["--icl-seeds=0-8"]))


@pytest.mark.parametrize(
    "skip", ["pytest.skip('no luck')", "raise unittest.SkipTest('no luck')"], ids=["pytest", "unit"]
)
def test_a_check_that_fails_before_a_skip_fails(claims_folder, record_of, skip: str):
    check = CHECK.replace("GOOD", "5")
    result = run(claims_folder, f"ok = {check}", f"if not (ok or bad): {skip}")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 14, "failed": 4})
    result.stdout.fnmatch_lines(["a.one: x is −1, but must be at least 0.5", "skipped: no luck"])
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.seeds_held, claim.seeds_judged) == ("inconclusive", 5, 9)


def test_an_expected_failure_is_no_way_around_it(claims_folder):
    mark = "request.node.add_marker(pytest.mark.xfail)"
    body = [CHECK.replace("GOOD", "5"), "if seed >= 5 and not bad:", f"    {mark}"]
    result = run(claims_folder, *body, "    pytest.skip('')")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 14, "failed": 4})


def test_a_control_that_holds_before_a_skip_does_not_fail(claims_folder, record_of):
    result = run(
        claims_folder,
        'evidence.check("x", 1, at_least=0.5)',
        "if bad: pytest.skip('unlucky')",
        args=["--icl-seeds=0"],
    )
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 1, "failed": 1})
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.controls[0].verdict) == ("inconclusive", "does not fail")


@pytest.mark.parametrize("where", ["body", "fixture"])
def test_a_seed_that_is_skipped_counts_against_either_verdict(claims_folder, record_of, where: str):
    skip = "if seed in (1, 2): pytest.skip('no luck')"
    early = skip if where == "fixture" else "pass"
    result = run(claims_folder, skip, CHECK, early=early, args=["--icl-profile=paper"])
    assert (result.ret, result.parseoutcomes()) == (0, {"passed": 6, "skipped": 4})
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.seeds_undecided, claim.seeds_judged) == ("inconclusive", 2, 5)
    (seed1,) = [trial for trial in claim.trials if trial.seed == 1]
    assert (seed1.outcome, seed1.message) == ("inconclusive", "skipped: no luck")


def test_a_fixture_that_states_a_failure_and_skips_fails(claims_folder, record_of):
    early = "evidence.check('y', 0, at_least=1); pytest.skip('no luck')"
    result = run(claims_folder, CHECK, early=early, args=["--icl-seeds=0", "-k", "not bad"])
    assert (result.ret, result.parseoutcomes()) == (1, {"errors": 1, "deselected": 1})
    assert record_of(claims_folder).claims[0].trials[0].outcome == "failed"


def test_a_control_that_fails_before_a_skip_has_failed(claims_folder, record_of):
    result = run(claims_folder, CHECK, "if bad: pytest.skip('enough')", args=["--icl-seeds=0"])
    assert (result.ret, result.parseoutcomes()) == (0, {"passed": 2})
    assert record_of(claims_folder).claims[0].controls[0].verdict == "fails as it should"


def test_where_all_are_skipped_nothing_is_verified_and_no_report_overwritten(
    claims_folder, record_of
):
    run(claims_folder, CHECK, args=["--icl-seeds=0"])
    result = run(claims_folder, "pytest.skip('no time')", args=["--icl-seeds=0"])
    assert (result.ret, result.parseoutcomes()) == (10, {"skipped": 2})
    result.stdout.fnmatch_lines(["nothing was verified: *"])
    assert record_of(claims_folder).claims[0].verdict == "consistent"


def test_a_known_failure_that_a_skip_hides_is_red(claims_folder):
    ini = (claims_folder.path / "pytest.ini").read_text()
    (claims_folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    (claims_folder.path / "ledger.toml").write_text(
        "[[findings]]\nclaim = 'a.one'\ncheck = 'x'\nvalues = { 5 = -1 }\nwithin = 0\n"
        "date = 2026-02-03\nwhy = 'it is short there'\nevidence = 'commit abc'\n"
    )
    skip = "if seed == 5 and not bad: pytest.skip('no luck')"
    result = run(claims_folder, skip, CHECK)
    assert result.ret == 1
    said = "a.one: the ledger knows 'x' to fail on seed 5, where it is not stated"
    assert said in result.stdout.lines


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("name", ["claim", "claim as states"])
def test_a_module_that_skips_itself_is_on_record(claims_folder, record_of, workers, name):
    run(claims_folder, CHECK.replace("GOOD", "9"))
    away = "import pytest\npytest.skip('no luck', allow_module_level=True)\n"
    text = TESTS.replace("import claim,", f"import {name},").replace("@claim", f"@{name[-6:]}")
    claims_folder.makepyfile(test_away=away + text.replace("a.one", "a.two"))
    result = claims_folder.runpytest_subprocess(workers, "--icl-seeds=0")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["not run *test_away.py", "*no luck"])
    said = {claim.id: (claim.verdict, claim.reason) for claim in record_of(claims_folder).claims}
    assert said["test_away.py"] == ("not run", "Skipped: no luck")
