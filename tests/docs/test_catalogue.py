"""The catalogue of claims: from declarations alone, the same on every machine."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec

from docs.generate import catalogue, everything
from icl_repro.planning.suite import matching
from icl_repro.plugin.collecting import collected
from icl_repro.verification.record import read_record
from tests.docs.blocks import ROOT
from tests.support.suite_of_doubles import suite_of_doubles as suite_of_doubles


def test_claims_are_told_with_anchors_and_verdicts_and_nothing_of_a_store(suite_of_doubles: Path):
    suite = collected(["claims"], lambda claims, profile: matching([], claims, ""))
    record = read_record(ROOT / "reports" / "reference.json")
    pages = catalogue.pages(Path.cwd(), suite, catalogue.Judged(record, "a record"))
    index, text = pages["catalogue/index.md"], pages["catalogue/growth.md"]
    assert "(growth.md#growth.early) |" in index
    assert "not in this record" in index
    assert "\n## growth.early { #growth.early }\n" in text
    assert "\n    - " in text, "Python-Markdown nests lists by four spaces"
    assert " sequences at most\n" in text
    assert "the store" not in text
    assert "pytest claims/test_growth.py --icl-claims=growth.early" in text


def test_a_family_with_a_record_of_its_own_has_its_verdicts_and_comes_last(suite_of_doubles: Path):
    suite = collected(["claims"], lambda claims, profile: matching([], claims, ""))
    record = read_record(ROOT / "reports" / "reference.json")
    said = {**{claim.id: "mixed" for claim in suite.claims}, "later.one": "refuted"}
    claims = [
        msgspec.structs.replace(record.claims[0], id=name, verdict=verdict)
        for name, verdict in said.items()
    ]
    judged = catalogue.Judged(msgspec.structs.replace(record, claims=claims), "its own record")
    first = suite.claims[0]
    alter = msgspec.structs.replace
    later = alter(first, claim=alter(first.claim, id="later.one"))
    suite = replace(suite, claims=(*suite.claims, later))
    pages = catalogue.pages(
        Path.cwd(), suite, catalogue.Judged(record, "a record"), {"growth": judged}
    )
    index = pages["catalogue/index.md"]
    assert index.count("| mixed |") == len(suite.claims) - 1
    assert "refuted" not in index, "that is not of the family"
    assert "a record; of *Growth*, of its own record.\n" in index
    assert index.index("## [Later]") < index.index("## [Growth]")
    assert "Verdicts: its own record." in pages["catalogue/growth.md"]
    assert "Verdicts: a record." in pages["catalogue/later.md"]
    assert list(catalogue.in_order(suite, {"growth": judged})) == ["later", "growth"]


def test_committed_records_of_families_have_all_claims_of_theirs_that_are_declared():
    own = everything.own_records(ROOT)
    assert list(own) == ["robustness", "lecture"]
    for family, judged in own.items():
        there = {claim.id for claim in judged.record.claims}
        name = re.compile(rf'^    "({family}\.\w+)",$', re.MULTILINE)
        files = (ROOT / "claims" / family).glob("test_*.py")
        declared = {one for file in files for one in name.findall(file.read_text("utf-8"))}
        assert declared
        assert declared <= there, "judge the family again, and commit its record"
