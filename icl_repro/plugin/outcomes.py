"""How a test of a claim or of a control comes out by its evidence, and whether that is red."""

from __future__ import annotations

import pytest

from icl_repro.plugin import planting
from icl_repro.plugin.cases import Case
from icl_repro.plugin.declarations import NO_SUBTESTS
from icl_repro.plugin.trials import Attempt, Draft
from icl_repro.verification.by_seed import outcome_of
from icl_repro.verification.ledger import Ledger


def judge(draft: Draft, ledger: Ledger, *, meaningful: bool) -> None:
    """Judge a test by its evidence, after its body ran to the end or was skipped.

    Raises:
        pytest.fail.Exception: with a sentence for each check that fails (on a control: that does
            not fail), each threshold that moved, each curve that drifted, or what makes the test
            an error.
        pytest.skip.Exception: the test says that it can tell neither way, or was skipped, and
            nothing that it stated before fails.
        pytest.xfail.Exception: nothing but what the ledger knows to fail does so.
    """
    case, attempt = draft.case, draft.attempt
    if case.fault is not None:
        planting.judge(draft)
        return
    problem = _unjudgeable(case, attempt, ledger)
    if problem:
        pytest.fail(f"{case.name}: {problem}", pytrace=False)
    attempt.judged = True
    evidence = attempt.evidence
    only = case.control.only if case.control else ()
    undefined = case.control.undefined if case.control else ""
    attempt.outcome = outcome_of(evidence, control=case.control)
    failed = attempt.outcome == "failed"
    found = ledger.judge(
        case.claim.id,
        case.control_id,
        case.seed,
        evidence,
        only=only,
        undefined=undefined,
        seeds=case.all_seeds,
    )
    red = [*found.red, *attempt.drift]
    expected = [*found.known, *found.edges]
    told = [*red, *expected]
    undecided = [*filter(None, [evidence.undecided]), *found.not_run]
    attempt.messages = [*told, *undecided] if failed else [*undecided, *told]
    if red and meaningful:
        pytest.fail(_listed(case, attempt.messages), pytrace=False)
    if attempt.outcome == "inconclusive":
        pytest.skip("\n".join([f"{case.name} is inconclusive: {undecided[0]}", *undecided[1:]]))
    if failed and meaningful:
        pytest.xfail(_listed(case, attempt.messages))


def _listed(case: Case, sentences: list[str]) -> str:
    return "\n".join([f"{case.name}: {sentences[0]}", *sentences[1:]])


def _unjudgeable(case: Case, attempt: Attempt, ledger: Ledger) -> str:
    """Why the evidence says nothing, or an empty text."""
    if attempt.has_subtests:
        return NO_SUBTESTS
    if not attempt.skipped and not attempt.evidence.checks:
        return "states no check, so there is nothing to judge"
    for check in attempt.evidence.checks:
        if check.over_seeds and not case.over_seeds:
            return (
                f"check {check.name!r} has values by seed, but is judged on each seed by itself; "
                "for one verdict over all of them the test takes 'seeds'"
            )
    by_itself = attempt.recorder.by_itself if attempt.recorder else ""
    if by_itself and ledger.configured:
        return (
            f"says by itself that it can tell neither way ({by_itself}); where a ledger holds the "
            "thresholds, so it does what decides that: state it with unless, value and a bound"
        )
    if case.control is None or case.row or attempt.skipped or attempt.recorder is None:
        return ""  # another row, or what a skip cut off, may state what is missing here
    return "; ".join(attempt.recorder.unstated(case.control.only))
