"""Mistakes in declarations end the session with sentences that say where and what to write."""

from __future__ import annotations

import pytest

TESTS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def full(seed):
    return Spec("full", seed)

two = networks(full=full)
NO = control("Nothing is long.", given={"size": 0}, id="no")

@claim("a.one", source="Section 1", rests_on="a proof", fails_on=[NO])
def test_one(evidence, size=1):
    '''It is so.'''
    evidence.check("size", size, at_least=1)
"""


def problems(claims_folder: pytest.Pytester, text: str, *args: str) -> list[str]:
    """The problems that a session with such a test module ends with."""
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
    error = result.stderr.str()
    assert "ERROR: these declarations of claims are not right:" in error
    assert "Traceback" not in error + result.stdout.str()
    assert not (claims_folder.path / "reports").exists()
    return [line.strip() for line in error.splitlines() if "test_claims.py:" in line]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("source=", "sorce=", "10: claim on test_one: unknown field 'sorce'; did you mean"),
        ("given=", "givn=", "8: control: unknown field 'givn'; did you mean 'given'?"),
        ('{"size": 0}', '{"sise": 0}', "10: claim 'a.one': control 'no' gives 'sise', which is no"),
        ("def test_one", "def one", "10: one is a claim, but pytest does not take it for a test"),
        ("evidence, size", "evidence, sise, size", "10: test_one takes 'sise', which is neither a"
         " fixture nor a parameter; "),
        ('given={"size": 0}', 'transform=len', "10: claim 'a.one': control 'no' changes networks,"
         " but the claim declares none (on=)"),
        ('rests_on="a proof"', "on=full", "10: claim 'a.one': declares networks, but test_one does"),  # noqa: E501
        ("def test_one", "@__import__('pytest').mark.xfail\ndef test_one", "10: test_one is marked"
         " xfail; what is known to fail stands in the ledger"),
    ],
)  # fmt: skip
def test_a_problem_with_a_declaration(
    claims_folder: pytest.Pytester, old: str, new: str, problem: str
):
    assert old in TESTS
    found = problems(claims_folder, TESTS.replace(old, new, 1))
    assert any(line.startswith(f"test_claims.py:{problem}") for line in found), found


ON_ONE = TESTS.replace('rests_on="a proof"', "on=full").replace("(evidence,", "(run, evidence,")
ON_TWO = ON_ONE.replace("on=full", "on=two").replace("(run, ", "(runs, ")


@pytest.mark.parametrize(
    ("text", "control", "problem"),
    [
        (ON_ONE, '"N.", two', "gives several networks, but the test takes one (run)"),
        (ON_ONE, '"N.", swap={"full": "other"}', "swaps networks, but the claim has only one"),
        (ON_TWO, '"N.", full, swap={"full": "other"}', "swaps networks, but gives only one"),
    ],
)
def test_networks_of_a_control_have_to_fit_those_of_the_claim(
    claims_folder, text: str, control: str, problem: str
):
    given = '"Nothing is long.", given={"size": 0}'
    (found,) = problems(claims_folder, text.replace(given, control))
    assert found == f"test_claims.py:10: claim 'a.one': control 'no' {problem}"


MISUSED = """
from icl_repro import claim, control

NO = control("Nothing is long.", given={"size": 0}, id="no")

@claim
def test_bare(evidence, size=1):
    '''It is so.'''

@claim("a.class", source="1", rests_on="a proof", fails_on=NO)
class TestClaims:
    def test_in_class(self):
        pass

@claim("a.none", source="1", rests_on="a proof", fails_on=None)
def test_none(evidence, size=1):
    '''It is so.'''

@claim("a.profile", source="1", rests_on="a proof", fails_on=NO, profiles="paper")
def test_profile(evidence, size=1):
    '''It is so.'''

@claim("a.given", source="1", rests_on="a proof", fails_on=control("N.", given=5))
def test_given(evidence, size=1):
    '''It is so.'''
