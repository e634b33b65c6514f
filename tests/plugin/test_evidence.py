"""How tests of claims and controls come out: by their checks, or by what they raise."""

from __future__ import annotations

import pytest

HEAD = """
import pytest
from icl_repro.verification import Reported

claim = pytest.mark.claim(id="a.one", statement="S.", source="Section 1", controls=("a.no",))
control = pytest.mark.control(id="a.no", statement="N.", must_fail=("length",))
"""
CLAIM = """
@claim
def test_one(evidence):
    evidence.check("length", 9, at_least=8)
"""
CONTROL = """
@control
def test_no(evidence):
    evidence.check("length", 1, at_least=8)
"""


def run(folder: pytest.Pytester, *parts: str, args: tuple[str, ...] = ()) -> pytest.RunResult:
    folder.makepyfile(test_claims="\n".join([HEAD, *parts]))
    return folder.runpytest_subprocess("-p", "no:xdist", *args)


def only_trial(record):
    (claim,) = record.claims
    (trial,) = claim.trials
    return claim, trial


def test_a_claim_whose_checks_hold_passes(claims_folder, record_of):
    result = run(claims_folder, CLAIM, CONTROL)
    result.assert_outcomes(passed=2)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome, trial.message) == ("supported", "passed", "")
    assert claim.controls[0].verdict == "fails as it should"
    assert trial.evidence.checks[0].value == 9
    assert trial.duration > 0
    result.stdout.fnmatch_lines(["*= claims =*", "supported*a.one  every check holds"])


def test_a_failed_threshold_fails_the_test_with_a_sentence_and_no_traceback(
    claims_folder, record_of
):
    result = run(
        claims_folder,
        """
        @claim
        def test_one(evidence):
            paper = Reported(150_000, "Figure 3a")
            evidence.check("length", 61_000, at_least=80_000, unit="sequences", published=paper)
            evidence.check("loss", 0.7, between=(0.6, 0.85))
            evidence.check("accuracy", 0.7, at_most=0.65)
        """.replace("\n        ", "\n"),
        CONTROL,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_one _*",
            "a.one: length is 61,000 sequences, but must be at least 80,000 (the paper reports "
            "150,000, Figure 3a)",
            "accuracy is 0.7, but must be at most 0.65",
            "*= claims =*",
            "refuted*a.one  a check does not hold",
            " *length is 61,000 sequences, but must be*",
        ],
        consecutive=False,
    )
    assert "recorder.py" not in result.stdout.str()
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome) == ("refuted", "failed")
    assert len(trial.message.splitlines()) == 2
    assert [check.holds for check in trial.evidence.checks] == [False, True, False]


def test_a_control_that_holds_fails_and_makes_the_claim_inconclusive(claims_folder, record_of):
    result = run(claims_folder, CLAIM, CONTROL.replace("1,", "10,"))
    result.assert_outcomes(passed=1, failed=1)
    sentence = "length is 10, which is at least 8, but this control must fail that check"
    result.stdout.fnmatch_lines(
        [
            f"a.no: {sentence}",
            "inconclusive*a.one  control a.no does not fail where it should: the checks cannot *",
            "*control a.no: does not fail",
            f"*{sentence}",
        ]
    )
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome) == ("inconclusive", "passed")
    assert claim.controls[0].verdict == "does not fail"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("assert 1 == 2", "AssertionError: assert 1 == 2; a claim states what must hold with"),
        ("raise RuntimeError('no such layer')", "RuntimeError: no such layer"),
        ("pass", "states no check, so there is nothing to judge"),
        ("evidence.quantity('length', 1)", "states no check, so there is nothing to judge"),
        ("evidence.check('length', 1)", "MisusedEvidence: check 'length' needs exactly one of"),
        ("pytest.fail('not like this')", "not like this"),
    ],
)
def test_a_claim_that_raises_or_checks_nothing_is_an_error(
    claims_folder, record_of, body: str, message: str
):
    result = run(claims_folder, f"@claim\ndef test_one(evidence):\n    {body}\n", CONTROL)
    result.assert_outcomes(passed=1, failed=1)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome) == ("error", "error")
    assert message in trial.message
    result.stdout.fnmatch_lines(["error*a.one*"])


def test_evidence_stated_before_an_error_is_kept(claims_folder, record_of):
    run(claims_folder, CLAIM + "    raise RuntimeError('later')\n", CONTROL)
    _, trial = only_trial(record_of(claims_folder))
    assert [check.name for check in trial.evidence.checks] == ["length"]


def test_a_control_that_never_states_its_check_is_an_error(claims_folder, record_of):
    result = run(claims_folder, CLAIM, CONTROL.replace('check("length"', 'check("lenght"'))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["a.no: no check is named 'length'; did you mean 'lenght'[?]", "inconclusive*"]
    )
    claim, _ = only_trial(record_of(claims_folder))
    assert claim.controls[0].verdict == "error"
    assert claim.reason.startswith("control a.no raised an error")


