"""The catalogue of claims: from declarations alone, the same on every machine."""

from __future__ import annotations

from pathlib import Path

from docs.generate import catalogue
from icl_repro.planning.suite import matching
from icl_repro.plugin.collecting import collected
from icl_repro.verification.record import read_record
from tests.docs.blocks import ROOT
from tests.support.suite_of_doubles import suite_of_doubles as suite_of_doubles


def test_claims_are_told_with_anchors_and_verdicts_and_nothing_of_a_store(suite_of_doubles: Path):
    suite = collected(["claims"], lambda claims, profile: matching([], claims, ""))
    record = read_record(ROOT / "reports" / "reference.json")
    pages = catalogue.pages(Path.cwd(), suite, record, "a record")
    index, text = pages["catalogue/index.md"], pages["catalogue/growth.md"]
    assert "(growth.md#growth.early) |" in index
    assert "not in this record" in index
    assert "\n## growth.early { #growth.early }\n" in text
    assert "\n    - " in text, "Python-Markdown nests lists by four spaces"
    assert " sequences at most\n" in text
    assert "the store" not in text
    assert "pytest claims/test_growth.py --icl-claims=growth.early" in text
