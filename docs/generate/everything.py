"""All pages that are made when the site is built."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from icl_repro.report.text.words import family_title
from icl_repro.verification.record import VerificationRecord, read_record

from . import catalogue, commands, coverage, found, kinds, lecture, options, record, robustness

PAPER, REFERENCE = "reports/paper.json.gz", "reports/reference.json"
OWN = {"robustness": robustness.RECORD, "lecture": lecture.RECORD}
"""The records of families that are judged in sessions of their own, in the order of their pages."""


class Made(NamedTuple):
    """Pages by their path, and those of the catalogue by the titles of families."""

    pages: dict[str, str]
    families: dict[str, str]


def records(root: Path) -> tuple[VerificationRecord, VerificationRecord]:
    """The committed records, of five seeds and of one."""
    return read_record(root / PAPER), read_record(root / REFERENCE)


def own_records(root: Path) -> dict[str, catalogue.Judged]:
    """Those of :data:`OWN` that are committed, by family."""
    return {
        family: _judged(read_record(root / path), path)
        for family, path in OWN.items()
        if (root / path).is_file()
    }


def _judged(record: VerificationRecord, path: str) -> catalogue.Judged:
    return catalogue.Judged(record, found.named(record, path))


def made(root: Path) -> Made:
    """Every page."""
    paper, reference = records(root)
    suite = catalogue.declared(root)
    judged, own = _judged(paper, PAPER), own_records(root)
    of_claims = catalogue.pages(root, suite, judged, own)
    families = catalogue.in_order(suite, own)
    pages = {
        **of_claims,
        coverage.PATH: coverage.page(suite.coverage),
        found.PATH: found.page(paper, reference, (PAPER, REFERENCE)),
        kinds.PATH: kinds.page(root, paper, judged.named),
        robustness.PATH: robustness.page(root),
        lecture.PATH: lecture.page(root, suite.coverage),
        options.PATH: options.page(),
        commands.PATH: commands.page(),
        record.PATH: record.page(root),
    }
    return Made(pages, {family_title(name): catalogue.path_of(name) for name in families})
