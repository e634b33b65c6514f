"""What a session found that does not agree with the paper, in groups of sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from icl_repro.report.text import verdicts, words
from icl_repro.verification.record import ClaimRecord, VerificationRecord
from icl_repro.verification.standing import standing
from icl_repro.verification.wording import failed_sentence

_FAILS = ("refuted", "contradicted")


class Disagreement(msgspec.Struct, frozen=True):
    """One thing that does not agree: the claim that says so, and why, in sentences.

    `check` is the check that it is about; empty where it is the claim as a whole.
    """

    claim: str
    statement: str
    why: str
    verdict: str
    words: verdicts.VerdictWords
    check: str = ""


class DisagreementGroup(msgspec.Struct, frozen=True):
    """Those of one kind: a heading, what it means, and each in the order of the record."""

    title: str
    meaning: str
    found: list[Disagreement]


def disagreements(record: VerificationRecord) -> list[DisagreementGroup]:
    """All that the session found, by kind; kinds of which there is nothing are left out.

    Known failures are told apart, each with its history.
    """
    groups = [
        DisagreementGroup(
            "Results that do not hold here",
            "Claims of the paper that were measured anew and failed.",
            list(_claims(record, lambda claim: _whose(claim) == "the paper")),
        ),
        DisagreementGroup(
            "Statements of the lecture that do not hold here",
            "Claims of the lecture slides, on small models of ours and text that we generate.",
            list(_claims(record, lambda claim: _whose(claim) == "the lecture")),
        ),
        DisagreementGroup(
            "Where we went beyond the paper and failed",
            "What these claims say is ours, in whole or in part; the paper need not be wrong.",
            list(_claims(record, lambda claim: _whose(claim) == "ours")),
        ),
        DisagreementGroup(
            "Printed numbers that differ from each other",
            "Numbers and figures of the paper, held against one another. Nothing was trained for "
            "these, and none says that a result does not hold.",
            list(_claims(record, lambda claim: _whose(claim) == "printed numbers")),
        ),
        DisagreementGroup(
            "Published values that fail our checks",
            "By the threshold or the test that a claim sets, the paper’s own numbers would not "
            "pass. Either the check asks for too much, or the numbers show less than is said.",
            list(_published(record)),
        ),
        DisagreementGroup(
            "Published values that are unlike ours",
            "They lie outside of the interval in which one more network of ours would lie with "
            "95 % probability. That does not enter the verdict: a claim that says only which of "
            "two is larger can hold all the same.",
            list(_apart(record)),
        ),
    ]
    return [group for group in groups if group.found]


def _whose(claim: ClaimRecord) -> str:
    return standing(claim.source, claim.about)


def _claims(
    record: VerificationRecord, wanted: Callable[[ClaimRecord], bool]
) -> Iterator[Disagreement]:
    for claim in record.claims:
        if claim.verdict in _FAILS and wanted(claim):
            yield _of(claim, _why(claim))


def _published(record: VerificationRecord) -> Iterator[Disagreement]:
    for claim in record.claims:
        for check in claim.checks:
            if check.published_fails:
                why = words.as_full_sentence(words.as_sentence(check.published_fails))
                yield _of(claim, why, check.name)


def _apart(record: VerificationRecord) -> Iterator[Disagreement]:
    for claim in record.claims:
        for check in claim.checks:
            if check.agreement is not None and check.agreement.agrees is False:
                why = words.as_full_sentence(words.as_sentence(check.agreement.sentence))
                yield _of(claim, why, check.name)


def _why(claim: ClaimRecord) -> str:
    """Which checks fail and by what, where there is one test of the claim; else its reason, with
    the checks that fail on any seed.
    """
    failing = [
        check for trial in claim.trials for check in trial.evidence.checks if not check.holds
    ]
    if not failing:
        return verdicts.reason(claim)
    if len(claim.trials) == 1:
        told = [words.as_full_sentence(failed_sentence(check)) for check in failing]
        return " ".join(sentence[:1].upper() + sentence[1:] for sentence in told)
    names = words.listed(list(dict.fromkeys(check.name for check in failing)))
    return f"{verdicts.reason(claim)} What fails: {names}."


def _of(claim: ClaimRecord, why: str, check: str = "") -> Disagreement:
    return Disagreement(
        claim=claim.id,
        statement=claim.statement,
        why=why,
        verdict=claim.verdict,
        words=verdicts.VERDICTS[claim.verdict],
        check=check,
    )
