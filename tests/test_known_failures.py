"""``benchmarks/known_failures.py``: the failures of a record, drafted for the ledger."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import known_failures
from icl_repro.verification import ledger
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.record import Finding, KnownFailure, VerificationRecord, write_record
from tests.support.report_builders import at_least, at_most, claim, control, trial
from tests.support.report_fixture import rich_record

THRESHOLDS = """
[thresholds."a.one".length]
history = [ { at_least = 3, origin = "ours", date = 2026-01-02, seen = false } ]
[thresholds."a.one".count]
history = [ { at_most = 0, origin = "ours", date = 2026-01-02, seen = false } ]
"""


def stated(length: float | None, count: float) -> EvidenceRecord:
    return EvidenceRecord(checks=[at_least("length", length, 3.0), at_most("count", count, 0.0)])


@pytest.fixture
def record() -> VerificationRecord:
    """Failing on two seeds, on one of them by what is not finite, and expected to on a third."""
    trials = [
        trial("a.one", 5, stated(2.98, 0)),
        trial("a.one", 6, stated(None, 0)),
        trial("a.one", 7, stated(2.5, 0)),
        trial("a.one", 8, stated(4.0, 1)),
    ]
    holds = [trial("a.one", 5, stated(3.5, 2), outcome="failed", case="no")]
    cases = [control("no", "Nothing.", "does not fail", holds, only=["length"])]
    made_of = Basis([Ingredient("exemplars", "others", usual=False, title="Others")])
    one = claim("a.one", "S.", "1", "refuted", "", trials, cases)
    expected = KnownFailure("a.one", "length", {"7": 2.5}, 0.01, "2026-01-02", "why")
    findings = [Finding(expected, {}, {})]
    return msgspec.structs.replace(rich_record(), claims=[one], basis=made_of, findings=findings)


def test_they_can_stand_in_the_ledger_and_are_of_the_kind_of_its_runs(record, tmp_path: Path):
    (tmp_path / "thresholds.toml").write_text(THRESHOLDS)
    text = "\n".join(known_failures.entries(record, "not known"))
    assert text == text.strip()
    (tmp_path / "others.toml").write_text(text)
    assert ledger.load(tmp_path).findings == ()
    found = ledger.load(tmp_path, basis="others").findings
    assert [(one.case, one.check, one.values) for one in found] == [
        ("", "length", {"5": 2.98, "6": None}),
        ("", "count", {"8": 1}),
        ("no", "length", {"5": 3.5}),
    ]
    assert {(one.basis, one.why) for one in found} == {("others", "not known")}
    # As near as the bound lies, what counts as the same does not reach it.
    assert found[0].within == pytest.approx(0.018)
    assert "must be at least 3; measured 2.98 on seed 5, " in found[0].evidence


def test_a_claim_over_all_seeds_is_known_by_these_seeds(record):
    (one,) = record.claims
    at_once = msgspec.structs.replace(one.trials[0], seed=None, seeds=[6, 5])
    record = msgspec.structs.replace(
        record, claims=[msgspec.structs.replace(one, trials=[at_once], controls=[])]
    )
    assert 'values = { "5,6" = 2.98 }' in list(known_failures.entries(record, "w"))


def test_the_command_prints_them(record, tmp_path, monkeypatch, capsys):
    write_record(record, tmp_path / "a.json")
    monkeypatch.setattr(sys, "argv", ["x", str(tmp_path / "a.json"), "--why", "not known"])
    known_failures.main()
    expected = [*known_failures.entries(record, "not known")]
    assert capsys.readouterr().out.splitlines() == expected