"""


def test_mistakes_that_python_itself_would_stumble_over(claims_folder: pytest.Pytester):
    found = problems(claims_folder, MISUSED, "--collect-only")
    assert [line.partition(", not ")[0] for line in found] == [
        "test_claims.py:5: claim on test_bare: claim is used without a call; write "
        "@claim('growth.early', source='Section 1', ...)",
        "test_claims.py:9: claim on TestClaims: a claim is a test function",
        "test_claims.py:14: claim 'a.none': fails_on takes what control() gives",
        "test_claims.py:18: claim 'a.profile': profiles must be a list of names, like ['paper']",
        "test_claims.py:22: control 'n': given must name keyword arguments, like {'size': 0}",
    ]


LEDGER = """
[thresholds."a.one".size]
history = [ { at_least = 1, origin = "ours", date = 2026-01-02, seen = false } ]
"""


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_check_that_the_ledger_does_not_have(claims_folder: pytest.Pytester, workers: list[str]):
    claims_folder.makefile(".toml", ledger=LEDGER)
    text = TESTS.replace('id="no"', 'id="no", only="sise"').replace(
        'check("size"', "check('si' + 'ze'"
    )
    (found,) = problems(claims_folder, text, "-o", "icl_ledger=ledger.toml", *workers)
    assert found == (
        "test_claims.py:10: claim 'a.one': control 'no' must fail the check 'sise', which the "
        "ledger does not have; did you mean 'size'?"
    )


NOT_STATED = (
    "test_claims.py:10: claim 'a.one': control 'no' must fail the check 'sise', which test_one "
    "does not state; did you mean 'size'?"
)


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_check_that_the_test_does_not_state(claims_folder: pytest.Pytester, workers: list[str]):
    text = TESTS.replace('id="no"', 'id="no", only="sise"')
    assert problems(claims_folder, text, *workers) == [NOT_STATED]
    named = text.replace('check("size", size,', 'check(name="size", value=size,')
    assert problems(claims_folder, named) == [NOT_STATED]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('evidence.check("size"', "evidence.check(f\"{'sise'}\""),
        (
            "evidence.check(",
            "(lambda e: e.check('sise', size, at_least=1))(evidence); evidence.check(",
        ),
        (
            "evidence.check(",
            "state = evidence.check; state('sise', size, at_least=1); evidence.check(",
        ),
        ("size=1):", "stated, size=1):"),
    ],
    ids=["computed", "handed on", "by another name", "in a fixture"],
)
def test_what_the_source_does_not_tell_is_left_to_the_run(
    claims_folder: pytest.Pytester, old: str, new: str
):
    fixture = """
import pytest

@pytest.fixture
def stated(evidence, request):
    evidence.check("sise", int("no" not in request.node.name), at_least=1)
"""
    only = "['sise']" if old == 'evidence.check("size"' else "['sise', 'size']"
    text = TESTS.replace('id="no"', f'id="no", only={only}').replace(old, new)
    claims_folder.makepyfile(test_claims=fixture + text)
    assert claims_folder.runpytest_subprocess("-p", "no:xdist").ret == 0


def test_the_same_id_in_two_modules(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(test_more=TESTS)
    assert problems(claims_folder, TESTS) == [
        "test_more.py:10: the id 'a.one' is taken by the claim at test_claims.py:10"
    ]


def test_all_problems_at_once_each_once(claims_folder: pytest.Pytester):
    text = TESTS.replace('source="Section 1", ', 'source="", ').replace("'''It is so.'''", "")
    more = text.replace("a.one", "b").replace("test_one", "test_b").partition("@claim")
    found = problems(claims_folder, text.replace("given=", "givn=") + "".join(more[1:]))
    assert len(found) == 6, found
    assert sum("givn" in line for line in found) == 1


def test_a_declaration_twice(claims_folder: pytest.Pytester):
    marker = '@claim("a.one", source="Section 1", rests_on="a proof", fails_on=[NO])\n'
    (found,) = problems(claims_folder, TESTS.replace(marker, marker * 2))
    assert found.endswith("test_one is declared as a claim twice")


def test_problems_do_not_depend_on_the_selection(claims_folder: pytest.Pytester):
    more = TESTS.replace("a.one", "a.two").replace("test_one", "test_two").replace("[NO]", "[]")
    text = TESTS + more.partition("@claim")[1] + more.partition("@claim")[2]
    for args in (["test_claims.py::test_one"], ["-k", "test_one"], ["--collect-only"]):
        (found,) = problems(claims_folder, text, *args)
        assert "claim 'a.two': fails_on names no control" in found


def test_claims_may_be_methods(claims_folder: pytest.Pytester):
    head, _, body = TESTS.partition("@claim")
    indented = "\n".join(f"    {line}" for line in f"@claim{body}".splitlines())
    indented = indented.replace("(evidence", "(self, evidence")
    claims_folder.makepyfile(test_claims=f"{head}\nclass TestClaims:\n{indented}\n")
    claims_folder.runpytest_subprocess().assert_outcomes(passed=2)


CLASS = """
import unittest
from icl_repro import claim, control

class HEAD:
    FIRST
    @claim("a.one", source="Section 1", rests_on="a proof",
           fails_on=control("Nothing is long.", given={"size": 0}, id="no"))
    def test_one(self, evidence, size=1):
        '''It is so.'''
        evidence.check("size", size, at_least=1)

class TestOthers:
    def test_other(self):
        pass

