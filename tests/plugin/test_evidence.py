"""How tests of claims and controls come out: by their checks, or by what they raise."""

from __future__ import annotations

import pytest

HEAD = """
import pytest
from icl_repro import Figure, Panel, Reported, Series, claim, control

NO = control("N.", given={"length": 1}, id="no")
one = claim("a.one", source="Section 1", rests_on="a count", fails_on=NO)
"""
CLAIM = """
@one
def test_one(evidence, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)
"""


def run(folder: pytest.Pytester, *parts: str, args: tuple[str, ...] = ()) -> pytest.RunResult:
    folder.makepyfile(test_claims="\n".join([HEAD, *parts]))
    return folder.runpytest_subprocess("-p", "no:xdist", *args)


def only_trial(record):
    (claim,) = record.claims
    (trial,) = claim.trials
    return claim, trial


def test_a_claim_whose_checks_hold_passes(claims_folder, record_of):
    result = run(claims_folder, CLAIM)
    result.assert_outcomes(passed=2)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome, trial.message) == ("supported", "passed", "")
    assert (claim.statement, claim.source) == ("S.", "Section 1")
    assert claim.controls[0].verdict == "fails as it should"
    assert trial.evidence.checks[0].value == 9
    assert trial.duration > 0
    result.stdout.fnmatch_lines(["*= claims =*", "supported*a.one", "*rests on a count"])


def test_a_failed_threshold_fails_the_test_with_a_sentence_and_no_traceback(
    claims_folder, record_of
):
    result = run(
        claims_folder,
        CLAIM.replace(
            """evidence.check("length", length, at_least=8)""",
            """paper = Reported(150_000, "Figure 3a")
    evidence.check("length", 61_000, at_least=80_000, unit="sequences", published=paper)
    evidence.check("loss", 0.7, between=(0.6, 0.85))
    evidence.check("accuracy", 0.7 * length, at_most=0.65)""",
        ),
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ test_one _*",
            "a.one: length is 61,000 sequences, but must be at least 80,000 (the paper reports "
            "150,000, Figure 3a)",
            "accuracy is 6.3, but must be at most 0.65",
            "*= claims =*",
            "*a.one",
            " *length is 61,000 sequences, but must be*",
        ],
        consecutive=False,
    )
    assert "recorder.py" not in result.stdout.str()
    _, trial = only_trial(record_of(claims_folder))
    assert trial.outcome == "failed"
    assert len(trial.message.splitlines()) == 2
    assert [check.holds for check in trial.evidence.checks] == [False, True, False]


def test_a_control_that_holds_fails_and_makes_the_claim_inconclusive(claims_folder, record_of):
    result = run(claims_folder, CLAIM.replace("length, at", "abs(length) + 8, at"))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "a.one, control no: length is 9, which is at least 8, but this control must fail *",
            "inconclusive*a.one",
            "*control no: does not fail*",
        ]
    )
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome) == ("inconclusive", "passed")
    assert claim.controls[0].verdict == "does not fail"


@pytest.mark.parametrize(
    ("undefined", "verdict", "outcomes"),
    [
        ("", "does not fail", {"passed": 1, "failed": 1}),
        ("it never learns", "fails as it should", {"passed": 2}),
    ],
)
def test_a_value_that_is_not_finite_fails_a_control_only_for_a_reason(
    claims_folder, record_of, undefined: str, verdict: str, outcomes: dict[str, int]
):
    result = run(
        claims_folder,
        HEAD.replace('"length": 1}', f'"length": float("nan")}}, undefined="{undefined}"'),
        CLAIM,
    )
    assert result.parseoutcomes() == outcomes
    assert only_trial(record_of(claims_folder))[0].controls[0].verdict == verdict


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
    result = run(claims_folder, CLAIM.replace("    evidence", f"    if length > 1:\n        {body}\n"  # noqa: E501
                 "        return\n    evidence"))  # fmt: skip
    result.assert_outcomes(passed=1, failed=1)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome) == ("error", "error")
    assert message in trial.message
    result.stdout.fnmatch_lines(["error*a.one*"])


def test_evidence_stated_before_an_error_is_kept(claims_folder, record_of):
    run(claims_folder, CLAIM + "    raise RuntimeError('later')\n")
    _, trial = only_trial(record_of(claims_folder))
    assert [check.name for check in trial.evidence.checks] == ["length"]


