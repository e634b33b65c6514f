"""BibTeX of the paper and of this suite, from what the record tells of them."""

from __future__ import annotations

import re

from icl_repro.report.text import words
from icl_repro.verification.record import VerificationRecord

_CITED = re.compile(r"^(?P<authors>.+?)\s*\((?P<year>\d{4})\)[.:,]?\s*(?P<rest>.+)$", re.DOTALL)
_ARXIV = re.compile(r"\barXiv[:\s]\s*(\d{4}\.\d{4,5})(v\d+)?", re.IGNORECASE)
_DOI = re.compile(r"\b(?:doi:\s*)?(10\.\d{4,9}/\S+[^\s.,;])", re.IGNORECASE)
_SPECIAL = re.compile(r"([&%$#_{}])")
_SUITE = "icl-repro"


def bibtex(record: VerificationRecord) -> str:
    """An entry for the paper, if the record names one, and one for the suite.

    A citation that is not of the form “Authors (year): Title. arXiv:1234.56789” is given as a note,
    so that nothing is made up.
    """
    return "\n\n".join(filter(None, [_paper(record.paper), _suite(record)]))


def _paper(cited: str) -> str:
    if not cited.strip():
        return ""
    found = _CITED.match(" ".join(cited.split()))
    if found is None:
        return _entry("misc", "paper", {"note": cited})
    authors = re.split(r",\s+and\s+|,\s+|\s+and\s+", found["authors"])
    arxiv, doi = _ARXIV.search(cited), _DOI.search(cited)
    title = _DOI.sub("", _ARXIV.sub("", found["rest"])).strip(" .,;")
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{_escaped(title)}}}",
        "year": found["year"],
        "eprint": arxiv[1] if arxiv else "",
        "archivePrefix": "arXiv" if arxiv else "",
        "doi": doi[1] if doi else "",
    }
    key = re.sub(r"\W+", "", authors[0].split()[-1].lower()) + found["year"]
    return _entry("misc", key, fields, ready=("title",))


def _suite(record: VerificationRecord) -> str:
    environment = record.environment
    changed = " with uncommitted changes" if environment.uncommitted_changes else ""
    commit = f", commit {environment.commit}{changed}" if environment.commit else ""
    day = words.moment(record.started).partition(",")[0]
    return _entry(
        "software",
        _SUITE,
        {
            "title": f"{_SUITE}: {record.title}",
            "version": environment.packages.get(_SUITE, ""),
            "year": record.started[:4] if record.started[:4].isdecimal() else "",
            "note": f"Run on {day}, profile {record.profile.name}{commit}",
        },
    )


def _entry(kind: str, key: str, fields: dict[str, str], ready: tuple[str, ...] = ()) -> str:
    lines = [
        f"  {name} = {{{value if name in ready else _escaped(value)}}},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
