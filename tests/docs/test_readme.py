"""The README is short, says what the committed record says, and leads to what is there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from icl_repro.report.text.cite import bibtex
from icl_repro.report.text.notes import comparisons_note, thresholds_note
from icl_repro.report.text.verdicts import by_standing
from icl_repro.verification.record import read_record
from tests.support import readme_picture

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
TEXT = " ".join(README.split())


def test_it_is_short():
    assert len(README.splitlines()) <= 120


def test_the_picture_is_small():
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert (ROOT / picture).stat().st_size < 200_000


def test_links_lead_to_what_is_there():
    links = re.findall(r"\]\(([^)#]+)[)#]", README)
    assert len(links) > 10
    assert not [link for link in links if not (ROOT / link).exists()]


def test_what_was_found_is_what_the_record_of_five_seeds_says():
    record = read_record(ROOT / "reports" / "paper.json.gz")
    ours = {"the paper": " of the paper", "ours": " that are ours in whole or in part"}
    ours["printed numbers"] = " about numbers that the paper prints"
    order = ("supported", "refuted", "inconclusive")
    for whose, claims in by_standing(record.claims).items():
        found = Counter(claim.verdict for claim in claims)
        assert set(found) <= set(order), "the README has no words for these"
        assert f"Of {len(claims)} claims{ours[whose]}, " in TEXT
        sentence = TEXT.partition(f"claims{ours[whose]}, ")[2].partition(".")[0].partition(":")[0]
        told = {word: int(n) for n, word in re.findall(r"(\d+) (?:is|are) (\w+)", sentence)}
        assert told == dict(found), sentence
        assert ("none is refuted" in sentence) == ("refuted" not in found and whose == "the paper")
    assert record.comparisons is not None
    assert f"after Holm's correction for {record.comparisons.number} comparisons no claim" in TEXT
    assert "leaves 0 of them supported and 0 refuted" in comparisons_note(record)
    thresholds = [entries for claim in record.claims for entries in _histories(claim)]
    seen = sum(any(entry.seen for entry in history) for history in thresholds)
    assert f"Of {len(thresholds)} thresholds, {seen} were set or changed" in TEXT
    early, decided = re.findall(r"(\d+) of (\d+) verdicts", thresholds_note(record))[0]
    assert f"that is {early} of the {decided} verdicts over seeds" in TEXT


def _histories(claim):
    stated = (*claim.checks, *claim.conditions)
    return [one.thresholds for one in stated if one.thresholds]


def test_how_to_cite_the_paper_is_as_in_the_report():
    record = read_record(ROOT / "reports" / "paper.json.gz")
    assert bibtex(record).partition("\n\n")[0] in README


def test_the_picture_shows_what_the_record_of_one_seed_says():
    assert readme_picture.SHOWN.read_text("utf-8") == readme_picture.shown(), (
        "take it again: python -m tests.support.readme_picture"
    )


def verdicts_told(sentence: str) -> dict[str, int]:
    """How many claims come to which verdict, as a sentence says it."""
    told = re.findall(r"(\d+) (?:of the \d+ claims )?(?:(?:is|are) )?([a-z]+)", sentence)
    return {word: int(n) for n, word in told if word in ("supported", "refuted", "inconclusive")}


def test_what_is_said_of_the_lecture_is_what_its_record_says():
    record = read_record(ROOT / "reports" / "lecture.json.gz")
    found = Counter(claim.verdict for claim in record.claims)
    sentence = TEXT.partition("The [lecture](reports/lecture.md)")[2].partition(".")[0]
    assert f"has {len(record.claims)} claims more: " in sentence
    verdicts, _, corrected = sentence.partition(" claims more: ")[2].partition(";")
    assert verdicts_told(verdicts) == dict(found)
    assert record.comparisons is not None
    assert f"after correction for {record.comparisons.number} comparisons all are" in corrected
    assert "leaves 0 of them supported and 0 refuted" in comparisons_note(record)
    assert len(record.claims) == record.comparisons.number, "some keep their verdict"


def test_what_is_said_of_omniglot_is_what_its_record_says():
    record = read_record(
        ROOT / "reports" / "exemplars" / "omniglot_resnet18_cntk+published_streams.json.gz"
    )
    claims = by_standing(record.claims)["the paper"]
    sentence = TEXT.partition("On ImageNet features of real Omniglot, ")[2].partition("([`")[0]
    assert f" of the {len(claims)} claims are" in sentence
    assert verdicts_told(sentence) == dict(Counter(claim.verdict for claim in claims))