def test_a_control_that_never_states_its_check_is_an_error(claims_folder, record_of):
    head = HEAD.replace('id="no"', 'id="no", only="lenght"')
    result = run(claims_folder, head, CLAIM.replace('("length"', '(str("length")'))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["a.one, control no: no check is named 'lenght'; did you mean 'length'[?]"]
    )
    claim, _ = only_trial(record_of(claims_folder))
    assert (claim.verdict, claim.controls[0].verdict) == ("inconclusive", "error")


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
    result = run(claims_folder, fixture, CLAIM.replace("(evidence,", "(evidence, broken,"))
    assert result.parseoutcomes()["errors"] == 2
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, trial.outcome, trial.message) == ("error", "error", message)


def test_a_claim_that_is_marked_to_be_skipped_is_not_run_and_says_why(claims_folder, record_of):
    result = run(claims_folder, CLAIM.replace("@one", "@pytest.mark.skip(reason='no time')\n@one"))
    result.assert_outcomes(skipped=2)
    claim, trial = only_trial(record_of(claims_folder))
    assert (claim.verdict, claim.reason, trial.outcome) == ("not run", "no time", "not run")


def test_figures_and_quantities_reach_the_record(claims_folder, record_of):
    figure = (
        "    series = Series('loss', [0, 1], [0.7, None])\n"
        "    panel = Panel('Loss', 'x', 'y', [series])\n"
        "    evidence.figure(Figure('3a', 'C', 'Figure 3a', [panel]))\n"
        "    evidence.quantity('heads', 3, unit='heads')\n"
    )
    run(claims_folder, CLAIM + figure).assert_outcomes(passed=2)
    _, trial = only_trial(record_of(claims_folder))
    assert trial.evidence.figures[0].panels[0].series[0].y == [0.7, None]
    assert trial.evidence.quantities[0].value == 3


def test_published_values_are_looked_up_by_name(claims_folder, record_of):
    conftest = (claims_folder.path / "conftest.py").read_text()
    claims_folder.makeconftest(
        conftest
        + """
from icl_repro import Reported

def pytest_icl_published(name):
    if name != "paper.length":
        raise LookupError(f"no published value {name!r}; did you mean 'paper.length'?")
    return Reported(150, "Figure 1")
"""
    )
    named = CLAIM.replace("at_least=8", 'at_least=8, published="paper.length"')
    run(claims_folder, named).assert_outcomes(passed=2)
    _, trial = only_trial(record_of(claims_folder))
    assert trial.evidence.checks[0].published.value == 150
    run(claims_folder, named.replace("paper.length", "paper.lenght")).assert_outcomes(failed=2)
    assert "did you mean 'paper.length'?" in only_trial(record_of(claims_folder))[1].message


def test_smoke_fails_no_threshold_but_errors_stay(claims_folder, record_of):
    smoke = ("--icl-profile=smoke",)
    result = run(claims_folder, CLAIM.replace("=9", "=1").replace("=8", "=0"), args=smoke)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["not meaningful a.one*", "the smoke profile cuts runs short*"])
    record = record_of(claims_folder)
    claim, trial = only_trial(record)
    assert (claim.verdict, record.profile.meaningful) == ("not meaningful", False)
    assert trial.outcome == "passed"
    assert claim.controls[0].verdict == "not meaningful"
    result = run(claims_folder, CLAIM + "    raise OSError\n", args=smoke)
    result.assert_outcomes(failed=2)
    assert only_trial(record_of(claims_folder))[0].verdict == "error"


def test_the_same_claim_over_seeds_has_one_verdict(claims_folder, record_of):
    text = CLAIM.replace("(evidence,", "(evidence, seed,")
    text = text.replace("length, at", "length - (seed == 3) * 5, at")
    head = HEAD.replace(' rests_on="a count",', "")
    result = run(claims_folder, head, text, args=("--icl-profile=paper", "-v"))
    result.assert_outcomes(passed=9, failed=1)
    result.stdout.fnmatch_lines(["*test_one[[]seed0[]] PASSED*", "*test_one[[]seed3[]] FAILED*"])
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.seeds_held, claim.seeds_judged) == ("inconclusive", 4, 5)
    assert [trial.seed for trial in claim.trials] == [0, 1, 2, 3, 4]
    result.stdout.fnmatch_lines(["*length is 4, but must be at least 8 (seed 3)"])


