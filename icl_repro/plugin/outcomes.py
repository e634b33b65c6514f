"""How a test of a claim or of a control comes out by its evidence, and whether that is red."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from icl_repro.plugin.cases import Case
from icl_repro.plugin.trials import Attempt, Draft
from icl_repro.verification import wording
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.ledger import Ledger


def judge(draft: Draft, ledger: Ledger, *, meaningful: bool) -> None:
    """Judge a test by its evidence, after its body ran to the end.

    Raises:
        pytest.fail.Exception: with a sentence for each check that fails (on a control: that does
            not fail), each curve that drifted, or what makes the test an error.
        pytest.skip.Exception: the test says that it can tell neither way.
        pytest.xfail.Exception: nothing but what the ledger knows to fail does so.
    """
    case, attempt = draft.case, draft.attempt
    problem = _unjudgeable(case, attempt)
    if problem:
        pytest.fail(f"{case.name}: {problem}", pytrace=False)
    attempt.judged = True
    if attempt.evidence.undecided:
        attempt.outcome = "inconclusive"
        attempt.messages = [attempt.evidence.undecided, *attempt.drift]
        pytest.skip(f"{case.name} is inconclusive: {attempt.evidence.undecided}")
    only = case.control.only if case.control else ()
    undefined = case.control.undefined if case.control else ""
    sentences = sentences_of(case.control_id, attempt.evidence, only, undefined)
    attempt.outcome = "failed" if sentences else "passed"
    attempt.messages = [*sentences, *attempt.drift]
    if not meaningful:
        return
    found = ledger.judge(
        case.claim.id,
        case.control_id,
        case.seed,
        attempt.evidence,
        only=only,
        undefined=undefined,
    )
    red = [*found.red, *attempt.drift]
    expected = [*found.known, *found.edges]
    attempt.messages = [*red, *expected]
    if red:
        pytest.fail(_listed(case, attempt.messages), pytrace=False)
    if sentences:
        pytest.xfail(_listed(case, expected or sentences))


def _listed(case: Case, sentences: list[str]) -> str:
    return "\n".join([f"{case.name}: {sentences[0]}", *sentences[1:]])


def _unjudgeable(case: Case, attempt: Attempt) -> str:
    """Why the evidence says nothing, or an empty text."""
    if attempt.recorder is None or not attempt.evidence.checks:
        return "states no check, so there is nothing to judge"
    if case.control is None or case.row:
        return ""  # another row may state what is missing in this one
    return "; ".join(attempt.recorder.unstated(case.control.only))


def sentences_of(
    control: str, evidence: EvidenceRecord, only: Sequence[str], undefined: str
) -> list[str]:
    """A sentence for each check that does not come out as it has to."""
    if not control:
        return [wording.failed_sentence(check) for check in evidence.failed()]
    sentences = []
    for check in evidence.checks:
        if only and check.name not in only:
            continue
        if check.holds:
            sentences.append(wording.undue_sentence(check))
        elif check.value is None and not undefined:
            sentences.append(
                f"{check.name} is not a finite number on this control, which counts as failing "
                "only where the control says why: control(..., undefined=...)"
            )
    return sentences
