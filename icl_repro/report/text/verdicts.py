"""The words, symbols and sentences in which the report states verdicts and outcomes.

HTML and Markdown say the same things with the same words; both take them from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from icl_repro.numbers import count
from icl_repro.report.text import words
from icl_repro.report.text.faults import faults_note
from icl_repro.report.text.judged import opening
from icl_repro.verification.record import ClaimRecord, Comparisons, VerificationRecord
from icl_repro.verification.standing import Standing, standing


class VerdictWords(msgspec.Struct, frozen=True):
    """How one verdict is told: a symbol, a colour class, and words for one claim and for several.

    The symbol and the word always stand together, so that nothing hangs on colour alone. What a
    few seeds say is `tentative`: it has the colour of the full verdict, but only as an outline.
    """

    symbol: str
    tone: str
    one: str
    several: str
    tentative: bool = False


VERDICTS: dict[str, VerdictWords] = {
    "supported": VerdictWords("✓", "good", "is supported", "are supported"),
    "consistent": VerdictWords("(✓)", "good", "is consistent", "are consistent", True),
    "refuted": VerdictWords("✗", "bad", "is refuted", "are refuted"),
    "contradicted": VerdictWords("(✗)", "bad", "is contradicted", "are contradicted", True),
    "mixed": VerdictWords("±", "unsure", "is mixed", "are mixed", True),
    "inconclusive": VerdictWords("?", "unsure", "is inconclusive", "are inconclusive"),
    "error": VerdictWords("!", "broken", "stopped with an error", "stopped with an error"),
    "not run": VerdictWords("–", "none", "was not run", "were not run"),
    "not meaningful": VerdictWords(
        "○", "none", "is without a meaningful verdict", "are without a meaningful verdict"
    ),
}
"""Every verdict on a claim, in the order in which the report counts them."""

CONTROL_VERDICTS: dict[str, VerdictWords] = {
    "fails as it should": VerdictWords("✓", "good", "", ""),
    "does not fail": VerdictWords("✗", "bad", "", ""),
    "undecided": VerdictWords("?", "unsure", "", ""),
    "error": VERDICTS["error"],
    "not run": VERDICTS["not run"],
    "not meaningful": VERDICTS["not meaningful"],
}
"""Every verdict on a control."""


class OutcomeWords(msgspec.Struct, frozen=True):
    """How the outcome of one test is told, and its colour class."""

    word: str
    tone: str


OUTCOMES: dict[str, OutcomeWords] = {
    "error": OutcomeWords("error", "broken"),
    "failed": OutcomeWords("does not hold", "bad"),
    "not run": OutcomeWords("not run", "none"),
    "inconclusive": OutcomeWords("inconclusive", "unsure"),
    "passed": OutcomeWords("holds", "good"),
}
"""Every outcome of one test of a claim; of several on one seed, the first in this order counts."""

CONTROL_OUTCOMES: dict[str, OutcomeWords] = OUTCOMES | {
    "passed": OutcomeWords("fails as it should", "good"),
    "failed": OutcomeWords("does not fail", "bad"),
}
"""Every outcome of one test of a control."""

MEANINGS: dict[str, str] = {
    "supported": "Of five seeds or more, so many hold that more than half of all such networks "
    "would, with 95 % confidence (exact, one-sided): 5 of 5, 7 of 8 or 8 of 9; a seed that cannot "
    "be told counts as one that does not hold. For a claim over all seeds at once, the mean of all "
    "such networks holds, with 95 % confidence (t test, one-sided). For a claim without seeds, "
    "every check holds, and the verdict says what it rests on.",
    "consistent": "It holds on every seed judged, but these are fewer than five: too few to say "
    "more.",
    "refuted": "Of five seeds or more, so few hold that less than half of all such networks "
    "would, with 95 % confidence; a seed that cannot be told counts as one that holds. For a claim "
    "over all seeds at once, the mean of all such networks does not, with 95 % confidence. For a "
    "claim without seeds, a check does not.",
    "contradicted": "It fails on every seed judged, but these are fewer than five.",
    "mixed": "Of fewer than five seeds, it holds on some and fails on others, or some cannot be "
    "told.",
    "inconclusive": "Five seeds or more show neither, or the checks cannot tell: on no seed could "
    "they be decided, or a control did not fail where it must or was not judged on the same seeds.",
    "error": "A test of the claim raised instead of measuring.",
    "not run": "Nothing was measured: a training run is missing, or the test was skipped.",
    "not meaningful": "Training was cut short to exercise the machinery; "
    "the numbers say nothing about the paper.",
}
"""What each verdict means, for readers who meet it for the first time."""

WHOSE: dict[Standing, str] = {
    "the paper": " of the paper",
    "the lecture": " of the lecture slides",
    "ours": " of ours (in whole or in part)",
    "printed numbers": " about the paper’s own numbers and figures",
}
"""What follows the word claims, by whose statement they judge, in the order of the report."""

_CORRECTED = "after correction"

TENTATIVE = frozenset(verdict for verdict, told in VERDICTS.items() if told.tentative)
"""What fewer than five seeds can say."""


def verdict_counts(claims: Sequence[ClaimRecord]) -> list[tuple[str, int]]:
    """The verdicts that occur, each with the number of claims, in a fixed order."""
    counts = Counter(claim.verdict for claim in claims)
    return [(verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict]]


def combined_outcome(outcomes: Sequence[str]) -> str:
    """The outcome of several tests on one seed, such as those of the rows of a table."""
    return next((one for one in OUTCOMES if one in outcomes), "not run")


def by_standing(claims: Sequence[ClaimRecord]) -> dict[Standing, list[ClaimRecord]]:
    """The claims by whose statement they judge, in a fixed order; only those that occur."""
    found: dict[Standing, list[ClaimRecord]] = {}
    for claim in claims:
        found.setdefault(standing(claim.source, claim.about), []).append(claim)
    return {whose: found[whose] for whose in WHOSE if whose in found}


def overall(record: VerificationRecord) -> str:
    """The outcome of the whole verification, behind how much of the suite was judged, where that
    is not all.
    """
    return " ".join(filter(None, [opening(record), outcome(record)]))


def outcome(record: VerificationRecord) -> str:
    """How the claims of a session came out: a plain sentence, or one for each standing."""
    if not record.claims:
        return "No claim was selected, so nothing was verified."
    if record.faults:
        return faults_note(record)
    groups = by_standing(record.claims)
    apart = list(groups) != ["the paper"]
    comparisons = record.comparisons
    told: list[str] = []
    for whose, group in groups.items():
        told.append(_outcome(group, WHOSE[whose] if apart else "", comparisons))
        if _CORRECTED in told[-1]:
            comparisons = None  # Named once.
    return " ".join(told)


def tallies(
    claims: Sequence[ClaimRecord],
) -> list[tuple[str, list[tuple[VerdictWords, str, int]]]]:
    """The verdicts that occur with their numbers, those of each standing apart, under what they
    are of; that is empty where all are claims of the paper.
    """
    groups = by_standing(claims)
    apart = list(groups) != ["the paper"]
    return [
        (
            f"Claims{WHOSE[whose]}" if apart else "",
            [(VERDICTS[verdict], verdict, amount) for verdict, amount in verdict_counts(group)],
        )
        for whose, group in groups.items()
    ]


def _outcome(claims: Sequence[ClaimRecord], whose: str, comparisons: Comparisons | None) -> str:
    """How some claims came out; `whose` follows the word claim. The verdicts that correction takes
    back are told beside their number; `comparisons` where it is still to be said for how many.
    """
    counts = verdict_counts(claims)
    if len(counts) == 1:
        verdict, amount = counts[0]
        beside = _beside(claims, verdict, comparisons)
        if amount == 1:
            return f"The one claim{whose} {VERDICTS[verdict].one}{beside}."
        if verdict == "not run":
            return f"None of the {amount} claims{whose} was run."
        all_ = "Both" if amount == 2 else f"All {amount}"
        return f"{all_} claims{whose} {VERDICTS[verdict].several}{beside}."
    parts: list[str] = []
    for verdict, amount in counts:
        told = VERDICTS[verdict].one if amount == 1 else VERDICTS[verdict].several
        parts.append(f"{amount} {told}{_beside(claims, verdict, comparisons)}")
        if _CORRECTED in parts[-1]:
            comparisons = None
    return f"Of {count(len(claims), 'claim')}{whose}, {', '.join(parts[:-1])} and {parts[-1]}."


def _beside(claims: Sequence[ClaimRecord], verdict: str, comparisons: Comparisons | None) -> str:
    """How many claims of a verdict keep it after correction; empty where all do. Those without
    seeds take no part in it, and are not counted with the others.
    """
    of_it = [claim for claim in claims if claim.verdict == verdict]
    tested = [claim for claim in of_it if claim.after_correction is not None]
    left = sum(claim.after_correction == verdict for claim in tested)
    if left == len(tested):
        return ""
    of = f"of {len(tested)} tested over seeds " if len(tested) < len(of_it) else ""
    many = f" for {count(comparisons.number, 'comparison')}" if comparisons is not None else ""
    return f" ({of}{left or 'none'} {_CORRECTED}{many})"


def reason(claim: ClaimRecord) -> str:
    """Why the verdict is what it is, in one sentence, with what it rests on where it has no seeds.

    The verdict itself is not repeated: it stands beside it.
    """
    given = claim.reason.removeprefix(f"{claim.verdict}: ")
    if claim.rests_on and claim.rests_on not in given:
        given = f"{given.rstrip('.')}; rests on {claim.rests_on}"
    return words.as_full_sentence(words.as_sentence(given))


def corrected(claim: ClaimRecord, comparisons: Comparisons | None) -> str:
    """The verdict after correction for many comparisons, with what it takes for another one.

    Empty where it stands, and where the claim takes no part.
    """
    after = claim.after_correction
    if after == claim.verdict != "inconclusive":
        return ""
    if after is None:
        # Fewer than five seeds: there is nothing to correct yet.
        tells = claim.verdict in TENTATIVE and claim.seeds_needed_why
        return f"for a verdict that is corrected for all claims: {tells}" if tells else ""
    how = (
        f" ({comparisons.method}, {count(comparisons.number, 'comparison')})" if comparisons else ""
    )
    still = "still " if after == claim.verdict else ""
    needed = f"; {claim.seeds_needed_why}" if claim.seeds_needed_why else ""
    return f"after correction{how}: {still}{after}{needed}"


def share_of_seeds(claim: ClaimRecord) -> str:
    """The exact bound of the share of networks on which it holds, and the p value; may be empty."""
    parts = []
    if claim.share is not None:
        end = words.open_interval(claim.share)
        how = f"{words.level(claim.share)}, {claim.share.method or 'one-sided'}"
        parts.append(f"share of all such networks on which it holds: {end} ({how})")
    if claim.p_value is not None:
        p_value = words.p_value(claim.p_value)
        parts.append(f"{p_value} ({_tests(claim)}) before correction for other claims")
    return words.as_sentence("; ".join(parts))


def _tests(claim: ClaimRecord) -> str:
    """Of which test the p value of a claim is."""
    if claim.share is None:
        return "t test" if len(claim.checks) < 2 else "t tests"
    also = any(check.equivalence is not None for check in claim.checks)
    return "the larger of a sign test and of t tests" if also else "sign test"


def left_out(record: VerificationRecord) -> str:
    """Which claims this session left out, in one sentence; empty if none."""
    if not record.not_selected:
        return ""
    further = count(len(record.not_selected), "further claim")
    was = "was" if len(record.not_selected) == 1 else "were"
    return f"{further} {was} not selected: {', '.join(record.not_selected)}."
