"""Planted faults: which claims notice them, and what a session makes of one that nobody notices."""

from __future__ import annotations

import pytest

from icl_repro.verification.record import VerificationRecord

CONFTEST = """
import contextlib
import dataclasses
from icl_repro.verification.faults import Fault

def cut(spec):
    return dataclasses.replace(spec, sequences=1) if spec.name == "full" else None

def broken(spec):
    raise KeyError("oh")

def exchanged(run, other):
    run.text = other.text
    return run

@contextlib.contextmanager
def short_rulers():
    import rulers
    rulers.LENGTH, before = 1, rulers.LENGTH
    yield
    rulers.LENGTH = before

@contextlib.contextmanager
def no_rulers():
    import rulers
    before = rulers.LENGTH
    del rulers.LENGTH
    yield
    rulers.LENGTH = before

def pytest_icl_faults():
    def fault(id, **what):
        return Fault(id, f"it is {id}", "mistakes", **what)
    return [
        fault("cut", spec=cut, enough=("a.length",)),
        fault("renamed", spec=lambda s: dataclasses.replace(s, name=s.name + "!"), enough=("a.*",)),
        fault("other_text", run=exchanged, other_seed=lambda seed: seed + 1, enough=("a.length",)),
        fault("diverges", spec=lambda spec: dataclasses.replace(spec, mode="diverges")),
        fault("short_rulers", measuring=short_rulers, enough=("a.text",)),
        fault("broken", spec=broken),
        fault("same", spec=lambda spec: spec),
        fault("idle", measuring=contextlib.nullcontext),
        fault("no_context", measuring=lambda: 1 / 0),
        fault("no_rulers", measuring=no_rulers, enough=("a.length",)),
        fault("declared", measuring=no_rulers, errors=(AttributeError,)),
    ]
"""
RULERS = "LENGTH = 500"
TESTS = """
import pytest
import rulers
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def full(seed):
    return Spec("full", seed)

def one_layer(seed):
    return Spec("one layer", seed, 1)

def then(seed, runs):
    return {"chosen": Spec("full" if runs["small"].text else "none", seed, 800)}

@claim("a.length", source="Section 1", on=full, fails_on=control("Too little.", one_layer))
def test_length(run, evidence):
    '''It takes long.'''
    evidence.check("length", run.spec.sequences * rulers.LENGTH, at_least=250_000)
    evidence.curve_snapshot("growth", [0, 1], [0, run.spec.sequences])

@claim("a.text", source="Section 2", on=networks(small=one_layer, then=then),
       fails_on=control("None.", given={"factor": 0}))
@pytest.mark.parametrize("row", ["first", "second"])
def test_text(runs, row, seed, evidence, factor=1):
    '''Its text tells its seed.'''
    told = runs["chosen"].text.endswith(str(seed)) if row == "second" else runs["small"].text
    evidence.check(f"text {row}", factor * bool(told), at_least=1)

@claim("a.fails", source="Section 2", on=full, fails_on=control("Too little.", one_layer))
def test_fails(run, evidence):
    '''It takes longer than it does.'''
    evidence.check("length", run.spec.sequences, at_least=5_000)

@claim("a.proof", source="Section 3", rests_on="a proof",
       fails_on=control("None.", given={"size": 0}, id="no_size"))
def test_proof(evidence, size=1):
    '''It is so.'''
    evidence.check("size", size, at_least=1)
"""
UNAFFECTED, FAILS = {"a.proof": "not affected"}, {"a.fails": "not comparable"}
EXPECTED = {
    "cut": {"a.length": "caught", "a.text": "not caught"} | FAILS,
    "renamed": {"a.length": "not caught", "a.text": "not caught"} | FAILS,
    "other_text": {"a.length": "not affected", "a.text": "caught", "a.fails": "not affected"},
    "diverges": {"a.length": "caught", "a.text": "caught"} | FAILS,
    "short_rulers": {"a.length": "caught", "a.text": "not affected", "a.fails": "not affected"},
}


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    conftest = claims_folder.path / "conftest.py"
    conftest.write_text(conftest.read_text() + CONFTEST)
    claims_folder.makepyfile(test_claims=TESTS, rulers=RULERS)
    return claims_folder


def session(folder: pytest.Pytester, *args: str) -> pytest.RunResult:
    return folder.runpytest_subprocess("-p", "no:xdist", "--icl-seeds=5", *args)


def statuses(record: VerificationRecord) -> dict[str, dict[str, str]]:
    return {fault.id: {one.claim: one.status for one in fault.claims} for fault in record.faults}


