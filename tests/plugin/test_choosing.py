"""Runs that are chosen by what was measured on other runs: the marker's field ``then``."""

from __future__ import annotations

import pytest

TESTS = """
import pytest
from tests.support.plugin_doubles import Spec

def first(seed):
    return {"main": Spec("main", seed)}

def chosen(seed, runs):
    return {"next": Spec("after " + runs["main"].text, seed)}

@pytest.mark.claim(id="a.one", statement="S.", source="1", controls=("a.no",),
                   runs=first, then=chosen)
def test_one(evidence, runs, seed):
    assert runs["next"].text == f"after main {seed} {seed}"
    evidence.check("length", runs["next"].spec.sequences, at_least=10)

@pytest.mark.control(id="a.no", statement="S.", must_fail=("length",), runs=first)
def test_no(evidence, runs):
    evidence.check("length", -runs["main"].spec.sequences, at_least=10)
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_the_second_stage_is_trained_once_and_reused_later(folder, record_of, workers):
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=2)
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (2, 2, 0)
    (trial,) = record_of(folder).claims[0].trials
    assert len(trial.runs) == 2
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=2)
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (2, 0, 2)


def test_without_training_a_claim_is_not_run_where_either_stage_is_missing(folder, record_of):
    folder.runpytest_subprocess("--icl-no-train")
    assert record_of(folder).claims[0].verdict == "not run"
    folder.runpytest_subprocess("-k", "test_no").assert_outcomes(passed=1)
    result = folder.runpytest_subprocess("--icl-no-train", "-rs")
    assert record_of(folder).claims[0].verdict == "not run"
    result.stdout.fnmatch_lines(["*the store has no run of after main 5*"])


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("lambda seed, runs: {'main': Spec('again', seed)}", "*then names runs that runs= names*"),
        ("lambda seed, runs: None", "*then must return a mapping of names to specs, not None*"),
        ("lambda seed, runs: runs['mian']", "*asks for no run named 'mian'*"),
    ],
)
def test_what_goes_wrong_in_choosing_is_an_error_of_the_claim(folder, record_of, then, message):
    folder.makepyfile(test_claims=TESTS.replace("then=chosen", f"then={then}"))
    result = folder.runpytest_subprocess()
    result.stdout.fnmatch_lines([message])
    assert record_of(folder).claims[0].verdict == "error"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("runs=first, then=3", "*field 'then' must be a callable that takes a seed and*"),
        ("then=chosen", "*field 'then' chooses by trained runs, but there is no field 'runs'*"),
        ("runs=first, than=chosen", "*unknown field 'than'*'then'*"),
    ],
)
def test_a_marker_that_cannot_choose_is_refused(folder, fields, message):
    folder.makepyfile(test_claims=TESTS.replace("runs=first, then=chosen", fields))
    folder.runpytest_subprocess().stderr.fnmatch_lines([message])
