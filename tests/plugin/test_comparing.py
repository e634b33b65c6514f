"""``--icl-compare``: what changed since an earlier record, at the end of a session."""

from __future__ import annotations

import pytest

TESTS = """
from icl_repro import claim, control

@claim("a.one", source="Section 1",
       fails_on=control("Nothing.", given={"length": 0}, id="nothing"))
def test_one(evidence, seed, length=None):
    '''It is long.'''
    evidence.check("length", LENGTH + seed if length is None else length, at_least=10)
"""


def judged(folder: pytest.Pytester, length: int, *options: str) -> pytest.RunResult:
    folder.makepyfile(test_claims=TESTS.replace("LENGTH", str(length)))
    return folder.runpytest_subprocess("--icl-seeds=5,6", *options)


def test_a_session_says_what_changed_and_fails_where_it_regressed(claims_folder, record_of):
    assert judged(claims_folder, 20).ret == 0
    old = claims_folder.path / "reports" / "verification.json"
    kept = old.rename(claims_folder.path / "old.json")

    result = judged(claims_folder, 12, "--icl-compare=old.json", "--icl-compare-fail-on=none")
    assert result.ret == 0
    assert record_of(claims_folder).compared.regressed == ["value"]

    result = judged(claims_folder, 20, "--icl-compare=old.json")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*what changed*", "Nothing changed since the record of*"])
    summary = (claims_folder.path / "reports" / "verification.md").read_text()
    assert summary.startswith("**Nothing changed since the record of ")
    assert record_of(claims_folder).compared.is_unchanged

    # All tests pass when they are expected to fail, but no verdict goes unnoticed.
    ledger = """
[thresholds."a.one".length]
history = [ { at_least = 10, origin = "ours", date = 2026-01-02, seen = false } ]
[[findings]]
claim = "a.one"
check = "length"
values = { 5 = 7.0, 6 = 8.0 }
within = 0.5
date = 2026-02-03
why = "half of what is claimed"
evidence = "two seeds"
"""
    (claims_folder.path / "ledger.toml").write_text(ledger)
    with (claims_folder.path / "pytest.ini").open("a") as ini:
        ini.write(f"\nicl_ledger = ledger.toml\nicl_compare = {kept.name}\n")
    result = judged(claims_folder, 2)
    assert result.ret == 1
    result.assert_outcomes(xfailed=2, passed=2)
    result.stdout.fnmatch_lines(
        [
            "*what changed*",
            "Regressed in verdict and value since the record of*: 1 claim worse (a.one)*",
            "*worse*a.one: consistent -> contradicted",
            "regressed in verdict and value since old.json",
        ]
    )
    assert record_of(claims_folder).compared.regressed == ["verdict", "value"]


def test_a_record_that_cannot_be_read_is_a_usage_error_before_anything_runs(claims_folder):
    result = judged(claims_folder, 20, "--icl-compare=missing.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --icl-compare: cannot read *missing.json: No such file*"])
    (claims_folder.path / "missing.json").write_text("{}")
    result = judged(claims_folder, 20, "--icl-compare=missing.json")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --icl-compare: *is not a verification record*"])
    assert "passed" not in result.stdout.str()


def test_what_cannot_be_compared_or_asked_is_a_usage_error_before_anything_runs(claims_folder):
    for options, complaint in (
        (("--icl-profile=smoke",), "--icl-compare: the smoke profile cuts runs short*"),
        (("--icl-compare-fail-on=values",), "--icl-compare-fail-on: 'values' is nothing that*"),
        (("--icl-compare-margin=much",), "--icl-compare-margin: 'much' is not a number*"),
    ):
        result = claims_folder.runpytest_subprocess("--icl-compare=missing.json", *options)
        assert result.ret == 4
        result.stderr.fnmatch_lines([f"ERROR: {complaint}"])
