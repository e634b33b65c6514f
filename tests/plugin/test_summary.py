"""What the terminal says under each verdict, and of the session as a whole."""

from __future__ import annotations

import msgspec
import pytest

from icl_repro.plugin.summary import details, findings, footer
from icl_repro.verification.evidence import Check, EvidenceRecord
from icl_repro.verification.record import (
    Agreement,
    CheckOverSeeds,
    ClaimRecord,
    Comparisons,
    ControlRecord,
    Environment,
    Finding,
    KnownFailure,
    Margin,
    Profile,
    Seeds,
    TrainingDone,
    Trial,
    VerificationRecord,
)

REASON = "holds on 5 of 5 seeds, so on more than half of all such networks with 95 % confidence"
CHECK = CheckOverSeeds(
    name="length",
    unit="",
    direction="at_least",
    low=0.995,
    high=None,
    kind="threshold",
    row="",
    values={"5": 0.9951, "6": 0.99499},
    held=1,
    judged=2,
    published=None,
    margin=None,
    agreement=None,
    equivalence=None,
    failed_by=[],
)
CLAIM = ClaimRecord("a.one", "a", "S.", "Section 1", "supported", REASON, trials=[], controls=[])
RECORD = VerificationRecord(
    schema_version=2,
    title="T",
    paper="P",
    started="",
    duration=1.0,
    command="pytest",
    profile=Profile("paper", [5, 6], True),
    environment=Environment("", "", "", 1, 1.0, {}, None, None, 1),
    training=TrainingDone(1, 1, 0, 1, 1.0),
    claims=[CLAIM],
)


def changed(struct: msgspec.Struct, **fields: object):
    return msgspec.structs.replace(struct, **fields)


def test_the_reason_comes_first_and_alone_where_there_is_no_more_to_say():
    assert details(CLAIM) == [REASON]


def test_a_correction_is_told_where_it_changes_the_verdict():
    would = {"seeds_needed": 10, "seeds_needed_why": "10 seeds in all would do"}
    corrected = changed(CLAIM, after_correction="inconclusive", **would)
    assert details(corrected)[1] == (
        "after correction for all claims: inconclusive; 10 seeds in all would do"
    )
    assert details(changed(CLAIM, after_correction="supported", **would)) == [REASON]
    undecided = changed(corrected, verdict="inconclusive", seeds_needed_why="no number would do")
    assert details(undecided)[1] == (
        "after correction for all claims: still inconclusive; no number would do"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"margin": Margin(0.99504, 0.00012, 0.4, None, True, "2 of 5 values lie on it")},
            "length is on a knife's edge: 2 of 5 values lie on it (mean 0.99504, spread 0.00012; "
            "at least 0.995)",
        ),
        (
            {"margin": Margin(0.9964, 0.0007, 2.0, 0.9941, False, shown=False)},
            "length: margin not shown, tolerance bound 0.9941 (at least 0.995)",
        ),
        (
            {"agreement": Agreement(None, False, None, "the published value lies outside")},
            "length: the published value lies outside",
        ),
    ],
)
def test_a_check_is_told_of_where_something_is_odd(fields: dict[str, object], sentence: str):
    odd = changed(CLAIM, checks=[changed(CHECK, **fields)])
    assert details(odd) == [REASON, sentence]


def test_a_check_as_it_should_be_is_not_told_of():
    fine = {
        "margin": Margin(0.999, 0.0001, 40.0, None, False),
        "agreement": Agreement(None, True, None, "the published value lies inside"),
    }
    assert details(changed(CLAIM, checks=[changed(CHECK, **fine)])) == [REASON]


def test_what_is_said_of_margins_is_explained_once():
    margins = (
        Margin(1.0, 0.1, 0.5, None, True, "because"),
        Margin(1.0, 0.1, 2.0, 0.9, False, shown=False),
    )
    odd = [changed(CLAIM, checks=[changed(CHECK, margin=margin)] * 2) for margin in margins]
    edge, thin = footer(changed(RECORD, claims=odd))
    assert edge.startswith("on a knife's edge means that other seeds might well come out on")
    assert thin.startswith("margin not shown means that the mean is at least one spread on the")


def test_trials_and_controls_say_where():
    failed = Trial("t", "failed", seed=6, row="patterns", message="length is 3")
    control = ControlRecord("short", "N.", [], "", "undecided", "could not be judged", [failed])
    found = details(changed(CLAIM, trials=[failed], controls=[control]))
    assert found == [
        REASON,
        "length is 3 (patterns, seed 6)",
        "control short: undecided; could not be judged",
        "  length is 3 (patterns, seed 6)",
    ]


def test_a_check_that_no_control_fails_is_told_once_all_of_them_ran():
    check = Check("length", 1.0, "at_least", 0.5, None, True)
    trials = [Trial("t", "passed", 5, evidence=EvidenceRecord([check]))]
    control = ControlRecord("short", "N.", [], "", "does not fail", "", trials)
    unguarded = changed(CLAIM, trials=trials, controls=[control])
    assert details(unguarded)[-1] == "no control fails 'length'"
    not_run = changed(control, verdict="not run", trials=[])
    assert details(changed(unguarded, controls=[not_run])) == [REASON, "control short: not run"]


def test_known_failures_are_counted_and_those_to_correct_are_named():
    known = KnownFailure("a.one", "length", {"5": 1.0}, 0.1, "2026-01-02", "why")
    named = changed(known, case="short")
    assert findings([]) == findings([Finding(known, {"5": "not run"})]) == []
    assert findings([Finding(known, {"5": "as known", "6": "not run"})]) == [
        "known failures: 1 as known"
    ]
    assert findings([Finding(known, {"5": "as known"}), Finding(named, {"5": "holds now"})]) == [
        "known failures: 1 as known, 1 holds now",
        "known failure holds now, so that the ledger is to be corrected: a.one, control short: "
        "length",
    ]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {
                "comparisons": Comparisons(1),
                "claims": [changed(CLAIM, after_correction="inconclusive")],
            },
            "1 claim tested over seeds; after correction means Holm's, for all of them at 5 % "
            "each way, supported or refuted",
        ),
        (
            {"comparisons": Comparisons(1)},
            "1 claim of fewer than five seeds: nothing to correct yet; the record says how many "
            "seeds each would take",
        ),
        ({"seeds": Seeds([5], [5], [], "Seed 6 was added")}, "Seed 6 was added"),
        (
            {"training": TrainingDone(20, 12, 8, 1, 1.0, runs_stale=12)},
            "12 stored runs were made by other source or libraries and are trained again",
        ),
        (
            {"training": TrainingDone(20, 0, 8, 0, 0.0, runs_stale=1)},
            "1 stored run was made by other source or libraries and counts as not trained",
        ),
    ],
)
def test_what_holds_for_the_session_is_one_line(fields: dict[str, object], line: str):
    assert list(footer(RECORD)) == []
    assert list(footer(changed(RECORD, **fields))) == [line]


NOTICED = """
from icl_repro import claim, control
from icl_repro.storage import notices

@claim("a.one", source="Section 1", rests_on="a count",
       fails_on=control("N.", given={"length": 1}, id="short"))
def test_one(evidence, length=9):
    '''S.'''
    notices.tell("a cache is out of use")
    evidence.check("length", length, at_least=8)
"""


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_notices_of_all_processes_are_told_once_and_fail_nothing(claims_folder, workers: str):
    claims_folder.makepyfile(test_claims=NOTICED)
    result = claims_folder.runpytest_subprocess(workers)
    result.assert_outcomes(passed=2)
    assert result.stdout.lines.count("a cache is out of use") == 1