def test_rows_are_trials_of_the_same_seed(claims_folder, record_of):
    text = CLAIM.replace("length, at", "min(length, n), at").replace("(evidence,", "(evidence, n,")
    text = text.replace("@one", "@pytest.mark.parametrize('n', [9, 3])\n@one")
    run(claims_folder, text).assert_outcomes(passed=3, failed=1)
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, [trial.row for trial in claim.trials]) == ("refuted", ["9", "3"])


LOST = """
@claim("a.lost", source="Section 2", rests_on="a count", fails_on=NO)
def test_lost(evidence, length=9):
    '''T.'''
    evidence.check("length", length, at_least=8)
    raise RuntimeError("half of a pair: \\ud800")
"""


def test_a_trial_that_cannot_be_written_or_read_costs_no_other_claim(claims_folder, record_of):
    run(claims_folder, CLAIM, LOST)
    claims = {claim.id: claim for claim in record_of(claims_folder).claims}
    assert {id_: claim.verdict for id_, claim in claims.items()} == {
        "a.one": "supported",
        "a.lost": "error",
    }
    assert "could not be written" in claims["a.lost"].reason
    damage = (
        "\nfrom icl_repro.plugin import transport\n"
        "put = transport.Scratch.put_trial\n"
        "def damaged(self, trial):\n"
        "    put(self, trial)\n"
        "    if trial.nodeid.endswith('test_lost'):\n"
        "        self._path('trials', transport._digest(trial.nodeid)).write_text('{')\n"
        "transport.Scratch.put_trial = damaged\n"
    )
    conftest = (claims_folder.path / "conftest.py").read_text()
    claims_folder.makeconftest(conftest + damage)
    # Pytest saw it pass.
    assert run(claims_folder, CLAIM, LOST.partition("    raise")[0]).ret == 1
    claims = {claim.id: claim for claim in record_of(claims_folder).claims}
    assert claims["a.one"].verdict == "supported"
    assert "could not be read" in claims["a.lost"].reason


LATE = """
import pytest
from icl_repro import claim, control

SAVED = []

@pytest.fixture
def measuring(evidence):
    yield
    AFTER

@claim("a.one", source="1", fails_on=control("No.", given={"b": 0}, id="no"))
def test_one(evidence, measuring, seed, b=1):
    '''S.'''
    SAVED.append(evidence)
    evidence.check("x", b, at_least=0.5)

@claim("a.two", source="2", fails_on=control("No.", given={"b": 0}, id="no"))
def test_two(evidence, seed, b=1):
    '''T.'''
    evidence.check("x", b, at_least=0.5)
    OTHER
"""
STATEMENTS = [
    "check('y', 0, at_least=1)",
    "equivalent('y', 0, margin=(1, 2))",
    "quantity('y', 0)",
    "inconclusive('dark')",
    "inconclusive('dark', unless='y', value=0, at_least=1)",
    "curve_snapshot('y', [0, 1], [0, 1])",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_is_stated_after_the_test_was_judged_is_refused(claims_folder, record_of, statement):
    after = LATE.replace("AFTER", f"evidence.{statement}").replace("OTHER", "pass")
    claims_folder.makepyfile(test_claims=after)
    result = claims_folder.runpytest_subprocess("-p", "no:xdist")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 4, "errors": 2})
    result.stdout.fnmatch_lines(["*MisusedEvidence: the * comes too late: a.one was judged *"])
    assert [claim.verdict for claim in record_of(claims_folder).claims] == ["error", "consistent"]


def test_what_is_stated_too_late_is_red_though_the_error_is_caught(claims_folder):
    caught = f"try: evidence.{STATEMENTS[0]}\n    except ValueError: pass"
    text = LATE.replace("AFTER", caught).replace("OTHER", "pass")
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess("-p", "no:xdist")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 4})
    result.stdout.fnmatch_lines(["failed, though *: the check or quantity 'y' comes too late: *"])


def test_what_is_stated_on_the_evidence_of_another_test_is_refused(claims_folder, record_of):
    text = LATE.replace("AFTER", "pass").replace("OTHER", f"SAVED[0].{STATEMENTS[0]}")
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess("-p", "no:xdist")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 2, "failed": 2})
    assert [claim.verdict for claim in record_of(claims_folder).claims] == ["consistent", "error"]
