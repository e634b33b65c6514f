"""The cases of a claim: controls, rows and seeds as parameters of one test."""

from __future__ import annotations

import pytest

TESTS = """
import dataclasses
import pytest
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def full(seed):
    return Spec("full", seed)

def one_layer(seed):
    return Spec("one layer", seed, 1)

def longer(run):
    run.spec = dataclasses.replace(run.spec, sequences=1)
    return run

BOTH = networks(lambda seed: {"clamped": Spec("clamped", seed, 800)}, full=full)

@claim("a.one", source="Section 1", on=full, fails_on=[
    control("One layer is too little.", one_layer),
    control("A network whose training was cut.", transform=longer, id="cut"),
])
def test_one(run, evidence):
    '''It takes long.'''
    evidence.check("length", run.spec.sequences, at_least=500)

@claim("a.table", source="Section 2", on=BOTH, fails_on=[
    control("The other way round.", swap={"full": "clamped", "clamped": "full"}, id="swapped",
            only="length of patterns"),
    control("One network for both.", one_layer),
    control("Nothing counted.", given={"factor": 0}, id="nothing", only="length of patterns"),
    control("The clamped one cut.", id="cut", only="length of values",
            transform={"full": lambda run: run, "clamped": longer}),
])
@pytest.mark.parametrize("row", ["patterns", "values"])
def test_table(runs, row, evidence, factor=1):
    '''Each row takes long.'''
    full, clamped = (runs[name].spec.sequences for name in ("full", "clamped"))
    longer = full > clamped if row == "patterns" else clamped >= 500
    evidence.check(f"length of {row}", factor * int(longer), at_least=1)

@claim("a.all", source="Section 3", on=full, fails_on=control("None.", given={"factor": 0}))
def test_all(run, seeds, evidence, factor=1):
    '''All together take long.'''
    evidence.check("length", factor * sum(run[seed].spec.sequences for seed in seeds), at_least=1)

@claim("a.proof", source="Section 4", rests_on="a proof",
       fails_on=control("None.", given={"size": 0}, id="no_size"))
def test_proof(evidence, size=1):
    '''It is so.'''
    evidence.check("size", size, at_least=1)
"""
IDS = [
    "test_one[seed5]",
    "test_one[seed6]",
    "test_one[one_layer-seed5]",
    "test_one[one_layer-seed6]",
    "test_one[cut-seed5]",
    "test_one[cut-seed6]",
]


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


def collected(folder: pytest.Pytester, *args: str) -> list[str]:
    result = folder.runpytest_subprocess("--collect-only", "-q", "--icl-seeds=5,6", *args)
    return [line.partition("::")[2] for line in result.stdout.lines if "::" in line]


def test_ids_name_the_case_then_the_row_then_the_seed(folder):
    found = collected(folder)
    assert found[:6] == IDS
    assert found[6:12] == [
        "test_table[patterns-seed5]",
        "test_table[patterns-seed6]",
        "test_table[values-seed5]",
        "test_table[values-seed6]",
        "test_table[swapped-patterns-seed5]",
        "test_table[swapped-patterns-seed6]",
    ]
    assert found[-4:] == [
        "test_all[seeds5-6]",
        "test_all[none-seeds5-6]",
        "test_proof",
        "test_proof[no_size]",
    ]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["-k", "one_layer and test_one"], IDS[2:4]),
        (["-m", "claim", "-k", "test_one"], IDS[:2]),
        (["-m", "control", "-k", "test_one"], IDS[2:]),
        (["test_claims.py::test_one[cut-seed6]"], IDS[5:]),
        (["--icl-claims=a.one"], IDS),
    ],
)
def test_cases_are_selected_as_any_other_test(folder, args: list[str], expected: list[str]):
    assert collected(folder, *args) == expected


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_control_is_the_same_measurement_elsewhere(folder, record_of, workers: list[str]):
    result = folder.runpytest_subprocess("--icl-seeds=5,6", *workers)
    result.assert_outcomes(passed=30)
    record = record_of(folder)
    one, table, over_all, proof = record.claims
    assert [control.verdict for control in one.controls] == ["fails as it should"] * 2
    assert [control.id for control in table.controls] == ["swapped", "one_layer", "nothing", "cut"]
    assert {control.verdict for control in table.controls} == {"fails as it should"}
    assert [trial.row for trial in table.trials] == ["patterns", "patterns", "values", "values"]
    assert [len(control.trials) for control in table.controls] == [4] * 4
    assert (over_all.trials[0].seed, over_all.trials[0].seeds) == (None, [5, 6])
    assert over_all.controls[0].verdict == "fails as it should"
    assert (proof.verdict, proof.rests_on) == ("supported", "a proof")
    # The networks of a control are trained, and no others for it.
    assert {what.split(",")[0] for what in record.runs.values()} == {"full", "clamped", "one layer"}


def broken(folder: pytest.Pytester, old: str, new: str, *args: str) -> str:
    """What a session says of which one test is not right."""
    assert old in TESTS
    folder.makepyfile(test_claims=TESTS.replace(old, new))
    return folder.runpytest_subprocess("--icl-claims=a.table", *args).stdout.str()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('swap={"full":', 'swap={"ful":', "control 'swapped' names a run 'ful', but there is none;"
         " did you mean 'full'?"),
        ('"clamped": longer', '"clampd": longer', "control 'cut' names a run 'clampd', but there"),
        ('full, clamped = (runs', 'full, clamped = (list(runs) and runs', "control 'one_layer' gives one network in"  # noqa: E501
         " place of several, whatever their names: ask for runs by name"),
        ('f"length of {row}"', 'str("length of patterns")', "a.table: the rows patterns and values"
         " state a check of one name, 'length of patterns'; name it after the row"),
        ('only="length of values"', 'only="lenght"', "a.table, control cut: no check is named"
         " 'lenght'; choose from length of patterns, length of values"),
    ],
)  # fmt: skip
def test_what_only_the_run_can_tell_is_a_sentence(folder, old: str, new: str, message: str):
    assert message in broken(folder, old, new).replace("E   ", "")


def test_ordinary_tests_may_use_the_same_names_for_parameters(claims_folder):
    claims_folder.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("run", [1, 2])
        def test_ordinary(run, factor=3):
            assert run * factor
        """
    )
    claims_folder.runpytest_subprocess().assert_outcomes(passed=2)