MORE
"""
LOST = (
    "test_claims.py:6: TestClaims.test_one is a claim, but pytest does not collect its class; name "
    "it Test..., without __init__, __new__ and __test__ = False, and derive it from no TestCase"
)


@pytest.mark.parametrize(
    ("head", "first", "more", "args"),
    [
        ("Claims", "", "", []),
        ("TestClaims", "__test__ = False", "", []),
        ("TestClaims", "def __init__(self): pass", "", ["-W", "ignore"]),
        ("TestClaims", "def __new__(cls): pass", "", ["-W", "ignore"]),
        ("TestClaims(unittest.TestCase)", "", "", []),
        ("Claims", "", "", ["test_claims.py::TestOthers"]),
        ("TestClaims", "", "TestClaims = None", []),
        ("TestClaims", "", "__test__ = False", []),
    ],
)
def test_a_claim_in_a_class_that_pytest_does_not_collect(
    claims_folder, head: str, first: str, more: str, args: list[str]
):
    text = CLASS.replace("HEAD", head).replace("FIRST", first).replace("MORE", more)
    found = problems(claims_folder, text, *args)
    name = head.partition("(")[0]
    said = LOST.replace("TestClaims", name)
    if more:
        said = f"test_claims.py:6: {name}.test_one is a claim, but pytest does not collect it: " + (
            "its module has __test__ = False"
            if "__test__" in more
            else "nothing in its module has it under its name any more"
        )
    assert said in found


@pytest.mark.parametrize(
    ("head", "first", "more"),
    [
        ("TestClaims", "", ""),
        ("Claims", "", "class TestClaims(Claims): pass"),
        ("Claims", "", "class TestAll:\n    class TestClaims(Claims): pass"),
        ("Claims", "__test__ = True", ""),
    ],
)
def test_a_claim_in_a_class_that_was_not_asked_for_is_not_lost(
    claims_folder, head: str, first: str, more: str
):
    text = CLASS.replace("HEAD", head).replace("FIRST", first).replace("MORE", more)
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess("-p", "no:xdist", "test_claims.py::TestOthers")
    assert (result.ret, result.parseoutcomes()) == (0, {"passed": 1})
    claims_folder.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=3)


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_claim_whose_name_is_taken_by_another_test(claims_folder, workers: list[str]):
    more = TESTS.partition("@claim")[1:]
    text = TESTS + "".join(more).replace("a.one", "a.two")
    assert problems(claims_folder, text, *workers) == [
        "test_claims.py:10: test_one is a claim, but pytest does not collect it: nothing in its "
        "module has it under its name any more"
    ]


def test_claims_that_another_module_declares_are_those_of_the_tests_that_import_them(
    claims_folder,
):
    more = "".join(TESTS.partition("@claim")[1:]).replace("a.one", "a.two")
    made = TESTS + more.replace("test_one", "test_two")
    made += """
def make(id_, size):
    @claim(id_, source="Section 1", rests_on="a proof", fails_on=[NO])
    def test_made(evidence, size=size):
        '''It is so.'''
        evidence.check("size", size, at_least=1)
    return test_made
"""
    claims_folder.makepyfile(elsewhere=made)
    text = "from elsewhere import make, test_one\ntest_a, test_b = make('b.a', 1), make('b.b', 2)"
    claims_folder.makepyfile(test_claims=text)
    for args in ([], ["--doctest-modules"]):  # which imports the other module, too
        result = claims_folder.runpytest_subprocess("-p", "no:xdist", *args)
        assert (result.ret, result.parseoutcomes()) == (0, {"passed": 6})


def test_under_xdist_the_controller_refuses(claims_folder: pytest.Pytester):
    found = problems(claims_folder, TESTS.replace("source=", "sorce="), "-n2")
    assert len(found) == 1


NOT_SPECS = """
from icl_repro import claim, control, networks

ODD = networks(lambda seed: WHAT)

@claim("b.two", source="Section 2", on=ODD, fails_on=control("N.", given={"size": 0}, id="no"))
def test_two(runs, evidence, size=1):
    '''It is so.'''
    evidence.check("size", size, at_least=1)
"""


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("[3]", "TypeError"),
        ("{'main': 3}", "the networks: 'main' must be the spec of a run, not 3"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_networks_that_are_none_are_an_error_of_that_claim_only(
    claims_folder, record_of, what: str, message: str, workers: list[str]
):
    claims_folder.makepyfile(test_claims=TESTS, test_odd=NOT_SPECS.replace("WHAT", what))
    result = claims_folder.runpytest_subprocess(*workers)
    assert result.parseoutcomes() == {"passed": 2, "errors": 2}
    claims = {claim.id: claim for claim in record_of(claims_folder).claims}
    assert (claims["a.one"].verdict, claims["b.two"].verdict) == ("supported", "error")
    assert message in claims["b.two"].reason


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_networks_that_skip_their_claim_leave_it_open(claims_folder, record_of, workers: list[str]):
    skip = "__import__('pytest').skip('it needs a GPU')"
    claims_folder.makepyfile(test_claims=TESTS, test_odd=NOT_SPECS.replace("WHAT", skip))
    result = claims_folder.runpytest_subprocess(*workers)
    assert result.parseoutcomes() == {"passed": 2, "skipped": 2}
    claims = {claim.id: claim for claim in record_of(claims_folder).claims}
    assert claims["b.two"].verdict == "inconclusive"  # they may do so by seed
    assert "it needs a GPU" in claims["b.two"].reason
