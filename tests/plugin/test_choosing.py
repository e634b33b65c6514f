"""Networks that are chosen by what was measured on others: ``networks(..., then=)``."""

from __future__ import annotations

import sys

import pytest

TESTS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def first(seed):
    return {"main": Spec("main", seed)}

def chosen(seed, runs):
    return {"next": Spec("after " + runs["main"].text, seed)}

def short(seed):
    return Spec("short", seed, 1)

@claim("a.one", source="1", on=networks(first, then=chosen),
       fails_on=[control("S.", short),
                 control("The other.", swap={"next": "main"}, id="swapped", only="chosen")])
def test_one(evidence, runs, seed):
    '''S.'''
    chosen = runs["next"].text == f"after main {seed} {seed}"
    evidence.check("length", runs["next"].spec.sequences, at_least=10)
    evidence.check("chosen", int(chosen), at_least=1)
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_the_second_stage_is_trained_once_and_reused_later(folder, record_of, workers):
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=3)
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (3, 3, 0)
    (trial,) = record_of(folder).claims[0].trials
    assert len(trial.runs) == 1
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=3)
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (3, 0, 3)


def test_without_training_a_claim_is_not_run_where_either_stage_is_missing(folder, record_of):
    folder.runpytest_subprocess("--icl-no-train")
    assert record_of(folder).claims[0].verdict == "not run"
    folder.runpytest_subprocess("-k", "short").assert_outcomes(passed=1, deselected=2)
    main = "from tests.support.plugin_doubles import *; Executor(Store('.icl-repro'))"
    folder.run(sys.executable, "-c", f"{main}._train(Spec('main', 0))")
    result = folder.runpytest_subprocess("--icl-no-train", "-rs")
    assert record_of(folder).claims[0].verdict == "not run"
    result.stdout.fnmatch_lines(["*the store has no run of after main 0*"])


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("lambda seed, runs: {'main': Spec('again', seed)}", "*then gives runs that are there*"),
        ("lambda seed, runs: None", "*then must be specs of runs by name (a mapping), not None*"),
        ("lambda seed, runs: {'next': 3}", "*then: 'next' must be the spec of a run, not 3*"),
        ("lambda seed, runs: runs['mian']", "*there is no run named 'mian'; did you mean 'main'*"),
    ],
)
def test_what_goes_wrong_in_choosing_is_an_error_of_the_claim(folder, record_of, then, message):
    folder.makepyfile(test_claims=TESTS.replace("then=chosen", f"then={then}"))
    result = folder.runpytest_subprocess("-p", "no:xdist")
    result.stdout.fnmatch_lines([message])
    assert record_of(folder).claims[0].verdict == "error"
