"""Planted faults: which claims notice them, and what a session makes of one that nobody notices."""

from __future__ import annotations

import pytest

CONFTEST = """
import dataclasses
from icl_repro.verification.faults import Fault

def cut(spec):
    return dataclasses.replace(spec, sequences=1) if spec.name == "full" else None

def broken(spec):
    raise KeyError("oh")

def exchanged(run, other):
    run.text = other.text
    return run

def pytest_icl_faults():
    def fault(id, **what):
        return Fault(id, f"it is {id}", "mistakes", **what)
    return [
        fault("cut", spec=cut, enough=("a.length",)),
        fault("renamed", spec=lambda s: dataclasses.replace(s, name=s.name + "!"), enough=("a.*",)),
        fault("other_text", run=exchanged, other_seed=lambda seed: seed + 1),
        fault("diverges", spec=lambda spec: dataclasses.replace(spec, mode="diverges")),
        fault("broken", spec=broken),
    ]
"""
TESTS = """
import pytest
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
    evidence.check("length", run.spec.sequences, at_least=500)

@claim("a.text", source="Section 2", on=networks(small=one_layer, then=then),
       fails_on=control("None.", given={"factor": 0}))
@pytest.mark.parametrize("row", ["first", "second"])
def test_text(runs, row, seed, evidence, factor=1):
    '''Its text tells its seed.'''
    told = runs["chosen"].text.endswith(str(seed)) if row == "second" else runs["small"].text
    evidence.check(f"text {row}", factor * bool(told), at_least=1)

@claim("a.proof", source="Section 3", rests_on="a proof",
       fails_on=control("None.", given={"size": 0}, id="no_size"))
def test_proof(evidence, size=1):
    '''It is so.'''
    evidence.check("size", size, at_least=1)
"""
EXPECTED = {
    "cut": {"a.length": "caught", "a.text": "not caught", "a.proof": "not affected"},
    "renamed": {"a.length": "not caught", "a.text": "not caught", "a.proof": "not affected"},
    "other_text": {"a.length": "not caught", "a.text": "caught", "a.proof": "not affected"},
    "diverges": {"a.length": "caught", "a.text": "caught", "a.proof": "not affected"},
}


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    conftest = claims_folder.path / "conftest.py"
    conftest.write_text(conftest.read_text() + CONFTEST)
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


def statuses(record) -> dict[str, dict[str, str]]:
    return {fault.id: {one.claim: one.status for one in fault.claims} for fault in record.faults}


def test_who_notices_what(folder, record_of):
    result = folder.runpytest_inprocess(
        "--icl-faults=cut,renamed,other_text,diverges", "-p", "no:xdist"
    )
    record = record_of(folder)
    print({f.id: [(o.claim, o.status, o.why) for o in f.claims] for f in record.faults})
    assert statuses(record) == EXPECTED
    assert result.ret == 1
    result.stdout.fnmatch_lines(["nobody catches the fault renamed: it is renamed"])
