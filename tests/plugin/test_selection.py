"""Which claims a session runs: --icl-claims, -k, node ids, --lf, --collect-only."""

from __future__ import annotations

import pytest

FAMILY = """
from icl_repro import claim, control

NO = control("N.", given={{"length": 1}}, id="short")

@claim("{0}.one", source="1", rests_on="a count", fails_on=NO)
def test_{0}_one(evidence, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)

@claim("{0}.two", source="1", rests_on="a count", fails_on=NO)
def test_{0}_two(evidence, length={1}):
    '''S.'''
    evidence.check("length", length, at_least=8)

def test_{0}_ordinary():
    pass
"""


@pytest.fixture
def families(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_red=FAMILY.format("red", 9), test_blue=FAMILY.format("blue", 9))
    return claims_folder


def refused(folder: pytest.Pytester, *args: str) -> str:
    result = folder.runpytest_subprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not (folder.path / "reports").exists()
    return result.stderr.str()


@pytest.mark.parametrize(
    ("claims", "ids", "tests"),
    [
        ("red.one", ["red.one"], 2),
        ("red.one,blue.two", ["blue.two", "red.one"], 4),
        ("red.*", ["red.one", "red.two"], 4),
        ("*.one", ["blue.one", "red.one"], 4),
    ],
)
def test_claims_are_selected_by_id_with_their_controls(
    families, record_of, claims: str, ids: list[str], tests: int
):
    result = families.runpytest_subprocess(f"--icl-claims={claims}")
    result.assert_outcomes(passed=tests, deselected=10 - tests)
    record = record_of(families)
    assert [claim.id for claim in record.claims] == ids
    assert all(claim.verdict == "supported" for claim in record.claims)
    left = {"red.one", "red.two", "blue.one", "blue.two"} - set(ids)
    assert set(record.not_selected) == left
    were = "was" if len(ids) == 1 else "were"
    first = ["*= claims =*", f"Only {len(ids)} of 4 claims {were} selected."]
    result.stdout.fnmatch_lines(first, consecutive=True)


def test_the_ini_file_selects_too(families, record_of):
    families.runpytest_subprocess("-o", "icl_claims=red.one").assert_outcomes(
        passed=2, deselected=8
    )
    assert [claim.id for claim in record_of(families).claims] == ["red.one"]


def test_a_selection_in_the_ini_file_does_not_disturb_sessions_without_claims(claims_folder):
    claims_folder.makepyfile("def test_ordinary(): pass")
    claims_folder.runpytest_subprocess("-o", "icl_claims=red.one").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--icl-claims=red.on"], "no claim matches 'red.on'; did you mean 'red.one'"),
        (["--icl-claims=red.one,x.*"], "no claim matches 'x.*'; choose from blue.one, blue.two"),
        (["--icl-claims=short"], "'short' is a control of blue.one; write -k short"),
        (["--icl-retrain=red.on"], "no claim matches 'red.on'"),
        (["--icl-claims=red.on", "-n2"], "no claim matches 'red.on'; did you mean 'red.one'"),
    ],
)
def test_an_id_that_matches_nothing_is_refused(families, args: list[str], message: str):
    assert message in refused(families, *args)


def test_selecting_claims_where_there_are_none_is_refused(claims_folder):
    claims_folder.makepyfile("def test_ordinary(): pass")
    message = "no claim matches 'red.one'; there are none to choose from"
    assert message in refused(claims_folder, "--icl-claims=red.one")


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_keyword_selects_and_the_record_says_so(families, record_of, workers: list[str]):
    result = families.runpytest_subprocess("-k", "red_one", *workers)
    assert result.parseoutcomes()["passed"] == 2
    record = record_of(families)
    assert [(claim.id, claim.verdict) for claim in record.claims] == [("red.one", "supported")]
    assert record.not_selected == ["blue.one", "blue.two", "red.two"]
    assert "red_one" in record.command


def test_a_claim_without_its_control_is_not_called_supported(families, record_of):
    families.runpytest_subprocess("-m", "claim", "test_red.py").assert_outcomes(
        passed=2, deselected=3
    )
    claim, _ = record_of(families).claims
    assert claim.verdict == "inconclusive"
    assert claim.reason.startswith("every check holds, but its control short did not run")
    assert claim.controls[0].verdict == "not run"


def test_last_failed_runs_the_failed_claim_again(families, record_of):
    families.makepyfile(test_blue=FAMILY.format("blue", 1))
    families.runpytest_subprocess().assert_outcomes(passed=9, failed=1)
    assert {c.id: c.verdict for c in record_of(families).claims}["blue.two"] == "refuted"
    result = families.runpytest_subprocess("--lf")
    result.assert_outcomes(failed=1)
    (claim,) = record_of(families).claims
    # Without its control, what failed says nothing against the paper either.
    assert (claim.id, claim.verdict) == ("blue.two", "inconclusive")
    assert record_of(families).not_selected == ["blue.one"]
    # A claim in a file that --lf does not even open is no misspelled one.
    assert families.runpytest_subprocess("--lf", "--icl-claims=red.one").ret != 4


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_collecting_only_writes_nothing(families, workers: list[str]):
    result = families.runpytest_subprocess("--collect-only", "-q", *workers)
    result.stdout.fnmatch_lines(["test_blue.py::test_blue_one"])
    assert not (families.path / "reports").exists()
    assert not (families.path / ".icl-repro").exists()


def test_deselecting_every_claim_writes_nothing(families):
    families.runpytest_subprocess("-k", "ordinary").assert_outcomes(passed=2, deselected=8)
    assert not (families.path / "reports").exists()


TABLE = """
import pytest
from icl_repro import claim, control

@claim("t.rows", source="Table 1",
       fails_on=control("N.", given={"b": -1}, id="none", only=["x, p", "x, q"]))
@pytest.mark.parametrize("row", ["p", "q"])
def test_rows(evidence, seed, row, b=1):
    '''S.'''
    evidence.check(f"x, {row}", b if row == "p" or GOOD else -1, at_least=0.5)
"""


@pytest.mark.parametrize(
    "args",
    [
        ["-k", "not q"],
        ["--deselect=test_table.py::test_rows[q-seed3]"],
        [f"test_table.py::test_rows[{case}p-seed{n}]" for case in ("", "none-") for n in range(5)],
    ],
    ids=["keyword", "one test", "node ids"],
)
def test_rows_that_are_left_out_keep_a_claim_open(claims_folder, record_of, args: list[str]):
    good = "seed != 3 and b > 0" if len(args) == 1 else "False"
    claims_folder.makepyfile(test_table=TABLE.replace("GOOD", good))
    result = claims_folder.runpytest_subprocess("-p", "no:xdist", "--icl-profile=paper", *args)
    assert result.ret == 0
    (claim,) = record_of(claims_folder).claims
    assert claim.verdict == "inconclusive"
    assert claim.reason == "holds on 5 of 5 seeds, but the row q was left out"
    assert claim.controls[0].verdict == "fails as it should"