FIXTURE = """
@pytest.fixture
def broken():
    {before}
    yield
    {after}
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("raise OSError('disk')", "pass", "setup: OSError: disk"),
        ("pass", "raise OSError('disk')", "teardown: OSError: disk"),
    ],
)
def test_an_error_around_the_test_is_an_error_of_the_claim(
    claims_folder, record_of, before: str, after: str, message: str
):
    fixture = FIXTURE.format(before=before, after=after)
    result = run(claims_folder, fixture, CLAIM.replace("(evidence)", "(evidence, broken)"), CONTROL)
    assert result.parseoutcomes()["errors"] == 1
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome, trial.message) == ("error", "error", message)


@pytest.mark.parametrize("how", ["mark", "body"])
def test_a_skipped_claim_is_not_run_and_says_why(claims_folder, record_of, how: str):
    if how == "mark":
        text = CLAIM.replace("@claim", "@pytest.mark.skip(reason='no time')\n@claim")
    else:
        text = CLAIM + "    pytest.skip('no time')\n"
    result = run(claims_folder, text, CONTROL)
    result.assert_outcomes(passed=1, skipped=1)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, claim.reason, trial.outcome) == ("not run", "no time", "not run")


def test_a_claim_expected_to_fail_is_still_judged_by_its_evidence(claims_folder, record_of):
    text = CLAIM.replace("@claim", "@pytest.mark.xfail(strict=True)\n@claim").replace("9,", "7,")
    run(claims_folder, text, CONTROL).assert_outcomes(passed=1, xfailed=1)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome) == ("refuted", "failed")


def test_figures_and_quantities_reach_the_record(claims_folder, record_of):
    figure = (
        "    from icl_repro.verification import Panel, Series\n"
        "    series = Series('loss', [0, 1], [0.7, None])\n"
        "    panel = Panel('Loss', 'x', 'y', [series])\n"
        "    evidence.figure('3a', caption='C', source='Figure 3a', panels=[panel])\n"
        "    evidence.quantity('heads', 3, unit='heads')\n"
    )
    run(claims_folder, CLAIM + figure, CONTROL).assert_outcomes(passed=2)
    _, trial = only_trial(record_of(claims_folder))
    assert trial.evidence.figures[0].panels[0].series[0].y == [0.7, None]
    assert trial.evidence.quantities[0].value == 3


def test_smoke_fails_no_threshold_but_errors_stay(claims_folder, record_of):
    smoke = ("--icl-profile=smoke",)
    result = run(claims_folder, CLAIM.replace("9,", "1,"), CONTROL.replace("1,", "9,"), args=smoke)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["not meaningful a.one*", "the smoke profile cuts runs short*"])
    record = record_of(claims_folder)
    claim, trial = only_trial(record)
    assert (claim.verdict, trial.outcome, record.profile.meaningful) == (
        "not meaningful",
        "failed",
        False,
    )
    assert claim.controls[0].verdict == "not meaningful"
    result = run(claims_folder, CLAIM + "    raise OSError\n", CONTROL, args=smoke)
    result.assert_outcomes(passed=1, failed=1)
    assert only_trial(record_of(claims_folder))[0].verdict == "error"


def test_the_same_claim_over_seeds_has_one_verdict(claims_folder, record_of):
    text = CLAIM.replace("(evidence)", "(evidence, seed)").replace("9,", "10 - (seed == 7) * 5,")
    result = run(claims_folder, text, CONTROL, args=("--icl-profile=paper", "-v"))
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*test_one[[]seed5[]] PASSED*", "*test_one[[]seed7[]] FAILED*"])
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.seeds_held, claim.seeds_judged) == ("inconclusive", 4, 5)
    assert [trial.seed for trial in claim.trials] == [5, 6, 7, 8, 9]
    assert claim.share.low == pytest.approx(0.2836, abs=1e-4)
    result.stdout.fnmatch_lines(
        [
            "inconclusive*a.one  holds on 4 of 5 seeds (95 % interval of the share 0.28 to 0.99)",
            "*length is 5, but must be at least 8 (seed 7)",
        ]
    )


def test_other_parameters_are_trials_of_the_same_seed(claims_folder, record_of):
    text = CLAIM.replace("9,", "n,").replace("(evidence)", "(evidence, n)")
    text = text.replace("@claim", "@pytest.mark.parametrize('n', [9, 3])\n@claim")
    run(claims_folder, text, CONTROL).assert_outcomes(passed=2, failed=1)
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, len(claim.trials), claim.seeds_judged) == ("refuted", 2, 1)
