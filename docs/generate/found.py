"""What reproduces and what does not, from the committed records."""

from __future__ import annotations

from collections.abc import Iterator

from icl_repro.report.text import notes, verdicts, words
from icl_repro.report.text.disagreements import disagreements
from icl_repro.verification.record import HOLDS, ClaimRecord, VerificationRecord

from .catalogue import link
from .markdown import escaped, table

PATH = "explanation/found.md"
_FOLDER = "explanation"
_ORDER = ("refuted", "contradicted", "mixed", "inconclusive", "supported", "consistent")

_HEAD = """\
# What reproduces and what does not

Made from two committed records when this site is built: {paper}, and {reference}. Every word
about a result below is theirs. [How verdicts come about](statistics.md) says what they mean.
"""


def named(record: VerificationRecord, path: str) -> str:
    """Which record it is: its path, seeds, day and commit."""
    seeds = words.seed_list(record.profile.seeds).lower()
    day = words.moment(record.started).partition(",")[0]
    return f"`{path}` ({seeds}, {day}, commit {(record.environment.commit or 'unknown')[:7]})"


def page(paper: VerificationRecord, reference: VerificationRecord, paths: tuple[str, str]) -> str:
    """The page, as Markdown, from the records of five seeds and of one."""
    return "\n".join(_lines(paper, reference, paths))


def _lines(
    paper: VerificationRecord, reference: VerificationRecord, paths: tuple[str, str]
) -> Iterator[str]:
    yield _HEAD.format(paper=named(paper, paths[0]), reference=named(reference, paths[1]))
    yield from ("## On five seeds", "", escaped(verdicts.outcome(paper)), "")
    told = [*notes.basis_notes(paper), notes.seeds_note(paper).text, notes.comparisons_note(paper)]
    yield from (f"- {escaped(words.as_full_sentence(note))}" for note in told if note)
    yield ""
    groups = verdicts.by_standing(paper.claims)
    for whose, claims in groups.items():
        of = verdicts.WHOSE[whose].strip()
        yield f"### Claims {of}"
        yield ""
        for verdict in _ORDER:
            yield from _claims([one for one in claims if one.verdict == verdict], verdict)
    yield from ("## What does not agree with the paper", "")
    yield (
        "Kinds of disagreement are kept apart, and one of which there is nothing is left out. Only "
        "*Results that do not hold here* would say that a result of the paper did not come out. "
        "*Printed numbers that differ from each other* and *Published values that fail our checks* "
        "are inconsistencies of the paper itself."
    )
    yield ""
    for group in disagreements(paper):
        yield from (f"### {group.title}", "", escaped(group.meaning), "")
        yield from table(
            ["claim", "what differs"],
            [[link(one.claim, _FOLDER), escaped(one.why)] for one in group.found],
        )
    yield from ("## On one seed", "", escaped(verdicts.outcome(reference)), "")
    few = notes.few_seeds_note(reference)
    yield from ((escaped(few), "") if few else ())
    against = [one for one in reference.claims if one.verdict == "contradicted"]
    yield from table(
        ["claim", "what was seen"],
        [[link(one.id, _FOLDER), escaped(verdicts.reason(one))] for one in against],
    )


def _claims(claims: list[ClaimRecord], verdict: str) -> Iterator[str]:
    if not claims:
        return
    of = verdicts.VERDICTS[verdict]
    yield f"**{words.as_sentence(f'{len(claims)} {of.one if len(claims) == 1 else of.several}')}**"
    yield ""
    holds = verdict in HOLDS
    heads = ["claim", "statement"] if holds else ["claim", "statement", "why"]
    rows = [
        [link(one.id, _FOLDER), escaped(one.statement), *([] if holds else [_why(one)])]
        for one in claims
    ]
    yield from table(heads, rows)


def _why(claim: ClaimRecord) -> str:
    return escaped(verdicts.reason(claim))
