"""Markers that are not right end the session with a usage error that says what to write."""

from __future__ import annotations

import pytest

CLAIM = '@pytest.mark.claim(id="a.one", statement="S.", source="1", controls=("a.no",))'
CONTROL = '@pytest.mark.control(id="a.no", statement="S.", must_fail=("length",))'
TESTS = f"""
import pytest

{CLAIM}
def test_one(evidence):
    evidence.check("length", 1, at_least=0)

{CONTROL}
def test_no(evidence):
    evidence.check("length", -1, at_least=0)
"""


def problems(claims_folder: pytest.Pytester, text: str, *args: str) -> list[str]:
    """The problems that a session with such a test module ends with."""
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    error = result.stderr.str()
    assert "ERROR: the markers of these claims are not right:" in error
    assert "Traceback" not in error + result.stdout.str()
    assert not (claims_folder.path / "reports").exists()
    return [line.strip() for line in error.splitlines() if "::" in line]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("statement=", "statment=", "test_one: unknown field 'statment'; did you mean"),
        ('source="1", ', "", "test_one: field 'source' is missing"),
        ('controls=("a.no",)', 'controls=("a.non",)', "test_one: claim 'a.one' names control"
         " 'a.non', which is not in this module; did you mean 'a.no'?"),
        ("must_fail", "mustfail", "test_no: unknown field 'mustfail'; did you mean 'must_fail'?"),
        ('id="a.no"', 'id="a.one"', "test_no: id 'a.one' is taken by test_claims.py::test_one"),
        (CONTROL, f"{CLAIM}\n{CONTROL}", "test_no: has @pytest.mark.control and @pytest.mark.claim;"
         " a test is one claim or one control"),
        ("test_one(evidence)", "test_one()", "test_one: takes no evidence"),
        ("test_one(evidence)", "test_one(evidence, runs)", "test_one: takes runs, but its marker"),
        ('source="1"', 'source="1", runs=dict', "test_one: declares runs, but does not take"),
        ("def test_one", "def one", "one is marked, but pytest does not take it for a test"),
    ],
)  # fmt: skip
def test_a_problem_with_a_marker(claims_folder: pytest.Pytester, old: str, new: str, problem: str):
    assert old in TESTS
    found = problems(claims_folder, TESTS.replace(old, new, 1))
    assert any(line.startswith(f"test_claims.py::{problem}") for line in found), found


def test_a_control_that_no_claim_names(claims_folder: pytest.Pytester):
    lonely = CONTROL.replace("a.no", "a.lonely")
    more = f'\n{lonely}\ndef test_lonely(evidence):\n    evidence.check("length", 0, at_least=1)\n'
    assert problems(claims_folder, TESTS + more) == [
        "test_claims.py::test_lonely: no claim in this module names control 'a.lonely'"
    ]


def test_the_same_id_in_two_modules(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(test_more=TESTS)
    assert problems(claims_folder, TESTS) == [
        "test_more.py::test_one: id 'a.one' is taken by test_claims.py::test_one",
        "test_more.py::test_no: id 'a.no' is taken by test_claims.py::test_no",
    ]


def test_all_problems_at_once(claims_folder: pytest.Pytester):
    text = TESTS.replace('source="1", ', "").replace('statement="S.", must', 'statement="", must')
    assert len(problems(claims_folder, text)) == 2


def test_a_marker_on_a_class(claims_folder: pytest.Pytester):
    text = f"""
import pytest

{CLAIM}
class TestClass:
    def test_one(self, evidence): pass

{CONTROL}
def test_no(evidence): pass
"""
    found = problems(claims_folder, text)
    assert found[0].startswith("test_claims.py::TestClass::test_one: claim and control mark one")


def test_problems_do_not_depend_on_the_selection(claims_folder: pytest.Pytester):
    text = TESTS.replace('must_fail=("length",)', "must_fail=()")
    for args in (["test_claims.py::test_one"], ["-k", "test_one"], ["--collect-only"]):
        assert problems(claims_folder, text, *args) == [
            "test_claims.py::test_no: field 'must_fail' must name at least one"
        ]


def test_a_part_of_a_module_runs_without_the_rest(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(test_claims=TESTS)
    claims_folder.runpytest_subprocess("test_claims.py::test_one").assert_outcomes(passed=1)


def test_claims_may_be_methods(claims_folder: pytest.Pytester):
    body = TESTS.replace("import pytest", "").replace("(evidence)", "(self, evidence)")
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    claims_folder.makepyfile(test_claims=f"import pytest\n\nclass TestClaims:\n{indented}\n")
    claims_folder.runpytest_subprocess().assert_outcomes(passed=2)


def test_under_xdist_the_controller_refuses(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(test_claims=TESTS.replace("statement", "statment"))
    result = claims_folder.runpytest_subprocess("-n", "2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: the markers of these claims are not right:",
            "*test_one: unknown field 'statment'; did you mean 'statement'[?]",
        ]
    )
    assert "node down" not in result.stdout.str()
    assert result.stdout.str().count("replacing crashed worker") == 0
    assert not (claims_folder.path / "reports").exists()
