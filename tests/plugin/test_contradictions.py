"""Tests of one claim that do not state the same checks turn the session red, with a sentence."""

from __future__ import annotations

import pytest

TESTS = """
import pytest
from icl_repro import claim, control

@claim("a.one", source="Section 1",
       fails_on=control("Nothing.", given={"length": 0, "bound": BOUND}, id="nothing"))
@pytest.mark.parametrize("row", ["a", "b"])
def test_one(evidence, seed, row, length=9, bound=8):
    '''It is long.'''
    evidence.check(f"length, {row}", length, at_least=bound)
    if WHERE:
        evidence.check(f"width, {row}", length, at_least=3)
"""


def run(
    folder: pytest.Pytester,
    *args: str,
    where: str = "True",
    bound: int = 8,
    seeds: str = "5,6,7",
) -> pytest.RunResult:
    text = TESTS.replace("WHERE", where).replace("BOUND", str(bound))
    folder.makepyfile(test_claims=text)
    return folder.runpytest_subprocess("-p", "no:xdist", f"--icl-seeds={seeds}", *args)


def test_the_same_checks_on_every_seed_are_fine(claims_folder, record_of):
    assert run(claims_folder).ret == 0
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.controls[0].verdict) == ("consistent", "fails as it should")


@pytest.mark.parametrize(
    ("where", "bound", "sentence"),
    [
        (
            "True",
            10,
            "holds 'length, a' to another threshold than its claim on seeds 5 and 6: at least 10, "
            "not at least 8",
        ),
        (
            "length",
            8,
            "does not state the check 'width, a' on seeds 5 and 6, which its claim states there",
        ),
    ],
)
def test_a_control_is_the_same_measurement(
    claims_folder, record_of, where: str, bound: int, sentence: str
):
    result = run(claims_folder, where=where, bound=bound, seeds="5,6")
    # Each of its tests fails as it should, so that only all of them together tell.
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 8})
    assert f"a.one, control nothing {sentence}" in result.stdout.lines
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.controls[0].verdict) == ("inconclusive", "error")
    assert claim.controls[0].reason == sentence


ALIKE = "; a claim states the same checks, with the same thresholds, on every seed"


def test_a_check_that_some_seeds_do_not_state_is_red(claims_folder, record_of):
    result = run(claims_folder, where="seed < 6 or row == 'a'")
    assert result.ret == 1
    said = f"row b: the check 'width, b' is not stated on seeds 6 and 7{ALIKE}"
    assert result.stdout.lines.count(f"a.one: {said}") == 1
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.reason) == ("error", said)
    assert run(claims_folder, where="seed < 6 or row == 'a'", seeds="6,7").ret == 0


def test_a_threshold_that_follows_the_seed_is_red(claims_folder, record_of):
    claims_folder.makepyfile(
        test_claims="""
        from icl_repro import claim, control

        @claim("a.one", source="1", fails_on=control("No.", given={"b": 1}, id="no"))
        def test_one(evidence, seed, b=0):
            '''S.'''
            evidence.check("z", -b - seed, at_least=-seed - 0.5)
        """
    )
    result = claims_folder.runpytest_subprocess("-p", "no:xdist", "--icl-profile=paper")
    said = (
        "the check 'z' has another threshold on seeds 1, 2, 3 and 4: at least −1.5, not at least "
        f"−0.5{ALIKE}"
    )
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 10})
    assert f"a.one: {said}" in result.stdout.lines
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.reason) == ("error", said)


CONDITIONS = """
from icl_repro import claim, control

@claim("a.one", source="1", fails_on=control("No.", given={"b": -1}, id="no"))
def test_one(evidence, seed, b=1):
    '''S.'''
    SAID
    evidence.check("z", b, at_least=0.5)
"""


@pytest.mark.parametrize(
    ("bound", "sentence"),
    [
        ("0 if seed < 3 else None", "the condition 'light' is not stated on seeds 3 and 4"),
        ("seed / 9", "the condition 'light' has another bound on seeds 1, 2, 3 and 4: at least *"),
    ],
)
def test_a_condition_that_follows_the_seed_is_red(claims_folder, record_of, bound, sentence):
    said = "'dark', unless='light', value=seed / 9, at_least=bound"
    said = f"bound = {bound}\n    if bound is not None: evidence.inconclusive({said})"
    claims_folder.makepyfile(test_claims=CONDITIONS.replace("SAID", said))
    result = claims_folder.runpytest_subprocess("-p", "no:xdist", "--icl-profile=paper")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 10})
    result.stdout.fnmatch_lines([f"a.one: {sentence}; a claim states the same conditions, with *"])
    assert record_of(claims_folder).claims[0].verdict == "error"


BEFORE = """
from icl_repro import claim, control

@claim("a.one", source="1", fails_on=control("No.", given={"b": -1}, id="no"))
def test_one(evidence, seed, b=1):
    '''S.'''
    FIRST
    evidence.inconclusive("dark", unless="light", value=float(seed != 4 or b < 0), at_least=1)
    evidence.check("z", b, at_least=0.5)
"""


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        ("if seed != 4: evidence.check('x', b, at_least=0)", "is not stated on seed 4"),
        (
            "evidence.check('x', b, at_least=-5 if seed == 4 else 0)",
            "has another threshold on seed 4: at least −5, not at least 0",
        ),
    ],
)
def test_a_check_before_an_unmet_condition_is_the_same_too(
    claims_folder, record_of, first: str, sentence: str
):
    claims_folder.makepyfile(test_claims=BEFORE.replace("FIRST", first))
    result = claims_folder.runpytest_subprocess("-p", "no:xdist", "--icl-profile=paper")
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"a.one: the check 'x' {sentence}*"])
    assert record_of(claims_folder).claims[0].verdict == "error"


LEDGER = """
[[findings]]
claim = "a.one"
check = "width, a"
values = { 6 = 2, 8 = 2 }
within = 0
date = 2026-02-03
why = "it is narrow there"
evidence = "commit abc"
"""


def test_a_known_failure_that_is_not_stated_any_more_is_red(claims_folder):
    ini = (claims_folder.path / "pytest.ini").read_text()
    (claims_folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    (claims_folder.path / "ledger.toml").write_text(LEDGER)
    said = "a.one: the ledger knows 'width, a' to fail on seed 6, where it is not stated"
    assert said in run(claims_folder, where="seed != 6").stdout.lines
    # All rows tell of the seeds that run; where a row is left out, its test may state it.
    assert said in run(claims_folder, "-k", "seed6 or seed5", where="seed != 6").stdout.lines
    some = run(claims_folder, "-k", "b-seed6", where="seed != 6")
    assert said not in some.stdout.lines