def test_who_notices_what(folder, record_of):
    session(folder, "--icl-claims=a.length", "--snapshot-update", "-m", "claim")
    result = session(folder, "--icl-faults=cut,renamed,other_text,diverges,short_rulers")
    record = record_of(folder)
    assert statuses(record) == {id_: told | UNAFFECTED for id_, told in EXPECTED.items()}

    cut, *_ = record.faults
    check, curve = cut.claims[0].caught_by
    assert (check.kind, check.name, check.value, check.without) == ("check", "length", 500, 5e5)
    assert check.sentence == (
        "length is 500, but must be at least 250,000; without the fault it is 500,000"
    )
    assert (curve.kind, curve.name) == ("curve", "growth")
    assert "drifted from its snapshot" in curve.sentence
    assert len(cut.claims[0].runs) == 1
    diverged = record.faults[3].claims[0]
    assert diverged.why == (
        "its test fails: a run has no results: loss is nan at step 7 (full, seed 5, 1000 sequences)"
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*nobody catches the fault renamed: it is renamed"])
    result.stdout.no_fnmatch_line("*nobody catches the fault [!r]*")
    # Of the claims themselves it judges what it always does, but for the controls.
    assert [claim.trials[0].outcome for claim in record.claims] == 2 * ["passed"] + [
        "failed",
        "passed",
    ]
    assert not any(control.trials for claim in record.claims for control in claim.controls)


def test_with_workers(folder, record_of):
    result = folder.runpytest_subprocess("--icl-faults=cut", "-n2")
    assert statuses(record_of(folder)) == {"cut": EXPECTED["cut"] | UNAFFECTED}
    result.stdout.fnmatch_lines(["caught         cut"])


def test_what_is_planted_and_caught_is_not_red(folder, record_of):
    result = session(folder, "--icl-faults=cut,other_text", "--icl-claims=a.length")
    assert statuses(record_of(folder)) == {
        "cut": {"a.length": "caught"},
        "other_text": {"a.length": "not affected"},
    }
    assert result.ret == 0


def test_what_was_never_trained_is_not_run(folder, record_of):
    session(folder, "--icl-claims=a.length,a.text", "-m", "claim")
    result = session(folder, "--icl-faults=cut", "--icl-claims=a.length", "--icl-no-train")
    (cut,) = record_of(folder).faults
    assert (cut.planted, cut.caught, cut.claims[0].status) == (False, False, "not run")
    assert "the store has no run of full, seed 5, 1 sequences" in cut.claims[0].why
    assert result.ret == 0


def test_a_broken_fault_is_caught_by_nobody(folder, record_of):
    result = session(folder, "--icl-faults=broken", "--icl-claims=a.length")
    assert result.ret == 1
    assert record_of(folder).faults[0].claims[0].status == "not run"
    assert "the fault broken is broken: KeyError: 'oh'" in result.stdout.str()


@pytest.mark.parametrize("fault", ["no_context", "no_rulers", "declared"])
def test_an_error_catches_nothing_unless_it_is_declared(folder, record_of, fault):
    result = session(folder, f"--icl-faults={fault}", "--icl-claims=a.length")
    (found,) = record_of(folder).faults
    said = {"no_rulers": "stops with an error", "declared": "caught", "no_context": "not run"}
    assert found.claims[0].status == said[fault]
    assert result.ret == (fault != "declared")
    if fault == "no_context":
        result.stdout.fnmatch_lines(["*the fault no_context is broken: ZeroDivisionError*"])
    if fault == "no_rulers":
        result.stdout.fnmatch_lines(
            [
                "NOT CAUGHT     no_rulers",
                "*a.length stops with an error, by which nothing is caught: AttributeError*",
                "nobody catches the fault no_rulers*1 claim only stopped with an error",
            ]
        )


def test_a_fault_that_changes_nothing_is_red_where_the_whole_suite_is_judged(folder, record_of):
    folder.makepyfile(test_claims=TESTS.partition('@claim("a.fails"')[0])
    said = "no claim could show whether it notices the fault {}: it changes nothing*"
    result = session(folder, "--icl-faults=same,idle")
    assert result.ret == 1
    assert [fault.red for fault in record_of(folder).faults] == [True, True]
    result.stdout.fnmatch_lines([said.format("same"), said.format("idle")])
    # Of a part of the suite it may be true, so that it is told and no more.
    for part in ("--icl-claims=a.length", "test_claims.py", "--icl-faults=same,cheap"):
        result = session(folder, "--icl-faults=same", part)
        assert result.ret == (part.endswith("cheap")), "another is planted and not caught"
        same = next(fault for fault in record_of(folder).faults if fault.id == "same")
        assert not same.red
        result.stdout.fnmatch_lines(["not planted    same", said.format("same")])
        assert "not of the whole suite" in same.unnoticed


def test_cheap_judges_what_is_enough(folder, record_of):
    session(folder, "--icl-faults=cheap", "--deselect", "test_claims.py::test_fails[seed5]")
    found = statuses(record_of(folder))
    assert found["cut"] == {
        "a.length": "caught", "a.text": "not run", "a.fails": "not run"
    }  # fmt: skip
    assert found["short_rulers"]["a.length"] == "not run"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--icl-faults=cutt"], "there is no fault 'cutt'; did you mean 'cut'?"),
        (["--icl-faults="], "--icl-faults is given, but names nothing"),
        (["--icl-faults=cut", "--icl-seeds=5,6"],
         "--icl-faults judges on one seed, but --icl-seeds names 2; write --icl-seeds=5"),
        (["--icl-faults=cut", "--icl-plan"], "--icl-plan plans no faulty runs"),
        (["--icl-faults=cut", "--snapshot-update"], "stores no curves of faulty runs"),
    ],
)  # fmt: skip
def test_mistakes(folder, args, message):
    result = session(folder, *args)
    assert result.ret == 4
    assert message in result.stderr.str() + result.stdout.str()


def test_a_suite_without_faults_says_so(folder):
    folder.makeconftest("")
    result = session(folder, "--icl-faults=all")
    assert "there are no faults to plant" in result.stderr.str() + result.stdout.str()
